"""How unusual the vectors of a sweep are beside its random controls.

Works on the table of `statistics.summarise`. Knows nothing of files, models or charts.
"""

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Float, Int

from engine.statistics.cells import BASELINE, CONTROL, VECTOR

MIN_CONTROLS = 20
"""With fewer controls no p value is given."""
ALPHA = 0.05
"""What the notes call significant."""
_BANDS = ("rate", "mean", "change")


def control_band(summary: pd.DataFrame) -> pd.DataFrame:
    """Where the controls lie, per scale.

    Returns:
        Columns: scale; for rate, mean and change each `_low`, `_high` (2.5th and 97.5th
        percentile), `_min`, `_max`; controls (how many). No rows without controls.
    """
    controls = summary[(summary["vector_set"] == CONTROL) & summary["rate"].notna()]
    groups = controls.groupby("scale", sort=True)
    table: dict[str, pd.Series] = {}
    for name in _BANDS:
        table[f"{name}_low"] = groups[name].quantile(0.025)
        table[f"{name}_high"] = groups[name].quantile(0.975)
        table[f"{name}_min"] = groups[name].min()
        table[f"{name}_max"] = groups[name].max()
    table["controls"] = groups.size()
    return pd.DataFrame(table).reset_index()


def p_values(summary: pd.DataFrame) -> pd.DataFrame:
    """Compare every vector's cell with the controls at the same scale.

    p = (1 + #{|change of a control| >= |change|}) / (1 + controls); q is Benjamini-Hochberg over
    all cells. Both are NaN where there are fewer than `MIN_CONTROLS` controls.

    Returns:
        Columns: vector_set, vector, method, scale, change, p, q, controls. `attrs["note"]` says
        in words why values are missing, or is "".
    """
    cells = _vectors(summary)[[*VECTOR, "scale", "change"]].reset_index(drop=True)
    controls = summary[summary["vector_set"] == CONTROL].dropna(subset=["change"])
    null = {scale: np.abs(rows.to_numpy()) for scale, rows in controls.groupby("scale")["change"]}
    none = np.empty(0)
    at_scale = [null.get(scale, none) for scale in cells["scale"]]
    cells["controls"] = np.array([len(values) for values in at_scale], dtype=int)
    changes = cells["change"].abs().to_numpy(float)
    above = np.array([np.sum(v >= t) for v, t in zip(at_scale, changes, strict=True)], dtype=int)
    cells["p"] = _rank_p(changes, above, cells["controls"].to_numpy(int))
    cells["q"] = _benjamini_hochberg(cells["p"])
    cells.attrs["note"] = _note(cells["controls"])
    return cells[[*VECTOR, "scale", "change", "p", "q", "controls"]]


def max_t(summary: pd.DataFrame) -> pd.DataFrame:
    """Compare every vector at its best scale with the controls at theirs.

    T is the largest |change| over the vector's scales; a control's is taken over the same
    scales. `p` therefore allows for the choice of the scale. `p_best` also allows for the choice
    among all k vectors: it is the chance that, were the k vectors random too, the best of them
    had at most as many controls above it. This is the limit of comparing with the best of
    random groups of k, exact for few controls, and never below `p_floor` = k / (controls + k).

    Returns:
        Columns: vector_set, vector, method, scale (best), change (there), t, p, q, p_best,
        p_floor, vectors (k), controls. `attrs["note"]` as in `p_values`; it also says when
        `p_floor` is above 0.05.
    """
    cells = _vectors(summary).dropna(subset=["change"])
    controls = summary[summary["vector_set"] == CONTROL]
    wide = controls.pivot(index="vector", columns="scale", values="change").abs()
    rows = [
        _best_scale(name, group, wide)
        for name, group in cells.groupby(VECTOR, sort=False, observed=True)
    ]
    names = [*VECTOR, "scale", "change", "t", "above", "controls"]
    table = pd.DataFrame(rows, columns=names).astype({"above": int, "controls": int})
    above, count = table["above"].to_numpy(int), table["controls"].to_numpy(int)
    vectors = len(table)
    table["p"] = _rank_p(table["t"].to_numpy(float), above, count)
    table["q"] = _benjamini_hochberg(table["p"])
    table["p_best"] = np.where(table["p"].isna(), np.nan, _best_of(above, count, vectors))
    table["p_floor"] = vectors / (count + vectors)
    table["vectors"] = vectors
    table.attrs["note"] = _note(table["controls"]) or _floor_note(table)
    columns = [*VECTOR, "scale", "change", "t", "p", "q", "p_best", "p_floor", "vectors"]
    return table[[*columns, "controls"]]


def best_vectors(summary: pd.DataFrame, top: int = 10) -> pd.DataFrame:
    """The vectors with the largest |change|, each at its best scale.

    Returns:
        Columns: vector_set, vector, method, scale, rate, rate_low, rate_high, change,
        change_low, change_high, letter_bias, then p, q, p_best, p_floor, controls of `max_t`.
    """
    tests = max_t(summary)
    shown = ["rate", "rate_low", "rate_high", "change_low", "change_high", "letter_bias"]
    found = tests.merge(summary[[*VECTOR, "scale", *shown]], on=[*VECTOR, "scale"], how="left")
    found = found.sort_values("t", ascending=False, kind="stable").head(top)
    tested = ["p", "q", "p_best", "p_floor", "controls"]
    columns = [*VECTOR, "scale", *shown[:3], "change", *shown[3:], *tested]
    result = found[columns].reset_index(drop=True)
    result.attrs["note"] = tests.attrs["note"]
    return result


def _vectors(summary: pd.DataFrame) -> pd.DataFrame:
    return summary[~summary["vector_set"].isin([BASELINE, CONTROL])]


def _best_scale(name: tuple, group: pd.DataFrame, controls: pd.DataFrame) -> tuple:
    """One row of `max_t`: where |change| is largest, and how many controls reach it.

    A control counts only if it was run at every scale of the vector.
    """
    best = group.loc[group["change"].abs().idxmax()]
    t = abs(float(best["change"]))
    null = controls.reindex(columns=group["scale"]).dropna().max(axis=1)
    return (
        *name,
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
    return (
        f"No p values: at least {MIN_CONTROLS} controls are needed at every scale, and there are "
        f"as few as {fewest}. Evaluate again with more."
    )


def _floor_note(tests: pd.DataFrame) -> str:
    floor = 0.0 if tests.empty else float(tests["p_floor"].max())
    if floor <= ALPHA:
        return ""
    vectors, controls = len(tests), int(tests["controls"].min())
    return (
        f"The best of {vectors} vectors cannot reach p = {ALPHA} beside {controls} controls: the "
        f"smallest possible p_best is {floor:.2f}. Evaluate with fewer vectors or more controls."
    )
