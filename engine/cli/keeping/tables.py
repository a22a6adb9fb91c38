"""What the command line prints of two runs beside each other, and of the trash.

Knows nothing of how either is found.
"""

from collections.abc import Sequence
from typing import Any

from engine.cli.drawing import draw, notes, plain, say
from engine.statistics.across.comparing import Choice, HeldOut
from engine.statistics.evidence import plain_rows
from engine.store.library.comparing import Comparison
from engine.store.library.trash import Trashed

MOST_LINES = 60
"""Of the table by vector and scale; all lines are in the JSON."""


def comparison(found: Comparison) -> None:
    """Both runs' best cells on the questions that did not choose them, and each vector's scales."""
    one, other = found.first, found.second
    say(
        f"{plain(other.digest)} less {plain(one.digest)}, on {found.questions} questions of "
        f"{plain(one.questions.name)}, in {found.unit}:"
    )
    if found.held_out is not None:
        held = found.held_out
        say(
            f"Best of the first run {_told(held.first)}: {held.first_size:.3f}; of the second "
            f"{_told(held.second)}: {held.second_size:.3f}, on {held.questions} questions that "
            f"did not choose them. Difference {held.difference:+.3f} "
            f"({held.low:+.3f} to {held.high:+.3f})."
        )
        if held.controls:
            p = f"; p = {held.p:.3f}" if held.p == held.p else ""
            say(
                f"The same of {held.controls} pairs of random vectors: {held.random_low:+.3f} to "
                f"{held.random_high:+.3f}{p}."
            )
    rows = found.cells.to_dict("records")
    if rows:
        draw("By vector and scale", _rows(rows[:MOST_LINES]), COLUMNS, left=("vector",))
    more = (
        [f"{len(rows) - MOST_LINES} more lines are in the JSON."] if len(rows) > MOST_LINES else []
    )
    notes([*found.notes, *more])


COLUMNS = {
    "vector": "{name}",
    "scale": "{scale:+g}",
    "first": "{first:+.3f}",
    "second": "{second:+.3f}",
    "difference": "{difference:+.3f}",
    "95 %": "{low:+.3f} … {high:+.3f}",
    "random": "{random_low:+.3f} … {random_high:+.3f}",
    "p": "{p:.3f}",
    "q": "{q:.3f}",
}


def _rows(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [{**row, "name": _name(row)} for row in plain_rows(rows)]


def _name(row: dict[str, Any]) -> str:
    first = f"{row['first_set']}:{row['first_vector']}"
    second = f"{row['second_set']}:{row['second_vector']}"
    return first if first == second else f"{first} / {second}"


def _told(chosen: Choice) -> str:
    return f"({chosen.key[0]}:{chosen.key[1]} at {chosen.scale:+g})"


def plain_held_out(held: HeldOut | None) -> dict[str, Any] | None:
    """Both best cells as plain values; None where there are none."""
    if held is None:
        return None
    sides = {"first": held.first, "second": held.second}
    told = {
        name: {"vector": f"{one.key[0]}:{one.key[1]}", "scale": one.scale, "sign": one.sign}
        for name, one in sides.items()
    }
    return plain_rows([held._asdict() | told])[0]


def trash(inside: Sequence[Trashed]) -> None:
    """One line per deleted record, the last deleted first."""
    lines = [
        {"deleted": one.when, "what": one.info}
        if isinstance(one.info, str)
        else {**one.info._asdict(), "deleted": one.when, "what": one.info.summary}
        for one in inside
    ]
    names = ("digest", "kind", "method", "model")
    columns = {name: f"{{{name}}}" for name in names}
    draw("Trash", lines, columns | {"what": "{what}", "deleted": "{deleted:.19}"}, left=columns)
