"""`add FILE --as KIND`: own data of any common layout, looked at first and kept by its content."""

import sys
from collections import Counter
from typing import Annotated, Any

import typer
from rich.markup import escape

from engine import STORE
from engine.cli.answering import answer
from engine.cli.drawing import console, draw, notes, plain
from engine.cli.from_config import StoreDir
from engine.cli.own.field import HELP, mapping_of
from engine.errors import ConfigError, DataError
from engine.questions import own
from engine.questions.own import KINDS, Understood, limits, places, roles
from engine.store.store import Store

SHOWN = 3
"""Rows that are shown."""
LONGEST = 300
"""Letters of a text that are shown."""


def add(
    file: Annotated[
        str, typer.Argument(help="File, folder, OWNER/NAME on the Hugging Face hub; - for stdin.")
    ],
    kind: Annotated[str, typer.Option("--as", help="questions, pairs, prompts or knowledge.")],
    name: Annotated[str, typer.Option(help="What it is called; default: its file's name.")] = "",
    field: Annotated[list[str] | None, typer.Option(help=HELP)] = None,
    column: Annotated[list[str] | None, typer.Option(hidden=True)] = None,
    behaviour: Annotated[str | None, typer.Option(help="What the answers show.")] = None,
    polarity: Annotated[
        str | None, typer.Option(help="Which answer shows it: matching or not-matching.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show it and keep nothing.")] = False,
    store: StoreDir = STORE,
) -> None:
    """Understand own data of any common layout, and keep it by its content."""
    if kind not in KINDS:
        raise ConfigError(f"--as {kind!r} is not known: use {', '.join(KINDS)}.")
    mapping = mapping_of([*(field or []), *(column or [])])
    stated: Any = polarity
    if file == "-":
        content = sys.stdin.buffer.read(limits.MOST_BYTES + 1)
        found = own.understand(content, "typed", kind, mapping, behaviour, stated)
    else:
        found = places.understand_place(file, kind, mapping, behaviour, stated)
    _show(found)
    if preview:
        answer(path=None, **_told(found))
        return
    if found.needs:
        known = roles.listed(found.columns)
        parts = " ".join(f"--field {part}=…" for part in found.needs)
        raise DataError(f"It is not clear which column is which ({known}): add {parts}.")
    kept = own.keep(Store(store.resolve()).root, found, name)
    console.print(
        f"Kept as {plain(kept.name)}: {plain(str(kept.path))}", soft_wrap=True, markup=False
    )
    answer(path=str(kept.path), name=kept.name, **_told(found))


def _show(found: Understood) -> None:
    """What was understood, the first rows, and what is left out."""
    console.print(f"{plain(found.file)}: {plain(found.layout)}", markup=False)
    if found.columns:
        rows = [
            {"column": escape(plain(n)), "part": p or "not read"} for n, p in found.columns.items()
        ]
        draw("Columns", rows, {"column": "{column}", "part": "{part}"}, left=("column", "part"))
    lines = [
        {
            "row": i,
            "text": "\n".join(escape(f"{k}: {plain(str(v))[:LONGEST]}") for k, v in row.items()),
        }
        for i, row in enumerate(found.rows[:SHOWN], 1)
    ]
    if lines:
        title = f"{len(found.rows):,} {found.kind}, {found.duplicates:,} repeated"
        draw(title, lines, {"row": "{row}", "text": "{text}"}, left=("text",), has_lines=True)
    reasons = Counter(reason for _, reason in found.dropped)
    first = {reason: line for line, reason in reversed(found.dropped)}
    left = [
        {"rows": count, "first": first[reason], "reason": escape(plain(reason))}
        for reason, count in reasons.most_common(10)
    ]
    if left:
        columns = {"rows": "{rows}", "first line": "{first}", "reason": "{reason}"}
        draw(f"{len(found.dropped):,} rows left out", left, columns, left=("reason",))
    notes(found.notes)


def _told(found: Understood) -> dict[str, Any]:
    """What the last line says."""
    return {
        "kind": found.kind,
        "sha256": found.sha256 if found.rows else None,
        "rows": len(found.rows),
        "dropped": len(found.dropped),
        "duplicates": found.duplicates,
        "layout": found.layout,
        "columns": dict(found.columns),
        "behaviour": found.behaviour or None,
        "polarity": found.polarity or None,
        "letters": dict(found.letters) or None,
        "needs": list(found.needs),
        "notes": list(found.notes),
    }
