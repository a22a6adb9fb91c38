"""Files and folders of other layouts as the rows that readers here take, without keeping them.

Knows nothing of what the rows are then used for.
"""

from pathlib import Path

from engine.errors import DataError
from engine.questions.own import places, reading, roles
from engine.questions.own.making import REPEATS
from engine.questions.own.understanding import Understood
from engine.questions.sources import PACKED, Source, form_of, located, read_source, sha256_of


class ManyOptionsError(DataError):
    """Questions that have more options than are asked."""


TABLES = (*reading.TABLES, *PACKED, ".gz")
"""Endings of files that are no lines and no JSON; a .gz keeps its own where it has no other."""


def is_table(path: str | Path) -> bool:
    """Whether a file is no lines and no JSON, or a folder of files with rows.

    Raises:
        DataError: If it is of a kind that is not read.
    """
    form = form_of(path)
    if form in reading.OTHERS:
        raise DataError(f"{path} is not read ({form} files): {reading.OTHERS[form]}.")
    return form in TABLES or places.is_of_rows(located(path))


def source_of(path: str | Path, kind: str) -> Source:
    """The text of a file; of a table or a folder, the rows of a kind as JSON Lines.

    Raises:
        DataError: If it cannot be read, or holds no row of the kind.
    """
    return converted(path, kind, kind == "prompts") if is_table(path) else read_source(path)


def converted(path: str | Path, kind: str, is_strict: bool = False) -> Source:
    """The rows of a kind that a file or a folder of any layout holds, as JSON Lines.

    Args:
        path: The file, or the folder.
        kind: One of `KINDS`.
        is_strict: Refuse rows that are no such rows, for whoever has nowhere to say it.

    Raises:
        DataError: If it holds none, or its columns must be named first.
        ManyOptionsError: If two of more options would be asked; whoever adds data sees that first.
    """
    found = places.understand_here(path, kind)
    if found.needs:
        known = roles.listed(found.columns)
        raise DataError(
            f"{path} has columns {known}: say which is the {' and which the '.join(found.needs)}, "
            f"as --field {found.needs[0]}=COLUMN."
        )
    refuse_many(found, path)
    notes = [f"Read as {found.layout}.", *found.notes]
    wrong = [one for one in found.dropped if not one[1].startswith(REPEATS)]
    if is_strict and wrong:
        raise DataError(
            f"Line {wrong[0][0]} of {path} gives no {kind.removesuffix('s')} ({wrong[0][1]}): "
            "correct or remove it."
        )
    if found.dropped:
        reason = found.dropped[0][1]
        line = found.dropped[0][0]
        notes.append(f"{len(found.dropped):,} rows were left out (line {line}: {reason}).")
    return Source(str(path), found.content.decode(), sha256_of(path), ".jsonl", tuple(notes))


def refuse_many(found: Understood, path: str | Path) -> None:
    """Refuse questions of which two of more options would be asked.

    Raises:
        ManyOptionsError: If there are; whoever adds data sees that first.
    """
    if found.kind in ("questions", "pairs") and found.most_options > 2:
        raise ManyOptionsError(
            f"{path} has questions with {found.most_options} options, and two are asked here: "
            "reduce them with the command add, or give the file as --knowledge."
        )
