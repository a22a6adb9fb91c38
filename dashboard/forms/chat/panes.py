"""The editor of the panes: which model answers, and the vectors in it as chips.

Every change is told at once. What a popover holds is drawn while it is open: a widget in a closed
one is not there in the browser, and would open at its smallest value. Knows nothing of what is
asked or answered.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import streamlit as st

from dashboard.forms import interventions
from dashboard.forms.chat import drafts, starts, strengths
from dashboard.forms.chat.drafts import STEERED, Draft
from dashboard.forms.chat.starts import Start
from dashboard.forms.configurations import Choice, known
from dashboard.session import vector_links
from dashboard.words import captions

UNITS = {"absolute": "× vector", "relative": "× residual norm"}
NAME = "A pane goes on from the answers of the pane that had its name in the turn before."
NO_ROOM = "Four vectors act in it already: remove one first."
TUNED = "fine-tuned"
"""What a copy of a pane to the fine-tuned model is called."""
ROOMY = 3
"""Panes up to which a name stands in one line with the model's switch."""
WHOLE = "Its name, its model, copies of it."


class Given(NamedTuple):
    """What panes can be made of."""

    options: Mapping[str, Choice]
    """The vectors that fit, the best known first."""
    measured: Mapping[str, Start]
    models: Mapping[bool | str, str]
    """What a pane may ask for; see `configurations.models`."""
    changed: Callable[[], None]
    """Called when a pane does another thing than before."""
    renamed: Callable[[], None]
    """Called when it is merely called otherwise."""


def draw(given: Given) -> None:
    """All panes beside each other."""
    every = drafts.panes()
    for place, pane in zip(st.columns(len(every), gap="small"), every, strict=True):
        with place.container(border=True, gap="xsmall", height="stretch"):
            _head(pane, given)
            for chip in pane["chips"]:
                _chip(pane, chip, given)
            if not pane["chips"]:
                st.caption("No vector acts.")


def _asking(draft: Draft, changed: Callable[[], None]) -> interventions.Ask:
    """What draws a field of a draft and keeps what it says."""

    def ask(name: str, widget: Any, label: str, *more: Any, **options: Any) -> Any:
        key = drafts.key(draft, name)
        if key not in st.session_state:
            st.session_state[key] = draft[name]
        if more and isinstance(more[0], list) and draft[name] not in (None, *more[0]):
            # Gone since, or written by hand: it stays named.
            more = ([*more[0], draft[name]], *more[1:])
        about = options.pop("help", interventions.HELP.get(name))
        draft[name] = widget(label, *more, key=key, help=about, on_change=changed, **options)
        return draft[name]

    return ask


def _head(pane: Draft, given: Given) -> None:
    """Name, model, and what is done with the pane as a whole."""
    name = f"**{captions.plain(str(pane['name']))}**"
    above = st.container(gap=None)
    within = st.container(horizontal=True, wrap=False, gap="xsmall", vertical_alignment="center")
    with above if len(drafts.panes()) > ROOMY else within:
        opened = _popover(pane, name, WHOLE)
    if opened.open:
        with opened:
            _model_fields(pane, given)
            _whole(pane, given)
    with within:
        if len(given.models) == 2:
            tuned = next(one for one in given.models if one is not False)
            _tuned(pane, tuned, given)
        _add_vector(pane, given)


def _popover(draft: Draft, label: str, about: str) -> Any:
    """Of a pane or a chip, on whose name it opens."""
    key = drafts.key(draft, "open")
    look: dict[str, Any] = {"type": "tertiary", "wrap": False, "width": "stretch"}
    return st.popover(label, key=key, help=about, on_change="rerun", **look)


def _model_fields(pane: Draft, given: Given) -> None:
    ask = _asking(pane, given.changed)
    _asking(pane, given.renamed)("name", st.text_input, "Name", help=NAME)
    if len(given.models) > 2:
        words = given.models
        ask("adapter", st.selectbox, "Model", list(words), format_func=words.get)
    if pane["adapter"]:
        interventions.dose(ask)
        ask("mixture", st.text_input, "Several adapters", placeholder="ONE=1, OTHER=-0.5")


