"""Menus that move a page to a record or to a neighbour; what is chosen stands in the link.

Knows nothing of what the page shows of it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.session import naming, state
from dashboard.widgets import noting
from engine.records.records import RecordInfo


def record_picker(
    label: str,
    key: str,
    infos: Sequence[RecordInfo],
    on_change: Callable[[], None] | None = None,
    is_noted: bool = True,
    **more: Any,
) -> str:
    """Choose a record by its line, and name it; the choice stands in the URL as its digest.

    Args:
        label: What is chosen.
        key: Of the widget and of the link.
        infos: What there is, the first one where nobody has chosen.
        on_change: Called after a choice.
        is_noted: Whether it can be named here.
        more: What the widget takes besides, such as `label_visibility`.
    """
    lines = {info.digest: naming.line(info) for info in naming.offered(infos, key)}
    state.choose_if_none(key, next(iter(lines)))
    place = f"record_picker_{key}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", key=place):
        chosen = st.selectbox(
            label,
            list(lines),
            format_func=lambda digest: lines.get(digest, digest),
            key=key,
            persist_state="session",
            on_change=on_change or "rerun",
            width="stretch",
            **more,
        )
        noting.helpers(infos, key)
        if is_noted:
            noting.button(chosen, "Name", key)
    # The newest record is named too, on arrival: tomorrow another one will be the newest.
    is_bare = key not in st.query_params and not state.has_arrived()
    state.write_link(key, default=next(iter(lines)) if is_bare else None)
    return chosen


def stepper(
    label: str,
    key: str,
    options: Sequence[str],
    told: Mapping[str, str] | None = None,
    first: str | None = None,
    **more: Any,
) -> str:
    """A selection with buttons to its neighbours, also on the Left and Right keys.

    Args:
        label: What is chosen.
        key: Of the widget and of the link.
        options: Names.
        told: What is shown for each; the names themselves where it is left out.
        first: The choice where nobody has made one; None means the first option.
        more: What the selection takes besides, such as `label_visibility`.
    """
    first = options[0] if first is None else first
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", wrap=False):
        st.button(
            "Previous",
            key=f"{key}_previous",
            icon=":material/chevron_left:",
            shortcut="Left",
            on_click=state.step,
            args=(key, options, -1),
        )
        state.choose_if_none(key, first)
        chosen = st.selectbox(
            label,
            options,
            format_func=lambda name: (told or {}).get(name, name),
            key=key,
            persist_state="session",
            width="stretch",
            **more,
        )
        st.button(
            "Next",
            key=f"{key}_next",
            icon=":material/chevron_right:",
            icon_position="right",
            shortcut="Right",
            on_click=state.step,
            args=(key, options, 1),
        )
    state.write_link(key, default=first)
    return chosen
