"""What is done with a vector, as widgets: for a grid's column and for an A/B sweep alike.

Only what the chosen operation uses is drawn, and only that becomes a setting.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import streamlit as st

from engine.configs.steering import gates
from engine.configs.steering.doses import LEAST, MOST
from engine.configs.steering.gates import Gate
from engine.configs.steering.interventions import (
    NEUTRAL,
    OPERATIONS,
    TARGETED,
    TITLES,
    Intervention,
    named_vector,
)
from engine.errors import ConfigError

STEP = 0.25
"""Of an adapter's dose."""
POSITIONS = ["all", "prompt", "response", "last-1", "last-4", "answer-1:8"]
SIDES = {"above": "above", "below": "below"}
PER = {"token": "each token for itself", "prompt": "the whole prompt"}
EMPTY: dict[str, Any] = {
    "operation": "add",
    "layers": "own",
    "positions": "all",
    "preserve_norm": False,
    "target": None,
    "second": None,
    "gate": None,
    "gate_side": "above",
    "gate_level": 1.0,
    "gate_block": None,
    "gate_per": "token",
    "dose": 1.0,
    "mixture": "",
    "usual": "",
}
"""The fields, as their widgets hold them."""
HELP = {
    "operation": "Add: the vector times the scale. Ablate and Low-rank: the part of each state "
    "along it goes. Set, Cap, Floor and Angular move a state's projection to a target. Spherical "
    "turns the state to the vector. Linear transport carries it to the vector's other samples.",
    "target": "In lengths of the vector from the usual projection. 1 is where the other pole's "
    "mean lies, 0 the usual one.",
    "second": "The plane in which states are turned; none is the first principal direction of "
    "usual states.",
    "layers": "own: where the vector was found. all, or blocks with commas: the same vector there.",
    "positions": "Which tokens are changed: all, prompt, response, last-K of the prompt, or "
    "answer-A:B, the answer's tokens A to B.",
    "preserve_norm": "Give every changed state the length that it had.",
    "gate": "Act only where states along this vector lie high, or low, enough.",
    "gate_level": "In standard deviations of usual states from their mean.",
    "gate_block": "At whose output the states are read; empty for the vector's own.",
    "gate_per": "Each token as it is written, or the mean over the prompt for all of the text.",
    "dose": "Strength of the adapter: 0 is the base model, 1 as it was trained, -1 the other way.",
    "mixture": "Several adapters at once, as ONE=1,OTHER=-0.5; in place of the dose.",
    "usual": "File of prompts whose states say what is usual; empty for the neutral ones.",
}


class Known(NamedTuple):
    """A stored vector that can be named."""

    words: str
    block: int


Ask = Callable[..., Any]
"""Draws the widget of a field: name, widget, label, and what the widget takes."""


def operation(ask: Ask) -> str:
    """Which operation; the other fields depend on it."""
    return str(
        ask(
            "operation",
            st.selectbox,
            "Operation",
            list(OPERATIONS),
            format_func=lambda one: {**TITLES}.get(one, one),
        )
    )


def target(ask: Ask, chosen: str) -> None:
    """Where this operation moves states to, where it has a target."""
    if chosen in TARGETED:
        usual = "0" if chosen == "cap" else "1"
        ask("target", st.number_input, "Target", step=STEP, format="%g", placeholder=usual)


def plane(ask: Ask, chosen: str, known: Mapping[str, Known]) -> None:
    """In which plane this operation turns states, where it does."""
    if chosen == "angular":
        ask(
            "second",
            st.selectbox,
            "Second direction",
            list(known),
            index=None,
            format_func=lambda one: words(known, one),
            placeholder="first principal direction",
        )


def dose(ask: Ask) -> None:
    """How strongly the adapter acts."""
    ask("dose", st.slider, "Adapter strength", LEAST, MOST, step=STEP)


def where(ask: Ask) -> None:
    """Blocks and positions."""
    ask("layers", st.text_input, "Layers")
    ask("positions", st.selectbox, "Positions", POSITIONS, accept_new_options=True)
    ask("preserve_norm", st.toggle, "Preserve norm")


def gate(ask: Ask, known: Mapping[str, Known]) -> None:
    """When it acts."""
    chosen = ask(
        "gate",
        st.selectbox,
        "Only where states lie along",
        list(known),
        index=None,
        format_func=lambda one: words(known, one),
        placeholder="no condition: everywhere",
    )
    if chosen is None:
        return
    left, right = st.columns(2, gap="xsmall", wrap=False)
    with left:
        ask("gate_side", st.selectbox, "Side", list(SIDES))
        usual = str(known[chosen].block) if chosen in known else "0"
        ask("gate_block", st.number_input, "At block", min_value=0, step=1, placeholder=usual)
    with right:
        ask("gate_level", st.number_input, "Level in sd", step=STEP, format="%g")
        ask("gate_per", st.selectbox, "Decided for", list(PER), format_func=PER.get)


