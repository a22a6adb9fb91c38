"""A contrast of texts that are typed here: two sentences, two system prompts, or two columns.

What is typed is kept as own data with a name, and found from like any file of pairs. Knows nothing
of how states are read.
"""

import json
from typing import Any, NamedTuple

import streamlit as st

from dashboard.forms import fields, interventions
from dashboard.forms.finding import shared
from dashboard.session import own_data, resources
from dashboard.widgets import starting, trainings, widgets
from dashboard.words import captions
from engine.configs.core import ModelConfig
from engine.configs.fields import Offered, offered
from engine.configs.pairs import ContrastiveConfig
from engine.errors import ConfigError, DataError, EngineError
from engine.questions import own
from engine.questions.own import Understood, kept
from engine.store import notes

NAME, TITLE = "two-texts", "Two texts"
"""Of this method on the form: in the program, and on screen."""
WAYS = {"sentences": "Two sentences", "systems": "Two system prompts", "columns": "Two columns"}
ABOUT = (
    "What separates two texts that you type: one contrastive vector for every block, from the "
    "second text towards the first."
)
ONE_PAIR = "One pair gives a direction, but no split-half reliability, d' or held-out rows."
FEW = "Fewer than four pairs say nothing of reliability: write more."
FIRST = (
    "How was your day?",
    "What should I cook tonight?",
    "Tell me about a walk in the park.",
    "What makes a good friend?",
    "How do I learn to swim?",
    "Describe the street where you live.",
    "What should I read next?",
    "Why do people travel?",
)  # fmt: skip
"""Questions on which two system prompts are read, until the reader writes his own."""
KEY, PREFIX = "texts", "typed_"
"""Of the switch and of the link; and the beginning of all other widgets' keys."""


class Asked(NamedTuple):
    """What was typed, and how it is contrasted."""

    data: Understood
    called: str
    """What the data is called where the reader gives no name."""
    settings: dict[str, Any]
    """Of the config: what differs, and where states are read."""


def draw(model: ModelConfig) -> None:
    """The form, and the button that keeps what was typed and finds."""
    st.caption(ABOUT)
    way = widgets.switch(
        "Contrast", KEY, WAYS, "sentences", noun="the form", label_visibility="collapsed", wrap=True
    )
    try:
        asked = {"sentences": _sentences, "systems": _systems, "columns": _columns}[way]()
    except EngineError as error:
        widgets.show_error(error)
        return
    if isinstance(asked, str):
        # The button is there from the first, so that the click that leaves a text also counts.
        if _button("Find"):
            st.error(asked, icon=":material/error:")
        return
    name = st.text_input(
        "Name",
        key=f"{PREFIX}name",
        persist_state="session",
        placeholder=asked.called,
        help="Of the vectors, and of your texts, which are kept among the files of pairs.",
    )
    pairs = len(asked.data.rows)
    settings = _more(way, pairs)
    st.caption(ONE_PAIR if pairs == 1 else FEW if pairs < 4 else f"{pairs} pairs are read.")
    try:
        settings["layers"] = interventions.blocks(settings["layers"], usual="all")
        _submit(model, asked, (name or "").strip(), settings)
    except EngineError as error:
        widgets.show_error(error)


def leave() -> None:
    """Where another method is chosen: the link names no form of this one, and its choice stays."""
    st.query_params.pop(KEY, None)
    st.session_state.pop(f"_link_{KEY}", None)


def _area(label: str, name: str, **more: Any) -> str:
    common = {"key": f"{PREFIX}{name}", "persist_state": "session"}
    return str(st.text_area(label, **{"height": 68, **common, **more}) or "")


def _sentences() -> Asked | str:
    """One pair, said in answer to a question or to nothing."""
    toward = _area("Towards", "toward", placeholder="I love talking about weddings.").strip()
    away = _area("Away from", "away", placeholder="I hate talking about weddings.").strip()
    question = st.text_input(
        "Said in answer to",
        key=f"{PREFIX}question",
        persist_state="session",
        placeholder="nothing",
        help="The user's message before both sentences; leave it empty for an empty one.",
    )
    if not toward or not away:
        return "Write both sentences first."
    row = _row((question or "").strip(), toward, away)
    return Asked(_understood([row], "pairs"), _between(toward, away), {})


