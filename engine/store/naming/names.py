"""What every thing in a store is called: one reading for all pages and commands.

Knows nothing of screens.
"""

import os
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from time import time_ns
from typing import NamedTuple

from engine.records.records import RecordInfo
from engine.store import notes
from engine.store.naming import apart, own_data
from engine.store.naming.defaults import REF
from engine.store.notes import NOTHING, Note
from engine.store.store import Store

BETWEEN = " \u00b7 "
SETTLED_NS = 50 * 10**6
"""A folder that changed so lately could change again within one tick of the disk's clock."""


class Names:
    """The names of all that a store holds, as it is at one time."""

    def __init__(
        self, infos: Sequence[RecordInfo], noted: dict[str, Note], data: dict[str, str]
    ) -> None:
        """Nothing is read but what tells names apart that are alike.

        Args:
            infos: What the store holds.
            noted: A reader's own notes, by subject.
            data: Names of one's own data, by content.
        """
        self.infos = {info.digest: info for info in infos}
        """Records by digest."""
        self.notes = noted
        """A reader's own notes by subject; never change it."""
        self.data = data
        self._defaults: dict[str, str] = {}
        own = {d for info in infos for d in set(info.about.members) - set(info.about.helpers)}
        self._parents = {
            digest: info.digest
            for info in infos
            for digest in info.about.helpers
            if digest not in own
        }
        for wanted in (True, False):
            # Names of vectors first: those of other records hold them.
            self._name([info for info in infos if (info.kind == "vectors") is wanted])

    def of(self, subject: str | RecordInfo) -> str:
        """What a thing is called: by a reader's own name, else by what tells it from others.

        Args:
            subject: As `notes` names things, or a record, stored or not.
        """
        if isinstance(subject, RecordInfo):
            own = self.note(subject.digest).name
            return own or self._defaults.get(subject.digest) or self._plain(subject)
        return self.note(subject).name or self.default(subject)

    def default(self, subject: str) -> str:
        """What it would be called without a name of its own; the subject where it is unknown."""
        if subject.startswith("data:"):
            return self.data.get(subject.removeprefix("data:"), subject)
        digest, _, index = subject.partition(":")
        if not index or digest not in self.infos:
            return self._defaults.get(digest, subject)
        inside = self.inside(subject)
        return f"{self.of(digest)}{BETWEEN}{inside}" if inside else self.of(digest)

    def short(self, reference: str) -> str:
        """A vector where its set is evident: its own name, else what tells it in its set."""
        return self.note(reference).name or self.inside(reference) or self.of(reference)

    def inside(self, reference: str) -> str:
        """What tells a vector from the others of its set: "block 4", "07"; "" if it is alone."""
        digest, _, index = reference.partition(":")
        info = self.infos.get(digest)
        if info is None or not index.isdecimal():
            return ""
        known = info.about.inside
        return known[int(index)] if int(index) < len(known) else f"{int(index):02d}"

    def plain(self, digest: str, index: int) -> str:
        """What its finder calls a vector: "melbo_03"."""
        info = self.infos.get(digest)
        return f"{'vector' if info is None else info.method}_{index:02d}"

    def differing(self, digests: Sequence[str]) -> dict[str, str]:
        """What tells several sets apart: their names without the parts that all of them have."""
        parts = {digest: self.of(digest).split(BETWEEN) for digest in dict.fromkeys(digests)}
        common = set.intersection(*(set(one) for one in parts.values())) if parts else set()
        told = {
            digest: BETWEEN.join(part for part in own if part not in common)
            for digest, own in parts.items()
        }
        words = {digest: words or self.of(digest) for digest, words in told.items()}
        doubled = [one for one in words.values() if list(words.values()).count(one) > 1]
        return {
            digest: f"{one} {digest[:4]}" if one in doubled else one
            for digest, one in words.items()
        }

    def asked(self, info: RecordInfo) -> str:
        """What the questions of an evaluation are called; own data by the name they were given."""
        return self._part(info.about.parts[0]) if info.about.parts else info.summary

    def note(self, subject: str) -> Note:
        """A reader's own note of it, `NOTHING` where there is none."""
        return self.notes.get(subject, NOTHING)

    def parent(self, digest: str) -> str | None:
        """The record for which alone a set is there; None for one that stands for itself.

        What a reader named or starred stands for itself.
        """
        parent = self._parents.get(digest)
        return None if self._is_noted(digest) else parent

    def starred(self, digest: str) -> bool:
        """Whether a record, or a vector of it, is starred."""
        own = f"{digest}:"
        return any(
            note.star for name, note in self.notes.items() if name == digest or name.startswith(own)
        )

    def _is_noted(self, digest: str) -> bool:
        own = f"{digest}:"
        return any(name == digest or name.startswith(own) for name in self.notes)

    def _name(self, infos: Sequence[RecordInfo]) -> None:
        alike: dict[tuple[str, str, str], list[RecordInfo]] = defaultdict(list)
        for info in infos:
            alike[info.kind, info.model, self._plain(info)].append(info)
        for (_, _, name), group in alike.items():
            added = apart.told(group) if len(group) > 1 else [()]
            for info, parts in zip(group, added, strict=True):
                self._defaults[info.digest] = BETWEEN.join((name, *parts))

    def _plain(self, info: RecordInfo) -> str:
        """A name before others are looked at; a record too odd to have one is told by its kind."""
        parts = [self._part(part) for part in info.about.parts]
        odd = (info.method.replace("-", " ").capitalize(), info.summary)
        return BETWEEN.join(parts or [part for part in odd if part])

    def _part(self, part: str) -> str:
        subject = part.removeprefix(REF)
        if subject == part or not notes.is_subject(subject):
            return part
        return self.of(subject)


class _Seen(NamedTuple):
    stamp: tuple[int, ...]
    is_settled: bool
    infos: list[RecordInfo]
    names: Names


_seen: dict[Path, _Seen] = {}
_looking = threading.Lock()


def of_store(store: Store) -> Names:
    """The names of all that a store holds; the same object while nothing there is another.

    Records appear and go by rename, so that a folder's own time tells whether to look again; notes
    are looked at file by file, since a person may mend one in its place.
    """
    root = Path(store.root)
    noted = notes.every(root)
    with _looking:
        stamp, seen = _stamp(root), _seen.get(root)
        if seen is not None and seen.is_settled and seen.stamp == stamp:
            infos, data = seen.infos, seen.names.data
        else:
            infos, data = store.list(), own_data.names(root)
        names = None if seen is None else seen.names
        is_same = seen is not None and (infos, data) == (seen.infos, seen.names.data)
        if names is None or not is_same or names.notes is not noted:
            names = Names(infos, noted, data)
        _seen[root] = _Seen(stamp, max(stamp) < time_ns() - SETTLED_NS, infos, names)
        return names


def _stamp(root: Path) -> tuple[int, ...]:
    return tuple(_time(root / place) for place in ("vectors", "results", *own_data.PLACES))


def _time(place: Path) -> int:
    try:
        return os.stat(place).st_mtime_ns
    except OSError:
        return 0
