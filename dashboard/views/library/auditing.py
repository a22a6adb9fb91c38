"""The audit: what is audited, findings, and the file's data drawn our way."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.charts import audit as audit_drawings
from dashboard.charts.audit import POOLED
from dashboard.session import navigation, resources, state, vector_links
from dashboard.views.library import audit_keeping
from dashboard.widgets import widgets
from dashboard.words import captions
from dashboard.words.inks import BadgeColour
from engine import audit
from engine.audit import SEVERITIES, Audit, Finding
from engine.errors import EngineError
from engine.records.records import RecordInfo
from engine.store.scanning import Times, times

TYPES = ["pt", "safetensors", "gguf", "npy", "npz", "svec", "json", "jsonl", "csv", "parquet"]
MOST_MEGABYTES = 50
SOURCES = {"store": "A stored record", "file": "A file"}
LOOKS: dict[str, tuple[BadgeColour, str]] = {
    "wrong": ("red", ":material/error:"),
    "doubtful": ("orange", ":material/warning:"),
    "note": ("blue", ":material/info:"),
    "fine": ("green", ":material/check_circle:"),
}
"""Colour and icon of each severity; the word stands beside them."""
LINKED = ("drawn", "figure")
"""What of a stored record's data is drawn and how, as its link names them."""
METRICS = {"difference": "Logit difference", "change": "Paired change"}


def page() -> None:
    """The whole of it."""
    st.caption(
        "Opens vectors, sweeps, texts and questions, ours or another tool's. Says what is wrong in "
        "them, each fault with its figure. Nothing in a file is executed, and nothing is stored "
        "unless you keep it."
    )
    records = auditable()
    source = source_picker(records)
    try:
        found = of_store(records) if source == "store" else of_files()
        together(found)
        for place, one in enumerate(found):
            draw(one, f"{place}_{one.digest[:12]}", is_stored=source == "store")
    except EngineError as error:
        widgets.show_error(error)


def auditable() -> list[RecordInfo]:
    """Stored records that can be audited, newest first: all but whole studies and conversations."""
    skipped = ("experiment", "conversation")
    return [info for info in resources.records() if info.kind not in skipped]


def source_picker(records: list[RecordInfo]) -> str:
    """Whether a stored record or a file is audited; a link to a record opens the store."""
    if st.query_params.get("audit") and state.has_arrived():
        st.session_state["audit_source"] = "store"
    chosen = st.segmented_control(
        "Audit",
        list(SOURCES),
        default=None if "audit_source" in st.session_state else ("store" if records else "file"),
        required=True,
        format_func=lambda name: SOURCES[name],
        key="audit_source",
        persist_state="session",
        label_visibility="collapsed",
    )
    return chosen or "file"


def of_store(records: list[RecordInfo]) -> list[Audit]:
    """The audit of the chosen record; none where the store is empty."""
    if not records:
        st.info(
            "Nothing is stored yet: find vectors on Discover, or audit a file.",
            icon=":material/inbox:",
        )
        return []
    state.resolve("audit", [info.digest for info in records])
    state.warn_missing("audit", "the record", [info.digest for info in records])
    digest = widgets.record_picker("Record", "audit", records)
    info = next(info for info in records if info.digest == digest)
    if info.kind == "vectors":
        vector_links.button(f"{digest}:0", "open_audited", "Its first vector")
    return [_stored(digest, _stamp(Path(info.path)))]


def _stamp(path: Path) -> Times:
    """When a file was changed last, and its size: by its digest alone, the file it was stays."""
    with suppress(FileNotFoundError):
        return times(path.stat())
    return 0, 0, 0


def of_files() -> list[Audit]:
    """The audits of the uploaded files; what cannot be read says why."""
    for key in ("audit", *LINKED):
        st.query_params.pop(key, None)
    uploads = st.file_uploader(
        "Files of vectors, sweeps, texts or questions",
        type=TYPES,
        accept_multiple_files=True,
        max_upload_size=MOST_MEGABYTES,
        key="audit_files",
        help="Ours, the corrigibility and deception studies', or other tools'. Nothing in a file "
        "is executed, and nothing is stored unless you keep it.",
    )
    if not uploads:
        st.info(
            "Drop files here. Read are vectors (.pt, .safetensors, .gguf, .npy, .npz, .svec), "
            "sweeps (.json, .jsonl, .csv), texts (.json), questions (.jsonl) and this project's "
            "own records.",
            icon=":material/upload_file:",
        )
    audits = []
    for upload in uploads or []:
        try:
            audits.append(_uploaded(upload.name, upload.getvalue()))
        except EngineError as error:
            widgets.show_file_error(error)
    return audits


@st.cache_data(max_entries=16, show_spinner="Auditing the record")
def _stored(digest: str, stamp: Times) -> Audit:  # noqa: ARG001  A part of the key.
    return audit.audit(digest, resources.engine().store)


@st.cache_data(max_entries=8, show_spinner="Auditing the file")
def _uploaded(name: str, content: bytes) -> Audit:
    return audit.audit_upload(name, content, resources.engine().store)


def together(audits: list[Audit]) -> None:
    """What is wrong only when the files are read side by side."""
    found = audit.together(audits)
    if found:
        st.header("Side by side")
        for finding in found:
            _finding(finding)


