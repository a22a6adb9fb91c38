"""Files of other layouts as the rows that readers here take, without keeping them.

Knows nothing of what the rows are then used for.
"""

import hashlib
from pathlib import Path, PurePath

from engine.errors import DataError
from engine.questions.own import reading, roles
from engine.questions.own.making import REPEATS
from engine.questions.own.understanding import understand
from engine.questions.sources import PACKED, Source, read_bytes, read_source

TABLES = (*reading.TABLES, *PACKED)
"""Endings of files that are no lines and no JSON."""


def source_of(path: str | Path, kind: str) -> Source:
    """The text of a file; of a table, the rows of a kind as JSON Lines.

    Raises:
        DataError: If it cannot be read, or holds no row of the kind.
    """
    suffix = PurePath(path).suffix.lower()
    is_strict = kind == "prompts"
    if suffix in reading.OTHERS:
        raise DataError(f"{path} is not read ({suffix} files): {reading.OTHERS[suffix]}.")
    return converted(path, kind, is_strict) if suffix in TABLES else read_source(path)


def converted(path: str | Path, kind: str, is_strict: bool = False) -> Source:
    """The rows of a kind that a file of any layout holds, as JSON Lines.

    Args:
        path: The file.
        kind: One of `KINDS`.
        is_strict: Refuse rows that are no such rows, for whoever has nowhere to say it.

    Raises:
        DataError: If it holds none, or its columns must be named first.
    """
    content = read_bytes(path)
    found = understand(content, str(path), kind)
    if found.needs:
        known = roles.listed(found.columns)
        raise DataError(
            f"{path} has columns {known}: say which is the {' and which the '.join(found.needs)} "
            "with the command add."
        )
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
    text, sha256 = found.content.decode(), hashlib.sha256(content).hexdigest()
    return Source(str(path), text, sha256, ".jsonl", tuple(notes))
