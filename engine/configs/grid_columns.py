"""The columns of a grid of texts: vectors x scales beside the unsteered model, as configs.

Knows nothing of torch, of stored vectors or of screens.
"""

from collections.abc import Sequence
from dataclasses import fields

from engine.configs.grids import BlendPart, Configuration


def columns(
    shared: Configuration,
    named: dict[str, tuple[BlendPart, ...]],
    scales: Sequence[float],
    adapters: Sequence[bool | str],
    tuned: bool | None,
) -> tuple[Configuration, ...]:
    """All baselines, then every vector at every scale.

    Args:
        shared: Holds all that the steered columns have in common.
        named: Vectors or blends by name.
        scales: Where 0 is left out, for it is the baseline.
        adapters: The fine-tuned models: True for the only one, names of several.
        tuned: Steer only the fine-tuned (True) or the base model (False); None steers all.
    """
    verb = shared.operation
    headings = {False: "base"} | {one: "tuned" if one is True else str(one) for one in adapters}
    found = [Configuration(name=name, adapter=one) for one, name in headings.items()]
    for adapter, heading in headings.items():
        if tuned is not None and bool(adapter) != tuned:
            continue
        for name, parts in named.items():
            for scale in dict.fromkeys(s for s in scales if s != 0):
                values = {one.name: getattr(shared, one.name) for one in fields(shared)}
                sign = f"{scale:+g}" if shared.operation == "add" else f"{verb} {scale:g}"
                values |= {"name": f"{heading} {name} {sign}", "adapter": adapter}
                found.append(Configuration(**values | {"blend": parts, "scale": scale}))
    return tuple(found)
