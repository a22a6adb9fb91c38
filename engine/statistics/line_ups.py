"""Which vectors of each method stand in one picture: all, the strongest, or the one of a rank.

The corrigibility study draws its violins of all vectors, of the best one or three of each method,
and of the best, second and third alone. Its vectors are ranked by the largest distance of the share
of behaviour answers from the unsteered one, at any scale. The best of many looks strong by luck
alone, so the very same choice is made among as many random vectors of the same sites and norms, in
every group of so many that the run has, and the group in the middle is drawn: a single group might
happen to be weak.

Knows nothing of files, models or charts.
"""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from engine.configs import registry
from engine.errors import ConfigError
from engine.statistics import yardsticks
from engine.statistics.cells import BASELINE, CONTROL, VECTOR
from engine.statistics.yardsticks import YARDSTICK

PICKS: dict[str, tuple[int, int | None]] = {
    "all": (1, None),
    "top1": (1, 1),
    "top3": (1, 3),
    "rank1": (1, 1),
    "rank2": (2, 2),
    "rank3": (3, 3),
}
"""First and last rank of what is drawn; no last one: all vectors, also those without a rank."""
FIGURES = {"rate": "rate_change", "change": "change"}
"""By what a vector can be ranked: the share of behaviour answers, or the logit difference."""


class LineUp(NamedTuple):
    """What is drawn of one method, or of the random vectors beside one or more methods."""

    method: str
    """`cells.CONTROL` for random vectors."""
    vectors: pd.DataFrame
    """Of `effects`, the strongest first; no rows where there is none of such a rank."""
    among: int
    """How many vectors they were chosen among."""
    beside: tuple[str, ...] = ()
    """Methods that random vectors stand beside."""
    groups: int = 1
    """Of random vectors that the run has for the same choice; the one in the middle is drawn."""
    lacking: int = 0
    """How many random vectors there are too few for the choice to be the same."""


def effects(summary: pd.DataFrame, by: str = "rate") -> pd.DataFrame:
    """Every vector and control at the scale where it moves the answers most.

    Args:
        summary: Output of `cells.summarise`, with `yardsticks.YARDSTICK` if there are several.
        by: One of `FIGURES`.

    Returns:
        Columns: vector_set, vector, method, yardstick, scale, effect (change from the unsteered
        answers there, signed), rank (within its method, 1 the strongest; of equal ones the one
        with the larger change of the logit difference, then the first). Scale, effect and rank are
        NaN for a vector whose every figure is undefined. In the order of the summary.

    Raises:
        ConfigError: If `by` is no such figure.
    """
    if by not in FIGURES:
        raise ConfigError(f"Vectors are ranked by {' or '.join(FIGURES)}, not by '{by}'.")
    steered = summary[(summary["vector_set"] != BASELINE) & (summary["scale"] != 0)]
    rows = steered.assign(
        **{YARDSTICK: yardsticks.of_rows(steered)},
        effect=steered[FIGURES[by]].astype(float),
        size=steered[FIGURES[by]].astype(float).abs(),
        change=steered["change"].astype(float).abs(),
    ).reset_index(drop=True)
    best = rows.sort_values(["size", "change"], ascending=False, kind="stable")
    table = best.drop_duplicates(VECTOR)
    table = table.assign(rank=table.groupby("method").cumcount() + 1.0)
    unknown = table["size"].isna()
    table.loc[unknown, ["scale", "effect", "rank"]] = float("nan")
    order = rows.drop_duplicates(VECTOR).set_index(VECTOR).index
    table = table.set_index(VECTOR).loc[order].reset_index()
    return table[[*VECTOR, YARDSTICK, "scale", "effect", "rank"]]


def methods_of(found: pd.DataFrame) -> list[str]:
    """Methods that found vectors, in the order of the registry; random ones are not among them.

    Args:
        found: Output of `effects`.
    """
    own = [name for name in dict.fromkeys(found["method"]) if not is_random(name)]
    order = list(registry.finders())
    return sorted(own, key=lambda name: order.index(name) if name in order else len(order))


