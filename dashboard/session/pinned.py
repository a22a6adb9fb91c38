"""The current and the pinned vector, which follow the reader from page to page.

Both are names, as DIGEST:INDEX; the pinned one also stands in every page's link. The current one is
what the reader last chose to look at, not what a page happened to show first. Draws nothing.
"""

import re
from dataclasses import dataclass

import streamlit as st

from dashboard.session import naming, resources, state
from engine.configs.core import Site

PARAMETER = "pin"
_REFERENCE = re.compile(r"[0-9a-f]{12}:[0-9]{1,5}")
_PIN, _CURRENT, _SHOWN = "_pin", "_current", "_shown"


@dataclass(frozen=True)
class Known:
    """A stored vector, by what tells it from the others."""

    reference: str
    digest: str
    index: int
    name: str
    words: str
    """What its finder calls it, and its site."""
    block: int
    method: str


def arrive() -> None:
    """Before a page is drawn: take the link's pin, and forget what another page showed.

    A view without a pin does not unpin: going back in the browser must be able to leave a page.
    """
    asked, kept = st.query_params.get(PARAMETER), st.session_state.get(_PIN)
    if asked is not None and asked != st.session_state.get("_link_pin"):
        st.session_state[_PIN] = asked
    if state.has_arrived():
        st.session_state.pop(_SHOWN, None)
        if asked is None and kept is not None:
            st.query_params[PARAMETER] = kept
    st.session_state["_link_pin"] = st.query_params.get(PARAMETER)
    st.session_state["_known"] = {}
    st.session_state["_going"] = st.session_state.pop("_swapped", False)


def reference() -> str | None:
    """The pinned vector, None without one."""
    return st.session_state.get(_PIN)


def current() -> str | None:
    """The vector that the reader last chose to look at, None before there was one."""
    return st.session_state.get(_CURRENT)


def known(name: str | None) -> Known | None:
    """The stored vector of that reference; None if there is none, or it is no reference."""
    if name is None or not _REFERENCE.fullmatch(name):
        return None
    # Once a run: several parts of a page ask, and each time the store would be listed.
    found = st.session_state.setdefault("_known", {})
    if name not in found:
        found[name] = _look_up(name)
    return found[name]


def _look_up(name: str) -> Known | None:
    digest, _, place = name.partition(":")
    info = next((one for one in resources.records("vectors") if one.digest == digest), None)
    sites = resources.header(digest, info.path)["sites"] if info is not None else []
    if info is None or int(place) >= len(sites):
        return None
    site = Site(**sites[int(place)])
    words = f"{info.method}_{int(place):02d}, {site.words}"
    return Known(name, digest, int(place), naming.called(name), words, site.block, info.method)


def wanted(*parameters: str, is_view: bool = False) -> Known | None:
    """The current vector if this page is to show it now, None where it shows what it likes.

    That is when the page has just been opened and its link asks for nothing else, and after a swap.

    Args:
        parameters: By which the page's link could ask for something else.
        is_view: Whether this is one view of several, which may be opened later than its page.
    """
    is_new = state.has_arrived() or (is_view and _SHOWN not in st.session_state)
    is_open = is_new and not any(name in st.query_params for name in parameters)
    return known(current()) if st.session_state.get("_going") or is_open else None


def note(name: str, is_asked: bool = False) -> None:
    """Say which vector the page shows; one that was chosen becomes the current one.

    Args:
        name: Its reference.
        is_asked: Whether the link that opened the page names it.
    """
    before = st.session_state.get(_SHOWN)
    st.session_state[_SHOWN] = name
    if (before is None and is_asked) or before not in (None, name):
        st.session_state[_CURRENT] = name


def pin(name: str) -> None:
    """Pin a vector, which was chosen by that."""
    st.session_state[_CURRENT] = name
    _keep(name)


def unpin() -> None:
    """Let the pinned vector go, and take it out of the link."""
    st.session_state.pop(_PIN, None)
    st.session_state.pop("_link_pin", None)
    st.query_params.pop(PARAMETER, None)


def swap() -> bool:
    """Exchange the pinned vector with the one that is looked at; False if there is no other."""
    shown = st.session_state.get(_SHOWN) or current()
    before = reference()
    if before is None or shown in (None, before):
        return False
    st.session_state[_CURRENT] = before
    st.session_state["_swapped"] = True
    _keep(shown)
    return True


def _keep(name: str) -> None:
    st.session_state[_PIN] = st.session_state["_link_pin"] = name
    st.query_params[PARAMETER] = name
