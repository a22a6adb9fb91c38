"""One record: what it is, its figures, where to go, its settings and how it was made.

Knows nothing of the table that it was chosen from.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.cards import html, html_run, html_texts
from dashboard.frames import sweep
from dashboard.session import naming, navigation, resources, vector_links
from dashboard.session import state as states
from dashboard.views.library import deleting, table
from dashboard.views.library.reading import Told
from dashboard.widgets import noting, widgets
from dashboard.widgets.places import of_record as place
from dashboard.widgets.taking import tools
from dashboard.words import captions
from engine.errors import EngineError
from engine.records.records import Provenance, RecordInfo
from engine.store import exporting

MOST_DAMAGED = 20


def selected(infos: Sequence[RecordInfo]) -> RecordInfo | None:
    """The record of the link, or the one that was clicked."""
    digests = [info.digest for info in infos]
    # It may have been deleted in another tab.
    states.note_missing("record", st.session_state.get("record"), digests)
    states.resolve("record", digests)
    states.warn_missing("record", "the record", digests)
    digest = st.session_state.get("record")
    states.write_link("record")
    return next((info for info in infos if info.digest == digest), None)


def damaged() -> None:
    """Files that lie in the store and cannot be read, each with its reason."""
    found = resources.engine().store.damaged()
    if not found:
        return
    label = f"{captions.count(len(found), 'file')} cannot be read"
    with st.expander(label, icon=":material/broken_image:"):
        for _, reason in found[:MOST_DAMAGED]:
            st.text(reason)
        if len(found) > MOST_DAMAGED:
            st.caption(f"\u2026 and {len(found) - MOST_DAMAGED} more")


def record(info: RecordInfo, told: Told | None = None) -> None:
    """One record; no data is read.

    Args:
        info: Which.
        told: Its figures, where they are known.
    """
    try:
        header = resources.header(info.digest, info.path)
    except EngineError as error:
        widgets.show_error(error)
        return
    st.header(captions.plain(naming.called(info)))
    st.caption(
        captions.plain(
            f"{info.summary} · {info.digest} · {info.model} · {captions.age(info.created)}"
        )
    )
    _actions(info)
    _figures(told)
    for note in (*header.get("notes", ()), *header.get("sentences", ())):
        st.info(captions.plain(str(note)), icon=":material/info:")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("### Settings")
        _names(header.get("config") or {})
    with right:
        st.markdown("### Model")
        _names(header.get("model") or {})
        st.markdown("### Provenance")
        _names(_made(header.get("provenance") or {}))


def _figures(told: Told | None) -> None:
    """The figures of the table's row in a sentence, and why some are missing."""
    if told is None:
        return
    line = told.line
    if line is not None and line.best is not None:
        best = line.best
        words = f"Best: {best.vector_set}:{best.vector} at {best.scale:+g}, {best.effect:+.2f} "
        words += f"{line.unit}, {best.badge}."
        st.caption(captions.plain(words))
    if reason := table.why(told):
        st.caption(captions.plain(reason))


def _names(values: Mapping[str, Any]) -> None:
    """Names and values, wrapped; what a record holds is shown as its characters."""
    lines = "".join(
        f'<div style="opacity:.65">{html.escape(name)}</div>'
        f'<div style="overflow-wrap:anywhere">{html.escape(_short(value))}</div>'
        for name, value in flat(values)
    )
    st.html(f'<div style="{GRID}">{lines}</div>')


def _made(provenance: dict[str, Any]) -> dict[str, Any]:
    """Provenance in words; as it stands where it is not ours."""
    try:
        return html_run.provenance(Provenance(**provenance))
    except (TypeError, AttributeError):
        return provenance


GRID = "display:grid;grid-template-columns:minmax(90px,max-content) 1fr;gap:3px 16px"
MOST_SIGNS = 600


def _short(value: str) -> str:
    return value if len(value) <= MOST_SIGNS else f"{value[:MOST_SIGNS]} \u2026"


def flat(values: Any, name: str = "") -> list[tuple[str, str]]:
    """Nested settings as lines: "model.adapter", "demo"."""
    if isinstance(values, dict) and values:
        return [
            line
            for key, value in values.items()
            for line in flat(value, f"{name}.{key}" if name else str(key))
        ]
    if isinstance(values, list) and any(isinstance(one, dict) for one in values):
        if len(values) > 12:
            return [(name, f"{len(values)} entries")]
        return [line for place, one in enumerate(values) for line in flat(one, f"{name}.{place}")]
    if isinstance(values, list):
        return [(name, ", ".join(map(str, values)))]
    return [(name, "none" if values is None else str(values))]


def _actions(info: RecordInfo) -> None:
    where = place(info)
    with st.container(horizontal=True, vertical_alignment="center"):
        if where is not None:
            title, icon, _ = navigation.PAGES[where[0]]
            if st.button(f"Open in {title}", key="open_record", icon=icon, type="primary"):
                st.switch_page(navigation.page(where[0]), query_params=where[1])
        if info.kind == "vectors":
            vector_links.button(f"{info.digest}:0", "open_first", "Its first vector")
        noting.button(info.digest)
        path = Path(info.path)
        widgets.made_on_click("Record file", path.name, path.read_bytes, "save")
        store = resources.engine().store
        for form in exporting.formats_of(info):
            make = _exporter(store, info, form)
            widgets.made_on_click(form.upper(), f"{path.stem}.{form}", make)
        if info.kind == "vectors":
            with st.popover("Export", icon=":material/output:"):
                sites = resources.header(info.digest, info.path)["sites"]
                blocks = sorted({int(site["block"]) for site in sites})
                tools.vectors(store, info, blocks, f"tool_{info.digest}", None)
        if info.kind == "evaluation":
            tools.sweep(store, info)
        if info.kind in ("evaluation", "generation"):
            widgets.made_on_click(
                "Report", f"{path.stem}.html", _reporter(store, info), "description"
            )
        widgets.share(navigation.link("library", record=info.digest))
        deleting.offer([info])


def _exporter(store: Any, info: RecordInfo, form: str) -> Any:
    return lambda: exporting.export(store, info, form)


def _reporter(store: Any, info: RecordInfo) -> Any:
    """What makes the report, on the click: a few seconds for a large run."""
    if info.kind == "generation":
        return lambda: html_texts.report(
            store.load_generation(info.digest), store.labels(info.digest)
        )
    return lambda: html_run.report(sweep.opened(store, info.digest))
