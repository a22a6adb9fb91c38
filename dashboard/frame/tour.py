"""A tour of a minute over the real pages, offered once per store. Knows nothing of what they draw.

Its steps stand above the page they are about, and lead on by their own buttons. Whoever has ended
it, or did not want it, is never asked again; the palette begins it anew.
"""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from dashboard.session import going, models, state
from dashboard.widgets import outstanding
from engine.errors import StoreError
from engine.store.files import write_atomically

FILE = "results/.tour_seen"
"""Of the store: it is there when the tour need not be offered any more."""
_STEP, _ASIDE = "_tour", "_tour_aside"


class Step(NamedTuple):
    """One stop of the tour."""

    page: str
    title: str
    words: str


STEPS = (
    Step(
        "overview",
        "Home",
        "**What stands out** ranks what was measured: first what lies beyond random vectors. "
        "**What next** has one button per step.",
    ),
    Step(
        "discover",
        "Discover",
        "Choose a **Method**, write a prompt, press **Find**. "
        "Then **Evaluate these vectors** asks many questions at every strength.",
    ),
    Step(
        "curves",
        "Scale curves",
        "Each violin is a strength, each dot a question. Click a dot to read its question. "
        "The grey band is what random vectors do.",
    ),
    Step(
        "chat",
        "Chat",
        "Write below: the model answers unsteered and steered, side by side. "
        "Move the strength as you go.",
    ),
    Step(
        "generations",
        "Generations",
        "One prompt under many settings, in columns. "
        "Label what you read: the labels become counts and a table.",
    ),
    Step(
        "library",
        "Library",
        "All that is stored, to compare, name, share or delete. "
        "**Ctrl-K** (**\u2318K**) goes anywhere; **?** lists a page's keys.",
    ),
)


def begin() -> None:
    """Start at the first step; a callback."""
    st.session_state[_STEP] = 0
    _remember()
    _go(0)


def end() -> None:
    """Put the tour away for good; a callback."""
    st.session_state.pop(_STEP, None)
    st.session_state[_ASIDE] = True
    _remember()


def draw() -> None:
    """The step that the reader is at, or the offer to begin, on a store that never had it."""
    step: int | None = st.session_state.get(_STEP)
    if step is not None:
        _step(step)
    elif state.page() == "" and not st.session_state.get(_ASIDE) and not _place().exists():
        _offer()


def _offer() -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown("New here? Six stops in one minute show where everything is.", width="stretch")
        st.button(
            "Start the tour",
            key="tour_begin",
            type="primary",
            icon=":material/tour:",
            on_click=begin,
        )
        st.button("No, thanks", key="tour_never", type="tertiary", on_click=end)


def _step(number: int) -> None:
    one, is_last = STEPS[number], number == len(STEPS) - 1
    with st.container(border=True, key="tour"):
        st.markdown(f"**{number + 1} of {len(STEPS)} · {one.title}.** {one.words}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if number:
                st.button("Back", key="tour_back", on_click=_go, args=(number - 1,))
            if state.page() != ("" if one.page == "overview" else one.page):
                st.button(
                    f"To {one.title}",
                    key="tour_again",
                    type="primary",
                    on_click=_go,
                    args=(number,),
                )
            elif not is_last:
                following = STEPS[number + 1]
                st.button(
                    f"Next: {following.title}",
                    key="tour_next",
                    type="primary",
                    icon=":material/arrow_forward:",
                    on_click=_go,
                    args=(number + 1,),
                )
            st.button(
                "Done" if is_last else "End the tour",
                key="tour_end",
                type="primary" if is_last else "tertiary",
                on_click=end,
            )


def _go(number: int) -> None:
    st.session_state[_STEP] = number
    page = STEPS[number].page
    going.leave(page, _at(page))


def _at(page: str) -> dict[str, str]:
    """What a page is to show: the vector that stands out most, where there is one."""
    if page not in ("curves", "chat"):
        return {}
    known, _ = outstanding.found()
    if not known:
        return {}
    if page == "chat":
        return {"v": known[0].reference}
    return {"run": known[0].run.digest}


def _place() -> Path:
    return models.root() / FILE


def _remember() -> None:
    # A store that cannot be written is asked again in the next tab.
    with suppress(StoreError):
        write_atomically(_place(), b"")
