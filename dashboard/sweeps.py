"""One evaluation, ready to be drawn: named rows, curves and bands. Knows nothing of Streamlit.

Every interval and p-value comes from `engine.statistics`; here rows are only picked and named.
"""

from collections.abc import Hashable
from typing import Any, NamedTuple

import pandas as pd

from dashboard import captions
from engine import badges, parts, readings, statistics
from engine.intervals import bootstrap_mean
from engine.readings import Readings
from engine.records import Evaluation

BEYOND = "beyond the best"
"""The badge of a vector that is beyond the best of as many random ones."""
METRICS = {
    "difference": "Logit difference",
    "change": "Paired change",
    "rate": "Behaviour %",
}
PARTS = {
    "content": "Content",
    "letter": "Letter",
    "given": "As given",
    "swapped": "Swapped",
}
"""What of a question's logits is drawn; see `engine.parts`."""


class Sweep(NamedTuple):
    """An evaluation with its statistics. Shared by sessions: treat as read-only."""

    evaluation: Evaluation
    vectors: pd.DataFrame
    """`statistics.summarise` for the vectors, plus name; scale 0 is the baseline's row."""
    controls: pd.DataFrame
    """The same for the random controls."""
    points: pd.DataFrame
    """name, scale, question, part, difference, change (to scale 0)."""
    bands: pd.DataFrame
    """`nulls.control_band`, with the baseline itself at scale 0."""
    tests: pd.DataFrame
    """`nulls.max_t`: how each vector's best scale compares with random vectors at theirs."""
    names: list[str]
    scales: list[float]
    nothing_moved: bool
    """Whether the steered answers are those of the unsteered model."""
    read: Readings
    """Every statistic of the run."""

    @property
    def relative(self) -> bool:
        """Whether scales are in units of the residual norm."""
        return self.evaluation.config.get("scale_unit") == "relative"

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
        """How many random vectors were measured in the same sweep."""
        return int(self.controls["vector"].nunique())

    @property
    def title(self) -> str:
        """The questions and how many there were."""
        asked = self.evaluation.questions
        return f"{asked.name} · {len(asked.questions)} questions"


def build(evaluation: Evaluation) -> Sweep:
    """Statistics and names of one evaluation."""
    read = readings.read(evaluation)
    summary = read.summary
    names = labels(evaluation)
    return Sweep(
        evaluation=evaluation,
        vectors=_named(_with_baseline(summary, names), names),
        controls=summary[summary["vector_set"] == statistics.CONTROL].reset_index(drop=True),
        points=_points(read.parts, names),
        bands=_bands(read),
        tests=read.tests,
        names=list(names.values()),
        scales=sorted(float(scale) for scale in summary["scale"].unique()),
        nothing_moved=statistics.is_no_op(evaluation.frame),
        read=read,
    )


def _points(found: pd.DataFrame, names: dict[tuple[str, int], str]) -> pd.DataFrame:
    """Every part per question of every named vector, as it is and as change to scale 0."""
    rows = _named(_with_baseline(found, names), names)
    base = found[found["vector_set"] == statistics.BASELINE].set_index("question")
    keys = ["name", "scale", "question"]
    long = rows.melt(id_vars=keys, value_vars=list(parts.PARTS), var_name="part")
    at_zero = base[list(parts.PARTS)].melt(ignore_index=False, var_name="part")
    at_zero = at_zero.rename(columns={"value": "base"}).set_index("part", append=True)
    long = long.rename(columns={"value": "difference"}).join(at_zero, on=["question", "part"])
    long["change"] = long["difference"] - long.pop("base")
    return long.dropna(subset=["difference"])


def _bands(read: Readings) -> pd.DataFrame:
    bands, summary = read.band, read.summary
    base = summary[summary["vector_set"] == statistics.BASELINE].iloc[:1]
    if bands.empty or base.empty or (bands["scale"] == 0).any():
        return bands
    at_zero = {
        f"{n}_{edge}": base[n] for n in ("rate", "mean", "change") for edge in ("low", "high")
    }
    zero = pd.DataFrame({"scale": 0.0, **at_zero})
    return pd.concat([bands, zero]).sort_values("scale", ignore_index=True)