def _tuned(pane: Draft, tuned: bool | str, given: Given) -> None:
    """One switch, where there is one fine-tuned model."""
    key = drafts.key(pane, "is_tuned")
    st.session_state[key] = bool(pane["adapter"])

    def turn() -> None:
        drafts.change(pane, adapter=tuned if st.session_state[key] else False)
        given.changed()

    st.toggle(captions.plain(_tuned_words(pane)), key=key, on_change=turn)


def _tuned_words(pane: Draft) -> str:
    dose = interventions.written_dose(pane) if pane["adapter"] else None
    return "LoRA" if dose is None else f"LoRA at {dose}"


def _whole(pane: Draft, given: Given) -> None:
    """Buttons that copy or remove a pane."""
    is_full = not drafts.has_room()
    st.button(
        "Copy it",
        key=drafts.key(pane, "copy"),
        icon=":material/content_copy:",
        disabled=is_full,
        on_click=_copy,
        args=(pane, given),
    )
    tuned = next((one for one in given.models if one is not False), None)
    if tuned is not None and not pane["adapter"]:
        st.button(
            "Copy it to the fine-tuned model",
            key=drafts.key(pane, "copy_tuned"),
            icon=":material/model_training:",
            disabled=is_full,
            on_click=_copy,
            args=(pane, given, tuned),
        )
    st.button(
        "Remove it",
        key=drafts.key(pane, "remove"),
        icon=":material/close:",
        disabled=len(drafts.panes()) == 1,
        on_click=_remove,
        args=(pane, given),
    )


def _copy(pane: Draft, given: Given, adapter: bool | str | None = None) -> None:
    drafts.gather()
    fields = {name: pane[name] for name in drafts.PANE if name != "name"}
    name = str(pane["name"])
    if adapter is not None:
        fields["adapter"], name = adapter, TUNED
    every = drafts.panes()
    every.append(drafts.pane(drafts.free_name(name), pane["chips"], **fields))
    given.changed()


def _remove(pane: Draft, given: Given) -> None:
    drafts.gather()
    drafts.put([one for one in drafts.panes() if one is not pane])
    given.renamed()


def add_buttons(given: Given) -> None:
    """One more pane: a copy of the last, steered otherwise or of the fine-tuned model."""
    every = drafts.panes()
    steered = next((one for one in reversed(every) if one["chips"]), every[-1])
    tuned = next((one for one in given.models if one is not False), None)
    is_full = not drafts.has_room()
    if tuned is not None and not any(one["adapter"] for one in every):
        st.button(
            "Add fine-tuned",
            key="chat_add_tuned",
            icon=":material/model_training:",
            disabled=is_full,
            on_click=_copy,
            args=(steered, given, tuned),
            help="One more pane: the fine-tuned model with the same vectors.",
        )
    st.button(
        "Add a pane",
        key="chat_add_pane",
        icon=":material/add_column_right:",
        disabled=is_full,
        on_click=_copy,
        args=(steered, given),
        help="Four are the most." if is_full else "A copy of the last, to be changed.",
    )


# Vectors


def _chip(pane: Draft, chip: Draft, given: Given) -> None:
    """One vector: on or off, and its settings."""
    reference = chip["vector"]
    one = given.options.get(reference)
    name = one.name if one is not None else reference
    words = captions.plain(strengths.words(chip, name))
    with st.container(horizontal=True, wrap=False, gap="xsmall", vertical_alignment="center"):
        _asking(chip, given.changed)("is_on", st.toggle, words, label_visibility="collapsed")
        if one is None:
            st.badge(
                "not for this model",
                color="orange",
                help="The vector is not stored here, or fits another model's width.",
            )
        about = captions.plain(one.words if one is not None else reference)
        about = f"{about}: strength, operation, blocks"
        opened = _popover(chip, words, about)
    if not opened.open:
        return
    with opened:
        _chip_fields(chip, given)
        with st.container(horizontal=True, vertical_alignment="center"):
            vector_links.link(reference, "Its page")
            st.button(
                "Remove",
                key=drafts.key(chip, "remove"),
                icon=":material/close:",
                on_click=_drop,
                args=(pane, chip, given),
            )


