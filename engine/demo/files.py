"""Writes a text or JSON file under another name first, then renames it."""

import json
from pathlib import Path


def write_json(path: Path, value: object) -> None:
    """Write indented JSON, creating the folder."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file under another name first, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
