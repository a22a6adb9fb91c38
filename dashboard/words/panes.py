"""What acts in a pane of a conversation, in a few words. Knows nothing of Streamlit."""

from collections.abc import Mapping
from typing import Any

from dashboard.words import captions
from engine.configs.chats import Chip, Pane


def strength(operation: str, scale: float, unit: str, name: str) -> str:
    """A vector with its strength: "+1.5 × contrastive_06", "set +0.5 melbo_03"."""
    size = captions.scale(float(f"{scale:.3g}"))
    if operation != "add":
        return f"{operation} {size} {name}"
    return f"{size} residual norms of {name}" if unit == "relative" else f"{size} × {name}"


def names(known: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What the vectors of a conversation are called, by DIGEST:INDEX."""
    return {
        f"{digest}:{index}": str(name)
        for digest, one in known.items()
        for index, name in enumerate(one.get("names", ()))
    }


def chip(given: Chip, names: Mapping[str, Mapping[str, Any]]) -> str:
    """A stored chip; `names` is what its conversation says of vector sets."""
    known = names.get(given.digest, {}).get("names", ())
    name = known[given.index] if given.index < len(known) else given.reference
    told = strength(given.operation, given.scale, given.scale_unit, str(name))
    layers = given.layers
    if layers == "own":
        return told
    at = "all blocks" if layers == "all" else f"blocks {', '.join(map(str, layers))}"
    return f"{told} at {at}"


def pane(given: Pane, names: Mapping[str, Mapping[str, Any]]) -> str:
    """What answers in it: "base, +1.5 × contrastive_06"."""
    adapter = given.adapter
    model = adapter if isinstance(adapter, str) else "fine-tuned" if adapter else "base"
    model += "" if given.dose is None else f" at {given.dose}"
    acting = [chip(one, names) for one in given.chips if one.is_on]
    return ", ".join([model, *acting])
