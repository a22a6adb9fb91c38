"""The parts of the generations page that show a grid: texts, figures, pager, labels."""

from typing import Any, NamedTuple

import streamlit as st

from dashboard.session import navigation, pinned, resources, state, vector_links
from dashboard.views.generations import tokens
from dashboard.widgets import sharing
from dashboard.widgets.sheets import Sheet
from dashboard.words import captions, differences
from dashboard.words.inks import BadgeColour
from engine.configs.finders import RandomConfig

WIDEST = 4
"""Configurations up to which texts stand side by side at first."""
REPEATS = 0.3
"""Repetition from which a text is likely to be broken."""
COLOURS: dict[str, BadgeColour] = {
    "honest": "green",
    "corrigible": "green",
    "deceptive": "red",
    "self-preserving": "red",
    "broken": "orange",
}
VIEWS = {"columns": "Side by side", "list": "One below the other"}
MEANING = (
    "One greedy text is an anecdote: ask several prompts or samples, and look at the figures "
    "beneath. Repetition and a low log-probability under the unsteered model mean broken text."
)


class View(NamedTuple):
    """What of a grid is shown; every field stands in the URL."""

    prompt: int
    sample: int
    layout: str
    marks_changes: bool
    shows_tokens: bool = False


def controls(sheet: Sheet) -> View:
    """Pager over prompts and samples, layout, word differences, share link."""
    columns = len(sheet.names)
    with st.container(horizontal=True, vertical_alignment="center"):
        prompt = pager("p", len(sheet.config["prompts"]), "Prompt", ("Left", "Right"))
        sample = pager("s", int(sheet.config["samples"]), "Sample", ("Up", "Down"))
        state.resolve("view", list(VIEWS))
        usual = "columns" if columns <= WIDEST else "list"
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
        labels = resources.engine().store.labels(sheet.digest)
        sharing.texts(sheet, prompt, sample, labels, address(sheet))
    return View(prompt, sample, layout or usual, changes, shows_tokens)


def address(sheet: Sheet) -> str:
    """The link to this very view."""
    asked = {key: st.session_state.get(key) for key in ("p", "s")}
    known = {key: None if value in (None, "1") else value for key, value in asked.items()}
    on = {key: "true" if st.session_state.get(key) else None for key in ("changes", "tokens")}
    view = st.query_params.get("view")
    return navigation.link("generations", gen=sheet.digest, **known, view=view, **on)


def pager(key: str, count: int, noun: str, keys: tuple[str, str]) -> int:
    """Which of several is shown, from 0; drawn only where there are several."""
    options = [str(number + 1) for number in range(count)]
    state.resolve(key, options)
    state.warn_missing(key, noun.lower(), options)
    now = st.session_state.setdefault(key, "1")
    if count > 1:
        sides = (("Previous", "chevron_left", -1), ("Next", "chevron_right", 1))
        for (word, icon, by), shortcut in zip(sides, keys, strict=True):
            if by == 1:
                st.markdown(f"{noun} **{now}** of {count}", width="content")
            st.button(
                f"{word} {noun.lower()}",
                key=f"{key}_{word.lower()}",
                icon=f":material/{icon}:",
                shortcut=shortcut,
                on_click=state.step,
                args=(key, options, by),
            )
    state.write_link(key, default="1")
    return int(now) - 1


def draw(sheet: Sheet, view: View) -> None:
    """The texts of one prompt and sample, in every configuration."""
    prompt = sheet.config["prompts"][view.prompt]
    with st.chat_message("user", avatar=":material/person:"):
        st.text(prompt)
    labels = {}
    if sheet.state == "done":
        labels = resources.engine().store.labels(sheet.digest)
    rows = {name: sheet.row(view.prompt, name, view.sample) for name in sheet.names}
    before = rows[sheet.baseline]
    changes = before if view.marks_changes else None
    if view.layout == "columns":
        for place, (name, row) in zip(st.columns(len(rows)), rows.items(), strict=True):
            with place.container(border=True, gap="small", height="stretch"):
                _heading(name, row, None if row is None else labels.get(row["row"]))
                _body(sheet, name, row, changes)
                if view.shows_tokens:
                    tokens.draw(sheet, name, row)
        return
    for name, row in rows.items():
        with st.container(border=True):
            left, right = st.columns([0.24, 0.76], gap="small")
            with left:
                _heading(name, row, None if row is None else labels.get(row["row"]))
            with right.container(gap="small"):
                _body(sheet, name, row, changes)
                if view.shows_tokens:
                    tokens.draw(sheet, name, row)


