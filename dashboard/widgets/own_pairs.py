"""Files of contrast pairs that the reader makes from answers, beside the store.

Knows nothing of where answers come from. Draws nothing.
"""

import json
from pathlib import Path
from typing import Any

from dashboard.session import resources
from engine.errors import DataError
from engine.questions.rows import normal
from engine.store.files import UNREADABLE, write_atomically
from engine.training import places

FOLDER = "data/own"


def files() -> list[Path]:
    """All that were made, by name."""
    return sorted((_folder()).glob("*.json"))


def _folder() -> Path:
    return Path(resources.engine().store.root) / FOLDER


def add(name: str, row: dict[str, Any]) -> tuple[Path, int]:
    """Put one more pair into a file, which is made where there is none.

    Args:
        name: Of the file, without its ending.
        row: question, positive, negative; system where there is one.

    Returns:
        The file, and how many pairs it has now.

    Raises:
        ConfigError: If the name cannot be a file's.
        DataError: If an answer is empty, the file has a pair of this question, or is no such file.
        StoreError: If the disk refuses.
    """
    path = _folder() / f"{places.check_name(name)}.json"
    for pole in ("positive", "negative"):
        if not str(row[pole]).strip():
            raise DataError(f"The {pole} answer is empty: a pair needs both.")
    if str(row["positive"]).strip() == str(row["negative"]).strip():
        raise DataError("Both answers are the same: a pair needs two that differ.")
    rows = _read(path)
    same = normal(str(row["question"])), row.get("system")
    if any((normal(str(one.get("question"))), one.get("system")) == same for one in rows):
        raise DataError(
            f"{path.name} has a pair of this question, and only the first one would be used: "
            "choose another file."
        )
    rows.append(row)
    return write_atomically(path, as_file(rows)), len(rows)


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except UNREADABLE:
        rows = None
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise DataError(f"{path.name} holds no list of pairs: choose another file.")
    return rows


def as_file(rows: list[dict[str, Any]]) -> bytes:
    """Rows as a file of pairs."""
    return json.dumps(rows, ensure_ascii=False, indent=1).encode()
