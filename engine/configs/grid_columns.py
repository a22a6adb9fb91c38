"""The columns of a grid of texts: vectors x scales beside the unsteered model, as configs.

Knows nothing of torch, of stored vectors or of screens.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import NamedTuple

from engine.configs.grids import BlendPart, Configuration
from engine.configs.steering import doses

LONGEST = 40
"""Letters of a system prompt in a column's name."""


class Answering(NamedTuple):
    """Weights that answer."""

    name: str
    adapter: bool | str
    dose: str | None = None


def columns(
    shared: Configuration,
    named: dict[str, tuple[BlendPart, ...]],
    scales: Sequence[float],
    adapters: Sequence[bool | str],
    tuned: bool | None,
    rivals: Sequence[str] = (),
) -> tuple[Configuration, ...]:
    """All baselines, then what the model is merely asked for, then every vector at every scale.

    A dose is of the fine-tuned models: each of them then stands at its own strength as a baseline,
    and is changed at the dose.

    Args:
        shared: Holds all that the steered columns have in common.
        named: Vectors or blends by name.
        scales: Where 0 is left out, for it is the baseline.
        adapters: The fine-tuned models: True for the only one, names of several.
        tuned: Change only the fine-tuned (True) or the base model (False); None changes all.
        rivals: System prompts under which an unsteered model answers; "" is none.

    Raises:
        ConfigError: If a dose means nothing, or is of no adapter.
    """
    base = Answering("base", False)
    whole = [Answering("tuned" if one is True else str(one), one) for one in adapters]
    dosed = _dosed(shared.dose, whole)
    changed = [one for one in (base, *(dosed or whole)) if tuned in (None, bool(one.adapter))]
    found = [_unsteered(one, one.name) for one in (base, *whole, *dosed)]
    for one in changed:
        found += [
            _unsteered(one, f"{one.name} {name}", system)
            for system, name in prompt_names(rivals).items()
        ]
    for one in changed:
        for name, parts in named.items():
            for scale in dict.fromkeys(s for s in scales if s != 0):
                found.append(_steered(shared, one, name, parts, scale))
    return tuple(found)


def _dosed(dose: str | None, whole: Sequence[Answering]) -> list[Answering]:
    """The fine-tuned models at a dose; where it names adapters itself, they are one model."""
    if dose is None:
        return []
    if "=" not in dose and whole:
        return [Answering(f"{one.name} at {dose}", one.adapter, dose) for one in whole]
    names = [str(one.adapter) for one in whole if one.adapter is not True]
    if len(names) < len(whole):
        # The only adapter's name is not known here, and need not be.
        return [Answering(f"tuned at {dose}", True, dose)]
    (first, _), *_ = doses.parse(dose, names).parts
    return [Answering(dose, first if len(whole) > 1 else True, dose)]


def _unsteered(one: Answering, name: str, system: str | None = None) -> Configuration:
    return Configuration(name=name, adapter=one.adapter, dose=one.dose, system=system)


def _steered(
    shared: Configuration, one: Answering, vector: str, parts: tuple[BlendPart, ...], scale: float
) -> Configuration:
    verb = shared.operation
    sign = f"{scale:+g}" if verb == "add" else f"{verb} {scale:g}"
    values = {field.name: getattr(shared, field.name) for field in fields(shared)}
    values |= {"name": f"{one.name} {vector} {sign}", "adapter": one.adapter, "dose": one.dose}
    return Configuration(**values | {"blend": parts, "scale": scale})


def prompt_names(rivals: Sequence[str]) -> dict[str, str]:
    """What columns under system prompts of their own are called, each prompt once."""
    found: dict[str, str] = {}
    for system in dict.fromkeys(rivals):
        words = " ".join(system.split())
        short = words if len(words) <= LONGEST else f"{words[: LONGEST - 1].rstrip()}…"
        name = f"prompt: {short or 'none'}"
        taken = list(found.values())
        if name in taken:
            name = next(f"{name} ({n})" for n in range(2, 999) if f"{name} ({n})" not in taken)
        found[system] = name
    return found
