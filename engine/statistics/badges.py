"""Whether the best of many vectors is beyond random ones: one badge per vector.

Random vectors differ in what they truly do, so a badge must pay for the choice among k vectors
and s scales even if every mean were known exactly; asking other questions does not pay for it
(`held_out` does that for the noise of the questions alone). By ranks alone the best of k cannot
reach p below k / (controls + k): .76 for the best of 200 beside 64. The badge therefore uses how
*far* outside a vector lies, in standard deviations of the random vectors:

1. z of a cell = (change - mean of the controls) / (sd of the controls sqrt(1 + 1/N)), at its scale,
   over the N controls of the vector's own site and norm (`yardsticks`). If a vector is one more
   random vector and random effects are normal, z is Student's t with N - 1 degrees of freedom:
   exactly, with mean and sd estimated from N controls.
2. Random effects are sums over many coordinates of a random direction, so nearly normal; but the
   far tail decides. So the degrees of freedom are those of a t distribution with the controls' own
   excess kurtosis plus its standard error, sqrt(24 / N), if these are fewer than N - 1.
   Tails and normality are those of each yardstick's own controls.
3. `p_family` = cells x P(|t| >= the vector's largest |z|), at most 1: Bonferroni over all vectors'
   cells, of all yardsticks. It holds whatever the dependence between scales, vectors and shared
   controls.
4. Where Shapiro-Wilk refuses normality of a yardstick's controls (5 %, Bonferroni over all
   yardsticks' scales), the `p_family` of its vectors is `p_best`, the rank form of `nulls.max_t`,
   which assumes nothing and cannot be small with few controls.
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
from jaxtyping import Bool, Float, Int

from engine.statistics import nulls, yardsticks
from engine.statistics.cells import BASELINE, CONTROL, VECTOR
from engine.statistics.nulls import ALPHA, MIN_CONTROLS
from engine.statistics.yardsticks import YARDSTICK

Badge = Literal[
    "beyond the best", "beyond random", "within random", "too few controls", "no matched controls"
]

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
        controls (of its yardstick), above (those that reach the vector at their best scale), p (of
        `max_t`: for a vector named beforehand), p_family (for the best of all), by ("normal" or
        "rank"), badge, yardstick.
    """
    tests = nulls.max_t(summary) if tests is None else tests
    cells = summary[~summary["vector_set"].isin([BASELINE])].dropna(subset=["change"])
    cells = cells.assign(**{YARDSTICK: yardsticks.of_rows(cells)})
    keys = [*VECTOR, YARDSTICK]
    wide = cells[cells["scale"] != 0].pivot(index=keys, columns="scale", values="change")
    is_control = wide.index.get_level_values("vector_set") == CONTROL
    numbers = wide.index.get_level_values(YARDSTICK).to_numpy(int)
    own = wide[~is_control]
    family = compare(
        own.to_numpy(float),
        wide[is_control].to_numpy(float),
        Kinds(numbers[~is_control], numbers[is_control]),
    )
    found = own.index.to_frame(index=False)[VECTOR]
    found["z"], found["z_scale"] = family.z, wide.columns.to_numpy(float)[family.place]
    found["cells"], found["p_family"] = family.cells, family.p
    found["by"] = np.where(family.by_rank, "rank", "normal")
    tested = tests[[*VECTOR, "controls", YARDSTICK, "p", "p_best"]]
    found = tested.merge(found, on=VECTOR, how="left")
    found["above"] = (found["p"] * (1 + found["controls"]) - 1).round()
    found["p_family"] = found["p_family"].where(found["by"] != "rank", found["p_best"])
    found.loc[found["p"].isna(), "p_family"] = np.nan
    found["badge"] = [_badge(*row) for row in found[["p", "above", "p_family"]].to_numpy(float)]
    if is_control.any():
        found.loc[found["controls"] == 0, "badge"] = "no matched controls"
    names = ["z", "z_scale", "cells", "controls", "above", "p", "p_family", "by", "badge"]
    return found[[*VECTOR, *names, YARDSTICK]]


