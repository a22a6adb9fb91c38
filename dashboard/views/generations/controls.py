"""What of a grid is on screen: layout, pagers over what is asked for, switches, the share link."""

from collections.abc import Sequence

import streamlit as st

from dashboard.session import navigation, resources, state
from dashboard.views.generations import filters
from dashboard.views.generations.filters import Chosen
from dashboard.views.generations.texts import View
from dashboard.widgets import sharing
from dashboard.widgets.sheets import Sheet

WIDEST = 4
"""Configurations up to which texts stand side by side at first."""
AT_ONCE = {"columns": 4, "list": 8}
"""Columns that are drawn at a time; the unsteered one stays among them."""
VIEWS = {"columns": "Side by side", "list": "One below the other", "read": "One by one"}
READ = "read"
ALL = "all"
"""Of the samples of a cell: all at once."""


def controls(sheet: Sheet, chosen: Chosen) -> View:
    """Layout, pagers over what is asked for, word differences, share link."""
    with st.container(horizontal=True, vertical_alignment="center"):
        layout = _layout(sheet)
        prompt, sample, names = 0, None, tuple(chosen.names)
        if layout != READ:
            prompt = _prompt(sheet, chosen)
            sample = _sample(sheet)
            names = _columns(sheet, chosen, prompt, layout)
        changes = st.toggle(
            "Mark changes",
            key="changes",
            bind="query-params",
            help=f"Word by word against {sheet.baseline}: new words are underlined on green, words "
            "that are gone are struck out on red.",
        )
        shows_tokens = st.toggle(
            "Tokens",
            key="tokens",
            bind="query-params",
            help="Reads each text again, token by token: the vector's projections beside 64 random "
            "directions, and what steering changes.",
        )
        view = View(prompt, sample, layout, changes, shows_tokens, names)
        if layout != READ:
            share(sheet, view)
    return view


def share(sheet: Sheet, view: View) -> None:
    """Link, card and report of what is shown."""
    labels = resources.engine().store.labels(sheet.digest)
    shown = sharing.Shown(
        view.prompt, tuple(view.samples(sheet)), view.names or tuple(sheet.names),
        view.marks_changes,
    )  # fmt: skip
    sharing.texts(sheet, shown, labels, address(sheet))


def _layout(sheet: Sheet) -> str:
    state.resolve("view", list(VIEWS))
    usual = "columns" if len(sheet.names) <= WIDEST else "list"
    layout = st.segmented_control(
        "Layout",
        list(VIEWS),
        default=None if "view" in st.session_state else usual,
        required=True,
        format_func=lambda name: VIEWS[name],
        key="view",
        label_visibility="collapsed",
    )
    state.write_link("view", default=usual)
    return layout or usual


def _prompt(sheet: Sheet, chosen: Chosen) -> int:
    """Which prompt is shown, of those with a text that is asked for."""
    asked = set(chosen.rows["prompt"])
    places = [i for i, prompt in enumerate(sheet.config["prompts"]) if prompt in asked]
    options = [str(place + 1) for place in places] or ["1"]
    count = len(sheet.config["prompts"])
    return int(pager("p", options, "Prompt", ("Left", "Right"), count)) - 1


def _sample(sheet: Sheet) -> int | None:
    """Which sample of each cell is shown; None for all."""
    count = int(sheet.config["samples"])
    if count == 1:
        return 0
    options = [ALL, *(str(number + 1) for number in range(count))]
    shown = pager("s", options, "Sample", ("Up", "Down"), count)
    return None if shown == ALL else int(shown) - 1


def _columns(sheet: Sheet, chosen: Chosen, prompt: int, layout: str) -> tuple[str, ...]:
    """The columns of this page: the unsteered one, and the next few of what is asked for."""
    asked = sheet.config["prompts"][prompt]
    known = set(chosen.rows.loc[chosen.rows["prompt"] == asked, "configuration"])
    names = [one.name for one in chosen.columns if one.name in known]
    others = [name for name in names if name != sheet.baseline]
    room = AT_ONCE[layout]
    if len(others) < room:
        state.resolve("c", ["1"])
        state.write_link("c", default="1")
        return (sheet.baseline, *others)
    pages = -(-len(others) // (room - 1))
    page = int(pager("c", [str(i + 1) for i in range(pages)], "Columns", None, pages)) - 1
    return (sheet.baseline, *others[page * (room - 1) : (page + 1) * (room - 1)])


def address(sheet: Sheet) -> str:
    """The link to this very view."""
    usual = {"p": "1", "c": "1", "s": ALL}
    asked = {key: st.session_state.get(key) for key in usual}
    known = {k: None if value == usual[k] else value for k, value in asked.items()}
    on = {key: "true" if st.session_state.get(key) else None for key in ("changes", "tokens")}
    view = st.query_params.get("view")
    more = filters.parameters()
    return navigation.link("generations", gen=sheet.digest, **known, view=view, **on, **more)


def pager(
    key: str, options: Sequence[str], noun: str, keys: tuple[str, str] | None, count: int
) -> str:
    """Which of several is shown; drawn only where there is a choice.

    Args:
        key: In the link.
        options: To go through.
        noun: What they are.
        keys: Of the keyboard, back and forth.
        count: How many there are in all.
    """
    state.resolve(key, options)
    state.warn_missing(key, noun.lower(), options)
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    now = st.session_state[key]
    if len(options) > 1:
        told = f"All {count} {noun.lower()}s" if now == ALL else f"{noun} {now} of {count}"
        # In one container, so that a narrow page does not part it.
        with st.container(
            horizontal=True, vertical_alignment="center", gap="xsmall", width="content"
        ):
            _side("Previous", "chevron_left", -1, key, options, noun, keys and keys[0])
            st.markdown(told, width="content")
            _side("Next", "chevron_right", 1, key, options, noun, keys and keys[1])
    state.write_link(key, default=options[0])
    return str(now)


def _side(
    word: str,
    icon: str,
    by: int,
    key: str,
    options: Sequence[str],
    noun: str,
    shortcut: str | None,
) -> None:
    st.button(
        word,
        key=f"{key}_{word.lower()}",
        icon=f":material/{icon}:",
        help=f"{word} {noun.lower()}",
        shortcut=shortcut,
        on_click=state.step,
        args=(key, options, by),
    )
