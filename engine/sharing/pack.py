"""`pack`: chosen records, their notes, a card and a list of checksums, as one folder.

The folder is itself a small store, and appears whole or not at all. Knows nothing of the hub.
"""

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from engine.errors import ConfigError, EngineError, StoreError
from engine.foreign.importing import import_file
from engine.records.records import RecordInfo
from engine.sharing import card, manifest
from engine.store import notes
from engine.store.library import needs
from engine.store.store import Store


class Packed(NamedTuple):
    """What was packed."""

    path: Path
    digests: tuple[str, ...]
    notes: tuple[str, ...]
    """Subjects whose names, tags and words went along."""
    missing: tuple[str, ...]
    """Digests of stored records that packed ones name, and that were not asked for."""
    bytes: int


def pack(
    store: Store,
    digests: Sequence[str],
    out: Path,
    *,
    words: bool = True,
    license: str = card.NO_LICENSE,  # noqa: A002  The card's field is called so.
) -> Packed:
    """Write records as one folder that `unpack` takes in, and that is a store itself.

    Args:
        store: Holds them.
        digests: Their digests, or beginnings.
        out: The folder, which must not be there yet.
        words: Whether the words of notes go along; names and tags do, stars never.
        license: Of the card; an identifier of the hub, as cc-by-4.0.

    Raises:
        ConfigError: If nothing is named, or something lies at `out`.
        DataError: If a record is not whole.
        StoreError: If there is no such record, or the disk refuses.
    """
    if not digests:
        raise ConfigError("A pack holds at least one record: name its digest.")
    if out.exists() or out.is_symlink():
        raise ConfigError(f"{out} exists and was left as it is: name another folder.")
    card.check_license(license)
    infos = list({info.digest: info for info in map(store.find, digests)}.values())
    temporary = out.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        temporary.mkdir(parents=True)
        inside = Store(temporary)
        for info in infos:
            _add(inside, info)
        noted = _add_notes(store, inside, infos, words)
        text = card.text(store, inside, license)
        (temporary / manifest.CARD).write_text(text, encoding="utf-8")
        size = _seal(temporary)
        temporary.rename(out)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StoreError(f"{out} could not be written: {reason}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    known = tuple(info.digest for info in infos)
    named = {digest for info in infos for digest in needs.mentions(info)} - set(known)
    missing = tuple(sorted(digest for digest in named if store.has(digest)))
    return Packed(out, known, noted, missing, size)


def _add(inside: Store, info: RecordInfo) -> None:
    """A record that does not open is not sent: what is imported here can be imported anywhere."""
    path = Path(info.path)
    try:
        import_file(inside, path.read_bytes(), path.name)
    except EngineError as error:
        raise type(error)(f"{info.digest} was not packed, nor the others: {error}") from error


def _add_notes(
    store: Store, inside: Store, infos: Sequence[RecordInfo], words: bool
) -> tuple[str, ...]:
    digests = {info.digest for info in infos}
    own = {
        subject: note
        for subject, note in notes.every(store.root).items()
        if subject.partition(":")[0] in digests
    }
    kept = []
    for subject, note in sorted(own.items()):
        told = note.words if words else ""
        # A star is the reader's own and says nothing to another one.
        if notes.keep(inside.root, subject, note.name, told, tags=note.tags, star=False).version:
            kept.append(subject)
    return tuple(kept)


def _seal(folder: Path) -> int:
    """Write the list of a pack's files; the bytes of all of them."""
    found = [
        manifest.listed(path.relative_to(folder).as_posix(), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    text = manifest.text(found)
    # What is refused on reading is not written either.
    manifest.parsed(text)
    (folder / manifest.NAME).write_bytes(text)
    return sum(one.bytes for one in found) + len(text)
