"""How tables are drawn: rows of figures under declared columns, on stdout."""

import string
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
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
    """
    table = Table(title=title)
    for heading in columns:
        side: JustifyMethod = "left" if heading in left else "right"
        table.add_column(heading, justify=side, no_wrap=heading in whole)
    for row in rows:
        table.add_row(*(filled(shown, row) for shown in columns.values()), style=style(row))
    console.print(table)


def filled(shown: str, row: Row) -> str:
    """A format with the row's figures, or nothing where one of them is unknown."""
    names = [name for _, name, _, _ in string.Formatter().parse(shown) if name]
    is_known = all(row[name] is not None and row[name] == row[name] for name in names)
    return shown.format_map(row) if is_known else ""


def notes(sentences: Iterable[str], begin: str = "Note: ") -> None:
    """Print sentences, a line each, as plain text."""
    for sentence in sentences:
        console.print(f"{begin}{sentence}", markup=False)
