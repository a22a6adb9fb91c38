"""The words of one vector, wherever it is shown: promoted, suppressed, and what is beyond chance.

Knows nothing of single pages.
"""

from typing import Any

import streamlit as st

from dashboard.frames import vector_words as frames
from dashboard.session import pinned, resources
from dashboard.widgets.words import asking, stored
from dashboard.words import captions
from engine.statistics.reads import words_said as said

MAIN = "effect"
SPACE = "\u2423"
"""Stands for a space at either end of a word."""
RANDOM = "Largest size of the same word's value under any random vector at this place"


def expander(reference: str) -> Any:
    """Where the words stand on a page that is about more; open or not stands in the link.

    The first of them stand on it, so that it need not be opened for them.

    Args:
        reference: DIGEST:INDEX of a stored vector.
    """
    told = stored.in_short(reference)
    return st.expander(
        captions.plain(f"What it says: {told}") if told else "What it says",
        key="says",
        on_change="rerun",
        bind="query-params",
        icon=":material/translate:",
    )


def draw(reference: str) -> None:
    """What a vector says, or the button that reads its whole set.

    Args:
        reference: DIGEST:INDEX of a stored vector; nothing is drawn for one that is not here.
    """
    one = pinned.known(reference)
    if one is None:
        return
    key = one.digest, one.index
    model = str(resources.vector_set(one.digest).model["short_name"])
    records = stored.of_vector(key, model)
    if not records:
        st.caption("Which words the vector makes likelier, beside 64 random vectors.")
        asking.progress()
        asking.button(one.digest, f"read_words_{reference}")
        return
    record = records[0] if len(records) == 1 else _chosen(records, reference)
    at = frames.place(record, key)
    if at is not None:
        _show(record, at, reference)
    asking.progress()
    with st.popover("Read again", icon=":material/refresh:"):
        asking.button(one.digest, f"read_words_{reference}")


def _chosen(records: list[dict[str, Any]], reference: str) -> dict[str, Any]:
    """Which model's words are shown, where both were read."""
    names = {_state(record): record for record in records}
    chosen = st.segmented_control(
        "Read in",
        list(names),
        default=next(iter(names)),
        required=True,
        key=f"words_in_{reference}",
    )
    return names.get(str(chosen), records[0])


def _state(record: dict[str, Any]) -> str:
    """Whether the base model was read, or which fine-tuned one."""
    adapter = record["model"].get("adapter")
    return "base model" if adapter is None else f"model with adapter {str(adapter).split('/')[-1]}"


def _show(record: dict[str, Any], at: int, reference: str) -> None:
    vector = record["tables"]["vectors"][at]
    random = record["config"]["random"]
    st.markdown(f"**{captions.plain(said.verdict(vector, random))}**")
    st.dataframe(
        frames.table(record, at, MAIN),
        key=f"words_{reference}",
        hide_index=True,
        column_config={
            "promoted": st.column_config.TextColumn(
                "promoted", help=captions.plain(said.ABOUT[MAIN])
            ),
            "suppressed": st.column_config.TextColumn("suppressed"),
            "more": _number("nats", "%+.2f", said.UNITS[MAIN], 56),
            "less": _number("nats", "%+.2f", said.UNITS[MAIN], 56),
            "more_random": _number("\u00b1", "%.2f", RANDOM, 48),
            "less_random": _number("\u00b1", "%.2f", RANDOM, 48),
        },
        alt="Words whose log-probability the vector raises and lowers most",
    )
    for reading in said.READINGS:
        if reading != MAIN and (told := frames.line(record, at, reading)):
            name = said.READINGS[reading].capitalize()
            st.caption(f"{name}: {captions.plain(told)}", help=captions.plain(said.ABOUT[reading]))
    beside = frames.random_line(record, at)
    st.caption(
        captions.plain(
            f"\u00b1: the same word under random vectors, at most. A random vector here promotes "
            f"{beside}. {said.star_rule(random)} {SPACE} is a space. "
            f"Read in the {_state(record)} after {record['config']['count']} neutral prompts."
        )
    )
    for note in record["notes"]:
        st.caption(captions.plain(note))


def _number(name: str, form: str, about: str, width: int) -> Any:
    return st.column_config.NumberColumn(name, format=form, width=width, help=about)