class Kinds(NamedTuple):
    """Of which yardstick vectors and controls are."""

    vectors: Int[np.ndarray, " vectors"]
    controls: Int[np.ndarray, " controls"]


class Family(NamedTuple):
    """Vectors beside random ones, allowing for the choice among all their cells."""

    z: Float[np.ndarray, " vectors"]
    """Largest in size, signed, over the vector's scales."""
    place: Int[np.ndarray, " vectors"]
    """The scale of it."""
    p: Float[np.ndarray, " vectors"]
    cells: int
    """How many were compared."""
    by_rank: Bool[np.ndarray, " vectors"]
    """Whether its controls do not look normal, so that `p` is not to be used."""


def compare(
    changes: Float[np.ndarray, "vectors scales"],
    controls: Float[np.ndarray, "controls scales"],
    kinds: Kinds | None = None,
) -> Family:
    """Bonferroni over all cells that are known; NaN where a vector has none or nothing varies.

    Args:
        changes: Of the vectors.
        controls: Of the random vectors.
        kinds: The yardstick of each; one for all if left out.
    """
    if kinds is None:
        kinds = Kinds(np.zeros(len(changes), dtype=int), np.zeros(len(controls), dtype=int))
    z = np.full(changes.shape, np.nan)
    present = np.unique(kinds.vectors)
    for kind in present:
        own = kinds.vectors == kind
        z[own] = studentised(changes[own], controls[kinds.controls == kind])
    size = np.where(np.isfinite(z), np.abs(z), -1.0)
    place = size.argmax(axis=1) if z.size else np.zeros(len(z), dtype=int)
    best = z[np.arange(len(z)), place] if z.size else np.full(len(z), np.nan)
    cells = int(np.isfinite(z).sum())
    p, by_rank = np.full(len(z), np.nan), np.ones(len(z), dtype=bool)
    for kind in present:
        own, null = kinds.vectors == kind, controls[kinds.controls == kind]
        whole = null[np.isfinite(null).all(axis=1)]
        by_rank[own] = len(whole) < MIN_CONTROLS or not is_normal(whole, len(present))
        p[own] = np.minimum(1.0, cells * _tail(best[own], whole))
    return Family(best, place, p, cells, by_rank)


def _tail(
    z: Float[np.ndarray, " vectors"], controls: Float[np.ndarray, "controls scales"]
) -> Float[np.ndarray, " vectors"]:
    """P(|t| >= |z|) of a t distribution with tails as heavy as the controls' may be."""
    degrees = tail_degrees(controls) if len(controls) >= MIN_CONTROLS else 1.0
    # A t with fewer degrees has a larger variance; z has that of N - 1.
    wider = np.sqrt(_variance(degrees) / _variance(max(len(controls) - 1.0, degrees)))
    return 2 * scipy.stats.t.sf(np.abs(z) * wider, degrees)


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


def is_normal(controls: Float[np.ndarray, "controls scales"], kinds: int = 1) -> bool:
    """Whether Shapiro-Wilk leaves the controls' normality be.

    At 5 %, Bonferroni over the scales of as many yardsticks as are tested so.
    """
    varying = _varying(controls)
    if varying.shape[1] == 0:
        return False
    p = scipy.stats.shapiro(varying, axis=0).pvalue
    return bool(np.min(p) * varying.shape[1] * kinds > ALPHA)


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
    if row["badge"] == "no matched controls":
        return "No verdict: no random control of this run has the vector's own site and norm."
    if row["badge"] == "too few controls":
        return f"No verdict: at least {MIN_CONTROLS} random controls are needed."
    count, above = int(row["controls"]), int(row["above"])
    reach = "none reaches" if above == 0 else f"{above} reach{'es' if above == 1 else ''}"
    first = f"Of {count} random vectors of its site and norm, each at its best scale, {reach} it "
    first += f"(p = {row['p']:.3f})."
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