def is_random(method: str) -> bool:
    """Whether vectors of a method are random ones: drawn by a sweep, or by a finder."""
    finder = registry.finders().get(method)
    return method == CONTROL or (finder is not None and finder.is_control)


def randoms_of(found: pd.DataFrame) -> pd.DataFrame:
    """The random vectors that others are compared with: the sweep's own, or else a finder's."""
    own = found[found["method"] == CONTROL]
    return own if len(own) else found[[is_random(name) for name in found["method"]]]


def line_ups(found: pd.DataFrame, pick: str, methods: Sequence[str]) -> list[LineUp]:
    """What stands side by side: each method, and after the last of its kind its random vectors.

    Methods whose vectors lie at the same sites with the same norms share their random vectors: of
    each site and norm as many as the method that has most.

    Args:
        found: Output of `effects`.
        pick: One of `PICKS`.
        methods: Of `methods_of`, in the order in which they stand.

    Raises:
        ConfigError: If there is no such pick.
    """
    if pick not in PICKS:
        raise ConfigError(f"Of a method are drawn {', '.join(PICKS)}; there is no '{pick}'.")
    kinds: dict[frozenset[int], list[LineUp]] = {}
    for method in methods:
        own = found[found["method"] == method]
        chosen = LineUp(method, _picked(own, pick), len(own))
        kinds.setdefault(frozenset(own[YARDSTICK]), []).append(chosen)
    pool = randoms_of(found)
    made = []
    for alike in kinds.values():
        counts = [
            found.loc[found["method"] == one.method, YARDSTICK].value_counts() for one in alike
        ]
        needed = pd.concat(counts, axis=1).max(axis=1).astype(int)
        made += [*alike, _random(pool, needed, pick, tuple(one.method for one in alike))]
    return made


def _picked(own: pd.DataFrame, pick: str) -> pd.DataFrame:
    """The vectors of a pick among those of one group, by their ranks."""
    first, last = PICKS[pick]
    ordered = own.sort_values("rank", kind="stable")
    if last is None:
        return ordered.reset_index(drop=True)
    return ordered.dropna(subset=["rank"]).iloc[first - 1 : last].reset_index(drop=True)


def _random(pool: pd.DataFrame, needed: pd.Series, pick: str, beside: tuple[str, ...]) -> LineUp:
    """The same pick among random vectors.

    Args:
        pool: All random vectors.
        needed: How many a choice is made among, by yardstick.
        pick: One of `PICKS`.
        beside: Methods that they stand beside.
    """
    fitting = {number: pool[pool[YARDSTICK] == number] for number in needed.index}
    groups = min(len(fitting[number]) // count for number, count in needed.items())
    lacking = sum(max(0, int(c) - len(fitting[n])) for n, c in needed.items())
    if groups == 0:
        rest = pd.concat([fitting[number].iloc[:count] for number, count in needed.items()])
        return LineUp(CONTROL, _picked(rest, pick), len(rest), beside, 1, lacking)
    if PICKS[pick][1] is None:
        return _all(fitting, needed, beside)
    drawn = []
    for place in range(groups):
        parts = [fitting[n].iloc[place * c : (place + 1) * c] for n, c in needed.items()]
        drawn.append(_picked(pd.concat(parts).sort_values("rank", kind="stable"), pick))
    sizes = pd.Series([one["effect"].abs().mean() for one in drawn], dtype=float).fillna(-1.0)
    # Of an even number the stronger of the two in the middle: the harder one to beat.
    middle = sizes.sort_values(kind="stable").index[groups // 2]
    return LineUp(CONTROL, drawn[middle], int(needed.sum()), beside, groups)


def _all(fitting: dict[int, pd.DataFrame], needed: pd.Series, beside: tuple[str, ...]) -> LineUp:
    """Every random vector; of several kinds so many that they are mixed as the method's are."""
    shares = {len(fitting[number]) / count for number, count in needed.items()}
    if len(shares) > 1:
        times = int(min(shares))
        fitting = {n: fitting[n].iloc[: times * c] for n, c in needed.items()}
    rows = _picked(pd.concat(list(fitting.values())), "all")
    return LineUp(CONTROL, rows, len(rows), beside)
