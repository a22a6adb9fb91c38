"""The draft of a grid: what its form holds, from a link, a stored grid or the last visit."""

import copy
from typing import Any

import streamlit as st

from dashboard.forms import configurations, interventions, keeping, links, matrix
from dashboard.forms.configurations import EMPTY, MATRIX, SWEEP, Choice
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
KINDS = ("Columns", "Scale sweep", "Matrix")
MOST_COLUMNS = 6
"""That are edited one by one."""
METHODS = (SuggestConfig.method, BlendConfig.method)
"""Searches whose outcome a column can take over."""
SAMPLING = {one.name: one.default for one in offered(GenerateConfig) if one.name != "system"}
_ASIDE, _OF, _BY_MODEL = "_grid_aside", "_columns_of", "_columns_by_model"


def take_link() -> bool:
    """Let a link's vec, scale, unit, prompt or take fill the form; whether it is a new one."""
    asked = {name: st.query_params.get(name) for name in LINKED}
    if not any(asked.values()) or asked == st.session_state.get("_grid_link"):
        return False
    _set_aside()
    st.session_state["_grid_link"] = asked
    if asked["prompt"]:
        keeping.put("prompts", asked["prompt"])
    if asked["vec"]:
        pinned.note(asked["vec"], is_asked=True)
    if any(asked[name] for name in LINKED if name != "prompt"):
        keeping.forget_columns()
        st.session_state[_OF] = state.model().model
        keeping.put("kind", KINDS[0])
    return True


def _set_aside() -> None:
    """Keep what the form holds, before something else fills it."""
    held, columns = keeping.held(), st.session_state.get(keeping.COLUMNS)
    if columns:
        st.session_state[_ASIDE] = (state.model().model, held, copy.deepcopy(columns))


def is_aside() -> bool:
    """Whether a link or a stored grid has taken the place of what the reader had written."""
    kept = st.session_state.get(_ASIDE)
    return kept is not None and kept[0] == state.model().model


def bring_back() -> None:
    """Exchange what the form holds with what it held before a link or a stored grid filled it."""
    _, held, columns = st.session_state[_ASIDE]
    _set_aside()
    for name, value in held.items():
        keeping.put(name, value)
    keeping.forget_columns()
    st.session_state[keeping.COLUMNS] = columns


def load(config: dict[str, Any]) -> None:
    """Fill the form with a stored grid's settings; a grid of many columns as the matrix it is."""
    _set_aside()
    keeping.forget_columns()
    st.session_state[_OF] = state.model().model
    keeping.put("prompts", "\n---\n".join(config["prompts"]))
    keeping.put("system", config["system"] or "")
    for name, usual in SAMPLING.items():
        # Older grids lack what was added later.
        keeping.put(name, config.get(name, usual))
    given = config["configurations"]
    model = config.get("model") or {}
    more = tuple(model.get("more_adapters") or ())
    known = ModelConfig(adapter=model.get("adapter"), more_adapters=more).adapters
    columns = [configurations.fields(_here(one, known)) for one in given]
    whole = matrix.of_columns(columns) if len(columns) > MOST_COLUMNS else None
    keeping.put("kind", KINDS[0] if whole is None else KINDS[2])
    left = len(columns) - MOST_COLUMNS if whole is None else 0
    st.session_state["_grid_left_out"] = max(left, 0)
    edited = {str(i): one for i, one in enumerate(columns[:MOST_COLUMNS])}
    steered = next((one for one in columns if one["vector"]), EMPTY)
    edited[SWEEP] = {**steered, "name": "", "adapter": False}
    edited[MATRIX] = whole or matrix.like(columns)
    st.session_state[keeping.COLUMNS] = edited


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
    first = {"prompts": STUDY_PROMPT, "system": STUDY_SYSTEM, "kind": KINDS[0], **SAMPLING}
    keeping.begin(first)
    _choose_model()
    if keeping.COLUMNS in st.session_state:
        return
    asked = st.session_state.get("_grid_link") or {}
    state.note_missing("vec", asked.get("vec"), options)
    vector = asked.get("vec") or pinned.current()
    if asked.get("take") and _take(str(asked["take"])):
        return
    columns = configurations.usual(options, has_adapter, vector, pinned.reference())
    scale = configurations.number(asked.get("scale"))
    if scale is not None:
        for one in columns:
            sign = -1 if one["adapter"] else 1
            unit = "relative" if asked.get("unit") == "relative" else "absolute"
            one |= {"scale": sign * scale, "scale_unit": unit} if one["vector"] else {}
    _do(columns, asked)
    _start(columns)


def _choose_model() -> None:
    """Vectors and adapters are of one model, so each has columns of its own."""
    model, before = state.model().model, st.session_state.get(_OF)
    if before != model:
        kept = st.session_state.setdefault(_BY_MODEL, {})
        if before is not None and keeping.COLUMNS in st.session_state:
            kept[before] = st.session_state[keeping.COLUMNS]
        keeping.forget_columns()
        if model in kept:
            st.session_state[keeping.COLUMNS] = kept[model]
    st.session_state[_OF] = model


def _start(columns: list[dict[str, Any]]) -> None:
    """Begin with these columns, and with a sweep and a matrix of the first vector."""
    steered = next((one for one in columns if one["vector"]), EMPTY)
    edited = {str(i): one for i, one in enumerate(columns)}
    edited[SWEEP] = {**steered, "adapter": False}
    edited[MATRIX] = matrix.like(columns)
    st.session_state[keeping.COLUMNS] = edited


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
    _start([{**EMPTY, "adapter": column["adapter"]}, column])
    return True


def taken(digest: str) -> dict[str, Any] | None:
    """The fields of a column that does what a search came to; None where it came to nothing."""
    record = resources.study(digest)
    if record["use"] is None:
        return None
    model = record["sweep"]["model"]
    known = ModelConfig(adapter=model["adapter"]).adapters
    return configurations.fields({**_here(record["use"], known), "name": ""})


def show(digest: str | None) -> None:
    """Open a grid; None opens the form."""
    st.session_state["gen"] = digest
    st.session_state["_composing"] = digest is None
    for key in VIEWED:
        st.session_state.pop(key, None)
    for name in LINKED:
        st.query_params.pop(name, None)
    st.session_state.pop("_grid_link", None)


VIEWED = ("p", "s", "cols", "t")
"""What of a grid is looked at: another one begins with its own first texts."""
