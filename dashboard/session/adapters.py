"""Which fine-tuned model stands beside the base model. Knows nothing of how it is loaded."""

import dataclasses
from pathlib import Path
from typing import TypeVar

import streamlit as st

from dashboard.session import naming, resources, state
from engine.configs.chats import Pane
from engine.configs.core import ModelConfig
from engine.configs.grids import Configuration
from engine.configs.steering import doses
from engine.errors import ConfigError
from engine.foreign import adapters as own_adapters
from engine.model.identity import OWN_ADAPTERS
from engine.store import notes
from engine.store.naming.names import BETWEEN
from engine.training import places


def tuned(model: ModelConfig) -> ModelConfig | None:
    """The same model with its adapter: the one chosen here, that of the start, or the demo's own.

    None where there is no adapter, so no fine-tuned model to ask.
    """
    chosen = st.session_state.get("_adapter")
    if chosen is not None and chosen[0] == model.model and _is_there(chosen[1]):
        return dataclasses.replace(model, adapter=chosen[1])
    if model.adapter is not None:
        return model
    return None if own(model) is None else dataclasses.replace(model, adapter=model.model)


def drop_gone(model: ModelConfig) -> str | None:
    """Forget an adapter that was chosen here and is no longer there; its place, None if it is."""
    chosen = st.session_state.get("_adapter")
    if chosen is None or chosen[0] != model.model or _is_there(chosen[1]):
        return None
    del st.session_state["_adapter"]
    return str(chosen[1])


def own(model: ModelConfig) -> str | None:
    """Where the adapter lies that comes with a preset, below the root; None without one."""
    place = OWN_ADAPTERS.get(model.model)
    is_there = place is not None and (Path(resources.engine().root) / place).is_dir()
    return place if is_there else None


def _is_there(named: str) -> bool:
    """Whether an adapter is a folder that is here; of the hub's nobody knows before it loads."""
    place = next(iter(ModelConfig(adapter=named).adapters.values()))
    return not place.startswith(("/", ".", "~")) or Path(place).expanduser().is_dir()


def choose(tuned: ModelConfig) -> None:
    """Take this adapter for the fine-tuned model, in this session."""
    st.session_state["_adapter"] = (tuned.model, tuned.adapter)


def others(model: ModelConfig) -> dict[str, str]:
    """Where the adapters beside that one lie, by name, for columns of a grid.

    Those this dashboard was started with for this model, those that were trained in this store on
    it or brought into it, and those of a grid whose settings were taken over.
    """
    found = list(given(model).items()) + list(here(model).items())
    found += [(name, place) for place, name in st.session_state.get("_taken_adapters", {}).items()]
    usual = tuned(model)
    known = dict(usual.adapters) if usual is not None else {}
    first = set(known)
    for name, place in found:
        if place not in known.values():
            known[_apart(name, known)] = place
    return {name: place for name, place in known.items() if name not in first}


def given(model: ModelConfig) -> dict[str, str]:
    """Places by name of the adapters that this dashboard was started with, if for this model."""
    every = state.started_with() if model.model == state.started().model else []
    return {n: place for one in every for n, place in ModelConfig(adapter=one).adapters.items()}


def trained(model: ModelConfig) -> dict[str, str]:
    """Folders by name of the adapters that were trained in this store on this model."""
    return {
        one.name: str(one.folder)
        for one in places.adapters(Path(resources.engine().store.root))
        if one.record is not None and one.record["config"]["model"]["model"] == model.model
    }


def kept(model: ModelConfig) -> dict[str, str]:
    """Folders by name of the adapters that a reader brought and held against this model."""
    root = Path(resources.engine().store.root)
    return {
        one.name: str(one.folder) for one in own_adapters.every(root) if one.model == model.model
    }


def here(model: ModelConfig) -> dict[str, str]:
    """Folders by name of the adapters in this store that are of this model, however they came."""
    known = trained(model)
    for name, place in kept(model).items():
        known[_apart(name, known)] = place
    return known


