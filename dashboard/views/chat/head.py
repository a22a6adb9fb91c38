"""What stands above the turns: the strength, the panes, and the first messages to choose from.

Knows nothing of stored conversations.
"""

import streamlit as st

from dashboard.forms import configurations
from dashboard.forms.chat import drafts, panes, starts, strengths
from dashboard.forms.chat.panes import Given
from dashboard.session import adapters, state
from dashboard.views.chat import asking, tab
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.errors import EngineError

KEY = "chat_strength"
MOVES = (
    "Answers the last turn anew when it is let go; what was answered before stays, under the pages "
    "beside the words. Arrow keys move it."
)
STICKY = """<style>@media (min-width: 641px) and (min-height: 600px) {
div:has(> .st-key-chat_head) {position: sticky; top: 3.75rem; z-index: 90; padding: .3rem 0;
max-height: 50vh; overflow-y: auto; background: BACKGROUND;
border-bottom: 1px solid rgba(128, 128, 128, .25);}
}
div:has(> .st-key-chat_foot) {position: sticky; bottom: 0; z-index: 90; padding: .5rem 0 1rem;
background: BACKGROUND;}
</style>"""
"""The strength and the panes stay in sight while long answers scroll beneath them, and so does the
field to write in. Streamlit's own place for it would scroll to the end of every answer."""
BACKGROUNDS = {"light": "#ffffff", "dark": "#171614"}
"""Streamlit's own, as the page's theme sets none."""


def given() -> Given:
    """What panes can be made of on the tab's model."""
    model, vectors = state.model(), tab.options()
    measured = starts.known(model, vectors)
    models = configurations.models(adapters.tuned(model), adapters.others(model))
    return Given(starts.led(vectors, measured), measured, models, asking.again, asking.keep)


def draw(known: Given) -> None:
    """Strength, panes, and why something was not asked."""
    theme = str(st.context.theme.type or "light")
    st.html(STICKY.replace("BACKGROUND", BACKGROUNDS.get(theme, BACKGROUNDS["light"])))
    with st.container(key="chat_head", gap="xsmall"):
        _strength(known)
        panes.draw(known)
        if not known.options:
            _nothing_fits()
        if error := st.session_state.get(tab.ERROR):
            st.error(captions.plain(str(error)), icon=":material/error:")
            if trace := st.session_state.get(tab.TRACEBACK):
                with st.expander("Traceback", icon=":material/bug_report:"):
                    st.code(trace, language=None)


def _nothing_fits() -> None:
    """Without a vector the panes differ by the adapter alone."""
    name = captions.plain(state.title(state.model()))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"No stored vector fits {name}: find some first.", icon=":material/search:")
        widgets.go_button("Find vectors", "discover", "chat_to_find", ":material/travel_explore:")


def _strength(known: Given) -> None:
    """The main chip's strength, always in the same place."""
    chip = drafts.main()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if chip is None:
            st.caption("No vector acts in any pane: add one beneath.", width="stretch")
        else:
            _slider(chip, known)
        panes.add_buttons(known)


def _slider(chip: drafts.Draft, known: Given) -> None:
    one = known.options.get(chip["vector"])
    chosen = panes.chosen(chip, known.measured)
    span = strengths.reach(chip, chosen)
    st.session_state[KEY] = float(chip["scale"])
    told = [strengths.beside(chip)]
    name = f"{one.name} · block {one.block}" if one is not None else chip["vector"]
    if chosen is not None:
        told.append(f"{known.measured[chip['vector']].words}: {captions.scale(chosen)}")
    st.slider(
        captions.plain(" · ".join((f"Strength of {name}", *told))),
        span.low,
        span.high,
        step=span.step,
        key=KEY,
        on_change=_move,
        help=MOVES,
        width="stretch",
    )


def _move() -> None:
    drafts.gather()
    chip = drafts.main()
    if chip is None:
        return
    for one in drafts.linked(chip):
        drafts.change(one, scale=float(st.session_state[KEY]))
    asking.again()


def first_messages(known: Given) -> None:
    """A few messages to begin with, one click each."""
    try:
        found = starts.messages(known.measured, state.model())
    except EngineError:
        return
    st.caption("Ask all panes something, or begin with one of these:")
    with st.container(horizontal=True, gap="small"):
        for place, text in enumerate(found):
            st.button(
                captions.plain(text),
                key=f"chat_first_{place}",
                icon=":material/chat:",
                on_click=asking.begin,
                args=(text,),
            )
