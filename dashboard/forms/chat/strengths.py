"""How far a strength reaches, and what it is in residual norms.

Knows nothing of widgets' keys or of what is asked.
"""

import math
from typing import NamedTuple

import numpy as np

from dashboard.forms.chat.drafts import Draft
from dashboard.session import resources
from dashboard.words import captions, panes
from engine.configs.steering.interventions import REMOVING
from engine.errors import EngineError

BEYOND = 2.0
"""Times a strength that somebody chose; studies tried no more, and texts break beyond."""
NORMS = 2.0
"""Residual norms that are offered where nobody has chosen a strength."""
MULTIPLES, SHARES = 4.0, 2.0
"""Multiples where no residual norm is known; shares of the way of other operations."""
STEPS = 40
"""About so many on each side."""


class Reach(NamedTuple):
    """The ends of a strength's slider, and its step."""

    low: float
    high: float
    step: float


def per_norm(reference: str) -> float | None:
    """Residual norms that the vector at strength 1 adds at its site; None where not known."""
    digest, _, index = reference.partition(":")
    try:
        found = resources.vector_set(digest)
    except EngineError:
        return None
    place = int(index)
    usual = found.residual_norms.get(found.sites[place].words) if place < len(found.sites) else 0
    return float(np.linalg.norm(found.vectors[place])) / usual if usual else None


def reach(chip: Draft, chosen: float | None) -> Reach:
    """Where a chip's slider ends; wider where its strength lies beyond.

    Args:
        chip: The draft.
        chosen: A strength that somebody chose for this vector and operation.
    """
    if chosen:
        far = BEYOND * abs(chosen)
    elif chip["operation"] != "add":
        far = SHARES
    elif chip["scale_unit"] == "relative":
        far = NORMS
    else:
        share = per_norm(chip["vector"])
        far = NORMS / share if share else MULTIPLES
    step = _rounded(far / STEPS)
    far = step * math.ceil(max(far, abs(chip["scale"])) / step - 1e-9)
    far = float(f"{far:.6g}")
    return Reach(0.0 if chip["operation"] in REMOVING and chip["scale"] >= 0 else -far, far, step)


def _rounded(value: float) -> float:
    """1, 2 or 5 times a power of ten, not above the value."""
    power = 10.0 ** math.floor(math.log10(value))
    return float(f"{max(n for n in (1, 2, 5) if n * power <= value * (1 + 1e-9)) * power:.6g}")


def beside(chip: Draft) -> str:
    """A chip's strength in the other unit, in words; empty where it has none or it is not known."""
    if chip["operation"] != "add":
        return f"{chip['operation']}, a share of the way"
    share = per_norm(chip["vector"])
    if share is None:
        return "residual norm not known"
    if chip["scale_unit"] == "relative":
        return f"{captions.scale(_short(chip['scale'] / share))} × the vector"
    size = abs(chip["scale"]) * share
    at = "" if chip["layers"].strip() in ("own", "") else " of its own block"
    return f"adds {size:.2g} × residual norm{at}"


def words(chip: Draft, name: str) -> str:
    """A chip in a few words: "+1.5 × contrastive_06"."""
    return panes.strength(chip["operation"], chip["scale"], chip["scale_unit"], name)


def _short(value: float) -> float:
    return float(f"{value:.3g}")
