"""The form of a generation grid: prompts, columns or scales, sampling. Draws no results."""

import json
import re
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.forms import configurations, drafts, grid_columns
from dashboard.forms.configurations import EMPTY, SWEEP, Choice
from dashboard.session import adapters, pinned, resources, state
from dashboard.widgets import bound, searches, widgets
from dashboard.words import captions
from engine.configs.core import STUDY_PROMPT, ModelConfig
from engine.configs.grids import Configuration, GenerateConfig
from engine.configs.pairs import ContrastiveConfig
from engine.errors import EngineError

EXAMPLES = 12
SAMPLED = ("temperature", "top_p", "top_k", "samples", "max_new_tokens", "seed", "neutral")
"""Settings behind one button."""
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
    drafts.mend()
    state.warn_missing("vec", "the vector", list(options))
    state.warn_missing("take", "the search", [])
    options = configurations.led(options, pinned.reference(), pinned.current())
    prompts, system = _prompts()
    bar = st.container(horizontal=True, vertical_alignment="center")
    with bar:
        kind = st.segmented_control(
            "Compare", drafts.KINDS, required=True, key="grid_kind", label_visibility="collapsed"
        )
        sampling = _sampling(resources.own_choice(model))
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
        text = st.text_area(
            "Prompt",
            key="grid_prompts",
            height=122,
            help="Several prompts: part them by a line of three dashes.",
        )
    with right:
        st.selectbox(
            "Take a held-out question",
            examples(str(resources.engine().root)),
            index=None,
            key="grid_example",
            placeholder="which no vector was found on",
            on_change=_take_example,
        )
        system = st.text_input("System prompt", key="grid_system", placeholder="none")
    parts = re.split(r"^\s*-{3,}\s*$", text or "", flags=re.MULTILINE)
    prompts = tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    return prompts, system or None


def _take_example() -> None:
    if st.session_state.get("grid_example"):
        st.session_state["grid_prompts"] = st.session_state["grid_example"]


def _sampling(own_choice: str) -> dict[str, Any]:
    """How texts are drawn; the widgets stand on the page only while they are open.

    In a closed popover the browser would make number fields later, at their smallest values.
    """
    for name in SAMPLED:
        # Said anew, or a widget that leaves the page would leave its first value behind.
        st.session_state[f"grid_{name}"] = st.session_state[f"grid_{name}"]
    opened = st.popover("Sampling", key="sampling", icon=":material/casino:", on_change="rerun")
    if opened.open:
        with opened:
            _draw_sampling(own_choice)
    return {name: type(drafts.SAMPLING[name])(st.session_state[f"grid_{name}"]) for name in SAMPLED}


def _draw_sampling(own_choice: str) -> None:
    if own_choice:
        st.caption(captions.plain(own_choice))
    st.number_input(
        "Temperature",
        min_value=0.0,
        step=0.1,
        key="grid_temperature",
        help="0 takes the likeliest token.",
    )
    left, right = st.columns(2)
    left.number_input(
        "Top-p",
        min_value=0.0,
        max_value=1.0,
        step=0.05,
        key="grid_top_p",
        help="Only the likeliest tokens of this share are drawn from; 1 for all.",
    )
    right.number_input(
        "Top-k",
        min_value=0,
        key="grid_top_k",
        help="Only so many likeliest tokens are drawn from; 0 for all.",
    )
    left, right = st.columns(2)
    left.number_input("Samples", min_value=1, key="grid_samples")
    right.number_input("Tokens at most", min_value=1, key="grid_max_new_tokens")
    left, right = st.columns(2)
    left.number_input("Seed", min_value=0, key="grid_seed")
    right.number_input(
        "Neutral prompts",
        min_value=0,
        key="grid_neutral",
        help="On which side effects are measured; 0 leaves them out.",
    )


def _wanted(
    kind: str, options: dict[str, Choice], models: dict[bool | str, str]
) -> tuple[Configuration, ...]:
    """The configurations that the editors say."""
    edited: dict[str, dict[str, Any]] = st.session_state["_columns"]
    if kind == drafts.KINDS[1]:
        with st.container(border=True, key="sweep_editor"):
            values = edited.setdefault(SWEEP, {**EMPTY})
            edited[SWEEP] = grid_columns.editor(SWEEP, values, options, models)
        return configurations.sweep(edited[SWEEP], options)
    names = [name for name in edited if name != SWEEP]
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


def _add(column: dict[str, Any] | None = None) -> None:
    edited = st.session_state["_columns"]
    names = [name for name in edited if name != SWEEP]
    last = edited[names[-1]] if names else EMPTY
    number = max((int(name) for name in names), default=-1) + 1
    edited[str(number)] = column or {**last, "name": ""}


def _remove() -> None:
    edited = st.session_state["_columns"]
    name = [name for name in edited if name != SWEEP][-1]
    del edited[name]
    for key in [key for key in st.session_state if str(key).startswith(f"col_{name}_")]:
        del st.session_state[key]


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
