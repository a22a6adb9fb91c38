"""Reads a checkpoint's configuration, tokenizer and weights; what is not whole is refused.

Knows nothing of what is done with them.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.errors import ModelError
from engine.model.checkpoints import sentences
from engine.model.checkpoints.decoders import text_decoder
from engine.model.identity import ModelSource

_BESIDE = re.compile(r"(^|\.)(vision|visual|image|audio|multi_?modal)\w*\.")
"""Parts of models that also see or hear, of which the library may load the text model alone."""
SHOWN = 3
"""Names of tensors that a refusal lists."""
SETTINGS = (
    "config.json", "generation_config.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "adapter_config.json",
)  # fmt: skip
"""Files of settings that loading reads where they are."""
PACKS = "support_avx512bf16_for_cpu"
"""Of a 4-bit layer: whether it packs its weights anew."""
MODES = ("sdpa", "eager")
"""Ways of computing attention, the first one that the architecture has."""


def configuration(source: ModelSource) -> Any:
    """What the checkpoint says of itself.

    Raises:
        ModelError: If it cannot be read, needs code of its own, or is of no model known here.
    """
    from transformers import AutoConfig

    if source.folder is not None:
        _check_files(Path(source.folder), source.name)
    with sentences.told("configuration", source):
        return AutoConfig.from_pretrained(
            source.place, revision=source.revision, trust_remote_code=False
        )


def tokenizer(source: ModelSource) -> Any:
    """The checkpoint's tokenizer.

    Raises:
        ModelError: If it cannot be read.
    """
    from transformers import AutoTokenizer

    with sentences.told("tokenizer", source):
        found = AutoTokenizer.from_pretrained(
            source.place, revision=source.revision, trust_remote_code=False
        )
    if not isinstance(found.model_max_length, int | float):
        raise ModelError(
            f"model_max_length in tokenizer_config.json of {source.name} is no number: mend it."
        )
    with sentences.told("tokenizer", source):
        # The library makes an empty one where it finds no files.
        written = found("Would you?", add_special_tokens=True)["input_ids"]
    if not written:
        raise ModelError(
            f"{source.name} has no tokenizer that writes tokens: copy tokenizer.json and "
            "tokenizer_config.json beside config.json."
        )
    return found


def weights(
    source: ModelSource, config: Any, device: torch.device, dtype: torch.dtype
) -> nn.Module:
    """The causal LM with all of its tensors, each from the checkpoint.

    Raises:
        ModelError: If it writes no text from left to right, or a tensor is missing, unexpected or
            of another shape.
    """
    from transformers.utils import logging

    logging.disable_progress_bar()
    family, method = _family(config, source.name), quantised(config, source.name)
    # Several GPUs share a large model; one device needs no dispatch hooks around every block.
    placement: Any = "auto" if device.type == "cuda" and torch.cuda.device_count() > 1 else device
    asked = {
        "config": config,
        "revision": source.revision,
        "trust_remote_code": False,
        "weights_only": True,
        "dtype": dtype,
        "device_map": placement if device.type == "cuda" else None,
        "low_cpu_mem_usage": True,
        # Shapes are compared by name below; those of packed weights are the library's to know.
        "ignore_mismatched_sizes": method is None,
        "output_loading_info": True,
    }
    with sentences.told("model", source, method):
        model, info = _loaded(family, source.place, asked)
    if hasattr(model, "peft_config"):
        raise ModelError(
            f"The folder of {source.name} holds an adapter beside the model's weights: move the "
            "adapter to a folder of its own and name it with --adapter."
        )
    _check_tensors(model, info, source.name)
    _keep_packing(model)
    return model


def quantised(config: Any, name: str) -> str | None:
    """The method by which the weights that a configuration describes are quantised, if they are.

    Raises:
        ModelError: If it is none that can be read, so that packed numbers would pass as weights.
    """
    from transformers.quantizers.auto import AUTO_QUANTIZER_MAPPING

    method = sentences.quantisation(config)
    known = {one.removesuffix("_4bit").removesuffix("_8bit") for one in AUTO_QUANTIZER_MAPPING}
    if method is not None and method not in known:
        raise ModelError(
            f"{name} is quantised with {method}, which transformers does not know: give an "
            "unquantised checkpoint."
        )
    return method


def vocabulary(model: Any, tokenizer: Any, name: str) -> int:
    """How many tokens the model knows.

    Raises:
        ModelError: If the tokenizer writes others; tokens added to it may never be written.
    """
    known = int(model.get_input_embeddings().weight.shape[0])
    if tokenizer.vocab_size > known:
        raise ModelError(
            f"The tokenizer of {name} has {tokenizer.vocab_size} tokens, but the model only "
            f"{known}: give the tokenizer that belongs to it."
        )
    return known


def _keep_packing(model: nn.Module) -> None:
    """Keep 4-bit weights on a CPU in the order in which they were stored.

    bitsandbytes 0.50 packs them anew at the first pass and unpacks them for every `state_dict`,
    after which they are other weights; PEFT asks for one when it reads an adapter.
    """
    for module in model.modules():
        if hasattr(module, PACKS):
            setattr(module, PACKS, False)


def _loaded(family: Any, location: str, asked: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    first, other = MODES
    try:
        return family.from_pretrained(location, attn_implementation=first, **asked)
    except ValueError as error:
        # Soft-capped scores and attention sinks have no fused kernel.
        if "scaled_dot_product_attention" not in str(error):
            raise
        return family.from_pretrained(location, attn_implementation=other, **asked)


def _family(config: Any, name: str) -> Any:
    """The library's class of classes that loads this configuration as a writer of text.

    Raises:
        ModelError: If the model is no decoder of text.
    """
    import transformers
    from transformers.models.auto import modeling_auto as known

    kind = f"{name} is of type {config.model_type}"
    if config.is_encoder_decoder or config.get_text_config().is_encoder_decoder:
        raise ModelError(
            f"{kind}, an encoder with a decoder: only decoder-only models can be steered."
        )
    is_writer = type(config) in known.MODEL_FOR_CAUSAL_LM_MAPPING
    is_reader = type(config) in known.MODEL_FOR_MASKED_LM_MAPPING
    if is_reader and not getattr(config, "is_decoder", False):
        raise ModelError(f"{kind}, an encoder: only decoder-only models can be steered.")
    if is_writer:
        return transformers.AutoModelForCausalLM
    if type(config) in known.MODEL_FOR_MULTIMODAL_LM_MAPPING:
        return transformers.AutoModelForMultimodalLM
    raise ModelError(f"{kind}, which writes no text: choose a causal language model.")


def _check_files(folder: Path, name: str) -> None:
    """Refuse what the library stumbles over without saying where, or passes over in silence."""
    for file in SETTINGS:
        if not (folder / file).is_file():
            continue
        try:
            said = json.loads(
                (folder / file).read_text(encoding="utf-8"), parse_constant=_no_number
            )
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(f"{file} of {name} cannot be read as JSON: {error}") from error
        if not isinstance(said, dict):
            raise ModelError(f"{file} of {name} holds no settings: copy it anew.")


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _check_tensors(model: Any, info: dict[str, Any], name: str) -> None:
    """Refuse a model of which a part is random or a part was left out.

    The library already leaves out what it knows to be harmless: tied heads, frequencies of
    rotations, layers that a class ignores. What is missing beside the decoder is no part of
    reading and writing text.
    """
    missing = sorted(one for one in info["missing_keys"] if _is_of_text(one, model))
    shapes = sorted(str(one[0]) for one in info["mismatched_keys"])
    made = _made(model)
    unexpected = sorted(one for one in info["unexpected_keys"] if not _is_known(one, model, made))
    faults = [
        (missing, "lacks {} that the model has"),
        (unexpected, "holds {} that the model has no place for"),
        (shapes, "holds {} of another shape than config.json says"),
    ]
    said = [words.format(_counted(names)) for names, words in faults if names]
    if said:
        raise ModelError(f"The checkpoint {name} {', and '.join(said)}: copy it anew.")


def _made(model: Any) -> list[str]:
    """Names of what a model makes for itself, as masks and frequencies, and never stores."""
    kept = model.state_dict().keys()
    return [name for name, _ in model.named_buffers() if name not in kept]


def _is_known(tensor: str, model: Any, made: list[str]) -> bool:
    """Whether a tensor without a place changes nothing in text: of eyes, guesses ahead, masks."""
    text = model.config.get_text_config()
    if text is model.config and _BESIDE.search(tensor):
        return True
    found = re.search(r"\blayers\.(\d+)\.", tensor)
    ahead = int(getattr(text, "num_nextn_predict_layers", None) or 0)
    if found and 0 <= int(found[1]) - text.num_hidden_layers < ahead:
        return True
    # Masks of causal attention, which old versions stored; the model makes its own.
    if re.search(r"(^|\.)(attn|attention)\.masked_bias$", tensor):
        return True
    return any(name == tensor or name.endswith(f".{tensor}") for name in made)


def _is_of_text(tensor: str, model: Any) -> bool:
    """Whether text passes through a tensor: not through the stacks beside a decoder."""
    if model.config.get_text_config() is model.config:
        return True
    decoder = text_decoder(model).path
    around = decoder.rpartition(".")[0]
    is_beside = tensor.startswith(f"{around}.") if around else not tensor.startswith("lm_head.")
    return tensor.startswith(f"{decoder}.") or not is_beside


def _counted(names: list[str]) -> str:
    return f"{len(names)} tensor{'s' * (len(names) != 1)} ({_listed(names)})"


def _listed(names: Iterable[Any]) -> str:
    found = [str(name) for name in names]
    return ", ".join(found[:SHOWN]) + ", ..." * (len(found) > SHOWN)
