"""How tables are drawn: rows of figures under declared columns, on stdout."""

import math
import string
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from numbers import Real
from typing import Any

from rich.console import Console, JustifyMethod
from rich.table import Table

WIDTH = 118
"""Columns of a table where stdout is no terminal, as in a log or a pipe."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)

Row = Mapping[str, Any]


def draw(
    title: str,
    rows: Iterable[Row],
    columns: Mapping[str, str],
    left: Collection[str] = (),
    whole: Collection[str] = (),
    style: Callable[[Row], str] = lambda _row: "",
    has_lines: bool = False,
) -> None:
    """Print a table.

    Args:
        title: Above it.
        rows: What its lines tell, by name.
        columns: By heading, a line's cell as a format: "{low:.2f} … {high:.2f}". A cell is empty
            where one of its figures is unknown.
        left: Headings of words, which stand to the left; all others to the right.
        whole: Headings whose cells are not broken into lines.
        style: Of a line.
        has_lines: Whether the lines are divided.
    """
    table = Table(title=title, show_lines=has_lines)
    for heading in columns:
        side: JustifyMethod = "left" if heading in left else "right"
        table.add_column(heading, justify=side, no_wrap=heading in whole)
    for row in rows:
        table.add_row(*(filled(shown, row) for shown in columns.values()), style=style(row))
    console.print(table)


def by_scale(
    title: str,
    heading: str,
    rows: Mapping[str, Mapping[float, float]],
    style: Callable[[Row], str] = lambda _row: "",
) -> None:
    """Print shares by scale.

    Args:
        title: Above the table.
        heading: Of the rows' names.
        rows: Each row's shares by its name; empty where there is none.
        style: Of a line.
    """
    scales = sorted({scale for shares in rows.values() for scale in shares})
    columns = {heading: "{name}"}
    columns |= {f"{s:+g}" if s else "0": f"{{at_{n}:.1%}}" for n, s in enumerate(scales)}
    lines = [
        {"name": name, **{f"at_{n}": shares.get(s) for n, s in enumerate(scales)}}
        for name, shares in rows.items()
    ]
    draw(title, lines, columns, left=(heading,), style=style)


def filled(shown: str, row: Row) -> str:
    """A format with the row's figures, or nothing where one of them is unknown."""
    names = [name for _, name, _, _ in string.Formatter().parse(shown) if name]
    return shown.format_map(row) if all(is_known(row.get(name)) for name in names) else ""


def is_known(value: Any) -> bool:
    """Whether there is something to print: no None, and no number that is not finite."""
    return value is not None and not (isinstance(value, Real) and not math.isfinite(value))


def plain(text: str) -> str:
    """A text in which nothing can steer a terminal: control characters are written out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def say(*sentences: str) -> None:
    """Print sentences, a line each, as plain text."""
    for sentence in sentences:
        console.print(sentence, markup=False)


def notes(sentences: Iterable[str], begin: str = "Note: ") -> None:
    """Print what has to be known beside figures."""
    say(*(f"{begin}{sentence}" for sentence in sentences))
