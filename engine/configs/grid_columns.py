"""The columns of a grid of texts: vectors x scales beside the unsteered model, as configs.

Knows nothing of torch, of stored vectors or of screens.
"""

from collections.abc import Sequence

from engine.configs.grids import BlendPart, Configuration


def columns(
    shared: Configuration,
    named: dict[str, tuple[BlendPart, ...]],
    scales: Sequence[float],
    has_adapter: bool,
    tuned: bool | None,
) -> tuple[Configuration, ...]:
    """Both baselines, then every vector at every scale.

    Args:
        shared: Holds all that the steered columns have in common.
        named: Vectors or blends by name.
        scales: Where 0 is left out, for it is the baseline.
        has_adapter: Whether there is a fine-tuned model.
        tuned: Steer only the fine-tuned (True) or the base model (False); None steers both.
    """
    flags = (False, True) if has_adapter else (False,)
    found = [Configuration(name="tuned" if flag else "base", adapter=flag) for flag in flags]
    for flag in flags:
        if tuned is not None and flag != tuned:
            continue
        for name, parts in named.items():
            for scale in dict.fromkeys(s for s in scales if s != 0):
                values = {n: getattr(shared, n) for n in shared.__dataclass_fields__}
                sign = f"{scale:+g}" if shared.operation == "add" else f"ablate {scale:g}"
                values |= {"name": f"{found[flag].name} {name} {sign}", "adapter": flag}
                found.append(Configuration(**values | {"blend": parts, "scale": scale}))
    return tuple(found)