def _body(
    sheet: Sheet, name: str, row: dict[str, Any] | None, before: dict[str, Any] | None
) -> None:
    _text(sheet, name, row, before)
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        if row is not None:
            _chips(sheet, row)
        _vectors(sheet, name)
        _beside(sheet, name)


def _heading(name: str, row: dict[str, Any] | None, given: str | None) -> None:
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.markdown(f"**{captions.plain(name)}**", width="stretch")
        label = (row or {}).get("label")
        if label:
            colour = COLOURS.get(str(label), "gray")
            help_text = "What the judge says that it shows."
            st.badge(captions.plain(str(label)), color=colour, help=help_text)
        if given:
            words, icon = captions.plain(given), ":material/person:"
            st.badge(words, color="violet", icon=icon, help="A person's label.")


def _text(
    sheet: Sheet, name: str, row: dict[str, Any] | None, before: dict[str, Any] | None
) -> None:
    if row is None:
        waits = sheet.state in ("queued", "running")
        st.caption("Waiting for its turn." if waits else "Not written.")
    elif not str(row["text"]).strip():
        over = bool(row["finished"])
        st.caption("Empty: the model ended the text at once." if over else "Nothing readable yet.")
    elif before is None or name == sheet.baseline:
        # Not Markdown: whatever a model writes is shown as its characters.
        st.text(row["text"])
    else:
        found = differences.parts(str(before["text"]), str(row["text"]))
        st.html(differences.as_html(found))
        st.caption(f"{differences.share(found):.0%} of its words are new.")


def _chips(sheet: Sheet, row: dict[str, Any]) -> None:
    if "tokens" not in row:
        over, writing = bool(row["finished"]), sheet.state in ("queued", "running")
        words = "written" if over else "writing" if writing else "stopped"
        st.badge(words, color="green" if over else "blue" if writing else "orange")
        return
    st.badge(captions.count(int(row["tokens"]), "token"), color="gray")
    if not row["finished"]:
        st.badge("cut off", color="gray", help="It had not ended at the last token allowed.")
    repeats = float(row["repetition"])
    if repeats > 0:
        st.badge(
            f"repetition {repeats:.2f}",
            color="orange" if repeats >= REPEATS else "gray",
            help="Share of three-token runs that stood before in the text.",
        )
    st.badge(
        f"log-prob {captions.number(float(row['mean_logprob']))}",
        color="gray",
        help="Mean log-probability per token under the unsteered base model.",
    )


def _verb(sheet: Sheet, name: str) -> str:
    """What the size of a column's change is called: of adding, it is known for every state."""
    column = next(one for one in sheet.config["configurations"] if one["name"] == name)
    return "adds" if column["operation"] == "add" else "changes states by"


def _vectors(sheet: Sheet, name: str) -> None:
    """Links to the vectors that a column uses; random ones stand there by the hundred."""
    column = next(one for one in sheet.config["configurations"] if one["name"] == name)
    parts = [part for part in column["blend"] if part["weight"] != 0 and column["scale"] != 0]
    for digest, index in dict.fromkeys((part["digest"], part["index"]) for part in parts):
        known = pinned.known(f"{digest}:{index}")
        if known is not None and not known.name.startswith(f"{RandomConfig.method}_"):
            vector_links.link(known.reference, known.name)


def _beside(sheet: Sheet, name: str) -> None:
    """What the configuration does to neutral prompts."""
    effects = sheet.generation.side_effects.get(name, {}) if sheet.generation else {}
    words = []
    if effects.get("relative"):
        size = captions.figure(effects["relative"], "{:.2g}")
        words.append(f"{_verb(sheet, name)} {size} × residual norm")
    if effects.get("kl"):
        words.append(f"KL {captions.figure(effects['kl'], '{:.2g}')} on neutral prompts")
    if words:
        st.caption(" · ".join(words), width="content")
