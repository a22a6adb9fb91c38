"""Where in a model the decoder of its text sits.

Knows nothing of files or passes.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from engine.errors import ModelError

TRIED = 3
"""Tokens of the pass by which a model is tried."""


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


def refuse_unsteerable(causal: Any, name: str) -> None:
    """Run a few tokens once, to see that text alone passes through the decoder's blocks.

    Args:
        causal: The model.
        name: What to call it.

    Raises:
        ModelError: If it needs more than text, or its blocks are not [rows, tokens, hidden].
    """
    blocks = text_decoder(causal).blocks
    found: dict[int, tuple[int, ...]] = {}

    def see(block: int) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            found[block] = tuple((output[0] if isinstance(output, tuple) else output).shape)

        return hook

    handles = [block.register_forward_hook(see(i)) for i, block in enumerate(blocks)]
    kind = type(causal).__name__
    try:
        with torch.no_grad():
            causal(input_ids=torch.arange(1, TRIED + 1, device=causal.device)[None])
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:160] or type(error).__name__
        raise ModelError(f"{name} ({kind}) cannot be run on text alone: {said}") from error
    finally:
        for handle in handles:
            handle.remove()
    wanted = (1, TRIED, causal.config.get_text_config().hidden_size)
    for i in range(len(blocks)):
        if i not in found:
            raise ModelError(f"Block {i} of {name} ({kind}) is not run on text: choose another.")
        if found[i] != wanted:
            raise ModelError(
                f"Block {i} of {name} ({kind}) writes no residual stream of [rows, tokens, "
                "hidden]: it cannot be steered."
            )
