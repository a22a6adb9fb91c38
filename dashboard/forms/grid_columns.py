"""The editor of configurations: one column of the grid each. Knows nothing of prompts."""

from typing import Any

import streamlit as st

from dashboard.forms import interventions
from dashboard.forms.configurations import SWEEP, Choice, known

UNITS = {"absolute": "× vector", "relative": "× residual norm"}
HELP = interventions.HELP | {
    "scale": "Negative takes the vector away.",
    "scale_unit": "× residual norm: 1 adds as much as the median length of the residual stream "
    "there, so that vectors and layers compare. × vector: multiples of the stored vector; a "
    "contrastive vector's 1 is the average step between its poles.",
    "also": "More vectors, blended with the first by the weights beneath.",
    "asks": "A rival to steering: the model is merely asked, by a system prompt of its own.",
    "system": "In place of the grid's; empty for none.",
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
    """Draw the fields of one column; gives their values."""
    fields = _Fields(column, dict(values))
    if len(models) > 1:
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
    chosen = fields.ask(
        "vector",
        st.selectbox,
        "Vector",
        list(options),
        index=None,
        format_func=lambda reference: _words(options, reference),
        placeholder="none: the model as it is",
    )
    if chosen is not None:
        _steering(fields, column == SWEEP, options)
    else:
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
    fields.forget_others()
    return fields.values


def _required(few: bool) -> dict[str, Any]:
    return {"required": True} if few else {}


def _steering(fields: "_Fields", is_sweep: bool, options: dict[str, Choice]) -> None:
    """What is done with the vector, and how strongly."""
    operation = interventions.operation(fields.ask)
    adds = operation == "add"
    left, right = st.columns(2, gap="xsmall", wrap=False)
    name = "Scale" if adds else "Strength"
    with left:
        if is_sweep:
            usual = "the usual six" if adds else "the usual four"
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
        self._drawn: set[str] = set()

    def forget_others(self) -> None:
        """Let widgets that were not drawn begin with the column's values when they come again.

        What Streamlit keeps of one that left the page is the value that it had at first.
        """
        for name in self.values:
            if name not in self._drawn:
                st.session_state.pop(f"col_{self.column}_{name}", None)

    def ask(
        self, name: str, widget: Any, label: str, *given: Any, told: str | None = None, **more: Any
    ) -> Any:
        """Draw a widget, at first with the column's value, and keep what it says."""
        self._drawn.add(name)
        key = f"col_{self.column}_{name}"
        if key not in st.session_state:
            st.session_state[key] = self.values[name]
        options = given[0] if given else ()
        now = st.session_state[key]
        if name == "also":
            st.session_state[key] = [one for one in now if one in options]
        elif name == "adapter" and now is not None and now not in options:
            # Gone since, as when another was chosen for the usual one.
            st.session_state[key] = False
        elif name == "vector" and now is not None and now not in options:
            st.session_state[key] = None
        elif name in ("second", "gate") and now is not None and now not in options:
            # Gone since: it stays named, so that whoever asks is told.
            given = ([*options, now], *given[1:])
        told = told or HELP.get(name)
        self.values[name] = widget(label, *given, key=key, help=told, **more)
        return self.values[name]


def _words(options: dict[str, Choice], reference: str) -> str:
    return options[reference].words if reference in options else reference


def _rare(fields: _Fields, options: dict[str, Choice]) -> None:
    fields.ask("name", st.text_input, "Heading", placeholder="from the settings")
    if fields.values["adapter"]:
        fields.ask("mixture", st.text_input, "Several adapters", placeholder="ONE=1, OTHER=-0.5")
    if fields.values["vector"] is None:
        return
    interventions.where(fields.ask)
    fields.ask("unit_norm", st.toggle, "Unit norm")
    interventions.gate(fields.ask, known(options))
    if interventions.needs_usual(fields.values):
        interventions.usual(fields.ask)
    fields.ask("asks", st.toggle, "Also a system prompt of its own")
    if fields.values["asks"]:
        fields.ask("system", st.text_input, "Its own system prompt", placeholder="none")
    also = fields.ask(
        "also",
        st.multiselect,
        "Blend with",
        list(options),
        format_func=lambda reference: _words(options, reference),
    )
    if also:
        fields.ask("weights", st.text_input, "Weights, the first vector's first", placeholder="1")
