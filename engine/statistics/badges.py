"""Whether the best of many vectors is beyond random ones: one badge per vector.

Random vectors differ in what they truly do, so a badge must pay for the choice among k vectors
and s scales even if every mean were known exactly; asking other questions does not pay for it
(`held_out` does that for the noise of the questions alone). By ranks alone the best of k cannot
reach p below k / (controls + k): .76 for the best of 200 beside 64. The badge therefore uses how
*far* outside a vector lies, in standard deviations of the random vectors:

1. z of a cell = (change - mean of the controls) / (sd of the controls sqrt(1 + 1/N)), at its scale.
   If a vector is one more random vector and random effects are normal, z is Student's t with N - 1
   degrees of freedom: exactly, with mean and sd estimated from N controls.
2. Random effects are sums over many coordinates of a random direction, so nearly normal; but the
   far tail decides. So the degrees of freedom are those of a t distribution with the controls' own
   excess kurtosis plus its standard error, sqrt(24 / N), if these are fewer than N - 1.
3. `p_family` = cells x P(|t| >= the vector's largest |z|), at most 1: Bonferroni over all vectors'
   cells. It holds whatever the dependence between scales, vectors and shared controls.
4. Where Shapiro-Wilk refuses normality (5 %, Bonferroni over scales), `p_family` is `p_best`, the
   rank form of `nulls.max_t`, which assumes nothing and cannot be small with few controls.
5. The badge "beyond the best of N random" needs both: no control, at its own best scale, reaches
   the vector's largest |change|, and `p_family` <= .05.

Simulated (tests/engine/test_badge.py), best of 200 vectors x 6 scales beside 64 controls: of 400
null studies with normal random effects 1 gave any badge; 2 % did with tails of a t with 10 degrees,
5.5 % with 5. A true effect of 8 sd of the random vectors' effects is found in 90 %, of 7 sd in
79 %; as one of 24 vectors, of 6 sd in 92 %.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Float, Int

from engine.statistics import nulls
from engine.statistics.cells import BASELINE, CONTROL, VECTOR
from engine.statistics.nulls import ALPHA, MIN_CONTROLS

Badge = Literal["beyond the best", "beyond random", "within random", "too few controls"]

UNDEFINED = "not measured"
"""In place of a badge, where a vector has no defined change at any scale."""
TINY = 1e-12
"""An sd of the controls below this share of their mean is no yardstick."""


def badges(summary: pd.DataFrame, tests: pd.DataFrame | None = None) -> pd.DataFrame:
    """What may be claimed of each vector beside the random ones.

    Args:
        summary: Output of `statistics.summarise`.
        tests: Output of `nulls.max_t` of it, if at hand.

    Returns:
        Columns: vector_set, vector, method, z (largest, signed), z_scale, cells (tested in all),
        controls, above (controls that reach the vector at their best scale), p (of `max_t`: for a
        vector named beforehand), p_family (for the best of all), by ("normal" or "rank"), badge.
    """
    tests = nulls.max_t(summary) if tests is None else tests
    cells = summary[~summary["vector_set"].isin([BASELINE])].dropna(subset=["change"])
    wide = cells[cells["scale"] != 0].pivot(index=VECTOR, columns="scale", values="change")
    is_control = wide.index.get_level_values("vector_set") == CONTROL
    own = wide[~is_control]
    family = compare(own.to_numpy(float), wide[is_control].to_numpy(float))
    found = own.index.to_frame(index=False)
    found["z"], found["z_scale"] = family.z, wide.columns.to_numpy(float)[family.place]
    found["cells"], found["p_family"] = family.cells, family.p
    found = tests[[*VECTOR, "controls", "p", "p_best"]].merge(found, on=VECTOR, how="left")
    found["above"] = (found["p"] * (1 + found["controls"]) - 1).round()
    found["by"] = "rank" if family.by_rank else "normal"
    if family.by_rank:
        found["p_family"] = found["p_best"]
    found.loc[found["p"].isna(), "p_family"] = np.nan
    found["badge"] = [_badge(*row) for row in found[["p", "above", "p_family"]].to_numpy(float)]
    names = ["z", "z_scale", "cells", "controls", "above", "p", "p_family", "by", "badge"]
    return found[[*VECTOR, *names]]


class Family(NamedTuple):
    """Vectors beside random ones, allowing for the choice among all their cells."""

    z: Float[np.ndarray, " vectors"]
    """Largest in size, signed, over the vector's scales."""
    place: Int[np.ndarray, " vectors"]
    """The scale of it."""
    p: Float[np.ndarray, " vectors"]
    cells: int
    """How many were compared."""
    by_rank: bool
    """Whether the controls do not look normal, so that `p` is not to be used."""


