"""What a file of own data holds, before anything is kept: rows, columns, letters, and the rest.

Knows nothing of where it will be kept.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, get_args

from engine.errors import DataError
from engine.questions import polarity as polarities
from engine.questions import rows as question_rows
from engine.questions.own import layouts, making, reading
from engine.questions.own.layouts import Layout
from engine.questions.own.reading import Table
from engine.questions.polarity import KnownFile, Polarity
from engine.questions.rows import Row
from engine.records import strict

KINDS = ("questions", "pairs", "prompts", "knowledge")
"""What own data can be added as."""


@dataclass(frozen=True, kw_only=True)
class Understood:
    """Own data as it would be kept, and an account of it."""

    kind: str
    file: str
    """What it was called."""
    layout: str
    """In words."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Every column's name -> the part it plays, "" for none."""
    rows: tuple[dict[str, Any], ...] = ()
    dropped: tuple[tuple[int, str], ...] = ()
    """Line and reason, in their order."""
    duplicates: int = 0
    """How many of the dropped rows repeat another."""
    notes: tuple[str, ...] = ()
    behaviour: str = ""
    """What the answers show; "" where nobody said."""
    polarity: str = ""
    """Which answer of the rows shows it; "" where there is none."""
    letters: Mapping[str, int] = field(default_factory=dict)
    """How many questions have the behaviour at A and at B."""
    needs: tuple[str, ...] = ()
    """Parts that a mapping must give to columns; empty when this can be kept."""
    behaviours: Mapping[str, Polarity] = field(default_factory=dict)
    """All that the answers are known to show."""
    most_options: int = 0
    """That a question had in the file."""

    @property
    def content(self) -> bytes:
        """The rows as JSON Lines, as they are kept."""
        lines = (strict.dumps(row, ensure_ascii=False) + "\n" for row in self.rows)
        return "".join(lines).encode()

    @property
    def sha256(self) -> str:
        """Of the content."""
        return hashlib.sha256(self.content).hexdigest()


def understand(
    content: bytes,
    file: str,
    kind: str,
    mapping: Mapping[str, str] | None = None,
    behaviour: str | None = None,
    polarity: Polarity | None = None,
) -> Understood:
    """What a file, or a pasted or typed text, holds.

    Args:
        content: All of it.
        file: Its name; the ending says what it is, a name without one is pasted text.
        kind: One of `KINDS`.
        mapping: Part -> column, where names differ; `roles.ROLES` has the parts. Beside them
            header -> "yes" or "no", and first -> "0" or "1", how a file counts its options.
        behaviour: What the answers show; None takes what the file is known to show.
        polarity: Which answer shows it. Of "not-matching" the answers are exchanged.

    Raises:
        DataError: If nothing can be made of it.
    """
    if kind not in KINDS:
        raise DataError(f"{kind!r} is no kind of data: use {', '.join(KINDS)}.")
    if polarity is not None and polarity not in get_args(Polarity):
        raise DataError(f"{polarity!r} is no polarity: use {' or '.join(get_args(Polarity))}.")
    table = reading.table_of(content, file, mapping or {})
    return understood(table, file, kind, mapping or {}, behaviour, polarity, content)


def understood(
    table: Table,
    file: str,
    kind: str,
    mapping: Mapping[str, str],
    behaviour: str | None,
    polarity: Polarity | None,
    content: bytes = b"",
) -> Understood:
    """What rows hold, wherever they came from; see `understand`."""
    layout = layouts.recognise(table.rows, kind, mapping, file)
    columns = layouts.unread(_names(table.rows), layout.parts)
    if layout.needs:
        notes = (f"Say which column is the {' and which the '.join(layout.needs)}.",)
        return Understood(
            kind=kind,
            file=file,
            layout=layout.name,
            columns=columns,
            needs=layout.needs,
            notes=notes,
        )
    if kind == "knowledge" and layout.name == layouts.CHOICE and layout.notes:
        raise DataError(
            f"{file} numbers its right options, and nothing tells whether from 0 or 1: say so "
            "(first=0 or first=1), or give letters or texts."
        )
    known = _known(content, file, table.rows, layout)
    name, chosen, behaviours, told = _shown(known, kind, behaviour, polarity)
    found = making.made(table, layout, kind, is_turned=polarity == "not-matching")
    if not found.kept:
        raise _refusal(file, kind, layout, table, found.dropped)
    if kind == "knowledge":
        _refuse_unlike(found.kept, file)
    return Understood(
        kind=kind,
        file=file,
        layout=f"{layout.name}, {table.container}",
        columns=columns,
        rows=tuple(found.kept),
        dropped=tuple(sorted(found.dropped + table.dropped)),
        duplicates=found.duplicates,
        notes=(*table.notes, *layout.notes, *found.notes, *told),
        behaviour=name,
        polarity=chosen,
        letters=_letters(found.kept, chosen),
        behaviours=behaviours,
        most_options=found.most_options,
    )


