"""Own data that is kept: by its content, with a name, where every reader takes it as a file.

Knows nothing of how rows were understood.
"""

import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath

from engine.errors import DataError
from engine.questions.own.understanding import Understood
from engine.questions.polarity import VALUES, sidecar_path
from engine.records import strict

FOLDER = "data/own"
LONGEST_NAME = 120


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One kept file."""

    path: Path
    name: str
    kind: str
    sha256: str
    """Of the file, so of its rows."""
    rows: int
    file: str
    """What it was called where it came from."""
    layout: str
    """In words."""
    behaviours: Mapping[str, str] = field(default_factory=dict)
    """Behaviour -> the answer that shows it; empty where nobody said."""
    created: str = ""
    """UTC, ISO 8601."""
    dropped: int = 0
    duplicates: int = 0
    notes: tuple[str, ...] = ()

    def __fspath__(self) -> str:
        """Wherever a file is asked for, it stands for its own."""
        return str(self.path)


def keep(root: Path, understood: Understood, name: str = "") -> Kept:
    """Write rows by their content below `root`; the same rows are kept once, with the last name.

    Args:
        root: Of the store.
        understood: What `understand` gave.
        name: What it is to be called; "" takes its file's name.

    Raises:
        DataError: If there is no row yet, the name is none, or the disk refuses.
    """
    if not understood.rows:
        raise DataError(f"{understood.file} has no row to keep yet: say which column is which.")
    sha256 = understood.sha256
    path = place(root, understood)
    before = card(path)
    behaviours = {**(before.behaviours if before else {}), **understood.behaviours}
    found = Kept(
        path=path,
        name=_name(name or stem(understood.file)),
        kind=understood.kind,
        sha256=sha256,
        rows=len(understood.rows),
        file=understood.file[-LONGEST_NAME:],
        layout=understood.layout,
        behaviours=behaviours,
        created=before.created if before else datetime.now(UTC).isoformat(timespec="seconds"),
        dropped=len(understood.dropped),
        duplicates=understood.duplicates,
        notes=understood.notes,
    )
    try:
        if not path.is_file():
            _write(path, understood.content)
        if behaviours:
            _write(sidecar_path(path), strict.dumps(behaviours).encode())
        _write(path.with_suffix(".json"), _card_of(found))
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}.") from None
    return found


def place(root: Path, understood: Understood) -> Path:
    """Where rows lie once they are kept below the store's root."""
    return root / FOLDER / understood.kind / f"{understood.sha256[:12]}.jsonl"


def every(root: Path, kind: str) -> list[Kept]:
    """What is kept of a kind, the newest first."""
    found = [card(path) for path in (root / FOLDER / kind).glob("*.jsonl")]
    known = [one for one in found if one is not None]
    return sorted(known, key=lambda one: (one.created, one.sha256), reverse=True)


def card(path: Path) -> Kept | None:
    """What is known of a kept file; None where it is none. A lost card costs only the name."""
    if path.parent.parent != path.parent.parent.parent / "own" or not path.is_file():
        return None
    try:
        values = strict.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        behaviours = {str(k): v for k, v in values.get("behaviours", {}).items() if v in VALUES}
        return Kept(
            path=path,
            name=str(values["name"]),
            kind=path.parent.name,
            sha256=str(values["sha256"]),
            rows=int(values["rows"]),
            file=str(values["file"]),
            layout=str(values["layout"]),
            behaviours=behaviours,
            created=str(values["created"]),
            dropped=int(values["dropped"]),
            duplicates=int(values["duplicates"]),
            notes=tuple(map(str, values["notes"])),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Kept(
            path=path,
            name=path.stem,
            kind=path.parent.name,
            sha256=path.stem,
            rows=0,
            file="",
            layout="",
        )


def stem(file: str) -> str:
    """A file's name without its endings."""
    name = PurePath(file).name
    for ending in (".gz", PurePath(name.removesuffix(".gz")).suffix):
        name = name.removesuffix(ending) or name
    return name


def _name(name: str) -> str:
    """A name as it is kept: one line, with nothing that turns or hides letters.

    Raises:
        DataError: If nothing is left, or it is too long.
    """
    plain = " ".join("".join(c for c in name if c.isprintable() or c.isspace()).split())
    if not plain or len(plain) > LONGEST_NAME:
        raise DataError(f"A name has 1 to {LONGEST_NAME} letters: write another.")
    return plain


def _card_of(kept: Kept) -> bytes:
    values = {name: value for name, value in vars(kept).items() if name != "path"}
    return strict.dumps(values, indent=1, ensure_ascii=False).encode()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        with suppress(OSError):
            partial.unlink()