def labels(evaluation: Evaluation) -> dict[tuple[str, int], str]:
    """Names of the measured vectors by (set, index); doubled ones carry their set's digest."""
    found = evaluation.frame[["vector_set", "vector"]].drop_duplicates()
    pairs = [
        (str(digest), int(index))
        for digest, index in found.itertuples(index=False)
        if digest not in (statistics.BASELINE, statistics.CONTROL)
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
    base = rows[rows["vector_set"] == statistics.BASELINE]
    kept = rows[
        ~rows["vector_set"].isin([statistics.BASELINE, statistics.CONTROL]) & (rows["scale"] != 0)
    ]
    methods = kept.groupby("vector_set")["method"].first()
    copies = [
        base.assign(
            vector_set=digest, vector=index, method=methods.get(digest, statistics.BASELINE)
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


def points(sweep: Sweep, name: str, metric: str, part: str = "content") -> pd.DataFrame:
    """One vector's values per question: scale, question, value."""
    rows = sweep.points[(sweep.points["name"] == name) & (sweep.points["part"] == part)]
    return rows[["scale", "question", metric]].rename(columns={metric: "value"})


def intervals(sweep: Sweep, values: pd.DataFrame) -> pd.DataFrame:
    """Mean of `points` by scale with its 95 % bootstrap interval: scale, mean, low, high.

    Near-duplicate questions are drawn together.
    """
    wide = values.pivot(index="question", columns="scale", values="value")
    drawn = statistics.labels_of(wide.index, sweep.read.groups)
    found = bootstrap_mean(wide.to_numpy(float), readings.RESAMPLES, readings.SEED, drawn)
    return pd.DataFrame(
        {"scale": wide.columns, "mean": wide.mean(), "low": found.low, "high": found.high}
    ).reset_index(drop=True)


def band(sweep: Sweep, column: str, part: str = "content") -> pd.DataFrame:
    """Where 95 % of the random vectors lie: scale, low, high."""
    names = {f"{column}_low": "low", f"{column}_high": "high"}
    bands = sweep.bands
    if part != "content":
        bands = sweep.read.part_bands
        bands = bands[bands["part"] == part]
    return bands.rename(columns=names).reindex(columns=["scale", "low", "high"])


def cells(sweep: Sweep) -> pd.DataFrame:
    """Vectors x scales for an overview.

    Columns: those of `statistics.summarise`, name, label (the scale in words), beyond, flag,
    letter_change, p, q, gained, lost, flips_p of `readings.Readings.cells`, best (whether the
    vector is its method's strongest), size.
    """
    figures = ["beyond", "flag", "letter_change", "p", "q", "gained", "lost", "flips_p"]
    found = sweep.read.cells[[*statistics.CELL, *figures]]
    rows = sweep.vectors.merge(found, on=statistics.CELL, how="left")
    rows = rows.assign(
        label=[captions.scale(s, sweep.relative) for s in rows["scale"]],
        beyond=rows["beyond"].eq(True),
        flag=rows["flag"].fillna(""),
        size=rows["change"].abs(),
    )
    leaders = rows.loc[rows.groupby("method")["size"].idxmax(), "name"]
    return rows.assign(best=rows["name"].isin(leaders))


def labelled(rows: pd.DataFrame, sweep: Sweep) -> pd.DataFrame:
    """Rows with their scale as written on an axis."""
    return rows.assign(label=[captions.scale(s, sweep.relative) for s in rows["scale"]])


def ranking(sweep: Sweep) -> pd.DataFrame:
    """One row per vector, the largest effect first.

    Columns: name, method, rates and changes (lists over scales); at the scale of the largest
    effect scale, label, change, change_low, change_high, rate, percent_a, control (the edge of
    the random band on the side of the effect); p, p_best, vectors and controls of `nulls.max_t`;
    badge, z, above, cells, by, p_family of `badges.badges`; shape, slope, anti_steerable, spearman,
    and the usable range (low, high, low_stopped_by, high_stopped_by, checked).
    """
    table = cells(sweep).merge(band(sweep, "change"), on="scale", how="left")
    lists = table.groupby("name", sort=False).agg(rates=("rate", list), changes=("change", list))
    best = table.loc[table.groupby("name")["size"].idxmax()].set_index("name")
    best["control"] = best["high"].where(best["change"] > 0, best["low"])
    kept = ["vector_set", "vector", "method", "scale", "label", "change", "change_low"]
    kept += ["change_high", "rate", "percent_a", "size", "control", "gained", "lost", "flips_p"]
    joined = lists.join(best[kept]).reset_index()
    tests = sweep.tests[["vector_set", "vector", "p", "p_best", "p_floor", "vectors", "controls"]]
    joined = joined.merge(tests, on=["vector_set", "vector"], how="left")
    more = sweep.read.vectors.drop(columns=["method", "p", "controls"])
    joined = joined.merge(more, on=["vector_set", "vector"], how="left")
    return joined.sort_values("size", ascending=False, ignore_index=True)


def verdict(row: dict[Hashable, Any]) -> str:
    """What may be said of one row of `ranking`."""
    return badges.words(row)


def sentence(row: dict[Hashable, Any]) -> str:
    """The same, spelt out."""
    return badges.sentence(row)


def letters(sweep: Sweep, name: str, question: str) -> pd.DataFrame:
    """One question's logits at every scale and order, for one vector."""
    digest, index = next(k for k, v in labels(sweep.evaluation).items() if v == name)
    frame = sweep.evaluation.frame
    asked = frame[frame["question"] == question]
    own = (asked["vector_set"] == digest) & (asked["vector"] == index)
    kept = asked[own | (asked["vector_set"] == statistics.BASELINE)]
    columns = ["scale", "order", "logit_a", "logit_b", "behaviour_letter", "difference"]
    rows = kept.sort_values(["scale", "order"])[columns]
    answer = (rows["logit_a"] > rows["logit_b"]).map({True: "A", False: "B"})
    return rows.assign(answer=answer, shows=answer == rows["behaviour_letter"].astype(str))


def flips(rows: pd.DataFrame) -> list[float]:
    """Scales at which the answer differs from that at scale 0, both orders averaged."""
    mean = rows.groupby("scale")["difference"].mean()
    if 0.0 not in mean.index:
        return []
    return [float(s) for s, value in mean.items() if (value > 0) != (mean.loc[0.0] > 0)]
