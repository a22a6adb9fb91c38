"""What can be done with the turn that is shown: share it, go on with it elsewhere, repeat it.

Knows nothing of what is being written.
"""

import streamlit as st

from dashboard.cards import conversations as cards
from dashboard.forms import drafts as grids
from dashboard.forms.chat import drafts, scripts, ways
from dashboard.session import models, navigation, state
from dashboard.views.chat import asking, tab, tokens
from dashboard.widgets import own_pairs, searches, trainings, widgets
from dashboard.words import captions
from engine.configs.budgets.suggest import SuggestConfig
from engine.configs.core import ModelConfig
from engine.configs.pairs import ContrastiveConfig
from engine.configs.values import built
from engine.errors import EngineError
from engine.records.conversations import Conversation, Exchange

USUAL_FILE = "chat"


def draw(talk: Conversation) -> None:
    """One line of buttons beneath the turns."""
    one = tab.shown()
    if one is None:
        return
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        address = navigation.link("chat", talk=talk.digest, turn=str(one.id))
        widgets.share_card(
            address,
            lambda: cards.of_turn(talk, one.id, models.carried(address)),
            f"chat_{talk.digest}_{one.id}",
        )
        with st.popover("Copy as Python", icon=":material/code:"):
            st.caption("Asks the same of the same panes, in a program:")
            st.code(scripts.of_turn(talk, one), language="python")
        with st.popover("As a grid", icon=":material/forum:", help="Send it to Generations"):
            _grid(talk, one)
        if len(one.answers) > 1:
            with st.popover("As a pair", icon=":material/compare_arrows:", help="A contrast pair"):
                _pair(talk, one)
        _suggested()
    tokens.drift_of(talk, one)


def asked(talk: Conversation) -> ModelConfig:
    """The model that a conversation asks."""
    return built(ModelConfig, talk.config["model"])


def _grid(talk: Conversation, one: Exchange) -> None:
    try:
        found = ways.grid(one.turn, asked(talk), one.parent is not None)
    except EngineError as error:
        widgets.show_error(error)
        return
    st.write("These words as a prompt, and a column for each pane.")
    if found.left_out:
        words = ", ".join(found.left_out)
        st.caption(f"A grid is one prompt, so this is left out: {words}.")
    if st.button("Open the grid's form", key="chat_grid", type="primary", icon=":material/forum:"):
        grids.load(found.config)
        grids.show(None)
        st.switch_page(navigation.page("generations"), query_params=models.parameters())


def _pair(talk: Conversation, one: Exchange) -> None:
    """Which answer is to be added, which taken away, and the file."""
    names = [pane.name for pane in one.turn.panes]
    places = list(range(len(names)))
    positive = st.selectbox(
        "What the vector is to add", places, index=1, format_func=names.__getitem__,
        key=f"chat_positive_{one.id}",
    )  # fmt: skip
    rest = [place for place in places if place != positive]
    negative = st.selectbox(
        "Against", rest, format_func=names.__getitem__, key=f"chat_negative_{one.id}_{positive}"
    )
    name = st.text_input(
        "File", value=USUAL_FILE, key="chat_pair_file", persist_state="session",
        help="Pairs of several turns gather in it: a vector wants more than one.",
    )  # fmt: skip
    if one.parent is not None:
        st.caption("A pair is one question, so the turns before it are left out.")
    row = ways.pair(one, positive, negative)
    if st.button("Add the pair", key="chat_pair", type="primary", icon=":material/add:"):
        try:
            path, count = own_pairs.add(name, row)
            st.session_state["_chat_pairs"] = trainings.shown_path(path), count
        except EngineError as error:
            widgets.show_error(error)
            return
    _made(row, talk, one)


def _made(row: dict[str, str], talk: Conversation, one: Exchange) -> None:
    """The file that has the pair, and the form that finds a vector from it."""
    widgets.made_on_click(
        "Download", f"pair_{talk.digest}_{one.id}.json", lambda: own_pairs.as_file([row])
    )
    if "_chat_pairs" not in st.session_state:
        return
    path, count = st.session_state["_chat_pairs"]
    st.caption(captions.plain(f"{path} has {captions.count(count, 'pair')}."))
    if st.button("Find a vector from it", key="chat_find", icon=":material/travel_explore:"):
        st.session_state[f"{ContrastiveConfig.method}_pairs"] = path
        st.switch_page(navigation.page("similarity"), query_params=models.parameters())


def _suggested() -> None:
    """The newest suggestion for this model as a vector of the last pane, or where to ask."""
    found = searches.stored(SuggestConfig.method, state.model())
    column = grids.taken(found[0].digest) if found else None
    panes = drafts.panes()
    if column is None or not panes or not drafts.has_room(panes[-1]):
        widgets.go_button("Suggest", "discover", key="chat_suggest", icon=":material/lightbulb:")
        return
    st.button(
        "Use the suggestion",
        key="chat_use_suggestion",
        icon=":material/lightbulb:",
        help=captions.plain(found[0].summary),
        on_click=_use,
        args=(column,),
    )


def _use(column: dict) -> None:
    """Put what the search found into the last pane, in place of its vectors."""
    drafts.gather()
    fields = {name: column[name] for name in drafts.CHIP if name in column}
    pane = drafts.panes()[-1]
    pane["chips"] = [drafts.chip(str(column["vector"]), **_without(fields, "vector", "is_on"))]
    drafts.change(pane, adapter=column["adapter"] or False)
    asking.again()


def _without(fields: dict, *names: str) -> dict:
    return {name: value for name, value in fields.items() if name not in names}