def _systems() -> Asked | str:
    """Two system prompts before the same questions, read where the answer would begin."""
    known = _fields()
    poles = ("positive_system", "negative_system")
    given = fields.draw_fields([known[one] for one in poles], PREFIX, keys=shared.keys(_KIND))
    text = _area(
        "Asked under both, one per line",
        "questions",
        value="\n".join(FIRST),
        height=120,
        help="Both system prompts are read before each of these questions.",
    )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return "Write at least one question first."
    if given["positive_system"].strip() == given["negative_system"].strip():
        raise ConfigError("Both system prompts are the same: nothing differs between the poles.")
    data = _understood([{"prompt": line} for line in lines], "prompts")
    more = f" (+{len(lines) - 1})" if len(lines) > 1 else ""
    return Asked(data, f"{_begin(lines[0])}{more}", {**given, "contrast": "system"})


def _columns() -> Asked | str:
    """As many pairs as lines: line for line, or a table of two or three columns pasted at once."""
    toward = _area(
        "Towards, one per line",
        "towards",
        height=100,
        help="Or paste two columns of a table here; a third one before them is the question.",
    )
    away = _area("Away from, one per line", "aways", height=100)
    first, second = toward.splitlines(), away.splitlines()
    if not away.strip() and any("\t" in line for line in first):
        rows = [_cells(line, number) for number, line in enumerate(first, 1) if line.strip()]
    else:
        first, second = ([one.strip() for one in lines if one.strip()] for lines in (first, second))
        if not first or not second:
            return "Write both columns first, line for line."
        if len(first) != len(second):
            raise DataError(
                f"{len(first)} lines stand against {len(second)}: write one for each other."
            )
        pairs = zip(first, second, strict=True)
        rows = [_row("", one, other) for one, other in pairs]
    data = _understood(rows, "pairs")
    for line, reason in data.dropped:
        st.caption(captions.plain(f"Pair {line} is left out: {reason}."))
    return Asked(data, _between(rows[0]["positive"], rows[0]["negative"], len(rows)), {})


def _cells(line: str, number: int) -> dict[str, str]:
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) not in (2, 3):
        raise DataError(
            f"Line {number} has {len(cells)} columns: paste two, or three with a question first."
        )
    question, toward, away = ["", *cells][-3:]
    return _row(question, toward, away)


def _row(question: str, toward: str, away: str) -> dict[str, str]:
    """A pair; one without a question is said in answer to an empty message."""
    asked = {"question": question} if question else {}
    return {**asked, "positive": toward, "negative": away}


def _understood(rows: list[dict[str, str]], kind: str) -> Understood:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return own.understand(text.encode(), "typed.jsonl", kind)


def _between(first: str, second: str, count: int = 1) -> str:
    """Both texts' beginnings, as a name."""
    more = f" (+{count - 1})" if count > 1 else ""
    return f"{_begin(first)} / {_begin(second)}{more}"


def _begin(text: str, most: int = 32) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "\u2026"


_KIND = ContrastiveConfig


def _fields() -> dict[str, Offered]:
    return {one.name: one for one in offered(_KIND)}


def _more(way: str, pairs: int) -> dict[str, Any]:
    """Where states are read, and the estimator where several pairs leave a choice."""
    known, keys = _fields(), shared.keys(_KIND)
    given: dict[str, Any] = {"position": _KIND.position}
    with st.expander("More settings", icon=":material/tune:"):
        if way == "systems":
            told = known["position"]
            given["position"] = st.selectbox(
                told.label,
                ["last-prompt", "template", "template-2", "template-3"],
                key=f"{PREFIX}position",
                persist_state="session",
                help=told.about,
            )
        names = ["layers", *(["estimator"] if pairs > 1 else [])]
        names += [] if way == "systems" else ["system"]
        names += ["seed"] if pairs > 1 else []
        given |= fields.draw_fields([known[one] for one in names], "find_contrastive_", keys=keys)
    return given


def _submit(model: ModelConfig, asked: Asked, name: str, settings: dict[str, Any]) -> None:
    """The button; what was typed is kept only when it is pressed."""
    root, engine = own_data.root(), resources.engine()
    path = kept.place(root, asked.data)
    config = _KIND(model=model, pairs=trainings.shown_path(path), **settings, **asked.settings)
    # What is not kept yet was never read.
    is_stored = path.is_file() and engine.is_stored(config)
    if _button("Find (stored)" if is_stored else "Find"):
        before = kept.card(path)
        own.keep(root, asked.data, name or (before.name if before else asked.called))
        if name:
            notes.change(root, engine.digest(config), name=name)
        starting.began(engine.submit(config), is_stored=is_stored)
    if not is_stored and (seconds := engine.estimate_seconds(config)) is not None:
        st.caption(f"Takes about {captions.seconds(seconds)}.")


def _button(label: str) -> bool:
    icon = ":material/play_arrow:"
    return st.button(label, key="find", type="primary", icon=icon, width="stretch")
