"""The editor of configurations: one column of the grid each. Knows nothing of prompts."""

from typing import Any

import streamlit as st

from dashboard.forms.configurations import SWEEP, Choice

UNITS = {"absolute": "× vector", "relative": "× residual norm"}
POSITIONS = ["all", "prompt", "response", "last-1", "last-4"]
HELP = {
    "scale": "Negative takes the vector away. For ablate: the share that is removed.",
    "scale_unit": "× residual norm: 1 adds as much as the median length of the residual stream "
    "there, so that vectors and layers compare. × vector: multiples of the stored vector; a "
    "contrastive vector's 1 is the average step between its poles.",
    "operation": "add: the vector times the scale. ablate: the part of each state along it goes.",
    "layers": "own: where the vector was found. all, or blocks with commas: the same vector there.",
    "positions": "Which tokens are changed: all, prompt, response or last-K of the prompt.",
    "also": "More vectors, blended with the first by the weights beneath.",
}


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
            **({"required": True} if few else {}),
        )
    fields.ask(
        "vector",
        st.selectbox,
        "Vector",
        list(options),
        index=None,
        format_func=lambda reference: _words(options, reference),
        placeholder="none: the model as it is",
    )
    left, right = st.columns(2, gap="xsmall", wrap=False)
    with left:
        if column == SWEEP:
            fields.ask("scales", st.text_input, "Scales", placeholder="the usual six")
        else:
            fields.ask("scale", st.number_input, "Scale", step=0.5, format="%g")
    with right:
        fields.ask(
            "scale_unit", st.selectbox, "Unit", list(UNITS), format_func=lambda u: UNITS.get(u, u)
        )
    with st.popover("More", icon=":material/tune:", width="stretch"):
        _rare(fields, options)
    return fields.values


class _Fields:
    """The fields of one column: widgets whose values outlive their page."""

    def __init__(self, column: str, values: dict[str, Any]) -> None:
        self.column, self.values = column, values

    def ask(self, name: str, widget: Any, label: str, *given: Any, **more: Any) -> Any:
        """Draw a widget, at first with the column's value, and keep what it says."""
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
        self.values[name] = widget(label, *given, key=key, help=HELP.get(name), **more)
        return self.values[name]


def _words(options: dict[str, Choice], reference: str) -> str:
    return options[reference].words if reference in options else reference


def _rare(fields: _Fields, options: dict[str, Choice]) -> None:
    fields.ask("name", st.text_input, "Heading", placeholder="from the settings")
    fields.ask("operation", st.selectbox, "Operation", ["add", "ablate"])
    fields.ask("layers", st.text_input, "Layers")
    fields.ask("positions", st.selectbox, "Positions", POSITIONS, accept_new_options=True)
    fields.ask("unit_norm", st.toggle, "Unit norm")
    fields.ask("preserve_norm", st.toggle, "Preserve norm")
    also = fields.ask(
        "also",
        st.multiselect,
        "Blend with",
        list(options),
        format_func=lambda reference: _words(options, reference),
    )
    if also:
        fields.ask("weights", st.text_input, "Weights, the first vector's first", placeholder="1")
