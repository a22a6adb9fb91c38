"""The colours of a card, on a light and on a dark page. Knows nothing of what is drawn."""

from typing import NamedTuple

from dashboard.words.inks import DARK as DARK_INKS
from dashboard.words.inks import BadgeColour, Inks


class Chip(NamedTuple):
    """Of a short word in a box of its own."""

    ink: str
    page: str


class Look(NamedTuple):
    """Of one theme; letters have at least 4.5 : 1 on what they stand on."""

    ink: str
    muted: str
    rule: str
    page: str
    cell: str
    edge: str
    added: str
    removed: str
    chips: dict[BadgeColour, Chip]


LIGHT = Look(
    ink="#1f2328", muted="#57606a", rule="#d0d7de", page="#ffffff", cell="#f6f8fa", edge="#d0d7de",
    added="#aceebb", removed="#ffcecb",
    chips={
        "green": Chip("#116329", "#dafbe1"), "red": Chip("#a40e26", "#ffebe9"),
        "orange": Chip("#953800", "#fff1e5"), "violet": Chip("#6639ba", "#fbefff"),
        "blue": Chip("#0550ae", "#ddf4ff"), "gray": Chip("#57606a", "#eaeef2"),
    },
)  # fmt: skip
DARK = Look(
    ink=DARK_INKS.ink, muted=DARK_INKS.muted, rule="#3d444d", page=DARK_INKS.page, cell="#1f2328",
    edge="#3d444d", added="#1c4428", removed="#5d2323",
    chips={
        "green": Chip("#7ee787", "#12351d"), "red": Chip("#ffa198", "#4b1113"),
        "orange": Chip("#ffb77c", "#4a2508"), "violet": Chip("#d2a8ff", "#3a2461"),
        "blue": Chip("#a5d6ff", "#0c2d6b"), "gray": Chip("#adb5bd", "#2b3036"),
    },
)  # fmt: skip


def of(inks: Inks) -> Look:
    """The look of the page that has these inks."""
    return DARK if inks == DARK_INKS else LIGHT
