"""Texts of a corpus, to be read token by token: pairs' answers, prompts, lines, or a column.

A text that stands there twice is taken once, an answer with the first question that it answers.
Knows nothing of models or tokens.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.questions.own import direct, places, roles
from engine.questions.pairs import POLES, ContrastPair, load_pairs
from engine.questions.rows import ANSWER_KEYS, normal
from engine.questions.sources import read_source
from engine.records import strict

COLUMNS = ("text", "content", "prompt", "question")
"""Columns that are looked for where none is named, the first first."""
HELD_OUT = "marked held-out"
LONGEST = 20_000
"""Letters of a text that are kept: no model reads more of it here."""


@dataclass(frozen=True, kw_only=True)
class CorpusText:
    """One text."""

    id: str
    """Where it stands in its file, as "row 3"."""
    text: str
    prompt: str | None = None
    """What it answers; None where it stands alone."""
    system: str | None = None
    """The row's own system prompt."""
    label: str = ""
    """What its file calls it, such as "deceptive"; "" where it does not."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """The texts of a file, each once, and an account of the rest."""

    name: str
    texts: tuple[CorpusText, ...]
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """What the texts are called, where all are."""
        found = tuple(dict.fromkeys(one.label for one in self.texts))
        return found if all(found) and len(found) > 1 else ()


def load_corpus(
    path: str | Path,
    column: str | None = None,
    held_out: bool = False,
    most: int | None = None,
) -> Corpus:
    """Read the texts of a file.

    Args:
        path: Pairs, conversations or instructions, whose answers are taken with their questions;
            .txt, a line each; JSON, JSON Lines, CSV, Parquet or a folder of Arrow files with a
            column of texts; a JSON list of texts.
        column: The column with the texts; None looks for one of `COLUMNS`.
        held_out: Take of pairs only those that are marked held-out.
        most: Texts at most, the file's first; None takes all.

    Raises:
        DataError: If the file cannot be read, or holds no text.
    """
    rows = _table(path) if direct.is_table(path) else _written(path)
    answers = column is None and (_has_answers(rows) or _is_answered(path, rows))
    if held_out and not answers:
        raise DataError(f"{path} holds no pairs, so none is marked held-out: read all of it.")
    notes: list[str] = []
    texts = _answers(path, held_out, notes) if answers else _texts(rows, column, str(path))
    whole = [one for one in texts if one.text.strip()]
    firsts: dict[str, CorpusText] = {}
    for one in whole:
        firsts.setdefault(normal(one.text), one)
    kept = list(firsts.values())
    if not kept:
        raise DataError(f"{path} holds no text: write one per line, or name the column.")
    if len(kept) < len(whole):
        notes.append(f"{len(whole) - len(kept):,} repeated texts were left out.")
    if most is not None and len(kept) > most:
        notes.append(f"Only the first {most:,} of {len(kept):,} texts were read.")
    return Corpus(name=Path(path).stem, texts=tuple(kept[:most]), notes=tuple(notes))


def _written(path: str | Path) -> list[Any]:
    """Rows of a file of text: what JSON gives, or lines."""
    source = read_source(path)
    if not source.is_json:
        return source.text.splitlines()
    try:
        found = strict.loads(source.text)
        return found if isinstance(found, list) else [found]
    except ValueError:
        lines = [line for line in source.text.split("\n") if line.strip()]
    try:
        return [strict.loads(line) for line in lines]
    except ValueError:
        raise DataError(f"{path} is neither JSON nor JSON Lines: correct it.") from None


def _table(path: str | Path) -> list[Any]:
    """Rows of a table or a folder by the names of their columns."""
    found = places.table_here(path, "pairs", {"header": "yes"})
    return [row.values for row in found.rows]


def _has_answers(rows: list[Any]) -> bool:
    """Whether a file holds conversations or pairs of answers, and no A/B questions."""
    first = rows[0] if rows else None
    if isinstance(first, list):
        return True
    if not isinstance(first, dict) or any(all(k in first for k in keys) for keys in ANSWER_KEYS):
        return False
    poles = {name for names in POLES for name in names}
    return bool({"messages", *poles} & {*first})


def _is_answered(path: str | Path, rows: list[Any]) -> bool:
    """Whether rows of another known layout, as Alpaca's, hold answers, and no column of texts."""
    first = rows[0] if rows and isinstance(rows[0], dict) else {}
    is_known = any(roles.is_known(str(name)) for name in first)
    if not is_known or {*COLUMNS[:2]} & {*first}:
        return False
    try:
        found = load_pairs(path)
    except DataError:
        return False
    return found.kind != "letters" and any(pair.positive for pair in found.pairs)


def _answers(path: str | Path, held_out: bool, notes: list[str]) -> list[CorpusText]:
    """Both answers of every pair, or the one answer of every conversation."""
    learnt, kept = load_pairs(path), load_pairs(path, to_measure=True)
    if held_out and learnt.pairs == kept.pairs:
        raise DataError(f"{path} marks no pair as held-out: read all of it.")
    parts = [kept] if held_out else [learnt, kept]
    both = dict.fromkeys(note for part in parts for note in part.notes)
    # Which side was left out is no matter where both are read.
    notes.extend(note for note in both if held_out or HELD_OUT not in note)
    texts: dict[tuple[str, str | None, str], CorpusText] = {}
    for part in parts:
        names = part.poles if part.kind == "answers" else ("", "")
        for pair in part.pairs:
            for name, text in zip(names, (pair.positive, pair.negative), strict=True):
                one = _answer(pair, name, text, len(texts))
                texts.setdefault((pair.prompt, pair.system, text), one)
    return list(texts.values())


def _answer(pair: ContrastPair, name: str, text: str, place: int) -> CorpusText:
    return CorpusText(
        id=f"text {place + 1}",
        text=text[:LONGEST],
        prompt=pair.prompt,
        system=pair.system,
        label=name,
    )


def _texts(rows: list[Any], column: str | None, path: str) -> list[CorpusText]:
    if rows and all(isinstance(row, str) for row in rows):
        if column is not None:
            raise DataError(f"{path} holds lines and no columns: leave the column out.")
        return [_text(row, number) for number, row in enumerate(rows, 1)]
    tables = [row for row in rows if isinstance(row, dict)]
    if len(tables) < len(rows) or not tables:
        raise DataError(f"{path} holds rows that are neither texts nor objects: correct them.")
    columns = list(dict.fromkeys(name for row in tables for name in row))
    named = column or next((name for name in COLUMNS if name in columns), None)
    if named is None or named not in columns:
        known = ", ".join(str(name) for name in columns[:12])
        asked = f"no column {column!r}" if column else "no column 'text'"
        raise DataError(f"{path} has {asked}: name one of {known or 'its columns'}.")
    texts = [(number, row.get(named)) for number, row in enumerate(tables, 1)]
    return [_text(text, number) for number, text in texts if isinstance(text, str)]


def _text(text: str, number: int) -> CorpusText:
    return CorpusText(id=f"row {number}", text=text.strip()[:LONGEST])
