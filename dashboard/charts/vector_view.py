"""What a reader chose to see of one vector, as charts in any look. Knows no files and no pages."""

from typing import NamedTuple

import pandas as pd

from dashboard.charts import one_vector
from dashboard.charts.axes import Axis
from dashboard.charts.one_vector import Drawing
from dashboard.frames import controls
from dashboard.frames import sweep as sweeps
from dashboard.frames import violin as shapes
from dashboard.frames.sweep import PARTS, Sweep
from dashboard.words import captions
from dashboard.words.inks import Inks

WORDS = 70
"""Signs of a question that whoever hovers over its dot reads."""


class View(NamedTuple):
    """What the reader chose to see; every field stands in the URL."""

    name: str
    metric: str
    scales: list[float]
    dots: bool
    band: bool
    letters: bool
    question: str | None
    part: str = "content"
    pinned: str | None = None
    """The pinned vector, if it is another one and was measured in the same run."""
    called: str = ""
    """A reader's own name of the vector."""
    pinned_called: str = ""
    """A reader's own name of the pinned one."""

    @property
    def told(self) -> str:
        """What the vector is called on screen."""
        return self.called or self.name

    @property
    def pinned_told(self) -> str:
        """What the pinned vector is called on screen."""
        return self.pinned_called or self.pinned or ""


def usual(sweep: Sweep, name: str) -> View:
    """What is shown of a vector before anything is chosen."""
    return View(name, "difference", sweep.scales, True, True, True, None)


def axis(sweep: Sweep, view: View) -> Axis:
    """The x axis of this view; colours come from all the run's scales."""
    largest = max(abs(scale) for scale in sweep.scales)
    return Axis(view.scales, largest, sweep.steered)


def violin(sweep: Sweep, view: View, inks: Inks) -> Drawing | None:
    """The violin of the chosen vector; None where nothing of it was measured."""
    points = sweeps.points(sweep, view.name, view.metric, view.part)
    points = points[points["scale"].isin(view.scales)]
    if view.metric == "change":
        # At scale 0 every question's change is 0 by definition.
        points = points[points["scale"] != 0]
    if points.empty:
        return None
    mean = "mean" if view.metric == "difference" else "change"
    extras = one_vector.Extras(
        dots=view.dots,
        band=controls.band(sweep, view.name, mean, view.part) if view.band else None,
        rates=sweeps.curve(sweep, view.name) if view.part == "content" else None,
        selected=view.question,
        intervals=sweeps.intervals(sweep, points),
        other=_pinned_means(sweep, view, points),
        asked=asked(sweep) if view.dots else None,
    )
    shape = shapes.build(points, view.scales)
    return one_vector.violins(shape, axis(sweep, view), inks, title(sweep, view), extras)


def asked(sweep: Sweep) -> pd.DataFrame:
    """The first words of each question that was asked: question, asked."""
    rows = [(one.id, " ".join(one.stem.split())) for one in sweep.evaluation.questions.questions]
    shown = [(name, text if len(text) <= WORDS else f"{text[:WORDS]}\u2026") for name, text in rows]
    return pd.DataFrame(shown, columns=["question", "asked"])


def _pinned_means(sweep: Sweep, view: View, own: pd.DataFrame) -> one_vector.Other | None:
    """The pinned vector's mean at each scale, of what the violin shows of its own vector."""
    if view.pinned is None:
        return None
    points = sweeps.points(sweep, view.pinned, view.metric, view.part)
    if view.metric == "change":
        points = points[points["scale"] != 0]
    means = points[points["scale"].isin(view.scales)].groupby("scale")["value"].mean()
    beside = own.groupby("scale")["value"].mean()
    curve = pd.DataFrame({"value": means, "own": beside.reindex(means.index)}).reset_index()
    return None if curve.empty else one_vector.Other(view.pinned_told, curve)


def title(sweep: Sweep, view: View) -> str:
    """Of the violin's y axis."""
    words = sweep.reading.less(sweep.behaviour)
    if view.part == "letter":
        words = "logit A \u2212 logit B"
    elif view.part != "content":
        words = f"{words}, {PARTS[view.part].lower()}"
    return words if view.metric == "difference" else f"change of {words}"


def rates(
    sweep: Sweep, view: View, inks: Inks, usable: tuple[float, float] | None = None
) -> Drawing:
    """The share of behaviour answers over scales with its interval and the random band.

    Args:
        sweep: The run.
        view: What of it.
        inks: Of the theme.
        usable: Lowest and highest usable scale, if known.
    """
    other = None
    if view.pinned is not None:
        curve = sweeps.curve(sweep, view.pinned)[["scale", "rate"]]
        own = sweeps.curve(sweep, view.name).set_index("scale")["rate"]
        curve = curve.assign(own=own.reindex(curve["scale"]).to_numpy())
        other = one_vector.Other(view.pinned_told, curve.rename(columns={"rate": "value"}))
    return one_vector.rates(
        sweeps.curve(sweep, view.name),
        controls.band(sweep, view.name, "rate") if view.band else None,
        axis(sweep, view),
        inks,
        letters=view.letters and sweep.reading.has_letters,
        title=f"% {sweep.behaviour}",
        usable=usable,
        other=other,
    ).properties(height=400 if view.metric == "rate" else 190)


def legend(sweep: Sweep, view: View) -> str:
    """What the marks of both charts mean, in one sentence."""
    asked = len(sweep.evaluation.questions.questions)
    parts = [f"Bars: 95 % intervals over {captions.count(asked, 'question')}"]
    if view.band and controls.count(sweep, view.name):
        parts.append(f"grey: 95 % of {controls.words(sweep, view.name)}")
    if view.letters and sweep.reading.has_letters:
        parts.append("orange: share of answers that are the letter A")
    if view.pinned is not None:
        parts.append(f"{captions.PINNED} and long dashes: the mean of {view.pinned_told}")
    return f"{'; '.join(parts)}."
