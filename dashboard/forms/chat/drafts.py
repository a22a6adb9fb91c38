"""The panes as the reader has set them: drafts of a tab, from a stored turn and into the next one.

A draft holds what its widgets hold; each pane and chip has an id that names their keys. Knows
nothing of how they are drawn.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.forms import interventions
from dashboard.forms.configurations import Choice, known
from dashboard.session import adapters, state
from engine.configs.chats import MOST_CHIPS, MOST_PANES, Chip, Pane, Settings
from engine.configs.core import ModelConfig
from engine.configs.steering import doses

Draft = dict[str, Any]
"""Of a pane or a chip: its id and fields; a pane's `chips` are drafts too."""
UNSTEERED, STEERED = "unsteered", "steered"
CHIP: Draft = {
    **{name: interventions.EMPTY[name] for name in interventions.EMPTY if name != "dose"},
    "vector": None,
    "scale": 1.0,
    "scale_unit": "absolute",
    "is_on": True,
}
PANE: Draft = {"name": UNSTEERED, "adapter": False, "dose": 1.0, "mixture": ""}
_PANES, _SETTINGS, _COUNT, _OF = "_chat_panes", "_chat_settings", "_chat_count", "_chat_of"


def _fresh(kind: str) -> str:
    """An id that no widget of this tab had before."""
    st.session_state[_COUNT] = count = st.session_state.get(_COUNT, 0) + 1
    return f"{kind}{count}"


def chip(reference: str, **fields: Any) -> Draft:
    """A new chip of a vector."""
    return {"id": _fresh("chip"), **CHIP, "vector": reference, **fields}


def pane(name: str, chips: Sequence[Draft] = (), **fields: Any) -> Draft:
    """A new pane; its chips are new ones of the same settings."""
    own = [{**one, "id": _fresh("chip")} for one in chips]
    return {"id": _fresh("pane"), **PANE, **fields, "name": name, "chips": own}


def panes() -> list[Draft]:
    """This tab's panes; none before the page has begun."""
    found: list[Draft] = st.session_state.get(_PANES, [])
    return found


def put(given: Sequence[Draft]) -> None:
    """Take these panes, of the model that the tab asks now."""
    st.session_state[_PANES] = list(given)
    st.session_state[_OF] = state.model().model


def are_of_another_model() -> bool:
    """Whether there are none, or they were made for a model that the tab no longer asks."""
    return not panes() or st.session_state.get(_OF) != state.model().model


def settings() -> Settings:
    """What all panes share."""
    found: Settings = st.session_state.get(_SETTINGS, Settings())
    return found


def put_settings(given: Settings) -> None:
    """Take these settings."""
    st.session_state[_SETTINGS] = given


def key(draft: Draft, field: str) -> str:
    """Of a field's widget."""
    return f"chat_{draft['id']}_{field}"


def gather() -> None:
    """Take over what the widgets say; those that are not drawn leave their fields as they are."""
    for one in panes():
        for draft in (one, *one["chips"]):
            for field in draft:
                if (name := key(draft, field)) in st.session_state:
                    draft[field] = st.session_state[name]


def change(draft: Draft, **fields: Any) -> None:
    """Set fields, also in the widgets that show them."""
    draft |= fields
    for field, value in fields.items():
        if (name := key(draft, field)) in st.session_state:
            st.session_state[name] = value


# Into what is asked


def panes_asked(options: Mapping[str, Choice]) -> tuple[Pane, ...]:
    """The panes as they are asked.

    Raises:
        ConfigError: If a field makes no sense.
    """
    return tuple(_pane(one, options) for one in panes())


def _pane(draft: Draft, options: Mapping[str, Choice]) -> Pane:
    adapter = draft["adapter"] or False
    return Pane(
        name=str(draft["name"] or "").strip(),
        adapter=adapter,
        dose=interventions.written_dose(draft) if adapter else None,
        chips=tuple(_chip(one, options) for one in draft["chips"]),
    )


def _chip(draft: Draft, options: Mapping[str, Choice]) -> Chip:
    digest, _, index = str(draft["vector"]).partition(":")
    return Chip(
        digest=digest,
        index=int(index),
        scale=float(draft["scale"]),
        scale_unit=draft["scale_unit"] if draft["operation"] == "add" else "absolute",
        is_on=bool(draft["is_on"]),
        **interventions.settings(draft, known(dict(options)), has_adapter=False),
    )


# From what was asked


def of_panes(given: Sequence[Pane], asked: ModelConfig) -> list[Draft]:
    """Drafts that give stored panes back.

    Args:
        given: The panes.
        asked: The model that answered, whose adapters the panes name.
    """
    return [_of_pane(one, asked) for one in given]


def _of_pane(given: Pane, asked: ModelConfig) -> Draft:
    model, known_there = state.model(), asked.adapters
    adapter = given.adapter and adapters.take(known_there, given.adapter, model)
    dose = given.dose
    if dose is not None:
        usual = adapters.tuned(model)
        usually = "" if usual is None else next(iter(usual.adapters))
        here = {n: adapters.take(known_there, n, model) for n in doses.names_in(dose)}
        dose = doses.renamed(dose, {n: usually if o is True else str(o) for n, o in here.items()})
    told = interventions.of_config({"dose": dose})
    chips = [of_chip(one) for one in given.chips]
    fields = {"adapter": adapter, "dose": told["dose"], "mixture": told["mixture"]}
    return pane(given.name, chips, **fields)


def of_chip(given: Chip) -> Draft:
    """A draft that gives a stored chip back."""
    told = interventions.of_config(given.how)
    fields = {name: told[name] for name in CHIP if name in told}
    fields |= {"scale": given.scale, "scale_unit": given.scale_unit, "is_on": given.is_on}
    return chip(given.reference, **fields)


# Several panes


def main() -> Draft | None:
    """The chip that the strength above the panes moves: the first that is on, else the first."""
    every = [one for pane in panes() for one in pane["chips"]]
    return next((one for one in every if one["is_on"]), next(iter(every), None))


def linked(chip: Draft) -> list[Draft]:
    """The chips of the same vector that stand at the same strength in any pane, itself among them.

    Their strengths move together; one that was set apart in its pane stays.
    """
    same = ("vector", "scale", "scale_unit", "operation")
    every = [one for pane in panes() for one in pane["chips"]]
    return [one for one in every if all(one[name] == chip[name] for name in same)]


def free_name(name: str) -> str:
    """The name, or with the next number where a pane has it already."""
    taken = {str(one["name"]).strip() for one in panes()}
    name = name if name not in taken else re.sub(r" \d+$", "", name)
    tries = (name, *(f"{name} {number}" for number in range(2, MOST_PANES + 2)))
    return next(one for one in tries if one not in taken)


def has_room(draft: Draft | None = None) -> bool:
    """Whether a pane takes one more vector, or without one the page one more pane."""
    return len(panes()) < MOST_PANES if draft is None else len(draft["chips"]) < MOST_CHIPS
