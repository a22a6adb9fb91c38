"""Small JSON files that lie beside a file of vectors and say what it is. Reads nothing else."""

from pathlib import Path
from typing import Any

from engine.foreign.formats.published import DIRECTION, SCORES
from engine.foreign.formats.runs import lm_eval
from engine.records import strict

MOST_BYTES = 2**20
_ENDINGS = (".json", ".meta", ".meta.json")


def beside(path: Path) -> dict[str, Any]:
    """Plain values of the file's own sidecar; tables of scores under their files' names."""
    found: dict[str, Any] = {}
    if path.name == "direction.pt":
        found |= _object(path.with_name(DIRECTION))
    for ending in _ENDINGS:
        own = path.with_name(path.stem + ending)
        if own != path:
            found |= _object(own)
    if path.name == "mean_diffs.pt":
        for folder in (path.parent, path.parent.parent / "select_direction"):
            rows = _read(folder / SCORES)
            if isinstance(rows, list) and SCORES not in found:
                found[SCORES] = rows
    return found


def totals(path: Path) -> dict[str, Any] | None:
    """What lm-eval wrote beside a file of its samples; None where there is none."""
    name = lm_eval.totals_of(path.name)
    return (_object(path.with_name(name)) or None) if name else None


def _object(path: Path) -> dict[str, Any]:
    value = _read(path)
    return value if isinstance(value, dict) else {}


def _read(path: Path) -> Any:
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        return strict.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
