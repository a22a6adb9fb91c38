"""Which adapter a fine-tune difference is of: named on the form and in the link.

Knows nothing of what is done with it.
"""

import dataclasses
from pathlib import Path

import streamlit as st

from dashboard.session import adapters, state
from dashboard.widgets.adding import asking
from dashboard.widgets.adding.kinds import Added
from dashboard.words import captions
from engine.configs.core import ModelConfig

KEY = "tuned"
"""Of the widget and of the link: the adapter's name."""


def known(model: ModelConfig) -> dict[str, ModelConfig]:
    """The model with each adapter that can be told here, by the adapter's name; usual one first."""
    usual = adapters.tuned(model)
    found = {} if usual is None else {next(iter(usual.adapters)): usual}
    preset = ModelConfig(adapter=model.model).adapters if adapters.own(model) is not None else {}
    further = adapters.others(model)
    further |= {name: place for name, place in preset.items() if name not in {*found, *further}}
    for name, place in further.items():
        one = dataclasses.replace(model, adapter=place, more_adapters=())
        if name not in (*preset, *one.adapters):
            one = dataclasses.replace(one, adapter=f"{name}={place}")
        found[name] = one
    return found


def picker(model: ModelConfig) -> ModelConfig | None:
    """The model with the chosen adapter; None, with the reason on screen, where there is none."""
    choices = known(model)
    names = list(choices)
    if not names:
        st.info(adapters.missing(model), icon=":material/power_off:")
        asking.button(KEY, ("adapters",), _take, "Add my LoRA")
        return None
    state.resolve(KEY, names)
    state.warn_missing(KEY, "the adapter", names)
    state.choose_if_none(KEY, names[0])
    chosen = st.selectbox(
        "Adapter",
        names,
        format_func=lambda name: adapters.called(_place(choices[name]), name),
        key=KEY,
        persist_state="session",
        help="The fine-tuned model that is compared with the base model.",
    )
    asking.button(KEY, ("adapters",), _take, "Add my LoRA")
    # Named also where it is the usual one: another may be the usual one tomorrow.
    state.write_link(KEY)
    model = choices[chosen]
    place = _place(model)
    st.caption(captions.plain(f"{chosen}: {_short(place)}"))
    return model


def _place(model: ModelConfig) -> str:
    return next(iter(model.adapters.values()))


def _take(added: Added) -> None:
    model = dataclasses.replace(state.model(), adapter=None)
    names = {place: name for name, place in adapters.here(model).items()}
    if added.value in names:
        st.session_state[KEY] = names[added.value]


def leave(model: ModelConfig) -> ModelConfig:
    """The model as it is, where none is asked for: the link names none, the choice is kept."""
    st.query_params.pop(KEY, None)
    st.session_state.pop(f"_link_{KEY}", None)
    return model


def _short(place: str) -> str:
    """The last two folders of where it lies."""
    return "/".join(Path(place).parts[-2:])
