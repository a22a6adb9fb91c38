"""Texts one at a time, to read and to label with the keys, on wish without what wrote them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from dashboard.session import resources, state
from dashboard.views.generations import labels, texts, tokens
from dashboard.views.generations.controls import address
from dashboard.views.generations.filters import Chosen
from dashboard.views.generations.texts import View
from dashboard.widgets import widgets
from dashboard.widgets.sheets import Sheet
from dashboard.words import captions

PLACE, HIDDEN = "t", "hide"
"""Names in the link: the text's row, and whether what wrote it is hidden."""
SEED = 0
"""Of the order in which texts come where what wrote them is hidden."""


def draw(sheet: Sheet, chosen: Chosen, view: View) -> None:
    """The text that the link names, or the first that is asked for; keys act on it alone."""
    rows = [int(row) for row in chosen.rows.index]
    if not rows:
        st.info("No text is like this: show all, or change a filter.", icon=":material/search_off:")
        return
    # Of its own, so that the next text does not wait for the rest of the page.
    st.fragment(_read)(sheet, rows, view)


def _read(sheet: Sheet, rows: list[int], view: View) -> None:
    given = resources.engine().store.labels(sheet.digest) if sheet.state == "done" else {}
    with st.container(horizontal=True, vertical_alignment="center"):
        hidden = _is_hidden()
        order = in_order(rows, hidden)
        now = _now(order)
        place = order.index(now)
        _step("Previous", "k", order, -1)
        st.markdown(f"Text **{place + 1}** of {len(order)}", width="content")
        _step("Next", "j", order, 1)
        done = sum(row in given for row in rows)
        st.caption(f"{done} of {len(rows)} labelled", width="content")
    row = {"row": now, **{str(k): v for k, v in sheet.frame.loc[now].items()}}
    _show(sheet, row, hidden, view)
    if sheet.state == "done":
        _bar(sheet, row, order, given)
    if not hidden:
        widgets.share(address(sheet))


def _is_hidden() -> bool:
    """Whether labels and columns are hidden; the button, unlike a switch, leaves the keys free."""
    state.resolve(HIDDEN, ["true"], can_be_none=True)
    hidden = st.session_state.get(HIDDEN) == "true"
    st.button(
        "Show labels and columns" if hidden else "Hide labels and columns",
        key="read_hide",
        icon=":material/visibility:" if hidden else ":material/visibility_off:",
        on_click=_hide,
        args=(not hidden,),
        help="Blind reading: texts come in a seeded random order, without what wrote them.",
    )
    state.write_link(HIDDEN)
    return hidden


def _hide(is_hidden: bool) -> None:
    """Begin with the first text of the other order, or stay at the one that is read."""
    st.session_state[HIDDEN] = "true" if is_hidden else None
    if is_hidden:
        st.session_state.pop(PLACE, None)
        st.query_params.pop(PLACE, None)


def in_order(rows: Sequence[int], is_hidden: bool) -> list[int]:
    """The texts as they come: those of the grid in its order, or in a seeded random one."""
    ordered = sorted(rows)
    if not is_hidden:
        return ordered
    return [int(row) for row in np.random.default_rng(SEED).permutation(ordered)]


def _now(order: Sequence[int]) -> int:
    """The text that is shown; it stands in the link."""
    options = [str(row) for row in order]
    state.resolve(PLACE, options)
    state.warn_missing(PLACE, "text", options)
    if st.session_state.get(PLACE) not in options:
        st.session_state[PLACE] = options[0]
    state.write_link(PLACE, default=options[0])
    return int(st.session_state[PLACE])


def _step(word: str, key: str, order: Sequence[int], by: int) -> None:
    st.button(
        f"{word} text",
        key=f"read_{word.lower()}",
        icon=":material/chevron_left:" if by < 0 else ":material/chevron_right:",
        shortcut=key,
        on_click=_move,
        args=(order, by),
        disabled=not 0 <= order.index(int(st.session_state[PLACE])) + by < len(order),
    )


def _move(order: Sequence[int], by: int) -> None:
    """Go on from where the reader is: keys may come faster than the page is drawn."""
    place = order.index(int(st.session_state[PLACE])) + by
    if 0 <= place < len(order):
        _go(order[place])


def _go(row: int | None) -> None:
    if row is not None:
        st.session_state[PLACE] = str(row)


def _show(sheet: Sheet, row: dict[str, Any], hidden: bool, view: View) -> None:
    """The prompt and the text, in reading size."""
    name = str(row["configuration"])
    with st.chat_message("user", avatar=":material/person:"):
        st.text(str(row["prompt"]))
    with st.container(border=True, key="reading"):
        if hidden:
            texts.text(sheet, name, row, None)
            return
        samples = int(sheet.config["samples"])
        sample = f", sample {row['sample'] + 1} of {samples}" if samples > 1 else ""
        st.caption(captions.plain(f"{name}{sample}"))
        prompt = sheet.config["prompts"].index(row["prompt"])
        marks = view.marks_changes
        before = sheet.row(prompt, sheet.baseline, int(row["sample"])) if marks else None
        texts.text(sheet, name, row, before)
        texts.figures(sheet, row)
        if view.shows_tokens:
            tokens.draw(sheet, name, row)


def _bar(sheet: Sheet, row: dict[str, Any], order: Sequence[int], given: dict[int, str]) -> None:
    """The three labels of the text above, each on its key; a label goes on to the next text."""
    place = order.index(row["row"])
    now = given.get(row["row"])
    with st.container(horizontal=True, vertical_alignment="center", key="label_bar"):
        for key, label in zip("123", labels.words(sheet, str(row["prompt"])), strict=True):
            st.button(
                label.capitalize(),
                key=f"label_{key}",
                shortcut=key,
                type="primary" if label == now else "secondary",
                on_click=_give,
                args=(sheet.digest, row["row"], label, _next(order, place, given)),
            )
        labels.undo_button(sheet.digest, _go)
        labels.choose(sheet)
        if now and now not in labels.words(sheet, str(row["prompt"])):
            st.badge(captions.plain(now), color="violet", help="Your label.")
        if told := labels.last(sheet.digest):
            st.caption(captions.plain(told), width="content")
    labels.tell_error()


def _next(order: Sequence[int], place: int, given: dict[int, str]) -> int | None:
    """The next text without a label, from here on and then from the start; else the next one."""
    later = [*order[place + 1 :], *order[:place]]
    free = [row for row in later if row not in given]
    return next(iter(free or later), None)


def _give(digest: str, row: int, label: str, onward: int | None) -> None:
    if labels.give(digest, row, label):
        _go(onward)
