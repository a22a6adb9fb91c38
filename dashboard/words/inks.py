"""Inks and colours of charts for a light and a dark page. Knows nothing of data or Streamlit."""

import hashlib
from typing import Literal, NamedTuple

from engine.configs import registry

RAMP = ("#2166ac", "#4393c3", "#92c5de", "#9e9e9e", "#f4a582", "#d6604d", "#b2182b")
"""From the most negative scale to the most positive; scale 0 is grey so that it stays visible."""

CONTROL = "#868e96"
"""Random vectors, and nothing else."""
PALETTE = (
    "#e8590c", "#3b5bdb", "#2b8a3e", "#9c36b5", "#0697ef", "#cc6699", "#c11581", "#fa3869",
    "#db57db", "#0f6b8a",
)  # fmt: skip
"""Of finders, in the order of the registry; none is grey, and each reads on both pages. Those
after the first four were searched for as far apart as can be, also to a colour-blind reader."""


WITHOUT_COLOUR = ("control", "baseline")
"""Rows of a sweep that no finder made."""


BadgeColour = Literal["green", "blue", "orange", "red", "violet", "gray"]
"""What Streamlit calls the colours of badges."""

VERDICTS: dict[str, BadgeColour] = {
    "honest": "green",
    "corrigible": "green",
    "positive": "green",
    "deceptive": "red",
    "self-preserving": "red",
    "negative": "red",
    "broken": "orange",
}
"""Of what a text shows; every other label is grey."""


def verdict(label: str) -> BadgeColour:
    """The colour of a label."""
    return VERDICTS.get(label, "gray")


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
    """The colour of a method: by its place in the registry, or by its name where it has none."""
    finders = registry.finders()
    if method in WITHOUT_COLOUR or (method in finders and finders[method].is_control):
        return CONTROL
    coloured = [name for name, config in finders.items() if not config.is_control]
    if method in coloured:
        return PALETTE[coloured.index(method) % len(PALETTE)]
    place = int(hashlib.sha256(method.encode()).hexdigest(), 16)
    left = PALETTE[len(coloured) % len(PALETTE) :] or PALETTE
    return left[place % len(left)]
