"""How unusual the vectors of a sweep are beside its random controls.

Works on the table of `statistics.summarise`. A vector is compared only with the controls of its own
`yardsticks.YARDSTICK`; a table without that column is of one. Knows nothing of files, models or
charts.
"""

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Float, Int

from engine.statistics import yardsticks
from engine.statistics.cells import BASELINE, CONTROL, VECTOR
from engine.statistics.yardsticks import YARDSTICK

MIN_CONTROLS = 20
"""With fewer controls no p value is given."""
ALPHA = 0.05
"""What the notes call significant."""
ROUNDING = 1e-9
"""Of a count of controls that is worked out from a p."""
_BANDS = ("rate", "mean", "change")


def control_band(summary: pd.DataFrame) -> pd.DataFrame:
    """Where the controls of each yardstick lie, per scale.

    Returns:
        Columns: yardstick, scale; for rate, mean and change each `_low`, `_high` (2.5th and 97.5th
        percentile), `_min`, `_max`; controls (how many). No rows without controls.
    """
    is_known = (summary["vector_set"] == CONTROL) & summary["rate"].notna()
    groups = _with_yardsticks(summary[is_known]).groupby([YARDSTICK, "scale"], sort=True)
    table: dict[str, pd.Series] = {}
    for name in _BANDS:
        table[f"{name}_low"] = groups[name].quantile(0.025)
        table[f"{name}_high"] = groups[name].quantile(0.975)
        table[f"{name}_min"] = groups[name].min()
        table[f"{name}_max"] = groups[name].max()
    table["controls"] = groups.size()
    return pd.DataFrame(table).reset_index()


def p_values(summary: pd.DataFrame) -> pd.DataFrame:
    """Compare every vector's cell with the controls of its yardstick at the same scale.

    p = (1 + #{|change of a control| >= |change|}) / (1 + controls); q is Benjamini-Hochberg over
    all cells. Both are NaN where there are fewer than `MIN_CONTROLS` controls.

    Returns:
        Columns: vector_set, vector, method, scale, change, p, q, controls. `attrs["note"]` says
        in words why values are missing, or is "".
    """
    cells = _vectors(summary)[[*VECTOR, YARDSTICK, "scale", "change"]].reset_index(drop=True)
    controls = _with_yardsticks(summary[summary["vector_set"] == CONTROL])
    groups = controls.dropna(subset=["change"]).groupby([YARDSTICK, "scale"])["change"]
    null = {place: np.abs(rows.to_numpy()) for place, rows in groups}
    none = np.empty(0)
    at_scale = [
        null.get(place, none) for place in zip(cells[YARDSTICK], cells["scale"], strict=True)
    ]
    cells["controls"] = np.array([len(values) for values in at_scale], dtype=int)
    changes = cells["change"].abs().to_numpy(float)
    above = np.array([np.sum(v >= t) for v, t in zip(at_scale, changes, strict=True)], dtype=int)
    cells["p"] = _rank_p(changes, above, cells["controls"].to_numpy(int))
    cells["q"] = _benjamini_hochberg(cells["p"])
    cells.attrs["note"] = _note(cells["controls"])
    return cells[[*VECTOR, "scale", "change", "p", "q", "controls"]]