def draw(found: Audit, key: str, is_stored: bool = False) -> None:
    """One audit: what it is, its findings, its data and what it claims.

    Args:
        found: The audit.
        key: Of its widgets.
        is_stored: Whether it is of a stored record, whose view has a link.
    """
    st.header(captions.plain(found.name))
    st.caption(captions.plain(f"{found.what}. {found.digest[:12]}"))
    with st.container(horizontal=True):
        for severity, number in found.counts().items():
            colour, icon = LOOKS[severity]
            shown: BadgeColour = colour if number else "gray"
            word = "notes" if severity == "note" and number != 1 else severity
            st.badge(
                f"{number} {word}",
                icon=icon,
                color=shown,
                help=SEVERITIES[severity].capitalize(),
            )
        if is_stored:
            asked = {name: st.session_state.get(name) for name in LINKED}
            widgets.share(
                navigation.link(
                    "library", section="audit", audit=st.query_params.get("audit"), **asked
                )
            )
    audit_keeping.offer(found, key)
    for finding in found.findings:
        if finding.severity != "fine":
            _finding(finding)
    _fine(found)
    if found.points is not None and not found.points.empty:
        draw_sweep(found, LINKED if is_stored else (f"audit_vector_{key}", f"audit_metric_{key}"))
    if found.vectors is not None and len(found.vectors) > 1:
        draw_vectors(found, key)
    _claims(found)


def _finding(finding: Finding) -> None:
    """Icon, word, name and figure in one line; the sentence below."""
    colour, icon = LOOKS[finding.severity]
    name = finding.name.replace("-", " ").capitalize()
    figure = f" · {captions.plain(finding.figure)}" if finding.figure else ""
    st.markdown(
        f":{colour}-badge[{icon} {finding.severity}] **{captions.plain(name)}**{figure}  \n"
        f"{captions.plain(finding.sentence)}",
        help=SEVERITIES[finding.severity].capitalize(),
    )


def _fine(found: Audit) -> None:
    """What was checked and found right: silence would not say that it was looked at."""
    fine = [one for one in found.findings if one.severity == "fine"]
    if fine:
        with st.expander(f"Checked and fine ({len(fine)})", icon=":material/check_circle:"):
            for finding in fine:
                _finding(finding)


def _claims(found: Audit) -> None:
    """What the file says of itself, name by name."""
    with st.expander(
        f"What the file says of itself ({len(found.claims)})", icon=":material/label:"
    ):
        if not found.claims:
            st.caption("Nothing: it holds its numbers only.")
            return
        rows = [{"name": key, "value": _words(value)} for key, value in found.claims.items()]
        st.dataframe(rows, hide_index=True, alt="What the file says of itself")


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def draw_sweep(found: Audit, keys: tuple[str, str]) -> None:
    """The file's own data as violins: a kind of vectors, or one, beside its controls.

    Args:
        found: The audit.
        keys: Of the two widgets; `LINKED` where the choices stand in the URL.
    """
    st.markdown("### The file's data, drawn our way")
    name, metric = _what_is_drawn(found, keys)
    metrics = _metrics(found)
    left, right = audit_drawings.beside(found, name, metric, widgets.inks())
    if left is None:
        st.info("There is nothing to draw at these scales.", icon=":material/info:")
        return
    columns = st.columns(2 if right is not None else 1)
    with columns[0]:
        st.caption(captions.plain(audit_drawings.words(found, name)))
        text = f"{metrics[metric]} per question, one violin a scale"
        widgets.chart(left, text, f"audit_violin_{keys[0]}")
    if right is not None:
        with columns[1]:
            st.caption(captions.plain(audit_drawings.words(found, f"{POOLED}control")))
            widgets.chart(right, f"{text}, random controls", f"audit_controls_{keys[0]}")
    st.caption(
        f"Both share one axis; the % on top is the share with a positive difference "
        f"({captions.plain(found.behaviour)}), ties not counted; scale 0 is the unsteered model, "
        f"once. {captions.PROXY if found.reading.has_letters else captions.LIKELIHOOD}"
    )
    with st.expander("Shares in numbers", icon=":material/table:"):
        widgets.download(found.rates, f"audit_{found.digest[:12]}")
        st.dataframe(
            audit_drawings.table(found), hide_index=True, alt="Share of behaviour answers by scale"
        )


def _metrics(found: Audit) -> dict[str, str]:
    """What `METRICS` are called of this file."""
    return METRICS | {"difference": found.reading.title}


def _what_is_drawn(found: Audit, keys: tuple[str, str]) -> tuple[str, str]:
    """Which vectors, and which figure of them."""
    choices = audit_drawings.choices(found)
    is_linked = keys == LINKED
    if is_linked:
        state.resolve(keys[0], choices)
        state.warn_missing(keys[0], "the vectors", choices)
        state.resolve(keys[1], list(METRICS))
        state.warn_missing(keys[1], "the figure", list(METRICS))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Vectors",
            choices,
            format_func=lambda one: audit_drawings.words(found, one),
            key=keys[0],
            persist_state="session",
        )
        metric = st.segmented_control(
            "Show",
            list(METRICS),
            default=None if keys[1] in st.session_state else "difference",
            required=True,
            format_func=lambda one: _metrics(found)[one],
            key=keys[1],
            persist_state="session",
            help="Paired change: each question's difference to itself at scale 0.",
        )
    if is_linked:
        state.write_link(keys[0], default=choices[0])
        state.write_link(keys[1], default="difference")
    return name, metric or "difference"


def draw_vectors(found: Audit, key: str) -> None:
    """How alike the file's vectors are."""
    st.markdown("### How alike its vectors are")
    drawing, left_out = audit_drawings.likeness(found, widgets.inks())
    widgets.chart(drawing, "Cosine of every pair of vectors", f"audit_cosines_{key}")
    more = f" The first {audit_drawings.MOST_VECTORS} are drawn." if left_out else ""
    st.caption(
        "Like ones stand together by |cosine|; colours are signed: blue copies have the opposite "
        f"sign.{more}"
    )
