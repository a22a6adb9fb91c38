"""The editor of configurations: one column of the grid each. Knows nothing of prompts."""

from typing import Any

import streamlit as st

from dashboard.forms import interventions, keeping
from dashboard.forms.configurations import MATRIX, SWEEP, Choice, known, usual_strengths
from dashboard.words import captions

UNITS = {"absolute": "× vector", "relative": "× residual norm"}
HELP = interventions.HELP | {
    "scale": "Negative takes the vector away.",
    "scale_unit": "× residual norm: 1 adds as much as the median length of the residual stream "
    "there, so that vectors and layers compare. × vector: multiples of the stored vector; a "
    "contrastive vector's 1 is the average step between its poles.",
    "also": "More vectors, blended with the first by the weights beneath.",
    "asks": "A rival to steering: the model is merely asked, by a system prompt of its own.",
    "system": "In place of the grid's; empty for none.",
    "models": "Each model answers unsteered, and with every vector at every strength.",
    "scales": "One column each: numbers with commas. Negative ones take the vector away.",
}
SHARE = (
    "The share of the way: 0 nothing, 1 all of it. Below 0 the vector is turned round, or what is "
    "removed is strengthened."
)


def editor(
    column: str,
    values: dict[str, Any],
    options: dict[str, Choice],
    models: dict[bool | str, str],
) -> dict[str, Any]:
    """Draw the fields of one column, of a sweep or of a matrix; gives their values."""
    fields = _Fields(column, dict(values))
    if column == MATRIX:
        chosen: Any = _many(fields, options, models)
    else:
        _model(fields, models)
        chosen = fields.ask(
            "vector",
            st.selectbox,
            "Vector",
            list(options),
            index=None,
            format_func=lambda reference: _words(options, reference),
            placeholder="none: the model as it is",
        )
    if chosen:
        _steering(fields, column in (SWEEP, MATRIX), options)
    elif column != MATRIX:
        _asking(fields)
    opened = st.popover(
        "Further settings",
        key=f"further_{column}",
        icon=":material/tune:",
        width="stretch",
        on_change="rerun",
    )
    # In a closed popover the browser would make fields later, with other values than these.
    if opened.open:
        with opened:
            _rare(fields, options)
    for gone in fields.gone:
        st.caption(captions.plain(gone))
    return fields.values


def _model(fields: "_Fields", models: dict[bool | str, str]) -> None:
    """Which model answers, and how strongly its adapter acts."""
    if len(models) > 1 or fields.values["adapter"]:
        few = len(models) == 2
        fields.ask(
            "adapter",
            st.segmented_control if few else st.selectbox,
            "Model",
            list(models),
            format_func=lambda one: models.get(one, str(one)),
            **_required(few),
        )
    if fields.values["adapter"]:
        interventions.dose(fields.ask)


def _many(
    fields: "_Fields", options: dict[str, Choice], models: dict[bool | str, str]
) -> list[str]:
    """The models and the vectors of a matrix; gives the vectors."""
    if len(models) > 1:
        fields.ask(
            "models",
            st.pills,
            "Models",
            list(models),
            selection_mode="multi",
            format_func=lambda one: models.get(one, str(one)),
        )
    if any(fields.values["models"]):
        interventions.dose(fields.ask)
    chosen = fields.ask(
        "vectors",
        st.multiselect,
        "Vectors",
        list(options),
        format_func=lambda reference: _words(options, reference),
        placeholder="Choose vectors",
    )
    return list(chosen)


def _required(few: bool) -> dict[str, Any]:
    return {"required": True} if few else {}