def max_t(summary: pd.DataFrame) -> pd.DataFrame:
    """Compare every vector at its best scale with the controls of its yardstick at theirs.

    T is the largest |change| over the vector's scales; a control's is taken over the same
    scales. `p` therefore allows for the choice of the scale. `p_best` also allows for the choice
    among all k vectors: it is the chance that, were all vectors random too, the best of them had a
    `p` at most as small. Of the k of one yardstick with N controls this is the limit of comparing
    with the best of random groups of k, exact for few controls, and never below k / (N + k);
    yardsticks are independent. `p_floor` is the smallest `p_best` that the vector can have.

    Returns:
        Columns: vector_set, vector, method, scale (best), change (there), t, p, q, p_best,
        p_floor, vectors (k, of all yardsticks), controls (of its own), yardstick. `attrs["note"]`
        as in `p_values`; it also says when `p_floor` is above 0.05.
    """
    cells = _vectors(summary).dropna(subset=["change"])
    wide = {
        number: rows.pivot(index="vector", columns="scale", values="change").abs()
        for number, rows in yardsticks.control_groups(summary)
    }
    rows = [
        _best_scale(name, group, wide.get(group[YARDSTICK].iloc[0], pd.DataFrame()))
        for name, group in cells.groupby(VECTOR, sort=False, observed=True)
    ]
    names = [*VECTOR, YARDSTICK, "scale", "change", "t", "above", "controls"]
    table = pd.DataFrame(rows, columns=names).astype(
        {n: int for n in (YARDSTICK, "above", "controls")}
    )
    above, count = table["above"].to_numpy(int), table["controls"].to_numpy(int)
    table["p"] = _rank_p(table["t"].to_numpy(float), above, count)
    table["q"] = _benjamini_hochberg(table["p"])
    best = _best_of_all(table, above)
    table["p_best"] = np.where(table["p"].isna(), np.nan, best)
    table["p_floor"] = _best_of_all(table, np.zeros_like(above))
    table["vectors"] = len(table)
    table.attrs["note"] = _note(table["controls"]) or _floor_note(table)
    columns = [*VECTOR, "scale", "change", "t", "p", "q", "p_best", "p_floor", "vectors"]
    return table[[*columns, "controls", YARDSTICK]]


def floors(matched: pd.DataFrame) -> Float[np.ndarray, " vectors"]:
    """The smallest `p_best` of `max_t` that each vector of a sweep can have.

    Args:
        matched: One row a vector: yardstick, and controls, how many that has.
    """
    count = matched["controls"].to_numpy(int)
    table = matched.assign(p=_rank_p(np.zeros(len(count)), np.zeros(len(count), int), count))
    return _best_of_all(table, np.zeros(len(count), dtype=int))