def _chip_fields(chip: Draft, given: Given) -> None:
    ask = _asking(chip, given.changed)
    meant = _asking(chip, partial(_meant_otherwise, chip, {**chip}, given))
    operation = interventions.operation(meant)
    span = strengths.reach(chip, chosen(chip, given.measured))
    ask("scale", st.slider, "Its own strength", span.low, span.high, step=span.step, help=None)
    if operation == "add":
        meant("scale_unit", st.selectbox, "Unit", list(UNITS), format_func=UNITS.get, help=None)
    else:
        interventions.target(ask, operation)
        interventions.plane(ask, operation, known(dict(given.options)))
    interventions.where(ask)
    if interventions.needs_usual(chip):
        interventions.usual(ask)


def _meant_otherwise(chip: Draft, before: Draft, given: Given) -> None:
    """A callback: the strength in the new unit, or a usual one of the new operation."""
    drafts.gather()
    share = strengths.per_norm(chip["vector"])
    if chip["operation"] != before["operation"]:
        usual = starts.chip(chip["vector"], given.options, given.measured)
        is_same = usual["operation"] == chip["operation"]
        fields = {name: usual[name] for name in ("scale", "scale_unit")} if is_same else {}
        drafts.change(chip, **({"scale": 1.0, "scale_unit": "absolute"} | fields))
    elif share is not None:
        factor = share if chip["scale_unit"] == "relative" else 1 / share
        drafts.change(chip, scale=float(f"{before['scale'] * factor:.3g}"))
    given.changed()


def chosen(chip: Draft, measured: Mapping[str, Start]) -> float | None:
    """The strength that somebody chose for a chip's vector as it is used; None where nobody did."""
    start = measured.get(chip["vector"])
    if start is None:
        return None
    usual = {name: drafts.CHIP[name] for name in ("operation", "scale_unit")} | start.fields
    same = all(usual[name] == chip[name] for name in ("operation", "scale_unit"))
    return float(usual["scale"]) if same else None


def _drop(pane: Draft, chip: Draft, given: Given) -> None:
    drafts.gather()
    pane["chips"] = [one for one in pane["chips"] if one is not chip]
    given.changed()


def _add_vector(pane: Draft, given: Given) -> None:
    """A vector more; the list of all is drawn only when it is opened."""
    key = drafts.key(pane, "adding")
    is_full = not drafts.has_room(pane)
    opened = st.popover(
        "",
        icon=":material/add:",
        type="tertiary",
        key=key,
        on_change="rerun",
        disabled=is_full or not given.options,
        help=NO_ROOM if is_full else "Adds a stored vector; the best known stand first.",
    )
    if not opened.open:
        return
    with opened:
        field = drafts.key(pane, "added")
        st.selectbox(
            "Stored vectors",
            list(given.options),
            index=None,
            format_func=lambda name: given.options[name].words,
            key=field,
            placeholder="type to search",
            on_change=_add,
            args=(pane, field, key, given),
        )


def _add(pane: Draft, field: str, popover: str, given: Given) -> None:
    drafts.gather()
    reference = st.session_state.get(field)
    if reference is None or reference not in given.options:
        return
    st.session_state[field] = None
    st.session_state[popover] = False
    pane["chips"].append(starts.chip(reference, given.options, given.measured))
    if pane["name"] == drafts.UNSTEERED:
        drafts.change(pane, name=drafts.free_name(STEERED))
    given.changed()
