"""The texts of a grid with their figures and labels, side by side or one below the other."""

from typing import Any, NamedTuple

import streamlit as st

from dashboard.frames import grids
from dashboard.session import pinned, vector_links
from dashboard.views.generations import labels, tokens
from dashboard.widgets.sheets import Sheet
from dashboard.words import captions, differences, inks
from dashboard.words.inks import BadgeColour
from engine.configs.finders import RandomConfig
from engine.maths.intervals import wilson

REPEATS = 0.3
"""Repetition from which a text is likely to be broken."""
WRITING = {
    "written": "The text is whole; its figures come when the grid has ended.",
    "writing": "The model is at this text now.",
    "stopped": "The grid was stopped before this text ended.",
}
MEANING = (
    "One text is an anecdote: ask several prompts or samples, and compare shares. "
    "Repetition and a low log-probability under the unsteered model mean broken text."
)


class View(NamedTuple):
    """What of a grid is shown; every field stands in the URL."""

    prompt: int
    sample: int | None
    """None for all at once."""
    layout: str
    marks_changes: bool
    shows_tokens: bool = False
    names: tuple[str, ...] = ()
    """Of the columns; none are all."""

    def samples(self, sheet: Sheet) -> list[int]:
        """Those that are shown."""
        return list(range(int(sheet.config["samples"]))) if self.sample is None else [self.sample]


def draw(sheet: Sheet, view: View) -> None:
    """The texts of one prompt, in the configurations that are asked for."""
    prompt = sheet.config["prompts"][view.prompt]
    with st.chat_message("user", avatar=":material/person:"):
        st.text(prompt)
    names = view.names or tuple(sheet.names)
    if view.layout == "columns":
        for place, name in zip(st.columns(len(names)), names, strict=True):
            with place.container(border=True, gap="small", height="stretch"):
                _heading(sheet, name)
                _cell(sheet, name, view)
        return
    for name in names:
        with st.container(border=True):
            left, right = st.columns([0.24, 0.76], gap="small")
            with left:
                _heading(sheet, name)
            with right.container(gap="small"):
                _cell(sheet, name, view)


def _cell(sheet: Sheet, name: str, view: View) -> None:
    """The samples of one configuration."""
    samples = view.samples(sheet)
    for sample in samples:
        row = sheet.row(view.prompt, name, sample)
        before = sheet.row(view.prompt, sheet.baseline, sample) if view.marks_changes else None
        if len(samples) > 1:
            st.caption(f"Sample {sample + 1}")
        text(sheet, name, row, before)
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            if row is not None:
                _judged(row)
                _chips(sheet, row)
                if sheet.generation is not None:
                    labels.under(sheet, row["row"], str(row["prompt"]), name)
            if sample == samples[-1]:
                _vectors(sheet, name)
                _beside(sheet, name)
        if view.shows_tokens:
            tokens.draw(sheet, name, row)


def figures(sheet: Sheet, row: dict[str, Any]) -> None:
    """What the judge says that a text shows, and how it is written."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        _judged(row)
        _chips(sheet, row)


def _judged(row: dict[str, Any]) -> None:
    if label := row.get("label"):
        told = "What the judge says that it shows."
        st.badge(captions.plain(str(label)), color=inks.verdict(str(label)), help=told)


def _heading(sheet: Sheet, name: str) -> None:
    """A column's name, and what share of its texts show the pole."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.markdown(f"**{captions.plain(name)}**", width="stretch")
        if sheet.generation is not None:
            _share(sheet, name)


def _share(sheet: Sheet, name: str) -> None:
    """Of all texts of a column, how many the judge says show the pole."""
    shown = sheet.frame[sheet.frame["configuration"] == name]
    said = shown["label"].fillna("").astype(str)
    pole = labels.words(sheet)[0]
    hits, count = int((said == pole).sum()), int((said != "").sum())
    told = grids.share(hits, count, pole)
    if not told:
        return
    low, high = (float(bound) for bound in wilson(hits, count))
    st.badge(
        captions.plain(told),
        color="gray",
        help=f"Of this column's {count} judged texts {hits} show it: {hits / count:.0%}, 95 % "
        f"{low:.0%} to {high:.0%} (Wilson, each text counted by itself).",
    )


def text(
    sheet: Sheet, name: str, row: dict[str, Any] | None, before: dict[str, Any] | None
) -> None:
    """The words of a text as their characters, or why there are none.

    Args:
        sheet: The grid.
        name: The text's column.
        row: The text; None if it is not begun.
        before: The unsteered text that it is marked against, if it is.
    """
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
        colour: BadgeColour = "green" if over else "blue" if writing else "orange"
        st.badge(words, color=colour, help=WRITING[words])
        return
    length = captions.count(int(row["tokens"]), "token")
    st.badge(length, color="gray", help="Without the one that ends the text.")
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
        if known is not None and known.method != RandomConfig.method:
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
