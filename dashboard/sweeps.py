"""One evaluation, ready to be drawn: named rows, curves and bands. Knows nothing of Streamlit.

Every interval and p-value comes from `engine.statistics`; here rows are only picked and named.
"""

from collections.abc import Hashable
from typing import Any, NamedTuple

import pandas as pd

from dashboard import captions
from engine import nulls, statistics
from engine.records import Evaluation

ALPHA = 0.05
METRICS = {
    "difference": "Logit difference",
    "change": "Paired change",
    "rate": "Behaviour %",
}


class Sweep(NamedTuple):
    """An evaluation with its statistics. Shared by sessions: treat as read-only."""

    evaluation: Evaluation
    vectors: pd.DataFrame
    """`statistics.summarise` for the vectors, plus name; scale 0 is the baseline's row."""
    controls: pd.DataFrame
    """The same for the random controls."""
    points: pd.DataFrame
    """name, scale, question, difference (both orders averaged), change (to scale 0)."""
    bands: pd.DataFrame
    """`nulls.control_band`, with the baseline itself at scale 0."""
    tests: pd.DataFrame
    """`nulls.max_t`: how each vector's best scale compares with random vectors at theirs."""
    names: list[str]
    scales: list[float]
    nothing_moved: bool
    """Whether the steered answers are those of the unsteered model."""

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
    questions = statistics.per_question(evaluation.frame)
    summary = statistics.summarise_questions(questions)
    names = labels(evaluation)
    return Sweep(
        evaluation=evaluation,
        vectors=_named(_with_baseline(summary, names), names),
        controls=summary[summary["vector_set"] == statistics.CONTROL].reset_index(drop=True),
        points=_points(questions, names),
        bands=_bands(summary),
        tests=nulls.max_t(summary),
        names=list(names.values()),
        scales=sorted(float(scale) for scale in summary["scale"].unique()),
        nothing_moved=statistics.is_no_op(evaluation.frame),
    )


def _points(questions: pd.DataFrame, names: dict[tuple[str, int], str]) -> pd.DataFrame:
    """Content per question of every named vector, as it is and as change to scale 0."""
    own = questions[questions["vector_set"] != statistics.CONTROL]
    rows = _named(_with_baseline(own, names), names)
    base = own[own["vector_set"] == statistics.BASELINE].set_index("question")["content"]
    change = rows["content"] - rows["question"].map(base)
    kept = rows[["name", "scale", "question"]].assign(difference=rows["content"], change=change)
    return kept.dropna(subset=["difference"])


def _bands(summary: pd.DataFrame) -> pd.DataFrame:
    bands = nulls.control_band(summary)
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


def points(sweep: Sweep, name: str, metric: str) -> pd.DataFrame:
    """One vector's values per question: scale, question, value."""
    rows = sweep.points[sweep.points["name"] == name]
    return rows[["scale", "question", metric]].rename(columns={metric: "value"})


def band(sweep: Sweep, column: str) -> pd.DataFrame:
    """Where 95 % of the random vectors lie: scale, low, high."""
    names = {f"{column}_low": "low", f"{column}_high": "high"}
    return sweep.bands.rename(columns=names).reindex(columns=["scale", "low", "high"])


def cells(sweep: Sweep) -> pd.DataFrame:
    """Vectors x scales for an overview: name, method, scale, label, change, rate, beyond, best."""
    rows = sweep.vectors.merge(band(sweep, "change"), on="scale", how="left")
    outside = (rows["change"] < rows["low"]) | (rows["change"] > rows["high"])
    rows = rows.assign(
        label=[captions.scale(s, sweep.relative) for s in rows["scale"]],
        beyond=outside & (rows["scale"] != 0),
        size=rows["change"].abs(),
    )
    leaders = rows.loc[rows.groupby("method")["size"].idxmax(), "name"]
    return rows.assign(best=rows["name"].isin(leaders)).drop(columns=["low", "high"])


def labelled(rows: pd.DataFrame, sweep: Sweep) -> pd.DataFrame:
    """Rows with their scale as written on an axis."""
    return rows.assign(label=[captions.scale(s, sweep.relative) for s in rows["scale"]])


def ranking(sweep: Sweep) -> pd.DataFrame:
    """One row per vector, the largest effect first.

    Columns: name, method, rates and changes (lists over scales); at the scale of the largest
    effect scale, label, change, change_low, change_high, rate, control (the edge of the random
    band on the side of the effect); p, p_best, vectors and controls of `nulls.max_t`.
    """
    table = cells(sweep).merge(band(sweep, "change"), on="scale", how="left")
    lists = table.groupby("name", sort=False).agg(rates=("rate", list), changes=("change", list))
    best = table.loc[table.groupby("name")["size"].idxmax()].set_index("name")
    best["control"] = best["high"].where(best["change"] > 0, best["low"])
    kept = ["vector_set", "vector", "method", "scale", "label", "change", "change_low"]
    joined = lists.join(best[[*kept, "change_high", "rate", "size", "control"]]).reset_index()
    tests = sweep.tests[["vector_set", "vector", "p", "p_best", "p_floor", "vectors", "controls"]]
    joined = joined.merge(tests, on=["vector_set", "vector"], how="left")
    return joined.sort_values("size", ascending=False, ignore_index=True)


def verdict(row: dict[Hashable, Any]) -> str:
    """What may be said of one row of `ranking`."""
    if pd.isna(row["p"]):
        return "too few controls"
    if row["p_best"] < ALPHA:
        return f"beats best of {int(row['vectors'])} random"
    return "beyond random" if row["p"] < ALPHA else "within random"


def sentence(row: dict[Hashable, Any]) -> str:
    """The same, spelt out."""
    if pd.isna(row["p"]):
        return "No verdict: at least 20 random controls are needed."
    count, vectors = int(row["controls"]), int(row["vectors"])
    words = (
        f"beyond the 95 % band of {count} random vectors"
        if row["p"] < ALPHA
        else f"not beyond the 95 % band of {count} random vectors"
    )
    if row["p_floor"] > ALPHA:
        best = f"too few to compare it with the best of {vectors}"
    else:
        best = f"{'also' if row['p_best'] < ALPHA else 'not'} beyond the best of {vectors} such"
    return f"{words}, each at its best scale (p = {row['p']:.3f}); {best}"


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
