"""Drawings of an audited file: an `Audit` in, charts and tables out. Knows no Streamlit."""

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts import heatmaps, one_vector
from dashboard.charts.axes import Axis
from dashboard.charts.one_vector import Drawing
from dashboard.frames import cosines
from dashboard.frames import violin as shapes
from dashboard.words import captions
from dashboard.words.inks import Inks
from engine.audit import Audit
from engine.configs.steering.interventions import OPERATIONS
from engine.records.steered import Steered
from engine.statistics import similarity

POOLED = "all:"
"""Before the name of a kind: all its vectors together."""
CONTROL = "control"
MOST_VECTORS = 60
MOST_POINTS = 20_000
"""Of one pooled violin set; more vectors are thinned evenly."""


def choices(found: Audit) -> list[str]:
    """What can be drawn: each kind of vectors together, then every vector."""
    kinds = [kind for kind in _kinds(found) if kind != CONTROL]
    points = _points(found)
    own = points[points["method"] != CONTROL]
    return [f"{POOLED}{kind}" for kind in kinds] + list(own["name"].unique()) or _only(found)


def _points(found: Audit) -> pd.DataFrame:
    """What a sweep's violins are drawn from; nothing else has any."""
    assert found.points is not None
    return found.points


def _only(found: Audit) -> list[str]:
    """A sweep of controls alone."""
    return [f"{POOLED}{kind}" for kind in _kinds(found)]


def _kinds(found: Audit) -> list[str]:
    return list(_points(found)["method"].astype(str).unique())


def words(found: Audit, choice: str) -> str:
    """A choice as it is read: "all 12 steering vectors", "4 random controls"."""
    if not choice.startswith(POOLED):
        return choice
    kind = choice.removeprefix(POOLED)
    points = _points(found)
    number = points.loc[points["method"] == kind, "name"].nunique()
    if kind == CONTROL:
        return captions.count(number, "random control")
    name = captions.method(kind)
    return f"{name}, all {number} vectors" if number > 1 else name


def beside(
    found: Audit, choice: str, metric: str, inks: Inks
) -> tuple[Drawing | None, Drawing | None]:
    """Violins of the choice and of the controls, on one y axis; None where there is nothing."""
    left = _rows(found, choice, metric)
    is_control = choice == f"{POOLED}{CONTROL}"
    right = left.iloc[:0] if is_control else _rows(found, f"{POOLED}{CONTROL}", metric)
    if left.empty:
        return None, None
    scales = sorted(set(left["scale"]) | set(right["scale"]))
    axis = Axis(scales, max(abs(scale) for scale in scales) or 1.0, _steered(found))
    title = found.reading.less(found.behaviour)
    title = title if metric == "difference" else f"change of {title}"
    drawn = [_violins(rows, axis, inks, title) for rows in (left, right) if not rows.empty]
    _share_heights(drawn)
    return drawn[0], drawn[1] if len(drawn) > 1 else None


def _steered(found: Audit) -> Steered:
    """What the file says of how it steered; one that says nothing we know of added."""
    said = {name: found.claims.get(name) for name in ("operation", "scale_unit")}
    known = said["operation"] if said["operation"] in OPERATIONS else "add"
    return Steered(operation=str(known), is_relative=said["scale_unit"] == "relative")


def _rows(found: Audit, choice: str, metric: str) -> pd.DataFrame:
    """scale, question (one per vector and question), value; at scale 0 once per question."""
    points = _points(found)
    if choice.startswith(POOLED):
        rows = points[points["method"] == choice.removeprefix(POOLED)]
    else:
        rows = points[points["name"] == choice]
    if metric == "change":
        rows = rows[rows["scale"] != 0]
    value = rows[metric].astype(float)
    several = rows["name"].nunique() > 1
    named = rows["name"] + " " + rows["question"].astype(str) if several else rows["question"]
    kept = pd.DataFrame({"scale": rows["scale"], "question": named, "value": value}).dropna()
    return kept[kept["question"].isin(_thinned(kept["question"].unique(), kept))]


def _thinned(names: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
    """At most so many of the names that the rows stay few enough to draw."""
    if len(rows) <= MOST_POINTS:
        return names
    kept = max(int(len(names) * MOST_POINTS / len(rows)), 1)
    return names[np.linspace(0, len(names) - 1, kept).astype(int)]


def _violins(rows: pd.DataFrame, axis: Axis, inks: Inks, title: str) -> Drawing:
    rates = (rows["value"] > 0).groupby(rows["scale"]).mean().rename("rate").reset_index()
    shape = shapes.build(rows, axis.scales)
    several = rows["question"].nunique() > shapes.MOST_DOTS
    is_change = title.startswith("change")
    extras = one_vector.Extras(dots=not several, rates=None if is_change else rates)
    return one_vector.violins(shape, axis, inks, title, extras)


def _share_heights(drawn: list[Drawing]) -> None:
    """Give several violin charts one y axis: side by side, other heights would mislead."""
    axes = [layer.encoding.y for drawing in drawn for layer in drawing.layer]
    given = [axis["scale"] for axis in axes if isinstance(axis, alt.Y)]
    scales = [scale for scale in given if isinstance(scale, alt.Scale)]
    ends = [end for scale in scales for end in scale["domain"]]
    for scale in scales:
        scale["domain"] = [min(ends), max(ends)]


def table(found: Audit) -> pd.DataFrame:
    """Shares in per cent by scale: by the logits, with ties as half, and as the file counts."""
    assert found.rates is not None
    rates = found.rates
    by = f"by the {found.reading.single}{'s' * found.reading.has_letters}"
    columns = {"claimed": "file's own", "rate": by, "with_ties": "ties as half"}
    shown = rates.assign(**{column: (100 * rates[column]).round(2) for column in columns})
    if rates["claimed"].isna().all():
        shown = shown.drop(columns="claimed")
    return shown.rename(columns={k: f"{v} %" for k, v in columns.items()})


def likeness(found: Audit, inks: Inks) -> tuple[Drawing, int]:
    """The map of cosines with like vectors together, and how many vectors were left out."""
    assert found.vectors is not None
    vectors, names = found.vectors[:MOST_VECTORS], found.names[:MOST_VECTORS]
    wide = similarity.unit(vectors)
    matrix = (wide @ wide.T).clip(-1, 1)
    rows, columns = np.indices(matrix.shape).reshape(2, -1)
    cells = pd.DataFrame(
        {
            "row": [names[i] for i in rows],
            "column": [names[j] for j in columns],
            "row_reference": rows,
            "column_reference": columns,
            "cosine": matrix.ravel(),
        }
    )
    order = [names[i] for i in similarity.clusters(vectors).order]
    apart = cells[rows != columns]["cosine"]
    limit = max(cosines.colour_limit(apart), 0.3)
    return heatmaps.everyone(cells, order, limit, inks), len(found.names) - len(names)
