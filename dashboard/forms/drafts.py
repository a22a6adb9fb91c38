"""The draft of a grid: what its form holds, from a link, a stored grid or the last visit."""

from typing import Any

import streamlit as st

from dashboard.forms import configurations, interventions, links
from dashboard.forms.configurations import EMPTY, SWEEP, Choice
from dashboard.session import adapters, pinned, resources, state
from dashboard.widgets import searches
from dashboard.words import captions
from engine.configs.budgets.blends import BlendConfig
from engine.configs.budgets.suggest import SuggestConfig
from engine.configs.core import STUDY_PROMPT, STUDY_SYSTEM, ModelConfig
from engine.configs.fields import offered
from engine.configs.grids import GenerateConfig
from engine.configs.steering import doses
from engine.errors import ConfigError

LINKED = ("vec", "scale", "unit", "prompt", "take", *links.WORDS)
"""What a link may fill the form with; `take` is a suggestion or a blend: it becomes a column."""
KINDS = ("Columns", "Scale sweep")
MOST_COLUMNS = 6
METHODS = (SuggestConfig.method, BlendConfig.method)
"""Searches whose outcome a column can take over."""
SAMPLING = {one.name: one.default for one in offered(GenerateConfig) if one.name != "system"}


def take_link() -> bool:
    """Let a link's vec, scale, unit, prompt or take fill the form; whether it is a new one."""
    asked = {name: st.query_params.get(name) for name in LINKED}
    if not any(asked.values()) or asked == st.session_state.get("_grid_link"):
        return False
    st.session_state["_grid_link"] = asked
    if asked["prompt"]:
        st.session_state["grid_prompts"] = asked["prompt"]
    if asked["vec"]:
        pinned.note(asked["vec"], is_asked=True)
    if asked["vec"] or asked["scale"] or asked["take"]:
        _forget_columns()
    return True


def _forget_columns() -> None:
    for key in [key for key in st.session_state if str(key).startswith("col_")]:
        del st.session_state[key]
    st.session_state.pop("_columns", None)


def load(config: dict[str, Any]) -> None:
    """Fill the form with a stored grid's settings."""
    _forget_columns()
    st.session_state["_columns_of"] = state.model().model
    st.session_state["grid_prompts"] = "\n---\n".join(config["prompts"])
    st.session_state["grid_system"] = config["system"] or ""
    st.session_state["grid_kind"] = "Columns"
    for name, usual in SAMPLING.items():
        # Older grids lack what was added later.
        st.session_state[f"grid_{name}"] = config.get(name, usual)
    given = config["configurations"][:MOST_COLUMNS]
    model = config.get("model") or {}
    more = tuple(model.get("more_adapters") or ())
    known = ModelConfig(adapter=model.get("adapter"), more_adapters=more).adapters
    st.session_state["_columns"] = {
        str(i): configurations.fields(_here(c, known)) for i, c in enumerate(given)
    }


