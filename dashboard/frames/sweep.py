"""One evaluation, ready to be drawn: named rows, curves and bands. Knows nothing of Streamlit.

Every interval and p-value comes from `engine.statistics`; here rows are only picked and named.
"""

import functools
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from dashboard.words import captions
from engine.maths.intervals import bootstrap_mean
from engine.records import readings, steered
from engine.records.records import Evaluation, EvaluationHead
from engine.statistics import badges, content_and_letter, whole
from engine.statistics import cells as statistics
from engine.statistics.cells import BASELINE, CONTROL
from engine.statistics.whole import SweepStatistics
from engine.statistics.yardsticks import NO_YARDSTICK, YARDSTICK
from engine.store import kept_statistics, vector_rows
from engine.store.store import Store

BEYOND = "beyond the best"
"""The badge of a vector that is beyond the best of as many random ones."""
METRICS = {"difference": "Logit difference", "change": "Paired change", "rate": "Behaviour %"}
PARTS = {
    "content": "Content",
    "letter": "Letter",
    "given": "As given",
    "swapped": "Swapped",
}
"""What of a question's logits is drawn; see `engine.statistics.content_and_letter`."""
MOST_VECTORS = 8
"""Vectors of one run whose rows stay in memory."""

Key = tuple[str, int]
"""Digest of a vector's set, and its index there."""
Rows = Callable[[Key], pd.DataFrame]


class Sweep(NamedTuple):
    """An evaluation with its statistics. Shared by sessions: treat as read-only."""

    evaluation: EvaluationHead
    vectors: pd.DataFrame
    """`statistics.summarise` for the vectors, plus name; scale 0 is the baseline's row."""
    controls: pd.DataFrame
    """The same for the random controls."""
    rows: Rows
    """Rows of one vector and of the baseline, as in the evaluation's frame; read when asked for."""
    values: Rows
    """`content_and_letter.by_question` of the same rows."""
    keys: dict[Key, str]
    """Names of the measured vectors, in their order."""
    bands: pd.DataFrame
    """`nulls.control_band`, with the baseline itself at scale 0 of each yardstick."""
    tests: pd.DataFrame
    """`nulls.max_t`: how each vector's best scale compares with random vectors at theirs."""
    names: list[str]
    scales: list[float]
    nothing_moved: bool
    """Whether the steered answers are those of the unsteered model."""
    read: SweepStatistics
    """Every statistic of the run."""
    made: dict[str, pd.DataFrame]
    """Tables of the whole run that a page asked for before."""
    load: Callable[[], Evaluation]
    """Reads all rows at once, for a picture of many vectors."""

    @property
    def steered(self) -> steered.Steered:
        """What was done with the vectors."""
        return steered.of_config(self.evaluation.config)

    @property
    def reading(self) -> readings.Reading:
        """How answers were read, in words."""
        return readings.of_config(self.evaluation.config)

    @property
    def metrics(self) -> dict[str, str]:
        """What `METRICS` are called in this run."""
        return METRICS | {"difference": self.reading.title}

    @property
    def behaviour(self) -> str:
        """The behaviour that counts as positive."""
        return self.evaluation.questions.behaviour

    @property
    def model(self) -> str:
        """Short name of the model that was asked."""
        return str(self.evaluation.model["short_name"])

    @property
    def control_count(self) -> int:
        """How many random vectors, of all yardsticks, were measured in the same sweep."""
        return int(self.controls["vector"].nunique())

    @property
    def title(self) -> str:
        """The questions and how many there were."""
        asked = self.evaluation.questions
        so_far = " so far" if self.evaluation.unfinished else ""
        how = f" · {self.steered.short}" if self.steered.short else ""
        return f"{asked.name} · {captions.count(len(asked.questions), 'question')}{how}{so_far}"

    @property
    def version(self) -> tuple[str, str]:
        """What a drawing of it is kept by: an unfinished run keeps its digest while it grows."""
        return self.evaluation.digest, self.evaluation.provenance.created


def build(evaluation: Evaluation, read: SweepStatistics | None = None) -> Sweep:
    """Statistics and names of an evaluation in memory; `read` if they are known."""
    frame = evaluation.frame

    def rows(key: Key) -> pd.DataFrame:
        own = (frame["vector_set"] == key[0]) & (frame["vector"] == key[1])
        return frame[own | (frame["vector_set"] == BASELINE)]

    return _put_together(evaluation, read or whole.read(evaluation), rows, lambda: evaluation)


def opened(store: Store, digest_or_path: str | Path) -> Sweep:
    """The same of a stored evaluation, whose rows stay on disk until a vector is looked at."""
    path, head = store.load_head(digest_or_path)
    read = kept_statistics.of(path, head.digest, lambda: store.load_evaluation(path))

    @functools.lru_cache(maxsize=MOST_VECTORS)
    def rows(key: Key) -> pd.DataFrame:
        return vector_rows.of_vector(path, *key)

    return _put_together(head, read, rows, lambda: store.load_evaluation(path))


