"""Plain safetensors: one named tensor a vector, with a card in the file's own header.

The names are those of TransformerLens' hooks after the vector's own: `melbo_03.blocks.7.
hook_resid_post` is the output of block 7, `hook_resid_pre` its input, `hook_mlp_out` its MLP's
output, counted from 0. The header's texts say model, method and operation; `card` is all of it as
JSON. Numbers are float32. Source: safetensors' format, whose metadata are texts; the names of
hooks are TransformerLens'. Knows nothing of other formats.
"""

import json
import re
from typing import Any

import safetensors.numpy

from engine.foreign.writing.chosen import Chosen

HOOKS = {"block_out": "hook_resid_post", "block_in": "hook_resid_pre", "mlp_out": "hook_mlp_out"}


def write(chosen: Chosen) -> bytes:
    """The file; it says every site, every operation and several vectors a block."""
    tensors: dict[str, Any] = {}
    for name, site, row in zip(chosen.names, chosen.sites, chosen.vectors, strict=True):
        # Dots part the name from the hook, and a number in it must not be taken for a layer.
        own = re.sub(r"[.\s/]+", "-", name)
        tensors[_apart(f"{own}.blocks.{site.block}.{HOOKS[site.kind]}", tensors)] = row
    told = chosen.told
    card = {
        **told,
        "names": list(chosen.names),
        "sites": [{"block": site.block, "kind": site.kind} for site in chosen.sites],
        "tensors": list(tensors),
        "config": chosen.found.config,
        "scores": {
            key: [values[i] for i in chosen.indices]
            for key, values in chosen.found.scores.items()
            if len(values) == len(chosen.found.vectors)
        },
        "notes": list(chosen.found.notes),
    }
    kept = ("digest", "method", "operation", "model", "model_revision", "adapter", "created")
    header = {key: told[key] for key in kept if key in told}
    return safetensors.numpy.save(
        tensors, header | {"format": "vectorscope vectors", "card": json.dumps(card)}
    )


def _apart(name: str, taken: dict[str, object]) -> str:
    """The name, or one that is not taken yet."""
    number, free = 2, name
    while free in taken:
        free = f"{number}-{name}"
        number += 1
    return free
