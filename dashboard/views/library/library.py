"""The parts of the library page that show what is stored: table, record, downloads, deletion."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.cards import html, html_run, html_texts
from dashboard.frames import sweep
from dashboard.session import navigation, resources, vector_links
from dashboard.session import state as states
from dashboard.views.library.dropping import Said
from dashboard.widgets import widgets
from dashboard.widgets.places import of_record as place
from dashboard.words import captions
from engine.errors import EngineError
from engine.records.records import Provenance, RecordInfo
from engine.store import exporting

KINDS = {
    "vectors": "Vectors",
    "evaluation": "Evaluations",
    "generation": "Generations",
    "conversation": "Conversations",
    "experiment": "Studies",
}
MOST_DAMAGED = 20
COLUMNS = {
    "digest": st.column_config.TextColumn("digest", width=105),
    "kind": st.column_config.TextColumn("kind", width=90),
    "method": st.column_config.TextColumn("method", width=140),
    "size": st.column_config.TextColumn("size", width=230),
    "open": st.column_config.LinkColumn(
        "open", display_text=":material/open_in_new:", width=50, help="Opens it in a new tab"
    ),
    "when": st.column_config.TextColumn("when (UTC)", width=125),
    "kilobytes": st.column_config.NumberColumn("kB", format="%d", width=60),
    "model": st.column_config.TextColumn("model", width=110),
}


def filters(infos: Sequence[RecordInfo]) -> list[RecordInfo]:
    """The records that the reader asks for; every choice stands in the URL."""
    kinds = [kind for kind in KINDS if any(info.kind == kind for info in infos)]
    models = sorted({info.model for info in infos})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.pills(
            "Kind",
            kinds,
            format_func=lambda name: KINDS[name],
            key="lib_kind",
            bind="query-params",
        )
        model = None
        if len(models) > 1:
            model = st.selectbox(
                "Model",
                models,
                index=None,
                placeholder="all",
                key="lib_model",
                bind="query-params",
                width=180,
            )
        text = st.text_input(
            "Text",
            key="lib_text",
            bind="query-params",
            placeholder="method, digest, size, date",
            width=190,
        )
    return chosen(infos, kind, model, text)


def chosen(
    infos: Sequence[RecordInfo], kind: str | None, model: str | None, text: str | None
) -> list[RecordInfo]:
    """The records of a kind and a model in whose line all the words stand."""
    words = (text or "").casefold().split()
    found = []
    for info in infos:
        line = f"{info.digest} {KINDS[info.kind]} {captions.method(info.method)} {info.method} "
        line = f"{line} {info.model} {info.summary} {info.created}".casefold()
        if kind in (None, info.kind) and model in (None, info.model):
            found += [info] if all(word in line for word in words) else []
    return found


def rows(infos: Sequence[RecordInfo]) -> pd.DataFrame:
    """One line a record; columns as in `COLUMNS`."""
    found = []
    for info in infos:
        where = place(info)
        address = None if where is None else navigation.link(where[0], **where[1])
        if info.kind == "vectors":
            address = vector_links.address(f"{info.digest}:0")
        found.append(
            {
                "digest": info.digest,
                "kind": KINDS[info.kind],
                "method": name(info),
                "size": info.summary,
                "open": address,
                "when": info.created[:16].replace("T", " "),
                "kilobytes": _kilobytes(info),
                "model": info.model,
            }
        )
    return pd.DataFrame(found, columns=list(COLUMNS))


def name(info: RecordInfo) -> str:
    """How a record came about, in a word or two."""
    return "A/B sweep" if info.method == "ab" else captions.method(info.method)


def _kilobytes(info: RecordInfo) -> int | None:
    try:
        return max(round(Path(info.path).stat().st_size / 1024), 1)
    except OSError:
        return None


def table(infos: Sequence[RecordInfo], height: int) -> None:
    """All records that are asked for; a click on a row shows the record below.

    Args:
        infos: The records.
        height: Pixels at most.
    """
    if not infos:
        st.info("No record is like this: take a filter back.", icon=":material/filter_alt_off:")
        return
    # A key of their own: a selection is a place in the table, which other filters would move.
    key = f"library_{hash(tuple(info.digest for info in infos))}"
    st.dataframe(
        rows(infos),
        key=key,
        hide_index=True,
        column_config=COLUMNS,
        on_select=lambda: _choose(key, infos),
        selection_mode="single-row",
        height=min(38 + 35 * len(infos), height),
        alt="Stored records, newest first",
    )


def _choose(key: str, infos: Sequence[RecordInfo]) -> None:
    picked = st.session_state[key].selection.rows
    if picked and picked[0] < len(infos):
        st.session_state["record"] = infos[picked[0]].digest


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


def record(info: RecordInfo) -> None:
    """One record: what it is, where to go, its settings and how it was made; no data is read."""
    try:
        header = resources.header(info.digest, info.path)
    except EngineError as error:
        widgets.show_error(error)
        return
    st.subheader(captions.plain(f"{name(info)} · {info.summary}"))
    st.caption(captions.plain(f"{info.digest} · {info.model} · {captions.age(info.created)}"))
    _actions(info)
    for note in (*header.get("notes", ()), *header.get("sentences", ())):
        st.info(captions.plain(str(note)), icon=":material/info:")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("##### Settings")
        _names(header.get("config") or {})
    with right:
        st.markdown("##### Model")
        _names(header.get("model") or {})
        st.markdown("##### Provenance")
        _names(_made(header.get("provenance") or {}))


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
        path = Path(info.path)
        widgets.made_on_click("Record file", path.name, path.read_bytes, "save")
        store = resources.engine().store
        for form in exporting.formats_of(info):
            make = _exporter(store, info, form)
            widgets.made_on_click(form.upper(), f"{path.stem}.{form}", make)
        if info.kind in ("evaluation", "generation"):
            widgets.made_on_click(
                "Report", f"{path.stem}.html", _reporter(store, info), "description"
            )
        widgets.share(navigation.link("library", record=info.digest))
        with st.popover("Delete", icon=":material/delete:"):
            _deletion(info)


def _exporter(store: Any, info: RecordInfo, form: str) -> Any:
    return lambda: exporting.export(store, info, form)


def _reporter(store: Any, info: RecordInfo) -> Any:
    """What makes the report, on the click: a few seconds for a large run."""
    if info.kind == "generation":
        return lambda: html_texts.report(
            store.load_generation(info.digest), store.labels(info.digest)
        )
    return lambda: html_run.report(sweep.opened(store, info.digest))


def _deletion(info: RecordInfo) -> None:
    """What would be lost, and the button that does it."""
    st.write(f"Deletes the file of {info.digest} for ever: download it first if in doubt.")
    if info.kind == "vectors":
        users = resources.evaluations_of(info.digest)
        if users:
            names = ", ".join(one.digest for one in users[:5])
            many = captions.count(len(users), "evaluation")
            st.caption(f"{many} measured these vectors and will stay: {names}.")
    if info.kind == "generation":
        st.caption("Labels that a person gave its texts are kept.")
    widgets.delete_button("delete_record", _delete, info)


def _delete(info: RecordInfo) -> None:
    try:
        path = resources.engine().store.remove(info.digest)
    except EngineError as error:
        st.session_state["_library_said"] = [Said("error", str(error))]
        return
    resources.forget()
    st.session_state.pop("record", None)
    st.session_state["_library_said"] = [Said("success", f"{path.name} was deleted.")]
