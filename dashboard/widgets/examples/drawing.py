"""Both ends of a corpus along one vector, beside random directions.

Knows nothing of single pages.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.session import adapters, resources, state
from dashboard.widgets import strip, widgets
from dashboard.widgets.examples import corpora, stored
from dashboard.words import captions, tokens
from engine.configs.core import ModelConfig, VectorRef
from engine.configs.reads.examples import ExamplesConfig, Ranked
from engine.configs.reads.strips import Passage, StripAsk, vector_at
from engine.configs.values import built
from engine.records.records import VectorSet
from engine.statistics.reads import examples_words as words

ABOUT = (
    "Texts of a corpus with the highest and lowest projection on this vector, beside random "
    "directions. Unit: SD of neutral text at its block."
)
RANKED: dict[Ranked, str] = {"mean": "Mean of tokens", "token": "Single token"}
Row = Mapping[str, Any]


def draw(reference: str) -> None:
    """What is stored of a vector's examples, and the button that looks for more.

    Args:
        reference: DIGEST:INDEX.

    Raises:
        StoreError: If its set or a record cannot be read.
    """
    digest, _, index = reference.partition(":")
    found, key = resources.vector_set(digest), (digest, int(index or 0))
    st.caption(ABOUT)
    widgets.live_job(ExamplesConfig.method)
    widgets.unfinished_job(ExamplesConfig.method)
    records = stored.of_vector(key, str(found.model["short_name"]))
    if records:
        record = _chosen(records)
        row = stored.row(record, key)
        if row is not None:
            _ends(record, row, reference)
    with st.expander("Search a corpus", icon=":material/search:", expanded=not records):
        _ask(found)


def _chosen(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The record that is looked at: of several, the one that the reader chooses."""
    if len(records) == 1:
        # What is shown stays when there comes to be another.
        st.session_state[stored.LINK] = records[0]["digest"]
        return records[0]
    known = {record["digest"]: record for record in records}
    first = next(iter(known))
    state.resolve(stored.LINK, list(known))
    state.choose_if_none(stored.LINK, first)
    chosen = st.selectbox(
        "Searched",
        list(known),
        format_func=lambda digest: _line(known[digest]),
        key=stored.LINK,
    )
    state.write_link(stored.LINK, default=first)
    return known[chosen]


def _line(record: Row) -> str:
    corpus, asked = record["corpus"], record["settings"]
    only = ", held-out" if asked["held_out"] else ""
    model = "fine-tuned model" if asked["model"]["adapter"] else "base model"
    ranked = words.RANKED[asked["by"]]
    return f"{corpus['name']}{only} · {corpus['texts']:,} texts · by {ranked} · {model}"


def _ends(record: Row, row: Row, reference: str) -> None:
    said = words.vector(row, record["random"])
    st.markdown("\n".join(f"- {captions.plain(one)}" for one in said))
    st.caption(captions.plain(" ".join([_line(record) + ".", *record["notes"]])))
    by = record["settings"]["by"]
    high, low = st.columns(2, gap="medium")
    for column, title, name, figure in (
        (high, "Highest", "top", "mean" if by == "mean" else "largest"),
        (low, "Lowest", "bottom", "mean" if by == "mean" else "smallest"),
    ):
        with column:
            st.markdown(f"**{title}**")
            st.html(_list(record, row[name], figure))
    st.caption(tokens.ABOUT)
    _by_token(record, row, reference)


def _list(record: Row, shown: list[Row], figure: str) -> str:
    """Texts with their figure, one below the other."""
    texts = record["tables"]["texts"]
    lines = []
    for one in shown:
        text = texts[one["text"]]
        before = " · ".join(part for part in (text["label"], text["prompt"]) if part)
        asked = f'<div style="opacity:.75;font-size:.85em">{tokens.plain(before)}</div>'
        own = tokens.as_html(text["lead"], text["pieces"], one["values"])
        lines.append(
            '<div style="display:flex;gap:.7em;margin:.35em 0">'
            f'<span style="min-width:3.4em;text-align:right">{one[figure]:+.2f}</span>'
            f"<div>{asked if before else ''}{own}</div></div>"
        )
    return f"<div>{''.join(lines)}</div>"


def _by_token(record: Row, row: Row, reference: str) -> None:
    """One text as a strip, which is read live."""
    texts = record["tables"]["texts"]
    places = list(dict.fromkeys(one["text"] for one in (*row["top"], *row["bottom"])))
    chosen = st.selectbox(
        "Open a text token by token",
        places,
        index=None,
        format_func=lambda place: _whole(texts[place])[:90],
        placeholder="choose a text",
        key=f"examples_text_{record['digest']}_{reference}",
    )
    if chosen is None:
        return
    model: ModelConfig = built(ModelConfig, record["settings"]["model"])
    asked = StripAsk(
        passage=passage(texts[chosen], record["settings"]["form"]),
        vectors=(vector_at(reference),),
        model=model,
        adapter=model.adapter is not None,
        seed=record["random_seed"],
    )
    strip.ask(asked, "examples_strip")


def passage(text: Row, form: str) -> Passage:
    """A text as the model was given it."""
    whole = _whole(text)
    if form == "prompt":
        return Passage(prompt=whole, system=text["system"])
    if form == "plain" or text["prompt"] is None:
        return Passage(plain=whole)
    return Passage(prompt=text["prompt"], system=text["system"], answer=whole)


def _whole(text: Row) -> str:
    return str(text["lead"]) + "".join(text["pieces"])


def _ask(found: VectorSet) -> None:
    """The corpus, how it is ranked, which model reads, and the button."""
    model = state.model()
    if found.model["short_name"] != model.short_name:
        needed = captions.plain(str(found.model["short_name"]))
        st.caption(f"To search with these vectors, choose {needed} as the model of this tab.")
        return
    chosen = corpora.choose("examples")
    tuned = adapters.tuned(model)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.segmented_control(
            "Ranked by",
            list(RANKED),
            default="mean",
            required=True,
            format_func=lambda name: RANKED[name],
            key="examples_by",
        )
        is_tuned = tuned is not None and st.toggle("Fine-tuned model reads", key="examples_tuned")
        has_split = chosen is not None and chosen.is_shipped and corpora.has_held_out(chosen.path)
        is_held_out = has_split and st.toggle(
            "Held-out pairs only", key="examples_held_out", help="From which no vector was found."
        )
    if chosen is None:
        return
    config = ExamplesConfig(
        model=tuned if is_tuned and tuned is not None else model,
        vectors=(VectorRef(digest=found.digest),),
        corpus=chosen.path,
        form=chosen.form,
        held_out=is_held_out,
        by=by or "mean",
    )
    widgets.submit("Search", config, key="examples_search")