def _put_together(
    evaluation: EvaluationHead,
    read: SweepStatistics,
    rows: Rows,
    load: Callable[[], Evaluation],
) -> Sweep:
    @functools.lru_cache(maxsize=MOST_VECTORS)
    def values(key: Key) -> pd.DataFrame:
        return content_and_letter.by_question(rows(key))

    summary = read.summary
    keys = _labels(evaluation, summary)
    return Sweep(
        evaluation=evaluation,
        vectors=_named(_with_baseline(summary, keys), keys),
        controls=summary[summary["vector_set"] == CONTROL].reset_index(drop=True),
        rows=rows,
        values=values,
        keys=keys,
        bands=_bands(read),
        tests=read.tests,
        names=list(keys.values()),
        scales=sorted(float(scale) for scale in summary["scale"].unique()),
        nothing_moved=read.nothing_moved,
        read=read,
        made={},
        load=load,
    )


def _bands(read: SweepStatistics) -> pd.DataFrame:
    bands, summary = read.band, read.summary
    base = summary[summary["vector_set"] == BASELINE].iloc[:1]
    if bands.empty or base.empty or (bands["scale"] == 0).any():
        return bands
    at_zero = {
        f"{n}_{edge}": base[n] for n in ("rate", "mean", "change") for edge in ("low", "high")
    }
    zeros = [
        pd.DataFrame({YARDSTICK: number, "scale": 0.0, **at_zero})
        for number in bands[YARDSTICK].unique()
    ]
    return pd.concat([bands, *zeros]).sort_values([YARDSTICK, "scale"], ignore_index=True)


def _labels(evaluation: EvaluationHead, summary: pd.DataFrame) -> dict[Key, str]:
    """Names of the measured vectors by (set, index); doubled ones carry their set's digest."""
    found = summary[["vector_set", "vector"]].drop_duplicates()
    pairs = [
        (str(digest), int(index))
        for digest, index in found.itertuples(index=False)
        if digest not in (BASELINE, CONTROL)
    ]
    order = list(evaluation.vector_names)
    pairs.sort(key=lambda pair: (order.index(pair[0]), pair[1]))
    plain = {p: evaluation.vector_names[p[0]]["names"][p[1]] for p in pairs}
    many = pd.Series(plain.values(), dtype=object).value_counts()
    return {
        pair: name if many[name] == 1 else f"{name} ({pair[0][:4]})" for pair, name in plain.items()
    }


def _with_baseline(rows: pd.DataFrame, names: dict[tuple[str, int], str]) -> pd.DataFrame:
    """Every vector's rows, with the baseline's as its scale 0."""
    base = rows[rows["vector_set"] == BASELINE]
    kept = rows[~rows["vector_set"].isin([BASELINE, CONTROL]) & (rows["scale"] != 0)]
    methods = kept.groupby("vector_set")["method"].first()
    kinds = kept.groupby(["vector_set", "vector"])[YARDSTICK].first()
    copies = [
        base.assign(
            vector_set=digest,
            vector=index,
            method=methods.get(digest, BASELINE),
            **{YARDSTICK: kinds.get((digest, index), NO_YARDSTICK)},
        )
        for digest, index in names
    ]
    return pd.concat([kept, *copies], ignore_index=True)


def _named(rows: pd.DataFrame, names: dict[tuple[str, int], str]) -> pd.DataFrame:
    order = {name: place for place, name in enumerate(names.values())}
    keys = zip(rows["vector_set"], rows["vector"], strict=True)
    named = rows.assign(name=[names[(str(digest), int(index))] for digest, index in keys])
    place = named["name"].map(order)
    return named.assign(_place=place).sort_values(["_place", "scale"]).drop(columns="_place")


def curve(sweep: Sweep, name: str) -> pd.DataFrame:
    """One vector's summary, scale by scale, with the baseline at 0."""
    return sweep.vectors[sweep.vectors["name"] == name]


def key_of(sweep: Sweep, name: str) -> Key:
    """Vector set and index of a vector by its name on screen."""
    return next(key for key, known in sweep.keys.items() if known == name)


def points(sweep: Sweep, name: str, metric: str, part: str = "content") -> pd.DataFrame:
    """One vector's values per question: scale, question, value; change is that to scale 0."""
    found = sweep.values(key_of(sweep, name))
    is_base = found["vector_set"] == BASELINE
    base = found[is_base].set_index("question")[part]
    rows = pd.concat([found[is_base], found[~is_base & (found["scale"] != 0)]])
    value = rows[part]
    if metric == "change":
        value = value - base.reindex(rows["question"]).to_numpy()
    rows = rows[["scale", "question"]].assign(value=value).dropna(subset=["value"])
    return rows.sort_values("scale", kind="stable", ignore_index=True)


