"""Which vector the page is of: the link's, the reader's choice, or the one he last looked at.

A set's vectors and what its record says are read without the vectors themselves. Draws pickers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.session import naming, pinned, resources, state
from dashboard.session.vector_links import PARAMETER as KEY
from dashboard.widgets import noting
from dashboard.words import captions
from engine.configs.core import Site
from engine.errors import EngineError
from engine.records.records import RecordInfo
from engine.store.naming.names import BETWEEN
from engine.store.notes import Note

_ASKED = re.compile(r"([0-9a-f]{1,12})(?::([0-9]{1,5}))?")


@dataclass(frozen=True)
class Subject:
    """One stored vector, by what its record says of it."""

    info: RecordInfo
    index: int
    """Its row in the set."""
    record: dict[str, Any]
    """The set's record without its vectors; shared, so never to be changed."""
    note: Note
    """A reader's own words on it."""

    @property
    def reference(self) -> str:
        """As links and the command line name it."""
        return f"{self.info.digest}:{self.index}"

    @property
    def name(self) -> str:
        """What its finder calls it."""
        return f"{self.info.method}_{self.index:02d}"

    @property
    def called(self) -> str:
        """A reader's own name for it, else what tells it from other vectors."""
        return naming.called(self.reference)

    @property
    def site(self) -> Site:
        """Where it belongs."""
        return Site(**self.record["sites"][self.index])

    @property
    def norm(self) -> float | None:
        """Its length; None where the record does not say."""
        norms = self.record.get("norms") or ()
        return float(norms[self.index]) if self.index < len(norms) else None


def choose() -> Subject | None:
    """The vector to show, after its pickers; None where no vector is stored."""
    infos = {info.digest: info for info in resources.own_first(resources.records("vectors"))}
    if not infos:
        return None
    _resolve(infos)
    digest, _, index = str(st.session_state[KEY]).partition(":")
    info = infos[digest]
    record = resources.header(info.digest, info.path)
    _pickers(infos, info, len(record["sites"]))
    is_asked = KEY in st.query_params
    state.write_link(KEY)
    digest, _, index = str(st.session_state[KEY]).partition(":")
    pinned.note(f"{digest}:{index}", is_asked)
    return Subject(info, int(index), record, naming.note(f"{digest}:{index}"))


def _resolve(infos: dict[str, RecordInfo]) -> None:
    """Make the link's vector, or the one shown before, the choice; say what is missing."""
    asked, before = st.query_params.get(KEY), st.session_state.get(KEY)
    whole = None if asked is None else full(asked, infos)
    known = [one for one in (whole, full(before, infos)) if one is not None]
    state.note_gone(KEY, known)
    one = pinned.wanted(KEY)
    if one is not None and full(one.reference, infos) is not None:
        st.session_state[KEY] = one.reference
        known.append(one.reference)
    aliases = {asked: whole} if asked is not None and whole is not None else {}
    state.resolve(KEY, known, aliases)
    state.warn_missing(KEY, "the vector", near(asked or before, infos))
    if st.session_state.get(KEY) not in known:
        st.session_state.pop(KEY, None)
    state.choose_if_none(KEY, first(infos, asked))


def full(asked: Any, infos: dict[str, RecordInfo]) -> str | None:
    """The stored vector that a link means: digest or its beginning, with an index or the first.

    Args:
        asked: What the link says.
        infos: Sets by digest.
    """
    named = _ASKED.fullmatch(str(asked).strip().lower()) if asked is not None else None
    if named is None:
        return None
    start, index = named[1], int(named[2] or 0)
    hits = [start] if start in infos else [one for one in infos if one.startswith(start)]
    if len(hits) != 1 or index >= _count(infos[hits[0]]):
        return None
    return f"{hits[0]}:{index}"


def _count(info: RecordInfo) -> int:
    """How many vectors a set has; none where its record cannot be read any more."""
    try:
        return len(resources.header(info.digest, info.path)["sites"])
    except EngineError:
        return 0


def near(asked: Any, infos: dict[str, RecordInfo]) -> list[str]:
    """Vectors that a wrong link may have meant: of its own set, else the first of every set."""
    start = str(asked).partition(":")[0]
    own = [one for one in infos if start and one.startswith(start)]
    if len(own) == 1:
        return [f"{own[0]}:{index}" for index in range(_count(infos[own[0]]))]
    return [f"{digest}:0" for digest in own or infos]


def first(infos: dict[str, RecordInfo], asked: str | None = None) -> str:
    """What is shown where no vector is asked for, or one that is not here.

    The first of the set that was meant, if one was; the current or pinned vector; a measured one.
    """
    start = str(asked).partition(":")[0]
    meant = [one for one in infos if asked and start and one.startswith(start)]
    if len(meant) == 1:
        return f"{meant[0]}:0"
    for one in (pinned.current(), pinned.reference()):
        found = full(one, infos)
        if found is not None:
            return found
    for run in resources.runs():
        for digest in sorted(resources.measured_sets(run)):
            if digest in infos and infos[digest].method != "random":
                return f"{digest}:0"
    return f"{next(iter(infos))}:0"


def _pickers(infos: dict[str, RecordInfo], info: RecordInfo, count: int) -> None:
    """The set, and its vectors with the way to the neighbours."""
    st.session_state["v_set"] = info.digest
    every = list(infos.values())
    lines = {one.digest: naming.line(one) for one in naming.offered(every, "v_set")}
    options = [f"{info.digest}:{index}" for index in range(count)]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        st.selectbox(
            "Set",
            list(lines),
            format_func=lambda digest: lines.get(digest, digest),
            key="v_set",
            on_change=_open_set,
            label_visibility="collapsed",
            width="stretch",
        )
        noting.helpers(every, "v_set")
        for word, icon, by in (("Previous", "chevron_left", -1), ("Next", "chevron_right", 1)):
            if by == 1:
                _vector_picker(info, options)
            st.button(
                word,
                key=f"v_{word.lower()}",
                icon=f":material/{icon}:",
                icon_position="left" if by < 0 else "right",
                shortcut="Left" if by < 0 else "Right",
                on_click=state.step,
                args=(KEY, options, by),
                disabled=count < 2,
            )


def _vector_picker(info: RecordInfo, options: Sequence[str]) -> None:
    sites = resources.header(info.digest, info.path)["sites"]
    known = naming.names()

    def words(reference: str) -> str:
        digest, _, index = str(reference).partition(":")
        if digest != info.digest or int(index) >= len(sites):
            return str(reference)
        parts = [f"{info.method}_{int(index):02d}", Site(**sites[int(index)]).words]
        return BETWEEN.join(
            [*([known.note(reference).name] * bool(known.note(reference).name)), *parts]
        )

    st.selectbox(
        "Vector",
        options,
        format_func=words,
        key=KEY,
        label_visibility="collapsed",
        persist_state="session",
        width="stretch",
    )


def _open_set() -> None:
    st.session_state[KEY] = f"{st.session_state['v_set']}:0"


def facts(one: Subject) -> str:
    """Method, set, site, norm, model and adapter in one line."""
    model, config = one.record["model"], one.record.get("config") or {}
    parts = [captions.method(one.info.method), f"set {one.info.digest}", one.site.words]
    if one.norm is not None:
        parts.append(f"norm {one.norm:.3g}")
    parts.append(str(model.get("title") or model["short_name"]))
    adapter = model.get("adapter")
    if adapter and (config.get("fine_tuned") or one.info.method == "finetune-diff"):
        parts.append(f"adapter {adapter}")
    return BETWEEN.join([one.name, *parts])