def _steering(fields: "_Fields", has_many: bool, options: dict[str, Choice]) -> None:
    """What is done with the vector, and how strongly."""
    operation = interventions.operation(fields.ask)
    adds = operation == "add"
    left, right = st.columns(2, gap="xsmall", wrap=False)
    name = "Scale" if adds else "Strength"
    with left:
        if has_many:
            usual = ", ".join(f"{one:g}" for one in usual_strengths(fields.values))
            fields.ask("scales", st.text_input, f"{name}s", placeholder=usual)
        else:
            step = 0.5 if adds else 0.25
            told = None if adds else SHARE
            fields.ask("scale", st.number_input, name, step=step, format="%g", told=told)
    with right:
        if adds:
            fields.ask(
                "scale_unit",
                st.selectbox,
                "Unit",
                list(UNITS),
                format_func=lambda u: UNITS.get(u, u),
            )
        else:
            interventions.target(fields.ask, operation)
    interventions.plane(fields.ask, operation, known(options))


def _asking(fields: "_Fields") -> None:
    """Whether the model is merely asked, in the words of a system prompt."""
    if fields.ask("asks", st.toggle, "Just ask"):
        fields.ask("system", st.text_area, "Its own system prompt", height=90, placeholder="none")


class _Fields:
    """The fields of one column: widgets whose values outlive their page."""

    def __init__(self, column: str, values: dict[str, Any]) -> None:
        self.column, self.values = column, values
        self.gone: list[str] = []
        """Sentences on what was chosen and is not here any more."""

    def ask(
        self, name: str, widget: Any, label: str, *given: Any, told: str | None = None, **more: Any
    ) -> Any:
        """Draw a widget with the column's value, and keep what it says."""
        options = given[0] if given else ()
        now = self.values[name]
        here = self._here(name, now, options)
        if here is None and name in ("second", "gate"):
            # It stays named, so that whoever asks is told.
            given = ([*options, now], *given[1:])
        elif here is not None and here != [now]:
            self.values[name] = here[0]
            keeping.forget_widget(self.column, name)
        value = self.values[name]
        told = told or HELP.get(name)
        self.values[name] = keeping.ask_column(
            self.column, name, value, widget, label, *given, help=told, **more
        )
        return self.values[name]

    def _here(self, name: str, now: Any, options: Any) -> list[Any] | None:
        """What is left of a choice, in a list; None if it is gone and nothing takes its place."""
        if name in ("also", "vectors", "models"):
            left = [one for one in now or [] if one in options]
            self._tell_gone([one for one in now or [] if one not in options])
            return [left]
        if name not in ("vector", "adapter", "second", "gate"):
            return [now]
        is_gone = now is not None and now not in options
        if name == "vector" and is_gone:
            self._tell_gone([now])
            return [None]
        if name == "adapter" and (now is None or is_gone):
            self._tell_gone([now] if now else [])
            return [False]
        return None if name in ("second", "gate") and is_gone else [now]

    def _tell_gone(self, gone: list[Any]) -> None:
        for one in gone:
            named = "the fine-tuned model" if one is True else str(one)
            self.gone.append(f"Chosen before and not here now: {named}.")


def _words(options: dict[str, Choice], reference: str) -> str:
    return options[reference].words if reference in options else reference


def _rare(fields: _Fields, options: dict[str, Choice]) -> None:
    if fields.column not in (SWEEP, MATRIX):
        fields.ask("name", st.text_input, "Heading", placeholder="from the settings")
    if fields.values["adapter"] or (fields.column == MATRIX and any(fields.values["models"])):
        fields.ask("mixture", st.text_input, "Several adapters", placeholder="ONE=1, OTHER=-0.5")
    is_matrix = fields.column == MATRIX
    if fields.values["vector"] is None and not is_matrix:
        return
    interventions.where(fields.ask)
    fields.ask("unit_norm", st.toggle, "Unit norm")
    interventions.gate(fields.ask, known(options))
    if interventions.needs_usual(fields.values):
        interventions.usual(fields.ask)
    fields.ask("asks", st.toggle, "Also a system prompt of its own")
    if fields.values["asks"]:
        fields.ask("system", st.text_input, "Its own system prompt", placeholder="none")
    if is_matrix:
        return
    also = fields.ask(
        "also",
        st.multiselect,
        "Blend with",
        list(options),
        format_func=lambda reference: _words(options, reference),
    )
    if also:
        fields.ask("weights", st.text_input, "Weights, the first vector's first", placeholder="1")