def intervals(sweep: Sweep, values: pd.DataFrame) -> pd.DataFrame:
    """Mean of `points` by scale with its 95 % bootstrap interval: scale, mean, low, high.

    Near-duplicate questions are drawn together.
    """
    wide = values.pivot(index="question", columns="scale", values="value")
    drawn = statistics.labels_of(wide.index, sweep.read.groups)
    found = bootstrap_mean(wide.to_numpy(float), whole.RESAMPLES, whole.SEED, drawn)
    return pd.DataFrame(
        {"scale": wide.columns, "mean": wide.mean(), "low": found.low, "high": found.high}
    ).reset_index(drop=True)


def cells(sweep: Sweep) -> pd.DataFrame:
    """Vectors x scales for an overview.

    Columns: those of `statistics.summarise`, name, label (the scale in words), beyond, flag,
    letter_change, p, q, gained, lost, flips_p of `SweepStatistics.cells`, best (whether the vector
    is its method's strongest), size.
    """
    return _once(sweep, "cells", _cells)


def _once(sweep: Sweep, name: str, make: Callable[[Sweep], pd.DataFrame]) -> pd.DataFrame:
    """A table made when it is first asked for; a copy, as callers add to it."""
    if name not in sweep.made:
        sweep.made[name] = make(sweep)
    return sweep.made[name].copy()


def _cells(sweep: Sweep) -> pd.DataFrame:
    figures = ["beyond", "flag", "letter_change", "p", "q", "gained", "lost", "flips_p"]
    found = sweep.read.cells[[*statistics.CELL, *figures]]
    rows = sweep.vectors.merge(found, on=statistics.CELL, how="left")
    rows = rows.assign(
        label=[captions.scale(s, sweep.steered.is_relative) for s in rows["scale"]],
        beyond=rows["beyond"].eq(True),
        flag=rows["flag"].fillna(""),
        size=rows["change"].abs(),
    )
    leaders = rows.loc[_largest(rows, "method"), "name"]
    return rows.assign(best=rows["name"].isin(leaders))


def _largest(rows: pd.DataFrame, by: str) -> pd.Series:
    """Of each group, the label of the row whose `size` is largest; any, where none is known."""
    return rows["size"].fillna(-1.0).groupby(rows[by], sort=True).idxmax()


def labelled(rows: pd.DataFrame, sweep: Sweep) -> pd.DataFrame:
    """Rows with their scale as written on an axis."""
    return rows.assign(label=[captions.scale(s, sweep.steered.is_relative) for s in rows["scale"]])


def ranking(sweep: Sweep) -> pd.DataFrame:
    """One row per vector, the largest effect first.

    Columns: name, method, rates and changes (lists over scales); at the scale of the largest
    effect scale, label, change, change_low, change_high, rate, percent_a, control (the edge of
    its own random band on the side of the effect); p, p_best, vectors and controls of
    `nulls.max_t`; badge, z, above, cells, by, p_family of `badges.badges`; shape, slope,
    anti_steerable, spearman, and the usable range (low, high, low_stopped_by, high_stopped_by,
    checked).
    """
    return _once(sweep, "ranking", _ranking)


def _ranking(sweep: Sweep) -> pd.DataFrame:
    edges = sweep.bands.rename(columns={"change_low": "low", "change_high": "high"})
    edges = edges.reindex(columns=[YARDSTICK, "scale", "low", "high"])
    table = cells(sweep).merge(edges, on=[YARDSTICK, "scale"], how="left")
    lists = table.groupby("name", sort=False).agg(rates=("rate", list), changes=("change", list))
    best = table.loc[_largest(table[table["scale"] != 0], "name")].set_index("name")
    best["control"] = best["high"].where(best["change"] > 0, best["low"])
    kept = ["vector_set", "vector", "method", "scale", "label", "change", "change_low"]
    kept += ["change_high", "rate", "percent_a", "size", "control", "gained", "lost", "flips_p"]
    joined = lists.join(best[kept]).reset_index()
    tests = sweep.tests[["vector_set", "vector", "p", "p_best", "p_floor", "vectors", "controls"]]
    joined = joined.merge(tests, on=["vector_set", "vector"], how="left")
    more = sweep.read.vectors.drop(columns=["method", "p", "controls"])
    joined = joined.merge(more, on=["vector_set", "vector"], how="left")
    return joined.sort_values("size", ascending=False, ignore_index=True)


def usable_span(row: dict[Hashable, Any] | None) -> tuple[float, float] | None:
    """Lowest and highest usable scale of a row of `ranking`; None where KL was not measured."""
    if row is None or row["low"] != row["low"]:
        return None
    return row["low"], row["high"]


def verdict(row: dict[Hashable, Any]) -> str:
    """What may be said of one row of `ranking`."""
    return badges.words(row)


def sentence(row: dict[Hashable, Any]) -> str:
    """The same, spelt out."""
    return badges.sentence(row)