def best_vectors(
    summary: pd.DataFrame, top: int = 10, tests: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The vectors with the largest |change|, each at its best scale.

    Args:
        summary: Output of `statistics.summarise`.
        top: How many, at most.
        tests: Output of `max_t` of it, if at hand.

    Returns:
        Columns: vector_set, vector, method, scale, rate, rate_low, rate_high, change,
        change_low, change_high, letter_bias, then p, q, p_best, p_floor, controls,
        yardstick of `max_t`.
    """
    tests = max_t(summary) if tests is None else tests
    shown = ["rate", "rate_low", "rate_high", "change_low", "change_high", "letter_bias"]
    found = tests.merge(summary[[*VECTOR, "scale", *shown]], on=[*VECTOR, "scale"], how="left")
    found = found.sort_values("t", ascending=False, kind="stable").head(top)
    tested = ["p", "q", "p_best", "p_floor", "controls", YARDSTICK]
    columns = [*VECTOR, "scale", *shown[:3], "change", *shown[3:], *tested]
    result = found[columns].reset_index(drop=True)
    result.attrs["note"] = tests.attrs["note"]
    return result


def _vectors(summary: pd.DataFrame) -> pd.DataFrame:
    return _with_yardsticks(summary[~summary["vector_set"].isin([BASELINE, CONTROL])])


def _with_yardsticks(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{YARDSTICK: yardsticks.of_rows(table)})


def _best_scale(name: tuple, group: pd.DataFrame, controls: pd.DataFrame) -> tuple:
    """One row of `max_t`: where |change| is largest, and how many controls reach it.

    A control counts only if it was run at every scale of the vector.
    """
    best = group.loc[group["change"].abs().idxmax()]
    t = abs(float(best["change"]))
    null = controls.reindex(columns=group["scale"]).dropna().max(axis=1)
    return (
        *name,
        int(group[YARDSTICK].iloc[0]),
        float(best["scale"]),
        float(best["change"]),
        t,
        int((null >= t).sum()),
        len(null),
    )


def _rank_p(
    values: Float[np.ndarray, " tests"],
    above: Int[np.ndarray, " tests"],
    controls: Int[np.ndarray, " tests"],
) -> Float[np.ndarray, " tests"]:
    p = (1 + above) / (1 + controls)
    return np.where((controls >= MIN_CONTROLS) & np.isfinite(values), p, np.nan)


def _best_of_all(
    table: pd.DataFrame, above: Int[np.ndarray, " tests"]
) -> Float[np.ndarray, " tests"]:
    """P(the best of all random vectors has a p as small as with so many controls above it).

    Each yardstick's share is `_best_of` with as many of its own controls as that p allows.
    """
    own, count = table[YARDSTICK].to_numpy(int), table["controls"].to_numpy(int)
    p = (1 + above) / (1 + count)
    is_tested = table["p"].notna().to_numpy()
    missed = np.ones(len(table))
    for number in np.unique(own):
        here = own == number
        size, fewest = int(here.sum()), int(count[here].min())
        # A yardstick with too few controls gives no p: its vectors cannot be the best by it.
        others = is_tested[here].any() & ~here
        allowed = np.floor(p * (1 + fewest) + ROUNDING).astype(int) - 1
        taken = np.where(here, above, np.where(others, allowed, -1))
        chance = _best_of(np.maximum(taken, 0), np.where(here, count, fewest), size)
        missed *= 1 - np.where(taken >= 0, chance, 0.0)
    return 1 - missed


def _best_of(
    above: Int[np.ndarray, " tests"], controls: Int[np.ndarray, " tests"], vectors: int
) -> Float[np.ndarray, " tests"]:
    """P(at most `above` of the controls exceed the best of as many random vectors as there are).

    It fails only if the top `above` + 1 of all controls + vectors are controls:
    C(controls, above + 1) / C(controls + vectors, above + 1), zero when above = controls.
    """
    taken = np.minimum(above + 1, controls)

    def log_choose(n: np.ndarray) -> np.ndarray:
        log_factorial = scipy.special.gammaln
        return log_factorial(n + 1) - log_factorial(taken + 1) - log_factorial(n - taken + 1)

    missed = np.exp(log_choose(controls) - log_choose(controls + vectors))
    return np.where(above < controls, 1 - missed, 1.0)


def _benjamini_hochberg(p: pd.Series) -> Float[np.ndarray, " tests"]:
    q = np.full(len(p), np.nan)
    known = p.notna().to_numpy()
    if known.any():
        q[known] = scipy.stats.false_discovery_control(p[known].to_numpy(float))
    return q


def _note(controls: pd.Series) -> str:
    fewest = 0 if controls.empty else int(controls.min())
    if fewest >= MIN_CONTROLS:
        return ""
    lacking = int((controls < MIN_CONTROLS).sum())
    is_part = 0 < lacking < len(controls)
    some, own = (f" for {lacking} of {len(controls)}", " of a vector's own site and norm")
    return (
        f"No p values{some if is_part else ''}: at least {MIN_CONTROLS} controls"
        f"{own if is_part else ''} are needed at every scale, and there are as few as {fewest}. "
        "Evaluate again with more."
    )


def _floor_note(tests: pd.DataFrame) -> str:
    floor = 0.0 if tests.empty else float(tests["p_floor"].max())
    if floor <= ALPHA:
        return ""
    vectors, controls = len(tests), int(tests["controls"].min())
    kinds = tests[YARDSTICK].nunique()
    each = "" if kinds == 1 else f" of each of {kinds} kinds"
    return (
        f"The best of {vectors} vectors cannot reach p = {ALPHA} beside {controls} controls{each}: "
        f"the smallest possible p_best is {floor:.2f}. Evaluate with fewer vectors or more "
        "controls."
    )
