"""Models and adapters that readers have chosen on this machine, newest first.

A convenience and no record: what cannot be read counts as nothing, and what cannot be written is
left. Knows nothing of where a name leads.
"""

import json
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.errors import StoreError
from engine.store.files import write_atomically

FILE = "results/.recent_models.json"
MOST = 12
"""Names of either kind that are kept."""
LONGEST = 4096
"""Signs of a name."""
_writing = threading.Lock()


def models(root: Path) -> list[str]:
    """Presets, folders, files and hub ids.

    Args:
        root: Of the store.
    """
    return [model for model, _ in _read(root)]


def adapters(root: Path, model: str) -> list[str]:
    """Folders and hub ids of adapters that were chosen with this model."""
    return next((known for name, known in _read(root) if name == model), [])


def note(root: Path, model: str, adapter: str | None = None) -> None:
    """Remember a choice."""
    with _writing:
        known = dict(_read(root))
        before = known.pop(model, [])
        given = [] if adapter is None else [adapter]
        used = [*given, *(one for one in before if one not in given)]
        kept = [(model, used[:MOST]), *known.items()][:MOST]
        plain = [{"model": name, "adapters": used} for name, used in kept]
        with suppress(StoreError):
            write_atomically(root / FILE, json.dumps(plain, indent=1).encode())


def _read(root: Path) -> list[tuple[str, list[str]]]:
    try:
        found: Any = json.loads((root / FILE).read_text(encoding="utf-8"))
        rows = [(row["model"], row["adapters"]) for row in found]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    kept: dict[str, list[str]] = {}
    for name, used in rows[:MOST]:
        if _is_name(name) and isinstance(used, list):
            kept.setdefault(name, [one for one in used if _is_name(one)][:MOST])
    return list(kept.items())


def _is_name(given: Any) -> bool:
    return isinstance(given, str) and 0 < len(given.strip()) <= LONGEST and given.isprintable()
