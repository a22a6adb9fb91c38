"""Names of a reader's own data, as they were given when it was kept. Knows nothing of its rows."""

import json
from pathlib import Path

from engine.store.files import UNREADABLE

FOLDER = "data/own"
KINDS = ("questions", "pairs", "prompts", "knowledge")
PLACES = tuple(f"{FOLDER}/{kind}" for kind in KINDS)
"""Folders below the store's root, one file of content each and one beside it that tells of it."""


def names(root: Path) -> dict[str, str]:
    """What each kept file is called, by the hash that names it; those that cannot be read are
    left out."""
    found: dict[str, str] = {}
    for place in PLACES:
        for path in (root / place).glob("*.json"):
            try:
                told = json.loads(path.read_text(encoding="utf-8"))
                if isinstance(told["name"], str) and told["name"]:
                    found[path.stem] = told["name"]
            except UNREADABLE:
                continue
    return found