def subject(place: str) -> str | None:
    """What notes call an adapter of this store, by its folder: "adapter:HASH12"; None for others.

    One that was trained here goes by the digest of its settings, one brought here by its content.
    """
    root, folder = Path(resources.engine().store.root), Path(place)
    trained_here = next((one for one in places.adapters(root) if one.folder == folder), None)
    brought = next((one for one in own_adapters.every(root) if one.folder == folder), None)
    told = "" if brought is None else brought.sha256
    if trained_here is not None and trained_here.record is not None:
        told = str(trained_here.record.get("digest", ""))
    found = f"adapter:{told[:12]}"
    return found if notes.is_subject(found) else None


def called(place: str, name: str) -> str:
    """What an adapter is called on screen: a reader's own name before that of its folder.

    Args:
        place: Where it lies, as a config names it.
        name: What links and records call it.
    """
    known = subject(place)
    named = "" if known is None else naming.note(known).name
    return BETWEEN.join((named, name)) if named else name


def base(place: str) -> str | None:
    """The model of an adapter that a reader brought, by its folder; None for all others."""
    root = Path(resources.engine().store.root)
    return next((one.model for one in own_adapters.every(root) if str(one.folder) == place), None)


def _apart(name: str, known: dict[str, str]) -> str:
    tries = (name, *(f"{name} ({number})" for number in range(2, len(known) + 3)))
    return next(one for one in tries if one not in known)


def take(known: dict[str, str], called: bool | str, model: ModelConfig) -> bool | str:
    """What a column asks for here, where that of a stored grid asked for `called`.

    Args:
        known: Where the stored grid's adapters lie, by name.
        called: One of these names; True is the first.
        model: This dashboard's.
    """
    name = next(iter(known), "") if called is True else called
    if not name or name not in known:
        return called
    place, usual = known[name], tuned(model)
    if usual is not None and place in usual.adapters.values():
        return True
    st.session_state.setdefault("_taken_adapters", {}).setdefault(place, name)
    return next(one for one, where in others(model).items() if where == place)


Column = TypeVar("Column", Configuration, Pane)


def asked(
    model: ModelConfig, wanted: tuple[Column, ...], further: dict[str, str]
) -> tuple[ModelConfig, tuple[Column, ...]]:
    """The model with the adapters that columns or panes ask for, and these as it has them.

    Args:
        model: This dashboard's.
        wanted: True asks for the usual adapter.
        further: What `others` gave.

    Raises:
        ConfigError: If a column asks for an adapter that is gone.
    """
    usual = tuned(model)
    usually = "" if usual is None else next(iter(usual.adapters))
    used = list(dict.fromkeys(one.adapter for one in wanted if one.adapter))
    named = {name for one in wanted if one.adapter for name in doses.names_in(one.dose)}
    used += [True if name == usually else name for name in sorted(named)]
    used = list(dict.fromkeys(used))
    if not set(used) - {True}:
        return (usual if usual is not None and used else model), wanted
    gone = [name for name in used if name is not True and name not in further]
    if gone:
        raise ConfigError(f"The adapter {gone[0]} is no longer here: choose another one.")
    known = further if usual is None else {**further, **usual.adapters}
    names = [usually if one is True else str(one) for one in used]
    first, *more = [f"{name}={known[name]}" for name in names]
    several = dataclasses.replace(model, adapter=first, more_adapters=tuple(more))
    columns = [
        dataclasses.replace(c, adapter=usually if c.adapter is True else c.adapter) for c in wanted
    ]
    return several, tuple(columns)


def missing(model: ModelConfig) -> str:
    """What to do where there is no adapter."""
    if (place := OWN_ADAPTERS.get(model.model)) is not None:
        return (
            f"The adapter of {model.model} is not in {place}, so there is no fine-tuned model to "
            "compare with."
        )
    return (
        f"No adapter is chosen for {model.model}, so there is no fine-tuned model to compare with: "
        "name one under Change model in the sidebar, or train one on Train."
    )
