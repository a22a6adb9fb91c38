"""The form of a generation grid: prompts, columns or scales, sampling. Draws no results."""

import json
import re
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.forms import (
    configurations,
    drafts,
    grid_adding,
    grid_columns,
    grid_sampling,
    keeping,
    matrix,
)
from dashboard.forms.configurations import EMPTY, MATRIX, SWEEP, Choice
from dashboard.session import adapters, pinned, resources, state
from dashboard.widgets import bound, searches, widgets
from dashboard.words import captions
from engine.configs.core import STUDY_PROMPT, ModelConfig
from engine.configs.grids import Configuration, GenerateConfig
from engine.configs.pairs import ContrastiveConfig
from engine.errors import EngineError

EXAMPLES = 12
ASKED = ContrastiveConfig.positive_system
"""What a rival column asks at first: what contrastive vectors are made from."""


@st.cache_data(max_entries=4, show_spinner=False)
def examples(root: str) -> list[str]:
    """Questions to start from, which no vector was found on."""
    path = Path(root) / "data/demo/heldout_advice.json"
    held = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return [STUDY_PROMPT, *(str(row["question"]) for row in held[:EXAMPLES])]


def draw(model: ModelConfig) -> None:
    """The whole form with its button; the reason on screen instead if settings cannot work."""
    tuned, further = adapters.tuned(model), adapters.others(model)
    options = configurations.choices(model)
    drafts.begin(options, tuned is not None)
    state.warn_missing("vec", "the vector", list(options))
    state.warn_missing("take", "the search", [])
    options = configurations.led(options, pinned.reference(), pinned.current())
    _beside()
    prompts, system = _prompts()
    bar = st.container(horizontal=True, vertical_alignment="center")
    with bar:
        kind = keeping.ask(
            "kind",
            st.segmented_control,
            "Compare",
            drafts.KINDS,
            required=True,
            label_visibility="collapsed",
        )
        sampling = grid_sampling.draw(resources.own_choice(model))
        grid_adding.columns()
    try:
        models = configurations.models(tuned, further)
        wanted = _wanted(kind or drafts.KINDS[0], options, models)
        chosen, columns = adapters.asked(model, wanted, further)
        config = GenerateConfig(
            model=chosen,
            prompts=prompts,
            system=system,
            configurations=columns,
            **sampling,
        )
        with bar:
            generate_button(config)
    except EngineError as error:
        st.error(captions.plain(str(error)), icon=":material/error:")
    _what_is_missing(model, tuned is None and not further, not options)
    keeping.end()


def _beside() -> None:
    """What the form left out of a stored grid, and the way back to what it held before."""
    left = st.session_state.get("_grid_left_out", 0)
    if left:
        count = captions.count(left, "column")
        st.warning(
            f"The form edits {drafts.MOST_COLUMNS} columns: {count} of that grid are left out.",
            icon=":material/view_column:",
        )
    if drafts.is_aside():
        st.button(
            "Back to the form before",
            key="bring_back",
            icon=":material/undo:",
            on_click=drafts.bring_back,
            help="A link or a stored grid has filled this form. What it held before is kept.",
        )


def _what_is_missing(model: ModelConfig, no_adapter: bool, no_vectors: bool) -> None:
    if no_adapter:
        st.caption(captions.plain(adapters.missing(model)))
    if no_vectors:
        st.info(
            "No vectors are stored yet for this model, so only the unsteered model can answer. "
            "Find some on Similarity or Discover.",
            icon=":material/search:",
        )
        widgets.go_button(
            "Find vectors", "similarity", key="to_similarity", icon=":material/grid_on:"
        )


def _prompts() -> tuple[tuple[str, ...], str | None]:
    left, right = st.columns([0.6, 0.4])
    with left:
        text = keeping.ask(
            "prompts",
            st.text_area,
            "Prompt",
            height=122,
            help="Several prompts: part them by a line of three dashes.",
        )
        grid_adding.prompts(examples(str(resources.engine().root)))
    with right:
        st.selectbox(
            "Take a held-out question",
            examples(str(resources.engine().root)),
            index=None,
            key="example_of_grid",
            placeholder="which no vector was found on",
            on_change=_take_example,
            help="Takes the place of an untouched question, and stands below what you wrote.",
        )
        system = keeping.ask("system", st.text_input, "System prompt", placeholder="none")
    parts = re.split(r"^\s*-{3,}\s*$", text or "", flags=re.MULTILINE)
    prompts = tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    return prompts, system or None


