"""Inks and colours of charts for a light and a dark page. Knows nothing of data or Streamlit."""

from typing import NamedTuple

RAMP = ("#2166ac", "#4393c3", "#92c5de", "#9e9e9e", "#f4a582", "#d6604d", "#b2182b")
"""From the most negative scale to the most positive; scale 0 is grey so that it stays visible."""

METHOD_COLOURS = {
    "melbo": "#e8590c",
    "power-iteration": "#3b5bdb",
    "random": "#868e96",
    "contrastive": "#2b8a3e",
    "finetune-diff": "#9c36b5",
}


class Inks(NamedTuple):
    """The inks of one theme."""

    ink: str
    muted: str
    page: str
    band: str
    violin_opacity: float
    middle: str
    """Colour of zero on a heat map."""
    line: str
    second: str
    """A second series, such as the share of A answers."""


LIGHT = Inks("#1f2328", "#6b7280", "#ffffff", "#868e96", 0.45, "#f7f7f7", "#3b5bdb", "#e8590c")
DARK = Inks("#f1f3f5", "#adb5bd", "#14161a", "#adb5bd", 0.62, "#1b1b1b", "#91a7ff", "#ffa94d")


def of_theme(kind: str | None) -> Inks:
    """The inks for `st.context.theme.type`."""
    return DARK if kind == "dark" else LIGHT


def scale_colour(scale: float, largest: float) -> str:
    """The fixed colour of a scale: it depends on the run's largest scale, never on a filter."""
    if scale == 0 or largest == 0:
        return RAMP[3]
    share = abs(scale) / largest
    step = 3 if share > 0.75 else 2 if share > 0.35 else 1
    return RAMP[3 + step] if scale > 0 else RAMP[3 - step]


def method_colour(method: str) -> str:
    """The fixed colour of a method."""
    return METHOD_COLOURS.get(method, "#868e96")
