"""Questions, pairs and prompts: what was understood of them, what is dropped, and their keeping.

Knows nothing of how they come and of who uses them.
"""

import hashlib
from typing import Any, NamedTuple

import streamlit as st

from dashboard.session import own_data
from dashboard.widgets.adding import bringing, columns
from dashboard.widgets.adding.kinds import Added, Keep, Kind
from dashboard.words import captions
from engine.errors import DataError
from engine.questions import own
from engine.questions.own import Understood, reading
from engine.questions.own import kept as kept_files
from engine.questions.pairs import POLES
from engine.questions.polarity import Polarity
from engine.questions.rows import take_apart

SHOWN = 50
"""Rows of the preview."""
UNKNOWN = "The columns' names do not say what they are: choose below."
POLARITIES = {"matching": "the matching or right one", "not-matching": "the other one"}


class Asked(NamedTuple):
    """What is read, and what a reader says of it; all of it decides what is understood."""

    sha256: str
    """Of the content."""
    name: str
    kind: Kind
    columns: tuple[tuple[str, str], ...] = ()
    """Part and column, where names differ."""
    behaviour: str | None = None
    polarity: Polarity | None = None
    """None of both where nothing differs from what was understood."""


def draw(kind: Kind, prefix: str) -> Keep | None:
    """The whole of it, and how it is kept; None while it cannot be.

    Raises:
        EngineError: If nothing can be made of what was brought.
    """
    brought = bringing.one(kind, prefix)
    if brought is None:
        return None
    asked = Asked(hashlib.sha256(brought.content).hexdigest(), brought.name, kind)
    # Of another file all is asked anew.
    prefix = f"{prefix}{asked.sha256[:8]}_{kind}_"
    try:
        found, refused = _understood(asked, brought.content), None
    except DataError as error:
        found, refused = _unknown(asked, brought.content), error
        if not found.needs:
            raise
        st.warning(UNKNOWN, icon=":material/view_column:")
    if said := columns.mapping(found, kind, prefix):
        asked = asked._replace(columns=tuple(said.items()))
        found = _understood(asked, brought.content)
    elif refused is not None:
        st.caption(captions.plain(str(refused)))
        return None
    if found.rows and kind != "prompts":
        asked = _confirmed(asked, found, prefix)
        found = _understood(asked, brought.content)
    _account(found, kind)
    _preview(found)
    return _keep(found, kind, prefix)


@st.cache_resource(max_entries=8, show_spinner="Reading")
def _understood(asked: Asked, _content: bytes) -> Understood:
    """What a text holds; shared, so never to be changed."""
    return own.understand(
        _content, asked.name, asked.kind, dict(asked.columns), asked.behaviour, asked.polarity
    )


def _unknown(asked: Asked, content: bytes) -> Understood:
    """The columns of a table whose names say nothing, for the reader to say what they are."""
    try:
        rows = reading.table_of(content, asked.name, {}).rows
    except DataError:
        rows = []
    names = [str(name) for row in rows[:1] if isinstance(row.values, dict) for name in row.values]
    needs = columns.PARTS[asked.kind][:1] if names else ()
    return Understood(
        kind=asked.kind, file=asked.name, layout="", columns=dict.fromkeys(names, ""), needs=needs
    )


def _account(found: Understood, kind: Kind) -> None:
    """How many rows were understood, what is missing, and what was dropped and why."""
    noun = own_data.NOUNS[kind]
    words = f"**{captions.count(len(found.rows), noun)}** · {captions.plain(found.layout)}"
    st.markdown(words)
    for note in found.notes:
        if found.needs:
            st.warning(captions.plain(note), icon=":material/view_column:")
        else:
            st.caption(captions.plain(note))
    if found.dropped:
        again = f", {found.duplicates} of them repeated" if found.duplicates else ""
        rows = [{"line": line, "why": reason} for line, reason in found.dropped]
        label = f"{captions.count(len(rows), 'row')} dropped{again}"
        with st.expander(label, icon=":material/filter_alt_off:"):
            st.dataframe(rows, hide_index=True, height=180, alt="Dropped rows and why")


def _confirmed(asked: Asked, found: Understood, prefix: str) -> Asked:
    """The same with the behaviour and the polarity that the reader confirms."""
    left, right = st.columns(2, vertical_alignment="bottom")
    behaviour = left.text_input(
        "Behaviour",
        value=found.behaviour or _guessed(asked.name),
        key=f"{prefix}behaviour",
        help="What is measured, in a word or two, such as survival.",
    )
    usual = found.polarity or "matching"
    polarity = right.segmented_control(
        "The answer that shows it",
        list(POLARITIES),
        default=usual,
        required=True,
        format_func=POLARITIES.__getitem__,
        key=f"{prefix}polarity",
    )
    asked = asked._replace(behaviour=(behaviour or "").strip() or None)
    if polarity in (None, usual):
        return asked
    return asked._replace(polarity="matching" if polarity == "matching" else "not-matching")


def _guessed(name: str) -> str:
    """A behaviour by the file's name, for the reader to correct."""
    stem = kept_files.stem(name)
    return "behaviour" if stem.startswith(("pasted ", "typed ")) else stem.replace("_", "-")


def _preview(found: Understood) -> None:
    """The first rows, with the answer that counts as the behaviour under its name."""
    if not found.rows:
        return
    if found.letters:
        at = " and ".join(f"{count} at ({letter})" for letter, count in found.letters.items())
        st.caption(captions.plain(f"The answer that shows it stands {at}."))
    rows = [_shown(row, found) for row in found.rows[:SHOWN]]
    more = f", the first {SHOWN}" if len(found.rows) > SHOWN else ""
    st.dataframe(rows, hide_index=True, height=200, alt=f"What was understood{more}")


def _shown(row: dict[str, Any], found: Understood) -> dict[str, str]:
    """A row as a person reads it."""
    shows, other = f"Shows {found.behaviour or 'the behaviour'}", "Does not"
    if "answer_matching_behavior" in row:
        parts = take_apart(row)
        letters = ("A", "B") if parts.matching == "A" else ("B", "A")
        if found.polarity == "not-matching":
            letters = letters[::-1]
        texts = dict(zip("AB", parts.options, strict=True))
        first, second = (f"({letter}) {texts[letter]}" for letter in letters)
        return {"Question": parts.stem, shows: first, other: second}
    poles = next((names for names in POLES if names[0] in row), None)
    if poles is not None:
        told = poles if found.polarity != "not-matching" else poles[::-1]
        return {"Question": row["question"], shows: row[told[0]], other: row[told[1]]}
    if "messages" in row:
        return {one["role"].capitalize(): one["content"] for one in row["messages"]}
    return {str(name).capitalize(): str(value) for name, value in row.items()}


def _keep(found: Understood, kind: Kind, prefix: str) -> Keep | None:
    """Asks for the name; how it is kept under it, where there is something to keep."""
    usual = kept_files.stem(found.file)
    name = st.text_input(
        "Name", value=usual, key=f"{prefix}name", help="What every picker calls it."
    )

    def keep() -> Added:
        kept = own.keep(own_data.root(), found, (name or "").strip() or usual)
        return Added(kind, kept.name, own_data.path_of(kept))

    return keep if found.rows else None
