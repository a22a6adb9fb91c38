"""Texts side by side as a card: what the model says in each configuration. Draws no charts."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from dashboard.cards import card, lettering
from dashboard.cards.card import Card, View
from dashboard.cards.looks import LIGHT, Look
from dashboard.cards.looks import of as look_of
from dashboard.words import captions, differences, inks
from dashboard.words.differences import Kind
from dashboard.words.inks import BadgeColour, Inks

ACROSS = 4
MOST_CELLS = 12
MOST_LINES = 16
PAD, GAP = 12.0, 12.0
SIZE, LEADING = 13.0, 18.0
CHIP = 20.0
"""Height of the row of chips."""


class Cell(NamedTuple):
    """One configuration's text."""

    name: str
    text: str | None
    """None if it was never written."""
    facts: str
    """Beneath it: tokens, repetition."""
    chips: tuple[tuple[str, BadgeColour], ...] = ()
    """What a judge or a person says that it shows."""
    before: str | None = None
    """The text that it is marked against."""


def cell(
    name: str, row: Mapping[str, Any] | None, label: str | None, before: str | None = None
) -> Cell:
    """A text with its figures in words.

    Args:
        name: Heading of its configuration.
        row: Its row of the grid.
        label: A person's.
        before: The unsteered text, where words that are new against it are marked.
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
    chips: list[tuple[str, BadgeColour]] = []
    if row.get("label"):
        chips.append((f"judge: {row['label']}", inks.verdict(str(row["label"]))))
    if label:
        chips.append((f"a person: {label}", "violet"))
    return Cell(name, str(row["text"]), " \u00b7 ".join(words), tuple(chips), before)


def of_texts(
    prompt: str, note: str, cells: Sequence[Cell], shown: View, of_page: Inks = inks.LIGHT
) -> Card:
    """The prompt, and the texts of its configurations in up to four columns.

    Args:
        prompt: Asked of all.
        note: What the reader must know.
        cells: The texts; what is too many or too long ends in an ellipsis and says so.
        shown: The view they are of.
        of_page: The inks of the page, light or dark.
    """
    some, look = list(cells)[:MOST_CELLS], look_of(of_page)
    body, y = rows(some, 0.0, look)
    if len(cells) > len(some):
        rest = f"\u2026 and {len(cells) - len(some)} more configurations, in the view itself"
        body += lettering.line(rest, 0, y + 14, SIZE, look.muted)
        y += 26
    title = f"\u201c{prompt.strip()}\u201d"
    return card.framed(title, note, body, y, shown, look, is_brief=True)


def rows(cells: Sequence[Cell], y: float, look: Look = LIGHT) -> tuple[str, float]:
    """Cells in rows of up to four from a height on, as SVG, and the height below them."""
    across = min(len(cells), ACROSS) if len(cells) != 5 else 3
    room = (card.ROOM - GAP * (across - 1)) / max(across, 1)
    parts = []
    for first in range(0, len(cells), max(across, 1)):
        drawn = [_lines(one, room - 2 * PAD) for one in cells[first : first + across]]
        tall = max(one.height for one in drawn)
        for place, lines in enumerate(drawn):
            parts.append(_box(place * (room + GAP), y, room, tall, lines, look))
        y += tall + GAP
    return "".join(parts), y


Run = tuple[Kind, str]
"""Signs of a line that are all new, all gone, or neither."""


class _Lines(NamedTuple):
    """A cell broken into lines."""

    name: list[str]
    text: list[list[Run]]
    facts: list[str]
    chips: list[list[tuple[str, BadgeColour]]]

    @property
    def height(self) -> float:
        words = len(self.name) + len(self.text) + len(self.facts)
        return 2 * PAD + LEADING * words + (CHIP + 4) * len(self.chips) + 10


def _lines(one: Cell, room: float) -> _Lines:
    if one.text is None:
        text = [[_same("Not written.")]]
    elif not one.text.strip():
        text = [[_same("Empty: the model ended the text at once.")]]
    elif one.before is None:
        wrapped = lettering.wrap(one.text.strip(), room, SIZE, MOST_LINES)
        text = [[_same(line)] for line in wrapped]
    else:
        text = marked(one.before, one.text.strip(), room)
    return _Lines(
        lettering.wrap(one.name, room, SIZE, 2, bold=True),
        text,
        lettering.wrap(one.facts, room, 12, 3) if one.facts else [],
        _in_rows(one.chips, room),
    )


def _same(words: str) -> Run:
    return "same", words


def _in_rows(
    chips: Sequence[tuple[str, BadgeColour]], room: float
) -> list[list[tuple[str, BadgeColour]]]:
    """Chips beside each other as long as there is room."""
    found: list[list[tuple[str, BadgeColour]]] = []
    left = 0.0
    for words, colour in chips:
        shown = lettering.wrap(words, room - 16, 12, 1)[0]
        wide = lettering.width(shown, 12) + 24
        if not found or wide > left:
            found.append([])
            left = room
        found[-1].append((shown, colour))
        left -= wide
    return found


def marked(before: str, after: str, room: float) -> list[list[Run]]:
    """The lines of a text with what is gone and what is new against another, each as runs."""
    signs, kinds = "", []
    for part in differences.parts(before.strip(), after):
        words = lettering.visible(part.text)
        if signs and not signs[-1].isspace() and not words[:1].isspace():
            words = f" {words}"
        signs += words
        kinds += [part.kind] * len(words)
    lines, at = [], 0
    for line in lettering.wrap(signs, room, SIZE, MOST_LINES):
        told = []
        for sign in line:
            # Breaking has taken spaces away, and an ellipsis may end the last line.
            while at < len(signs) and signs[at] != sign and signs[at].isspace():
                at += 1
            is_own = at < len(signs) and signs[at] == sign
            told.append((kinds[at] if is_own else "same", sign))
            at += is_own
        lines.append([(k, "".join(s for _, s in run)) for k, run in groupby(told, lambda t: t[0])])
    return lines


def _box(x: float, y: float, wide: float, tall: float, lines: _Lines, look: Look) -> str:
    parts = [
        f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{tall:g}" rx="6" '
        f'fill="{look.cell}" stroke="{look.edge}"/>'
    ]
    at = y + PAD + 11
    for text in lines.name:
        parts.append(lettering.line(text, x + PAD, at, SIZE, look.ink, bold=True))
        at += LEADING
    at += 5
    for runs in lines.text:
        parts.append(_line(runs, x + PAD, at, look))
        at += LEADING
    at += 5
    for chips in lines.chips:
        parts.append(_chips(chips, x + PAD, at, look))
        at += CHIP + 4
    for text in lines.facts:
        parts.append(lettering.line(text, x + PAD, at, 12, look.muted))
        at += LEADING
    return "".join(parts)


def _line(runs: Sequence[Run], x: float, y: float, look: Look) -> str:
    """A line of text, what is new underlined on green and what is gone struck out on red."""
    parts = []
    for kind, words in runs:
        wide = lettering.width(words, SIZE)
        if kind != "same":
            page, rule = (look.added, y + 3) if kind == "added" else (look.removed, y - 4)
            parts.append(
                f'<rect x="{x:g}" y="{y - 12:g}" width="{wide:g}" height="16" fill="{page}"/>'
                f'<rect x="{x:g}" y="{rule:g}" width="{wide:g}" height="1" fill="{look.ink}"/>'
            )
        parts.append(lettering.line(words, x, y, SIZE, look.ink))
        x += wide
    return "".join(parts)


def _chips(chips: Sequence[tuple[str, BadgeColour]], x: float, y: float, look: Look) -> str:
    parts = []
    for words, colour in chips:
        ink, page = look.chips[colour]
        wide = lettering.width(words, 12) + 16
        parts.append(
            f'<rect x="{x:g}" y="{y - 13:g}" width="{wide:g}" height="18" rx="5" fill="{page}"/>'
            + lettering.line(words, x + 8, y, 12, ink)
        )
        x += wide + 8
    return "".join(parts)
