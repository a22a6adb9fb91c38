"""What a library says of a checkpoint it cannot load, as a sentence for whoever named it.

Knows nothing of models.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import transformers

from engine.errors import EngineError, ModelError
from engine.model.identity import ModelSource

PACKAGES = {
    "bitsandbytes": "bitsandbytes",
    "gptq": "optimum and gptqmodel",
    "awq": "gptqmodel",
    "compressed-tensors": "compressed-tensors",
    "hqq": "hqq",
    "quanto": "optimum-quanto",
    "torchao": "torchao",
    "aqlm": "aqlm",
    "eetq": "eetq",
    "mxfp4": "kernels",
    "fp8": "kernels",
}
"""By the method of quantisation, the package that reads it."""


@contextmanager
def told(what: str, source: ModelSource, quantised: str | None = None) -> Iterator[None]:
    """Within this context whatever a library raises becomes one sentence.

    Args:
        what: "configuration", "tokenizer" or "model".
        source: The files.
        quantised: The method by which they are quantised.

    Raises:
        ModelError: With that sentence.
    """
    try:
        yield
    except (EngineError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        raise ModelError(_sentence(what, source, error, quantised)) from error


def quantisation(config: Any) -> str | None:
    """The method by which a checkpoint's weights are quantised; None where they are not."""
    found = getattr(config, "quantization_config", None)
    if found is None:
        text = config.get_text_config()
        return None if text is config else quantisation(text)
    said = found if isinstance(found, dict) else vars(found)
    method = said.get("quant_method")
    if method is None and (said.get("load_in_4bit") or said.get("load_in_8bit")):
        method = "bitsandbytes"
    return str(getattr(method, "value", method) or "an unnamed method")


def _sentence(what: str, source: ModelSource, error: Exception, quantised: str | None) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    name, first = source.name, _first(text)
    if "trust_remote_code" in text or "custom code" in text:
        return (
            f"{name} brings code of its own, which is never run here: choose a checkpoint of an "
            "architecture that transformers knows."
        )
    # The library's own advice there is to run what the file says.
    if "weights_only" in text:
        return (
            f"The {what} of {name} holds pickled objects, which can run code and are not read: "
            "give a checkpoint of safetensors."
        )
    if quantised is not None:
        package = PACKAGES.get(quantised)
        install = f"install {package}, or " if package and isinstance(error, ImportError) else ""
        return (
            f"{name} is quantised with {quantised}, which cannot be loaded here ({first}): "
            f"{install}give an unquantised checkpoint."
        )
    if (found := re.search(r"model type `?['\"]?([\w.-]+)", text)) and "not recognize" in text:
        return (
            f"{name} has model type {found[1][:60]}, which transformers {transformers.__version__} "
            "does not know: choose another checkpoint."
        )
    if source.is_local or not isinstance(error, OSError):
        return f"The {what} of {name} cannot be loaded: {first}"
    if any(word in text.lower() for word in ("gated", "401", "403")):
        return (
            f"{source.location} is gated: accept its licence on the hub and log in with "
            "`hf auth login`, or give a local folder with --model."
        )
    return (
        f"{source.location} is not in the local cache and the hub cannot be reached or does not "
        "have it: check the name and the network, or give a local folder with --model."
    )


def _first(text: str) -> str:
    """Its first sentence, cut at a word."""
    first = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]
    return first if len(first) <= 200 else first[:200].rpartition(" ")[0] + " ..."