def compare(
    changes: Float[np.ndarray, "vectors scales"], controls: Float[np.ndarray, "controls scales"]
) -> Family:
    """Bonferroni over all cells that are known; NaN where a vector has none or nothing varies."""
    z = studentised(changes, controls)
    size = np.where(np.isfinite(z), np.abs(z), -1.0)
    place = size.argmax(axis=1) if z.size else np.zeros(len(z), dtype=int)
    best = z[np.arange(len(z)), place] if z.size else np.full(len(z), np.nan)
    cells = int(np.isfinite(z).sum())
    whole = controls[np.isfinite(controls).all(axis=1)]
    by_rank = len(whole) < MIN_CONTROLS or not is_normal(whole)
    degrees = tail_degrees(whole) if len(whole) >= MIN_CONTROLS else 1.0
    # A t with fewer degrees has a larger variance; z has that of N - 1.
    wider = np.sqrt(_variance(degrees) / _variance(max(len(whole) - 1.0, degrees)))
    p = np.minimum(1.0, cells * 2 * scipy.stats.t.sf(np.abs(best) * wider, degrees))
    return Family(best, place, p, cells, by_rank)


def _variance(degrees: float) -> float:
    return degrees / (degrees - 2) if degrees > 2 else 1.0


def studentised(
    changes: Float[np.ndarray, "vectors scales"], controls: Float[np.ndarray, "controls scales"]
) -> Float[np.ndarray, "vectors scales"]:
    """Each change as a new draw among the controls at its scale.

    NaN where there are fewer than two controls or they do not vary.
    """
    known = np.isfinite(controls)
    count = known.sum(axis=0).astype(float)
    enough = np.where(count > 1, count, np.nan)
    mean = np.where(known, controls, 0.0).sum(axis=0) / enough
    variance = (np.where(known, controls - mean, 0.0) ** 2).sum(axis=0) / (enough - 1)
    spread = np.sqrt(variance * (1 + 1 / enough))
    return (changes - mean) / np.where(spread > TINY * (1 + np.abs(mean)), spread, np.nan)


def tail_degrees(controls: Float[np.ndarray, "controls scales"]) -> float:
    """Degrees of freedom of a t distribution that is as heavy-tailed as the controls may be.

    Its excess kurtosis, 6 / (degrees - 4), is the controls' largest over the scales plus its
    standard error; never more degrees than controls - 1.
    """
    count = len(controls)
    excess = scipy.stats.kurtosis(_varying(controls), axis=0, bias=False)
    heaviest = max(excess, default=0.0) + np.sqrt(24 / count)
    return float(min(count - 1, 4 + 6 / max(heaviest, 1e-9)))


def _varying(controls: np.ndarray) -> np.ndarray:
    spread = controls.std(axis=0)
    return controls[:, spread > TINY * (1 + np.abs(controls).max(axis=0, initial=0.0))]


def is_normal(controls: Float[np.ndarray, "controls scales"]) -> bool:
    """Whether Shapiro-Wilk at 5 %, Bonferroni over scales, leaves the controls' normality be."""
    varying = _varying(controls)
    if varying.shape[1] == 0:
        return False
    p = scipy.stats.shapiro(varying, axis=0).pvalue
    return bool(np.min(p) * varying.shape[1] > ALPHA)


def words(row: Mapping[Hashable, Any] | pd.Series) -> str:
    """The badge of one row of `badges` as it stands on screen."""
    if not isinstance(row["badge"], str):
        return UNDEFINED
    if row["badge"] == "beyond the best":
        return f"beyond the best of {int(row['controls'])} random"
    return str(row["badge"])


def sentence(row: Mapping[Hashable, Any] | pd.Series) -> str:
    """What one row of `badges` claims, and what it does not."""
    if not isinstance(row["badge"], str):
        return "No verdict: its change from scale 0 is defined at no scale."
    if row["badge"] == "too few controls":
        return f"No verdict: at least {MIN_CONTROLS} random controls are needed."
    count, above = int(row["controls"]), int(row["above"])
    reach = "none reaches" if above == 0 else f"{above} reach{'es' if above == 1 else ''}"
    first = f"Of {count} random vectors, each at its best scale, {reach} it (p = {row['p']:.3f})."
    family = f"As the best of all {int(row['cells'])} cells of this run it has p = "
    family += f"{row['p_family']:.2g}"
    if row["by"] == "rank":
        return (
            f"{first} {family}, by ranks, because the random effects do not look normal; ranks "
            "need many controls."
        )
    return f"{first} {family}, {abs(row['z']):.1f} sd of the random effects from their mean."


def _badge(p: float, above: float, p_family: float) -> Badge:
    if np.isnan(p):
        return "too few controls"
    if above == 0 and p_family <= ALPHA:
        return "beyond the best"
    return "beyond random" if p < ALPHA else "within random"
