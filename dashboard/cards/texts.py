"""Texts side by side as a card: what the model says in each configuration. Draws no charts."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dashboard.cards import card, lettering
from dashboard.cards.card import Card, View
from dashboard.words import captions

ACROSS = 4
MOST_CELLS = 12
MOST_LINES = 16
PAD, GAP = 12.0, 12.0
SIZE, LEADING = 13.0, 18.0
CELL, EDGE = "#f6f8fa", "#d0d7de"


class Cell(NamedTuple):
    """One configuration's text."""

    name: str
    text: str | None
    """None if it was never written."""
    facts: str
    """Beneath it: tokens, repetition, labels."""


def cell(name: str, row: Mapping[str, Any] | None, label: str | None) -> Cell:
    """A text with its figures in words.

    Args:
        name: Heading of its configuration.
        row: Its row of the grid.
        label: A person's.
    """
    if row is None:
        return Cell(name, None, "")
    words = []
    if "tokens" in row:
        words.append(captions.count(int(row["tokens"]), "token"))
    if row.get("finished") is not None and not row["finished"]:
        words.append("cut off")
    if float(row.get("repetition") or 0) > 0:
        words.append(f"repetition {float(row['repetition']):.2f}")
    if row.get("mean_logprob") is not None:
        words.append(f"log-prob {captions.number(float(row['mean_logprob']))}")
    if row.get("label"):
        words.append(f"judge: {row['label']}")
    if label:
        words.append(f"a person: {label}")
    return Cell(name, str(row["text"]), " \u00b7 ".join(words))


def of_texts(prompt: str, note: str, cells: Sequence[Cell], shown: View) -> Card:
    """The prompt, and the texts of its configurations in up to four columns.

    Args:
        prompt: Asked of all.
        note: What the reader must know.
        cells: The texts; what is too many or too long ends in an ellipsis and says so.
        shown: The view they are of.
    """
    some = list(cells)[:MOST_CELLS]
    body, y = rows(some, 0.0)
    if len(cells) > len(some):
        rest = f"\u2026 and {len(cells) - len(some)} more configurations, in the view itself"
        body += lettering.line(rest, 0, y + 14, SIZE, card.MUTED)
        y += 26
    return card.framed(f"\u201c{prompt.strip()}\u201d", note, body, y, shown)


def rows(cells: Sequence[Cell], y: float) -> tuple[str, float]:
    """Cells in rows of up to four from a height on, as SVG, and the height below them."""
    across = min(len(cells), ACROSS) if len(cells) != 5 else 3
    room = (card.ROOM - GAP * (across - 1)) / max(across, 1)
    parts = []
    for first in range(0, len(cells), max(across, 1)):
        drawn = [_lines(one, room - 2 * PAD) for one in cells[first : first + across]]
        tall = max(2 * PAD + LEADING * sum(map(len, lines)) + 10 for lines in drawn)
        for place, lines in enumerate(drawn):
            parts.append(_box(place * (room + GAP), y, room, tall, lines))
        y += tall + GAP
    return "".join(parts), y


class _Lines(NamedTuple):
    """A cell broken into lines."""

    name: list[str]
    text: list[str]
    facts: list[str]


def _lines(one: Cell, room: float) -> _Lines:
    if one.text is None:
        text = ["Not written."]
    elif not one.text.strip():
        text = ["Empty: the model ended the text at once."]
    else:
        text = lettering.wrap(one.text.strip(), room, SIZE, MOST_LINES)
    return _Lines(
        lettering.wrap(one.name, room, SIZE, 2, bold=True),
        text,
        lettering.wrap(one.facts, room, 12, 3) if one.facts else [],
    )


def _box(x: float, y: float, wide: float, tall: float, lines: _Lines) -> str:
    parts = [
        f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{tall:g}" rx="6" fill="{CELL}" '
        f'stroke="{EDGE}"/>'
    ]
    at = y + PAD + 11
    for texts, size, colour, bold in (
        (lines.name, SIZE, card.INK, True),
        (lines.text, SIZE, card.INK, False),
        (lines.facts, 12, card.MUTED, False),
    ):
        for text in texts:
            parts.append(lettering.line(text, x + PAD, at, size, colour, bold))
            at += LEADING
        at += 5
    return "".join(parts)
