"""Violins of whole methods side by side, as the study drew them. Knows nothing of Streamlit.

Which vectors are drawn of a method, and which random ones beside them, `line_ups` of the engine
says; here their answers become shapes.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.frames.sweep import Sweep
from dashboard.frames.violin import HALF_WIDTH, densities
from dashboard.words import captions
from engine.statistics import content_and_letter, line_ups
from engine.statistics.cells import BASELINE, CELL, CONTROL
from engine.statistics.line_ups import LineUp

PICKS = {
    "all": "All",
    "top1": "Top 1",
    "top3": "Top 3",
    "rank1": "Rank 1",
    "rank2": "Rank 2",
    "rank3": "Rank 3",
}
"""The study's six pictures."""
FIGURES = {"rate": "Behaviour %", "change": "Logit difference"}
"""By what vectors are ranked."""
STUDY = ("melbo", "power-iteration")
"""Methods that the study's pictures have beside random vectors."""
MOST_COLUMNS = 4
KEY = ["vector_set", "vector"]
DRAWN = (
    "Every violin holds the values of questions and vectors: point and bar are median and "
    "quartiles. Dashed: mean of the unsteered answers."
)
OPTIMISTIC = "Ranks come from the questions drawn here, so the top looks larger than on new ones."
SAME = "Top 1 and rank 1 are the same vectors: the study drew both."
UNSTEERED = "Unsteered"
PLACE, WIDEST = 0.92, 0.46
"""Share of a scale's room that its columns fill, and of a column's that its violin's half does."""


class Choice(NamedTuple):
    """What is drawn; every field stands in the URL."""

    pick: str = "all"
    by: str = "rate"
    methods: tuple[str, ...] | None = None
    """None: as many as fit."""


class Column(NamedTuple):
    """One colour of the picture."""

    label: str
    line_up: LineUp


class Picture(NamedTuple):
    """Frames that a chart draws; x is the position of a scale, 0, 1, 2..."""

    columns: list[Column]
    outlines: pd.DataFrame
    """label, scale, place (which column of which scale), y, x0, x1"""
    boxes: pd.DataFrame
    """label, scale, x, low, middle, high, mean, n, vectors"""
    baseline: float
    """Mean of the unsteered answers; NaN where they have no figure."""


def methods(sweep: Sweep) -> list[str]:
    """Methods of the measured vectors that can stand side by side."""
    return line_ups.methods_of(_effects(sweep, "rate"))


def shown(sweep: Sweep, choice: Choice) -> list[str]:
    """The chosen methods as far as they fit beside their random vectors."""
    known = methods(sweep)
    wanted = known if choice.methods is None else [m for m in known if m in choice.methods]
    while len(line_ups.line_ups(_effects(sweep, "rate"), "all", wanted)) > MOST_COLUMNS:
        wanted = wanted[:-1]
    return wanted


def columns(sweep: Sweep, choice: Choice) -> list[Column]:
    """Line-ups with the words of the legend."""
    found = line_ups.line_ups(_effects(sweep, choice.by), choice.pick, shown(sweep, choice))
    kinds = sum(1 for one in found if one.method == CONTROL)
    return [Column(_label(one, kinds), one) for one in found]


def _label(one: LineUp, kinds: int) -> str:
    if one.method != CONTROL:
        return captions.method(one.method)
    return "Random" if kinds == 1 else f"Random for {_listed(map(captions.method, one.beside))}"


def build(sweep: Sweep, choice: Choice) -> Picture:
    """The shapes of a choice; a column without a value at a scale is left out there."""
    own, answers = columns(sweep, choice), _answers(sweep)
    width = PLACE / max(len(own), 1)
    outlines, boxes = [], []
    for label, x, scale, rows in _cells(own, answers, sweep.scales, width):
        known = rows.dropna(subset=["content"])
        if known.empty:
            continue
        head = {"label": label, "scale": scale, "place": f"{scale:g} {label}"}
        outlines.append(_outline(known, x, width).assign(**head))
        boxes.append({**head, "x": round(x, 4), **_box(known)})
    names = ["y", "x0", "x1", "label", "scale", "place"]
    return Picture(
        columns=own,
        outlines=pd.concat(outlines, ignore_index=True) if boxes else pd.DataFrame(columns=names),
        boxes=pd.DataFrame(boxes),
        baseline=_unsteered(sweep),
    )