def _names(rows: list[Row]) -> list[str]:
    tables = (row.values for row in rows[: layouts.LOOKED_AT] if isinstance(row.values, dict))
    return list(dict.fromkeys(str(name) for one in tables for name in one))


def _known(content: bytes, file: str, rows: list[Row], layout: Layout) -> KnownFile | None:
    """What is on record about the content, or what the layout says of itself."""
    entry = polarities.table()["by_sha256"].get(hashlib.sha256(content).hexdigest())
    if entry is not None:
        return KnownFile(entry["name"], "its content", entry["behaviours"])
    if layout.behaviours:
        return KnownFile(PurePath(file).stem, "its columns' names", dict(layout.behaviours))
    return polarities.known_layout(rows)


def _shown(
    known: KnownFile | None, kind: str, behaviour: str | None, polarity: Polarity | None
) -> tuple[str, str, dict[str, Polarity], tuple[str, ...]]:
    """Behaviour, the rows' polarity of it, all that is known, and what a reader should see."""
    if kind in ("prompts", "knowledge"):
        return "", "", {}, ()
    on_record = known.behaviours if known is not None else {}
    if behaviour is None or not behaviour.strip():
        if polarity == "not-matching":
            turned = {name: _other(one) for name, one in on_record.items()}
            first = next(iter(turned), "")
            return first, turned.get(first, ""), turned, (EXCHANGED,)
        first = next(iter(on_record), "")
        return first, on_record.get(first, ""), dict(on_record), ()
    name = polarities.canonical(behaviour)
    chosen, notes = polarities.choose(known, name, polarity)
    if polarity == "not-matching":
        return name, "matching", {name: "matching"}, (*notes, EXCHANGED)
    if polarity is None and not on_record:
        notes = (f"The matching or positive answers are taken to show '{name}'.",)
    return name, chosen, {**(on_record if polarity is None else {}), name: chosen}, notes


EXCHANGED = "The answers are exchanged, so that the matching one shows the behaviour."


def _other(polarity: Polarity) -> Polarity:
    return "not-matching" if polarity == "matching" else "matching"


def _letters(rows: list[dict[str, Any]], polarity: str) -> dict[str, int]:
    """Where the behaviour stands; the matching answer where none is known."""
    counts = {"A": 0, "B": 0}
    for row in rows:
        if "answer_matching_behavior" in row:
            letter = question_rows.take_apart(row).matching
            counts[("B" if letter == "A" else "A") if polarity == "not-matching" else letter] += 1
    return counts if any(counts.values()) else {}


def _refuse_unlike(rows: list[dict[str, Any]], file: str) -> None:
    """Refuse knowledge questions between which chance differs."""
    counts = sorted({len(row["options"]) for row in rows})
    if len(counts) > 1:
        raise DataError(
            f"{file} has questions with {counts[0]} and with {counts[-1]} options: chance differs "
            "between them, so give all of them the same number."
        )


NEAREST = {
    "questions": 'rows {"question": "… (A) … (B) …", "answer_matching_behavior": "(A)", '
    '"answer_not_matching_behavior": "(B)"}',
    "pairs": 'rows {"question", "positive", "negative"}',
    "prompts": "a text per line",
    "knowledge": 'rows {"question", "options": [...], "answer": "B"}',
}


def _refusal(
    file: str, kind: str, layout: Layout, table: Table, dropped: list[tuple[int, str]]
) -> DataError:
    """Why no row can be used, with the nearest that could."""
    reasons = Counter(reason for _, reason in dropped).most_common(1)
    reason = f" ({reasons[0][0]})" if reasons else ""
    some = Table(table.rows[: layouts.LOOKED_AT], table.container)
    others = [
        one for one in KINDS[:3] if one != kind and making.made(some, layout, one, False).kept
    ]
    add = f"add it as {' or '.join(others)}, or give" if others else "give"
    return DataError(
        f"{file} looks like {layout.name}, and no row gives {kind}{reason}: {add} {NEAREST[kind]}."
    )
