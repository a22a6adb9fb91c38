"""`unpack`: a pack from elsewhere, checked as a whole before anything is taken in.

Nothing in it is executed, no link in it is followed, and nothing in the reader's store is written
over. Knows nothing of where a pack came from.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine.errors import DataError, StoreError
from engine.foreign.importing import import_file
from engine.records.records import RecordInfo
from engine.sharing import manifest
from engine.store import notes
from engine.store.store import Store

NEW, SAME, ANOTHER_FILE, OTHER = "new", "same", "another file", "other"


class Taken(NamedTuple):
    """What became of a pack."""

    new: tuple[str, ...]
    """Digests of records that were taken in."""
    known: tuple[str, ...]
    """Of those that the store had already: the same vectors, or the same file."""
    kept_own: tuple[str, ...]
    """Of those whose stored record is another one, which stayed."""
    named: tuple[str, ...]
    """Subjects whose names, tags and words were taken over."""
    notes: tuple[str, ...]
    """What a reader has to know, a sentence each."""


def unpack(store: Store, folder: Path) -> Taken:
    """Take the records of a pack into a store, and its notes where the reader wrote none.

    Args:
        store: Takes them.
        folder: What `pack` wrote.

    Raises:
        DataError: If a file is missing, a link, not what was packed, or no whole record. Nothing
            was taken in then.
        StoreError: If a record of the store is damaged, or the disk refuses.
    """
    files = manifest.read(folder)
    told = _about_others(folder, files)
    records = manifest.contents(folder, files)
    with tempfile.TemporaryDirectory(prefix="vectorscope-unpack-") as place:
        inside = Store(Path(place))
        noted = {name: text for name, text in records.items() if name.startswith(manifest.NOTES)}
        for name, content in records.items():
            if name not in noted:
                import_file(inside, content, name)
        given = _given_notes(inside, noted)
        return _taken(store, inside, given, told)


def _taken(store: Store, inside: Store, given: Mapping[str, notes.Note], told: list[str]) -> Taken:
    infos = sorted(inside.list(), key=lambda info: info.digest)
    # All is decided before anything is written.
    plan = {info.digest: _decided(store, inside, info) for info in infos}
    for info in infos:
        if plan[info.digest] == NEW:
            import_file(store, Path(info.path).read_bytes(), Path(info.path).name)
    kept, others = _keep_notes(store, given, plan)
    if others:
        told.append(f"Your own notes of {', '.join(others)} were left as they are.")
    told += [_sentence(digest, what) for digest, what in plan.items() if what in SENTENCES]
    by = {what: tuple(d for d, one in plan.items() if one == what) for what in set(plan.values())}
    known = (*by.get(SAME, ()), *by.get(ANOTHER_FILE, ()))
    return Taken(by.get(NEW, ()), known, by.get(OTHER, ()), kept, tuple(told))


SENTENCES = {
    ANOTHER_FILE: "{} is stored with the same vectors, found another time: yours was left.",
    OTHER: "{} is stored with other content: yours was left; delete it first to take this one.",
}


def _sentence(digest: str, what: str) -> str:
    return SENTENCES[what].format(digest)


def _decided(store: Store, inside: Store, info: RecordInfo) -> str:
    """What to do with a record of a pack; nothing is written.

    Raises:
        StoreError: If a damaged file lies under its name.
    """
    path = Path(info.path)
    if not store.has(info.digest):
        target = store.root / path.relative_to(inside.root)
        if target.exists() or target.is_symlink():
            raise StoreError(
                f"{target.name} in the store cannot be read: delete it, and unpack again. Nothing "
                "was taken in."
            )
        return NEW
    own = store.find(info.digest)
    if Path(own.path).read_bytes() == path.read_bytes():
        return SAME
    # A run done again has another time of creation, and so another file.
    is_set = info.kind == own.kind == "vectors"
    same = is_set and store.content(info.digest) == inside.content(info.digest)
    return ANOTHER_FILE if same else OTHER


def _given_notes(inside: Store, files: Mapping[str, bytes]) -> dict[str, notes.Note]:
    """The notes of a pack, each of a record in it and as `keep` would have written it.

    Raises:
        DataError: If one cannot be read, or is of something else.
    """
    digests = {info.digest for info in inside.list()}
    found: dict[str, notes.Note] = {}
    for name, content in files.items():
        subject = Path(name).stem.replace("_", ":")
        if subject.partition(":")[0] not in digests or not notes.is_subject(subject):
            raise DataError(f"{name} is a note of no record in this pack: nothing was taken.")
        path = inside.root / notes.FOLDER / Path(name).name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        try:
            found[subject] = notes.read(inside.root, subject)
        except StoreError as error:
            raise DataError(f"{name} cannot be read: ask for the pack again.") from error
    return found


def _keep_notes(
    store: Store, given: Mapping[str, notes.Note], plan: Mapping[str, str]
) -> tuple[tuple[str, ...], list[str]]:
    """Subjects whose notes were kept, and those that had others."""
    kept, others = [], []
    for subject, note in given.items():
        # A name that was given to other numbers would be wrong here.
        if plan[subject.partition(":")[0]] == OTHER:
            continue
        own = notes.read(store.root, subject)
        wanted: dict[str, Any] = {"name": note.name, "words": note.words, "tags": note.tags}
        if not own.version:
            if notes.keep(store.root, subject, **wanted, seen="").version:
                kept.append(subject)
        elif (own.name, own.words, own.tags) != (note.name, note.words, note.tags):
            others.append(subject)
    return tuple(kept), others


def _about_others(folder: Path, files: tuple[manifest.Listed, ...]) -> list[str]:
    """What differs from the pack as it was written and harms nothing, a sentence each."""
    told = []
    for one in files:
        if one.path == manifest.CARD:
            try:
                manifest.whole(folder, one)
            except DataError:
                told.append(f"{manifest.CARD} is not as it was packed; no record is touched by it.")
    names = {one.path for one in files}
    beside = [
        path.relative_to(folder).as_posix()
        for place in ("vectors", "results")
        for path in sorted((folder / place).rglob("*"))
        if not path.is_dir()
    ]
    if more := [name for name in beside if name not in names]:
        told.append(f"{len(more)} files were not packed, and were left: {more[0][:80]}.")
    return told