def _outline(rows: pd.DataFrame, x: float, width: float) -> pd.DataFrame:
    """A violin around x. All vectors answer the same questions, so only these are independent."""
    values = rows["content"].to_numpy(float)
    heights, halves = densities(values[None, :], rows["question"].nunique())
    half = halves[0] / HALF_WIDTH * WIDEST * width
    return pd.DataFrame({"y": heights[0], "x0": x - half, "x1": x + half}).round(4)


def _box(rows: pd.DataFrame) -> dict[str, float]:
    low, middle, high = rows["content"].quantile([0.25, 0.5, 0.75])
    return {
        "low": low,
        "middle": middle,
        "high": high,
        "mean": rows["content"].mean(),
        "n": len(rows),
        "vectors": rows.groupby(KEY).ngroups,
    }


def _cells(
    own: Sequence[Column], answers: pd.DataFrame, scales: Sequence[float], width: float
) -> Iterator[tuple[str, float, float, pd.DataFrame]]:
    """Label, x, scale and rows of every violin, the unsteered one first."""
    is_base = answers["vector_set"] == BASELINE
    places = {scale: float(place) for place, scale in enumerate(scales)}
    if 0.0 in places:
        yield UNSTEERED, places[0.0], 0.0, answers[is_base]
    steered = answers[~is_base & (answers["scale"] != 0)]
    places_of = steered.groupby(KEY, sort=False).indices
    for at, column in enumerate(own):
        drawn = column.line_up.vectors[KEY].itertuples(index=False, name=None)
        aside = (at - (len(own) - 1) / 2) * width
        taken = [place for key in drawn for place in places_of.get(key, ())]
        for scale, rows in steered.iloc[taken].groupby("scale"):
            yield column.label, places[float(scale)] + aside, float(scale), rows


def _effects(sweep: Sweep, by: str) -> pd.DataFrame:
    name = f"effects by {by}"
    if name not in sweep.made:
        sweep.made[name] = line_ups.effects(sweep.read.summary, by)
    return sweep.made[name]


def _answers(sweep: Sweep) -> pd.DataFrame:
    """`CELL`, question and content of every answer of the run."""
    if "answers" not in sweep.made:
        found = content_and_letter.by_question(sweep.load().frame)
        sweep.made["answers"] = found[[*CELL, "question", "content"]]
    return sweep.made["answers"]


def table(sweep: Sweep, choice: Choice) -> pd.DataFrame:
    """The drawn vectors, one a row: column, vector, among, scale, effect.

    The effect is what the vector was ranked by, at the scale where it is largest.
    """
    rows = [
        {
            "column": column.label,
            "vector": _name(sweep, str(one["vector_set"]), int(one["vector"])),
            "among": column.line_up.among,
            "scale": one["scale"],
            "effect": one["effect"],
        }
        for column in columns(sweep, choice)
        for one in column.line_up.vectors.to_dict("records")
    ]
    return pd.DataFrame(rows, columns=["column", "vector", "among", "scale", "effect"])


def _name(sweep: Sweep, vector_set: str, vector: int) -> str:
    return sweep.keys.get((vector_set, vector), f"random {vector}")


def told(sweep: Sweep, choice: Choice) -> dict[str, str]:
    """For a recipe: what is drawn of each method, by name, and how it was ranked."""
    # All six are of the first three ranks, and of all.
    pick = choice.pick if choice.pick in PICKS else "top3"
    parts = []
    for column in columns(sweep, choice._replace(pick=pick)):
        rows = column.line_up.vectors
        keys = zip(rows["vector_set"], rows["vector"], strict=True)
        names = ", ".join(_name(sweep, str(digest), int(index)) for digest, index in keys)
        many = captions.count(len(rows), "vector")
        parts.append(f"{column.label}: {many if pick == 'all' else names or 'none'}")
    drawn = {"drawn": f"{PICKS[pick].lower()} of each; {'; '.join(parts)}"}
    return drawn if pick == "all" else {**drawn, "ranked by": _by(sweep, choice)}