def _here(column: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    """A stored column with its adapters as they are called here."""
    model, dose = state.model(), column.get("dose")
    names = {name: adapters.take(known, name, model) for name in doses.names_in(dose)}
    usual = adapters.tuned(model)
    usually = "" if usual is None else next(iter(usual.adapters))
    called = {name: usually if one is True else str(one) for name, one in names.items()}
    return {
        **column,
        "adapter": adapters.take(known, column["adapter"], model),
        "dose": None if dose is None else doses.renamed(dose, called),
    }


def begin(options: dict[str, Choice], has_adapter: bool) -> None:
    """Before the first draw: the columns to start with, or those of the link."""
    for name, value in {
        "grid_prompts": STUDY_PROMPT,
        "grid_system": STUDY_SYSTEM,
        "grid_kind": KINDS[0],
        **{f"grid_{name}": value for name, value in SAMPLING.items()},
    }.items():
        kept = st.session_state.get("_grid", {}).get(name, value)
        if name not in st.session_state:
            st.session_state[name] = kept
    # Vectors and adapters are of one model, so another one begins with columns of its own.
    if st.session_state.get("_columns_of") != state.model().model:
        _forget_columns()
    st.session_state["_columns_of"] = state.model().model
    if "_columns" in st.session_state:
        return
    asked = st.session_state.get("_grid_link") or {}
    state.note_missing("vec", asked.get("vec"), options)
    vector = asked.get("vec") or pinned.current()
    if asked.get("take") and _take(str(asked["take"])):
        return
    first = configurations.usual(options, has_adapter, vector, pinned.reference())
    scale = configurations.number(asked.get("scale"))
    if scale is not None:
        for one in first:
            sign = -1 if one["adapter"] else 1
            unit = "relative" if asked.get("unit") == "relative" else "absolute"
            one |= {"scale": sign * scale, "scale_unit": unit} if one["vector"] else {}
    _do(first, asked)
    st.session_state["_columns"] = {str(i): one for i, one in enumerate(first)}
    steered = next((one for one in first if one["vector"]), EMPTY)
    st.session_state["_columns"][SWEEP] = {**steered, "adapter": False}


def _do(columns: list[dict[str, Any]], asked: dict[str, str | None]) -> None:
    """Let the columns with a vector do what a link says."""
    try:
        told = interventions.of_config(links.settings(asked))
    except ConfigError as error:
        st.warning(captions.plain(str(error)), icon=":material/link_off:")
        return
    told = {name: told[name] for name in told if told[name] != interventions.EMPTY[name]}
    for one in columns:
        one |= told if one["vector"] else {}


def _take(digest: str) -> bool:
    """Begin with the unsteered model and what a search came to; whether there is such a search."""
    known = [info.digest for method in METHODS for info in searches.stored(method)]
    state.note_missing("take", digest, known)
    column = taken(digest) if digest in known else None
    if column is None:
        return False
    base = {**EMPTY, "adapter": column["adapter"]}
    st.session_state["_columns"] = {"0": base, "1": column, SWEEP: {**column, "adapter": False}}
    return True


def taken(digest: str) -> dict[str, Any] | None:
    """The fields of a column that does what a search came to; None where it came to nothing."""
    record = resources.study(digest)
    if record["use"] is None:
        return None
    model = record["sweep"]["model"]
    known = ModelConfig(adapter=model["adapter"]).adapters
    return configurations.fields({**_here(record["use"], known), "name": ""})


def keep() -> None:
    """After the form was drawn: remember what it says for when the reader comes back."""
    names = ["grid_prompts", "grid_system", "grid_kind", *(f"grid_{name}" for name in SAMPLING)]
    st.session_state["_grid"] = {
        name: st.session_state[name] for name in names if name in st.session_state
    }
    columns = st.session_state.get("_columns", {})
    fields = [f"col_{column}_{field}" for column in columns for field in EMPTY]
    st.session_state["_drawn"] = {
        key: st.session_state[key] for key in (*names, *fields) if key in st.session_state
    }


def mend() -> None:
    """Before the form is drawn: undo what a click on a page that was not whole has emptied.

    The browser then sends back widgets that it has not filled yet. A choice that cannot be
    unmade and still is none gives it away; what was drawn last takes its place.
    """
    if st.session_state.get("grid_kind") is not None:
        return
    columns = st.session_state.get("_columns", {})
    for key, value in st.session_state.get("_drawn", {}).items():
        if not key.startswith("col_") or key.split("_")[1] in columns:
            st.session_state[key] = value


def show(digest: str | None) -> None:
    """Open a grid; None opens the form."""
    st.session_state["gen"] = digest
    st.session_state["_composing"] = digest is None
    for key in ("p", "s"):
        st.session_state.pop(key, None)
    for name in LINKED:
        st.query_params.pop(name, None)
    st.session_state.pop("_grid_link", None)
