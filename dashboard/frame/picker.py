"""The dialog that chooses this tab's model, and says what it takes before it is loaded.

Knows nothing of pages and of loading.
"""

import datetime
from pathlib import Path
from typing import get_args

import streamlit as st

from dashboard.frame import tray
from dashboard.frame.weighing import Weighed, weigh
from dashboard.session import adapters, models, resources, state
from dashboard.widgets.adding import asking
from dashboard.widgets.adding.kinds import Added
from dashboard.words import captions
from engine.configs.core import PRESETS, TEMPLATE_DATE, Dtype, ModelConfig
from engine.errors import EngineError
from engine.model.gguf import packaged
from engine.store import recent

ANOTHER = "another"
NONE = ""
OPEN = "_picking"
FIELDS = (
    *("pick_model", "pick_place", "pick_adapter", "pick_adapter_place", "pick_dtype", "pick_day"),
)
PRECISIONS = {"auto": "auto: bfloat16 on a GPU, else float32"}
FIRST_DAY = datetime.date(1970, 1, 1)


def ask() -> None:
    """Have the dialog opened by the next run, with what is chosen now."""
    now = models.chosen()
    st.session_state[OPEN] = True
    st.session_state.update(
        {
            "pick_model": now.model,
            "pick_place": "",
            "pick_adapter": now.adapter or NONE,
            "pick_adapter_place": "",
            "pick_dtype": now.dtype,
            "pick_day": datetime.date.fromisoformat(now.date),
        }
    )


def draw() -> None:
    """The dialog, as long as it is open, or the one that brings an adapter into it."""
    asking.dialog("pick_adapter", ("adapters",), _take)
    if st.session_state.get(OPEN):
        _dialog()


def warn_refused() -> None:
    """Say why the model that the link asks for is not taken."""
    if words := models.refused():
        st.warning(captions.plain(words), icon=":material/link_off:")


def _close() -> None:
    st.session_state[OPEN] = False


@st.dialog("Change model", width="medium", on_dismiss=_close)
def _dialog() -> None:
    st.caption("For this browser tab. One engine serves all tabs and holds one model at a time.")
    try:
        config = _asked()
        _bring()
        if config is not None:
            _facts(weigh(config))
            _buttons(config)
    except EngineError as error:
        st.error(captions.plain(str(error)), icon=":material/error:")


def _asked() -> ModelConfig | None:
    """The model that the fields name; None where one is still empty.

    Raises:
        EngineError: If it cannot be one.
    """
    # All fields in every run: one that is left out forgets what it holds.
    name = _one_of("Model", "pick_model", _models(), "Folder, .gguf file or hub id", "pick_place")
    adapter = _one_of(
        "Adapter", "pick_adapter", _adapters(name), "Folder or hub id", "pick_adapter_place"
    )
    left, right = st.columns(2)
    dtype = left.selectbox(
        "Precision", get_args(Dtype), format_func=lambda d: PRECISIONS.get(d, d), key="pick_dtype"
    )
    day = right.date_input(
        "Date told to the template",
        min_value=FIRST_DAY,
        max_value=datetime.date.max,
        format="YYYY-MM-DD",
        key="pick_day",
        help="Some chat templates write a date; records are named by it.",
    )
    told = day.isoformat() if isinstance(day, datetime.date) else TEMPLATE_DATE
    if name is None or adapter is None:
        return None
    return ModelConfig(model=name, adapter=adapter or None, dtype=dtype, date=told)


def _bring() -> None:
    """The way to a reader's own adapter: one dialog after the other, as none stands in another."""
    if st.button("Add my LoRA", key="pick_add", type="tertiary", icon=":material/add:"):
        held = {name: st.session_state[name] for name in FIELDS if name in st.session_state}
        st.session_state["_picked"] = held
        _close()
        asking.ask("pick_adapter")
        st.rerun()


def _take(added: Added) -> None:
    """Back in this dialog, choose what was brought, and the model that it is of."""
    held = {**st.session_state.pop("_picked"), "pick_adapter": added.value}
    if held["pick_model"] != ANOTHER:
        held["pick_model"] = adapters.base(added.value) or held["pick_model"]
    st.session_state.update(held)
    st.session_state[OPEN] = True


def _one_of(
    label: str, key: str, options: dict[str, str], written: str, written_key: str
) -> str | None:
    """One of the options, or what is written into a field instead; None while that is empty."""
    if st.session_state.get(key) not in options:
        st.session_state[key] = next(iter(options))
    chosen = st.selectbox(label, list(options), format_func=options.__getitem__, key=key)
    if chosen != ANOTHER:
        return chosen
    text = st.text_input(written, key=written_key)
    return (text or "").strip() or None


def _models() -> dict[str, str]:
    """Names with their words: presets, that of the start, those chosen before, another one."""
    known = [*PRESETS, state.started().model, models.chosen().model, *models.recents()]
    return {name: _words(name) for name in known} | {ANOTHER: "Another one …"}


def _words(name: str) -> str:
    preset = PRESETS.get(name)
    if preset is not None:
        package = packaged.PACKAGES.get(name)
        local = "built in" if package is None else f"package, {package.megabytes} MB once"
        return f"{preset.title} · {local if preset.is_local else 'hub'}"
    place = Path(name)
    if place.suffix.casefold() == ".gguf":
        return f"{name} · GGUF file"
    is_path = name.startswith((".", "/", "~")) or place.exists()
    return f"{name} · {'folder' if is_path else 'hub'}"


def _adapters(name: str | None) -> dict[str, str]:
    """Adapters of a model with their words: none or its own, started with, trained, recent."""
    if name is None:
        return {NONE: "none", ANOTHER: "Another one …"}
    model = ModelConfig(model=name)
    own = adapters.own(model)
    found = {NONE: "none" if own is None else f"its own · {own}"}
    if model.model == state.started().model:
        found |= {one: f"{one} · of the start" for one in state.started_with()}
    for told, here in (
        ("trained here", adapters.trained(model)),
        ("yours", adapters.kept(model)),
    ):
        found |= {p: f"{adapters.called(p, name)} · {told}" for name, p in here.items()}
    now = models.chosen()
    before = recent.adapters(models.root(), model.model)
    kept = [now.adapter] if now.model == model.model and now.adapter else []
    return {**{one: one for one in (*kept, *before)}, **found, ANOTHER: "Another one …"}


def _facts(weighed: Weighed) -> None:
    st.caption("  \n".join(captions.plain(line) for line in weighed.lines))
    if weighed.wrong:
        st.markdown(f":red[:material/memory: {captions.plain(weighed.wrong)}]")


def _buttons(config: ModelConfig) -> None:
    if tray.is_busy():
        st.caption("A job is running: loading waits in the queue behind it.")
    with st.container(horizontal=True):
        is_used = st.button(
            "Use",
            key="pick_use",
            icon=":material/check:",
            help="Pages ask this model from now on. It loads with the first job.",
        )
        is_loaded = st.button(
            "Use and load", key="pick_load", type="primary", icon=":material/memory:"
        )
    if not (is_used or is_loaded):
        return
    if is_loaded:
        resources.engine().submit_load(config)
    models.choose(config)
    _close()
    st.rerun()