def _take_example() -> None:
    """Put the question into the form; what the reader wrote there stays."""
    taken = st.session_state.get("example_of_grid")
    st.session_state["example_of_grid"] = None
    if not taken:
        return
    now = str(keeping.get("prompts") or "").strip()
    is_own = bool(now) and now not in examples(str(resources.engine().root))
    keeping.put("prompts", f"{now}\n---\n{taken}" if is_own else taken)


def _wanted(
    kind: str, options: dict[str, Choice], models: dict[bool | str, str]
) -> tuple[Configuration, ...]:
    """The configurations that the editors say."""
    edited: dict[str, dict[str, Any]] = st.session_state[keeping.COLUMNS]
    if kind in drafts.KINDS[1:]:
        name = SWEEP if kind == drafts.KINDS[1] else MATRIX
        with st.container(border=True, key=f"{name}_editor"):
            values = edited.setdefault(name, {**EMPTY})
            edited[name] = grid_columns.editor(name, values, options, models)
            if name == SWEEP:
                return configurations.sweep(edited[SWEEP], options)
            found = matrix.columns(edited[MATRIX], options)
            st.caption(captions.plain(matrix.told(edited[MATRIX])))
        return found
    names = _numbered()
    for start in range(0, len(names), 3):
        for place, name in zip(st.columns(3), names[start : start + 3], strict=False):
            with place.container(border=True, gap="small"):
                edited[name] = grid_columns.editor(name, edited[name], options, models)
    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            "Add a column",
            key="add_column",
            icon=":material/add:",
            on_click=_add,
            disabled=len(names) >= drafts.MOST_COLUMNS,
        )
        st.button(
            "Remove the last",
            key="remove_column",
            icon=":material/remove:",
            on_click=_remove,
            disabled=len(names) < 2,
        )
        st.button(
            "Just ask",
            key="add_rival",
            icon=":material/record_voice_over:",
            on_click=_add,
            args=({**EMPTY, "asks": True, "system": ASKED},),
            disabled=len(names) >= drafts.MOST_COLUMNS,
            help="A column that is not steered, but asked by a system prompt of its own: the rival "
            "that steering has to beat.",
        )
        if len(names) < drafts.MOST_COLUMNS:
            _offer(options, [edited[name] for name in names])
            _suggested()
    return configurations.apart([configurations.one(edited[name], options) for name in names])


def _offer(options: dict[str, Choice], drawn: list[dict[str, Any]]) -> None:
    """Columns for the current and the pinned vector, where there are none of them yet."""
    for reference in dict.fromkeys((pinned.current(), pinned.reference())):
        if reference in options and reference not in {one["vector"] for one in drawn}:
            st.button(
                captions.plain(f"Add {options[reference].words}"),
                key=f"add_{reference}",
                icon=":material/add:",
                on_click=_add,
                args=(configurations.beside(drawn, reference, options),),
            )


def _suggested() -> None:
    """The newest suggestion for this model as a column, or where to ask for one."""
    found = searches.stored(drafts.METHODS[0], state.model())
    column = drafts.taken(found[0].digest) if found else None
    if column is None:
        widgets.go_button("Suggest", "discover", key="to_suggest", icon=":material/lightbulb:")
        return
    st.button(
        "Add the suggestion",
        key="add_suggestion",
        icon=":material/lightbulb:",
        help=captions.plain(found[0].summary),
        on_click=_add,
        args=(column,),
    )


def _numbered() -> list[str]:
    """Names of the columns that are edited one by one."""
    return [name for name in st.session_state[keeping.COLUMNS] if name.isdecimal()]


def _add(column: dict[str, Any] | None = None) -> None:
    edited, names = st.session_state[keeping.COLUMNS], _numbered()
    last = edited[names[-1]] if names else EMPTY
    number = max((int(name) for name in names), default=-1) + 1
    edited[str(number)] = column or {**last, "name": ""}


def _remove() -> None:
    keeping.forget_column(_numbered()[-1])


def generate_button(config: GenerateConfig) -> None:
    """Queue the grid and show it; a stored one is opened instead.

    Raises:
        EngineError: For what can be known before it runs.
    """
    engine = resources.engine()
    is_stored = engine.is_stored(config)
    estimate = None if is_stored else engine.estimate_seconds(config)
    pressed = bound.button(
        "Open (stored)" if is_stored else "Generate",
        "generate",
        bound.targets(config),
        type="primary",
        icon=":material/play_arrow:",
        shortcut="Mod+Enter",
    )
    took = f", about {captions.seconds(estimate)}" if estimate is not None else ""
    texts = len(config.prompts) * len(config.configurations) * config.samples
    st.caption(f"{captions.count(texts, 'text')}{took}", width="content")
    if pressed:
        digest = engine.digest(config)
        if not is_stored:
            state.submitted(engine.submit(config).id)
        drafts.show(digest)
        st.rerun()
