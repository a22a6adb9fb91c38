"""What a thing is called on screen, and what a reader noted of it: one reading for all pages.

Names are texts of unknown origin: `captions.plain` makes them safe for a label. Draws nothing.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from dashboard.session import resources
from engine.records.records import RecordInfo
from engine.store import unfinished
from engine.store.naming import names as readings
from engine.store.naming.names import BETWEEN, Names
from engine.store.notes import Note

_VECTOR = re.compile(r"[0-9a-f]{12}:[0-9]+")


def names() -> Names:
    """The names of all that is stored, as it is now."""
    return readings.of_store(resources.engine().store)


def called(subject: RecordInfo | str) -> str:
    """What a thing is called on screen: by a reader's own name, else by what tells it from others.

    Args:
        subject: A record, or by name: "DIGEST:INDEX" (a vector), "DIGEST", "data:SHA12" or
            "adapter:HASH12".
    """
    return names().of(subject)


def short(reference: str) -> str:
    """A vector where its set is evident: a reader's own name, else "block 4" or "07"."""
    return names().short(reference)


def labels(names_of: Mapping[str, tuple[str, int]], is_whole: bool = False) -> dict[str, str]:
    """What vectors of a run or a map are called, by the names that links and figures have.

    A reader's own name goes first. Of sets whose vectors have the same names it says what differs.

    Args:
        names_of: Set and index of each name.
        is_whole: Whether what the vector's set is called is told too.
    """
    found = names()
    alike: dict[str, set[str]] = defaultdict(set)
    plain = {name: found.plain(*key) for name, key in names_of.items()}
    for name, (digest, _) in names_of.items():
        alike[plain[name]].add(digest)
    told = {}
    for name, (digest, index) in names_of.items():
        own = found.note(f"{digest}:{index}").name
        others = sorted(alike[plain[name]])
        if own and not is_whole:
            told[name] = own
        elif is_whole:
            whole = found.of(f"{digest}:{index}")
            told[name] = BETWEEN.join(dict.fromkeys((plain[name], whole)))
        elif len(others) > 1:
            told[name] = f"{plain[name]} ({found.differing(others)[digest]})"
        else:
            told[name] = plain[name]
    return told


def own_vectors() -> dict[str, str]:
    """A reader's own names of vectors by reference; those that have one alone."""
    every = names().notes.items()
    return {one: note.name for one, note in every if note.name and _VECTOR.fullmatch(one)}


def own_names(keys: Mapping[tuple[str, int], str]) -> dict[str, str]:
    """A reader's own names of a run's vectors by what the run calls them; those it has alone.

    Args:
        keys: What a run calls its vectors, by set and index.
    """
    found = names()
    told = {name: found.note(f"{key[0]}:{key[1]}").name for key, name in keys.items()}
    every = [*told, *told.values()]
    # Two that a reader called the same are told apart.
    return {
        name: named if every.count(named) == 1 else f"{named} ({name})"
        for name, named in told.items()
        if named
    }


def asked(infos: Sequence[RecordInfo]) -> dict[str, str]:
    """What evaluations are called where their vectors are evident, by digest: by their questions.

    Of those of the same questions it says what differs; a digest only where nothing else does.

    Args:
        infos: Of stored evaluations.
    """
    found = names()
    plain = {
        info.digest: BETWEEN.join(part for part in (found.asked(info), resources.how(info)) if part)
        for info in infos
    }
    plain |= {i.digest: named for i in infos if (named := found.note(i.digest).name)}
    told = {}
    for digest, name in plain.items():
        alike = [one for one, other in plain.items() if other == name]
        apart = found.differing(alike)[digest] if len(alike) > 1 else ""
        told[digest] = BETWEEN.join(part for part in (name, apart) if part)
    return told


def note(subject: str) -> Note:
    """A reader's own name, notes, tags and star of a thing."""
    return names().note(subject)


def line(info: RecordInfo) -> str:
    """A record's line in a menu: its star, name, size and model."""
    found = names()
    star = "\u2605 " if found.note(info.digest).star else ""
    told = found.of(info)
    if unfinished.is_part(info):
        return BETWEEN.join((f"so far: {told}", info.model))
    # A name may tell a set's blocks already.
    size = info.summary.partition(", block ")[0]
    return star + BETWEEN.join((told, size, info.model))


HELPERS = "show_helpers"
"""Of the switch that shows helper sets in all menus of this tab."""


def offered(infos: Sequence[RecordInfo], key: str) -> list[RecordInfo]:
    """Those of a menu that stand for themselves, or all where the reader asks for helper sets.

    Args:
        infos: What the menu could offer.
        key: Of the menu; what is chosen in it, or its link asks for, stays.
    """
    hidden = {info.digest for info in helpers(infos, key)}
    kept = [info for info in infos if info.digest not in hidden]
    return list(infos) if st.session_state.get(HELPERS) or not kept else kept


def helpers(infos: Sequence[RecordInfo], key: str = "") -> list[RecordInfo]:
    """Sets that are there for a study or for the evidence of another set alone."""
    found = names()
    kept = {*_chosen(key), *st.query_params.get_all(key)} if key else set()
    return [i for i in infos if found.parent(i.digest) is not None and i.digest not in kept]


def _chosen(key: str) -> list[str]:
    """The digests that stand in a menu, of which a choice may be a vector of a set."""
    chosen = st.session_state.get(key)
    every = chosen if isinstance(chosen, list) else [chosen]
    return [str(one).partition(":")[0] for one in every if one is not None]


def root() -> Path:
    """Where notes are kept."""
    return Path(resources.engine().store.root)
