"""The axis of steering scales, shared by all charts of one vector. Knows nothing of data files."""

from typing import NamedTuple

import altair as alt
import pandas as pd

from dashboard.words import captions, inks
from engine.records.steered import Steered

EXTENT = 38
"""Room for y labels, equal in charts that stand below each other so that their scales align."""


class Axis(NamedTuple):
    """The shared x axis: scales at equal distances, each with its fixed colour."""

    scales: list[float]
    largest: float
    steered: Steered

    def x(self, column: str = "x") -> alt.X:
        """The position axis, labelled with the scales."""
        names = [captions.scale(s, self.steered.is_relative) for s in self.scales]
        return alt.X(
            f"{column}:Q",
            scale=alt.Scale(domain=[-0.55, len(names) - 0.45], nice=False, zero=False),
            axis=alt.Axis(
                values=list(range(len(names))),
                labelExpr=f"{names!r}[datum.value]",
                grid=False,
                ticks=False,
                domain=False,
                labelOverlap=False,
                title=self.steered.axis,
            ),
        )

    def colour(self) -> alt.Color:
        """Colour by scale, without a legend: the axis says it."""
        return alt.Color(
            "scale:O",
            scale=alt.Scale(
                domain=self.scales,
                range=[inks.scale_colour(s, self.largest) for s in self.scales],
            ),
            legend=None,
        )

    def place(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows whose scale is on the axis, with their position as column x."""
        places = {scale: place for place, scale in enumerate(self.scales)}
        kept = frame[frame["scale"].isin(self.scales)]
        return kept.assign(x=kept["scale"].map(places).astype(float)).sort_values("x")