def notes(sweep: Sweep, choice: Choice) -> list[str]:
    """What a reader must know of a picture, or of all six, in sentences."""
    if choice.pick not in PICKS:
        # What holds of all vectors comes after what their ranks are.
        picks = sorted(PICKS, key=lambda pick: pick == "all")
        found = [note for pick in picks for note in notes(sweep, choice._replace(pick=pick))]
        return list(dict.fromkeys([*found, SAME]))
    found = [] if choice.pick == "all" else [f"Ranked by {_by(sweep, choice)}.", OPTIMISTIC]
    known, drawn = methods(sweep), shown(sweep, choice)
    lacking = [captions.method(name) for name in STUDY if name not in known]
    if lacking:
        found.append(f"This run measured no vectors of {_listed(lacking)}.")
    left = [method for method in known if method not in drawn]
    if left:
        found.append(f"Not drawn: {_listed(map(captions.method, left))}.")
    found += _found_random(sweep)
    for column in columns(sweep, choice):
        found += _random_note(column, choice) or _method_note(sweep, column, choice)
    if not np.isfinite(_unsteered(sweep)):
        found.append("The unsteered answers have no figure, so no dashed line is drawn.")
    return found


def _found_random(sweep: Sweep) -> list[str]:
    """That random vectors which a finder made are left out where the sweep has its own."""
    found = _effects(sweep, "rate")
    others = [m for m in found["method"].unique() if line_ups.is_random(m) and m != CONTROL]
    if not others or not sweep.control_count:
        return []
    many = captions.count(int(found["method"].isin(others).sum()), "vector")
    return [f"Not drawn: {many} of {_listed(map(captions.method, others))}; the sweep has its own."]


def _by(sweep: Sweep, choice: Choice) -> str:
    figure = {
        "rate": f"the share of {sweep.behaviour} answers, as in the study",
        "change": f"the mean {sweep.reading.difference}",
    }
    return f"the largest change at any scale of {figure[choice.by]}"


def _unsteered(sweep: Sweep) -> float:
    means = sweep.read.summary.loc[sweep.read.summary["vector_set"] == BASELINE, "mean"]
    return float(means.iloc[0]) if len(means) else float("nan")


def _method_note(sweep: Sweep, column: Column, choice: Choice) -> list[str]:
    """That a method has fewer vectors than are asked for."""
    first, last = line_ups.PICKS[choice.pick]
    one, found = column.line_up, _effects(sweep, choice.by)
    if one.method == CONTROL or last is None or len(one.vectors) > last - first:
        return []
    known = int(found.loc[found["method"] == one.method, "rank"].notna().sum())
    return [
        f"{column.label}: {known} of {captions.count(one.among, 'vector')} can be ranked, "
        f"so rank {first + len(one.vectors)} is missing."
    ]


def _random_note(column: Column, choice: Choice) -> list[str]:
    """What random vectors are drawn."""
    one = column.line_up
    if one.method != CONTROL:
        return []
    many = captions.count(one.among, "vector")
    if not one.among:
        return [f"{column.label}: this run has none of the same sites and norms."]
    if one.lacking:
        needed = one.among + one.lacking
        return [f"{column.label}: {many} where {needed} are needed, which favours the method."]
    if choice.pick == "all":
        return [f"{column.label}: {many} of the same sites and norms."]
    if one.vectors.empty:
        return [f"{column.label}: none of this rank has a figure among {many}."]
    groups = f", in the middle one of {one.groups} such groups" if one.groups > 1 else ""
    return [
        f"{column.label}: the same choice among {one.among} of the same sites and norms{groups}."
    ]


def _listed(names: Iterable[str]) -> str:
    """Names in a row: "a, b and c"."""
    *most, last = list(names)
    return f"{', '.join(most)} and {last}" if most else last
