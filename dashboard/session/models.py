"""Which model this browser tab asks, and the part of a link that says so.

A choice is the model alone; an adapter that is chosen with it stands beside it, as one that is used
from Train does, so that what the base model gives keeps its names. Draws nothing.
"""

import dataclasses
from pathlib import Path
from typing import get_args
from urllib.parse import urlencode

import streamlit as st

from dashboard.session import adapters, resources, state
from engine.configs.core import PRESETS, TEMPLATE_DATE, Dtype, ModelConfig
from engine.errors import ConfigError, EngineError, ModelError
from engine.model.identity import are_here
from engine.store import recent

MODEL, ADAPTER, DTYPE, DAY = PARAMETERS = ("model", "lora", "dtype", "day")
"""Of the link."""
_CHOSEN, _LINK, _TOLD, _REFUSED = "_model", "_link_model", "_told_model", "_model_refused"


def arrive() -> None:
    """Before a page is drawn: take the model that a new link asks for, or let the link say it.

    As with a pinned vector, a view without it changes nothing: going back must leave a page.
    """
    asked = _asked()
    if state.has_arrived():
        st.session_state.pop(_REFUSED, None)
    if any(asked.values()) and asked != st.session_state.get(_LINK):
        _take(asked)
    elif state.has_arrived() and not any(asked.values()):
        _write()
    elif parameters() != st.session_state.get(_TOLD, parameters()):
        # An adapter was chosen elsewhere, as on Train: the link says so, or F5 would take another.
        _write()
    if gone := adapters.drop_gone(state.model()):
        _say_gone(gone)
    st.session_state[_LINK], st.session_state[_TOLD] = _asked(), parameters()


def _say_gone(place: str) -> None:
    """Another fine-tuned model in its place would be a silent exchange."""
    usual = adapters.tuned(state.model())
    now = "there is no fine-tuned model" if usual is None else f"{usual.adapter} is taken instead"
    st.session_state[_REFUSED] = f"The adapter {place} is no longer here, so {now} from now on."
    _write()


def choose(wanted: ModelConfig) -> None:
    """Take this model, and its adapter beside it, in this tab, and remember it on this machine."""
    _set(wanted)
    adapter = next(iter(wanted.adapters.values()), None)
    recent.note(root(), wanted.model, adapter)
    st.session_state.pop(_REFUSED, None)
    _write()
    st.session_state[_LINK] = _asked()


def chosen() -> ModelConfig:
    """The model with the adapter that was chosen with it, as `choose` takes it."""
    model = state.model()
    beside: tuple[str, str] | None = st.session_state.get("_adapter")
    if beside is None or beside[0] != model.model:
        return model
    return dataclasses.replace(model, adapter=beside[1])


def parameters() -> dict[str, str]:
    """What a link needs to open with this model; nothing where it is the server's own."""
    config, usual = chosen(), state.started()
    if config == usual:
        return {}
    told = {MODEL: config.model}
    if config.adapter is not None:
        names = {place: name for name, place in adapters.here(config).items()}
        told[ADAPTER] = names.get(config.adapter, config.adapter)
    if config.dtype != "auto":
        told[DTYPE] = config.dtype
    if config.date != TEMPLATE_DATE:
        told[DAY] = config.date
    return told


def carried(address: str) -> str:
    """A relative link that also opens with this model."""
    told = parameters()
    return f"{address}{'&' if '?' in address else '?'}{urlencode(told)}" if told else address


def refused() -> str | None:
    """Why the model that the link asks for is not taken; None where nothing is wrong."""
    found: str | None = st.session_state.get(_REFUSED)
    return found


def recents() -> list[str]:
    """Models beside the presets that were chosen on this machine, newest first."""
    return [name for name in recent.models(root()) if name not in PRESETS]


def _set(wanted: ModelConfig) -> None:
    st.session_state.pop("_adapter", None)
    if wanted == state.started():
        st.session_state.pop(_CHOSEN, None)
        return
    st.session_state[_CHOSEN] = dataclasses.replace(wanted, adapter=None)
    if wanted.adapter is not None:
        adapters.choose(wanted)


def _take(asked: dict[str, str | None]) -> None:
    try:
        _set(_wanted(asked))
    except (EngineError, OSError, ValueError) as error:
        words = str(error) if isinstance(error, EngineError) else "Its name cannot be a model's."
        st.session_state[_REFUSED] = (
            f"The link's model is not used, and {state.title(state.started())} is: {words}"
        )
        _set(state.started())
        _write()


def _wanted(asked: dict[str, str | None]) -> ModelConfig:
    """What a link asks for.

    Raises:
        EngineError: If it is not here, or is no preset, and would have to be downloaded: that is
            for a reader to choose, not for whoever wrote a link.
    """
    dtype = asked[DTYPE] or "auto"
    if dtype not in get_args(Dtype):
        raise ConfigError(f"{dtype} is no precision: use {', '.join(get_args(Dtype))}.")
    config = ModelConfig(
        model=asked[MODEL] or state.started().model,
        dtype=dtype,  # type: ignore[arg-type]
        date=asked[DAY] or TEMPLATE_DATE,
    )
    named = asked[ADAPTER]
    if named:
        config = dataclasses.replace(config, adapter=adapters.here(config).get(named, named))
    is_known = config.model in PRESETS or config.model in recents()
    is_here = are_here(config, Path(resources.engine().root))
    if not is_here and not (is_known and (named is None or _was_chosen(config))):
        raise ModelError(
            f"{config.model} is not on this machine; choose it under Change model to download it."
        )
    return config


def _was_chosen(config: ModelConfig) -> bool:
    return set(config.adapters.values()) <= set(recent.adapters(root(), config.model))


def _asked() -> dict[str, str | None]:
    return {name: st.query_params.get(name) for name in PARAMETERS}


def _write() -> None:
    told = parameters()
    for name in PARAMETERS:
        if name not in told:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != told[name]:
            st.query_params[name] = told[name]


def root() -> Path:
    """The folder of the store, where choices are remembered."""
    return Path(resources.engine().store.root)