def usual(ask: Ask) -> None:
    """What is taken for usual."""
    ask("usual", st.text_input, "Usual states from", placeholder=NEUTRAL)


def needs_usual(values: Mapping[str, Any]) -> bool:
    """Whether what is done depends on what states usually are."""
    chosen = values["operation"]
    return chosen in TARGETED or chosen == "transport" or values["gate"] is not None


def words(known: Mapping[str, Known], reference: str) -> str:
    """A vector as a field shows it."""
    return known[reference].words if reference in known else reference


def settings(
    values: Mapping[str, Any], known: Mapping[str, Known], has_adapter: bool
) -> dict[str, Any]:
    """Fields of an `Intervention` that the widgets say: those that the operation uses.

    Raises:
        ConfigError: If a field makes no sense.
    """
    chosen = values["operation"]
    found: dict[str, Any] = {
        "operation": chosen,
        "layers": blocks(values["layers"]),
        "positions": str(values["positions"] or "all").strip(),
        "preserve_norm": bool(values["preserve_norm"]),
    }
    if chosen in TARGETED and values["target"] is not None:
        found["target"] = float(values["target"])
    if chosen == "angular" and values["second"]:
        found["second"] = str(values["second"])
    if values["gate"]:
        found["when"] = _condition(values, known).text
    if has_adapter:
        found["dose"] = written_dose(values)
    if needs_usual(values) and values["usual"].strip():
        found["usual"] = values["usual"].strip()
    return found


def written_dose(values: Mapping[str, Any]) -> str | None:
    """The dose as a config has it; None is the adapter as it is."""
    mixture = values["mixture"].strip()
    if mixture:
        return str(mixture)
    return None if values["dose"] == 1 else f"{values['dose']:g}"


def _condition(values: Mapping[str, Any], known: Mapping[str, Known]) -> Gate:
    reference, block = str(values["gate"]), values["gate_block"]
    digest, index = named_vector(reference)
    if block is None and reference not in known:
        raise ConfigError("The condition's vector is not here any more: choose another one.")
    return Gate(
        digest=digest,
        index=index,
        block=known[reference].block if block is None else int(block),
        level=float(values["gate_level"]),
        is_above=values["gate_side"] == "above",
        per=values["gate_per"],
    )


def of_config(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the widgets hold for a stored sweep's or column's settings; older ones lack some."""
    whole = Intervention()
    told = {name: given.get(name) for name in ("operation", "layers", "positions", "second")}
    found = {**EMPTY, **{name: value for name, value in told.items() if value is not None}}
    layers = found["layers"]
    if not isinstance(layers, str):
        found["layers"] = ", ".join(str(block) for block in layers)
    found["preserve_norm"] = bool(given.get("preserve_norm"))
    found["target"] = given.get("target")
    kept = given.get("usual", whole.usual)
    found["usual"] = "" if kept == NEUTRAL else kept
    return found | _gate_fields(given.get("when")) | _dose_fields(given.get("dose"))


def _gate_fields(when: str | None) -> dict[str, Any]:
    if when is None:
        return {}
    found = gates.gate(when)
    return {
        "gate": f"{found.digest}:{found.index}",
        "gate_side": "above" if found.is_above else "below",
        "gate_level": found.level,
        "gate_block": found.block,
        "gate_per": found.per,
    }


def _dose_fields(dose: str | None) -> dict[str, Any]:
    """The slider's value, or the words where it has no such step."""
    if dose is None:
        return {}
    try:
        value = float(dose)
    except ValueError:
        return {"mixture": dose}
    on_slider = LEAST <= value <= MOST and (value / STEP).is_integer()
    return {"dose": value} if on_slider else {"mixture": dose}


def blocks(text: str, usual: str = "own") -> Any:
    """The blocks written in a field: a word as "own" or "all", or numbers with commas.

    Raises:
        ConfigError: If one is no number.
    """
    words = text.strip().lower() or usual
    if words in (usual, "all"):
        return words
    parts = words.replace(",", " ").split()
    if not all(part.isdecimal() for part in parts):
        raise ConfigError(
            f"Layers '{text}' are not known: write {usual}, all, or blocks like 3, 4."
        )
    return tuple(int(part) for part in parts)
