"""Drift of a stored conversation: asked of the model at once, and drawn when it is there.

Knows nothing of single pages.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.charts import drift as charts
from dashboard.session import pace, resources
from dashboard.widgets import widgets
from dashboard.words import captions, tokens
from dashboard.words import drift as words
from engine.configs.reads.drift import DriftAsk
from engine.configs.reads.strips import vector_at
from engine.errors import EngineError
from engine.records.drift import Drift, TurnRead
from engine.runs.reads import drift as reads

AT_ONCE = 0.4
"""Seconds that a page waits by itself, so that a quick answer comes without a waiting state."""
LOOKS = 0.3
"""Seconds between two looks at the requests."""
LONGEST = 60
"""Letters of a turn in a list."""


def draw(digest: str, turn: int, reference: str) -> None:
    """The drift of every pane of a turn, from the beginning of the conversation.

    Args:
        digest: Of the conversation.
        turn: Number of its last exchange that is read.
        reference: DIGEST:INDEX of the vector.
    """
    key = f"drift_{digest}_{turn}_{reference}"
    engine = resources.engine()
    try:
        talk = engine.store.load_conversation(digest)
        asks = reads.asks(talk, turn, (vector_at(reference),))
        requests = [reads.ask(engine, one) for one in asks]
    except EngineError as error:
        widgets.show_error(error)
        return
    requests[-1].wait(AT_ONCE)
    if any(one.active for one in requests):
        pace.repeat(_waiting, LOOKS, requests, key)
    elif all(one.state == "done" for one in requests):
        st.fragment(_shown)([one.value[0] for one in requests if one.value], key)
    else:
        _failed(requests, asks, key)


def _waiting(requests: Sequence[Any], key: str) -> None:
    active = [one for one in requests if one.active]
    if not active:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        said = active[0].message or "Reading the conversation."
        st.caption(f":material/hourglass_top: {captions.plain(said)}", width="content")
        if st.button("Stop", key=f"{key}_stop", type="tertiary"):
            for one in active:
                one.stop()


def _failed(requests: Sequence[Any], asks: Sequence[DriftAsk], key: str) -> None:
    failed = [one for one in requests if one.state == "failed"]
    if failed:
        st.error(captions.plain(failed[0].error or ""), icon=":material/error:")
        if failed[0].traceback:
            with st.expander("Traceback", icon=":material/bug_report:"):
                st.code(failed[0].traceback, language=None)
    else:
        st.caption("The reading was stopped.")
    if st.button("Read it again", key=f"{key}_again", icon=":material/refresh:"):
        for request, asked in zip(requests, asks, strict=True):
            if request.state != "done":
                reads.ask(resources.engine(), asked, is_again=True)
        st.rerun()


def _shown(drifts: Sequence[Drift], key: str) -> None:
    first = drifts[0]
    title = f"**{captions.plain(first.name)} at the {first.site}.** "
    st.caption(title + captions.plain(words.READS))
    if charts.frame(drifts).empty:
        st.caption("No turn of this conversation has a token of its own.")
        return
    drawing = charts.over_turns(drifts, widgets.inks())
    told = f"Mean projection of every turn on {first.name}, with the band of random directions"
    widgets.chart(drawing, told, f"{key}_chart")
    st.caption(f"Grey: {words.band(first)}. Filled: steered answers. Dashed: the user's turns.")
    said = [f"{words.answers(one)} {words.moved(one)}" for one in drifts]
    st.markdown("\n".join(f"- {captions.plain(one)}" for one in said))
    _by_token(drifts, key)


def _by_token(drifts: Sequence[Drift], key: str) -> None:
    """One turn with a figure for each token."""
    known = {
        (place, turn.place): (one, turn) for place, one in enumerate(drifts) for turn in one.turns
    }
    chosen = st.selectbox(
        "Tokens of a turn",
        list(known),
        index=None,
        format_func=lambda at: _line(*known[at]),
        placeholder="choose a turn",
        key=f"{key}_turn",
    )
    if chosen is None:
        return
    turn = known[chosen][1]
    st.html(tokens.as_html("", turn.pieces, turn.values))
    st.caption(f"Mean {turn.mean:+.2f} SD, random within ±{turn.bound:.2f}. {tokens.ABOUT}")


def _line(one: Drift, turn: TurnRead) -> str:
    text = " ".join("".join(turn.pieces).split())
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
    return f"{one.pane} · {turn.role} · {turn.mean:+.2f} · {shown}"
