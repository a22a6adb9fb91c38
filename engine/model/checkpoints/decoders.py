"""Where in a model the decoder of its text sits.

Knows nothing of files or passes.
"""

from dataclasses import dataclass
from typing import Any

from torch import nn

from engine.errors import ModelError


@dataclass(frozen=True, eq=False)
class TextDecoder:
    """The part of a causal LM that its text's configuration describes."""

    path: str
    """Its name within the model; "" for the model itself."""
    module: nn.Module
    blocks: nn.ModuleList


def text_decoder(causal: Any) -> TextDecoder:
    """The decoder by its configuration: a model that sees has other stacks, as long as this one.

    Raises:
        ModelError: If no module of that configuration holds a list of its blocks.
    """
    text = causal.config.get_text_config()
    kind, count = type(text), int(text.num_hidden_layers)
    of_text = [
        (path, module)
        for path, module in causal.named_modules()
        if type(getattr(module, "config", None)) is kind
    ]
    for path, module in of_text:
        for child in module.children():
            if isinstance(child, nn.ModuleList) and len(child) == count:
                return TextDecoder(path, module, child)
    for path, module in of_text:
        for inner in module.modules():
            if isinstance(inner, nn.ModuleList) and len(inner) == count:
                return TextDecoder(path, module, inner)
    raise ModelError(
        f"{type(causal).__name__} has no list of {count} decoder blocks: only "
        "decoder-only transformers can be steered."
    )
