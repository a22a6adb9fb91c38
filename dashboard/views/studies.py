"""The parts of the studies page: start a whole study, and read the tables of a stored one."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.cards import html_behaviours
from dashboard.cards import studies as cards
from dashboard.charts import studies as charts
from dashboard.frames import operators_study
from dashboard.frames import studies as frames
from dashboard.session import navigation, resources, state
from dashboard.views import (
    studies_behaviour,
    studies_deception,
    studies_operators,
    studies_vectors,
)
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.errors import StoreError
from engine.records.records import RecordInfo

AVERAGED = (
    "Each line is the mean over all vectors of a method, as the study drew it: vectors of opposite "
    "signs cancel, so a flat line does not mean that nothing happened."
)

COLUMNS = {
    "share": st.column_config.NumberColumn(format="percent"),
    "change": st.column_config.NumberColumn(format="%+.2f"),
    "95 %": st.column_config.TextColumn(help="Of the change: a bootstrap over questions."),
    "n": st.column_config.NumberColumn(help="Questions asked."),
    "p": st.column_config.NumberColumn(format="%.3f"),
    "best of k": st.column_config.NumberColumn(
        format="%.3f", help="p that also allows for having picked the best of all vectors."
    ),
    "smallest p": st.column_config.NumberColumn(
        format="%.3f", help="The smallest p that this many random vectors allow."
    ),
}

PARTS = {
    "deception": (("generations", "vectors"), ("arms", "sweep", "cosines")),
    "sentiment": (
        ("chosen", "config", "evaluations", "generations"),
        ("choice", "likelihood", "texts", "fluency"),
    ),
    "operators": (("comparisons", "config"), ("operators",)),
    "corrigibility": (("evaluations",), ("questions", "asked", "behaviour", "by_method", "best")),
}
"""What is read of a study's record, and of its tables."""


def read(digest: str) -> dict[str, Any]:
    """A stored study that has all that is drawn.

    Raises:
        StoreError: If it lacks something, as one of another version may.
    """
    record = resources.study(digest)
    own, columns = PARTS[record["name"]]
    tables = record.get("tables") or {}
    lacking = {"title", "model", "provenance", *own} - set(record)
    for table in tables if isinstance(tables, list) else [tables]:
        lacking |= set(columns) - set(table)
    if record["name"] == "operators" and not lacking:
        lacking |= operators_study.lacking(record)
    if lacking:
        raise StoreError(
            f"Study {digest} lacks {', '.join(sorted(lacking))}: it is of another version or was "
            "changed by hand. Run it again."
        )
    return record


def picker(infos: list[RecordInfo]) -> RecordInfo:
    """Which stored study is shown."""
    digests = [info.digest for info in infos]
    state.resolve("study", digests)
    state.warn_missing("study", "the study", digests)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = widgets.record_picker("Study", "study", infos)
        _share(read(chosen), chosen)
    return next(info for info in infos if info.digest == chosen)


def _share(record: dict[str, Any], digest: str) -> None:
    """The link to the study as it stands, and its card."""
    if record["name"] == "operators":
        _share_operators(record, digest)
        return
    names = _arms(record)
    state.resolve("arm", names)
    arm = st.session_state.get("arm") or next(iter(names), None)
    first = None if not names or arm == names[0] else arm
    link = navigation.link("studies", study=digest, arm=first)
    named = {**record, "digest": digest}
    report = (lambda: html_behaviours.report(named)) if record["name"] == "sentiment" else None
    widgets.share_card(link, lambda: cards.of_study(named, arm, link), f"study_{digest}", report)


def _share_operators(record: dict[str, Any], digest: str) -> None:
    vector = studies_operators.vector_of(record)
    link = navigation.link("studies", study=digest, **{studies_operators.VECTOR: vector})
    named = {**record, "digest": digest}
    widgets.share_card(link, lambda: cards.of_study(named, vector, link), f"study_{digest}")


def _arms(record: dict[str, Any]) -> list[str]:
    """The interventions of a deception study of which there are figures."""
    tables = record["tables"]
    rows = tables.get("arms", []) if isinstance(tables, dict) else []
    return [row["arm"] for row in rows if row["block"] is not None]


def draw(record: dict[str, Any]) -> None:
    """The tables of a study."""
    made = record["provenance"]
    took = captions.seconds(made["seconds"])
    words = f"{record['title']} · {record['model'].get('short_name', '')} · took {took}"
    st.caption(captions.plain(words))
    studies_vectors.draw(record)
    if record["name"] == "deception":
        studies_deception.draw(record)
    elif record["name"] == "sentiment":
        studies_behaviour.draw(record)
    elif record["name"] == "operators":
        studies_operators.draw(record)
    else:
        _corrigibility(record)


def _corrigibility(record: dict[str, Any]) -> None:
    told = record.get("definitions") or {}
    if told:
        with st.expander("The study's own definitions", icon=":material/rule:", expanded=True):
            st.markdown("\n".join(f"- **{what}**: {how}" for what, how in told.items()))
    for table, digest in zip(record["tables"], record["evaluations"], strict=True):
        asked = captions.count(table["asked"], "question")
        st.header(captions.plain(f"{table['questions']}: {asked}"))
        left, right = st.columns([0.45, 0.55], gap="large")
        with left:
            drawing = charts.methods(table, widgets.inks())
            name = f"methods_{digest}"
            widgets.chart(drawing, "Mean share by method and scale", name)
            band = " Grey: 95 % of the random controls." if table["band"] else ""
            st.caption(f"{AVERAGED}{band}")
            means = pd.DataFrame(table["by_method"])
            widgets.download(means.drop(columns="index", errors="ignore"), name)
        with right:
            _best_table(table, digest)


def _best_table(table: dict[str, Any], digest: str) -> None:
    shown = frames.best(table)
    if shown["p"].isna().all():
        shown = shown.drop(columns=["p", "best of k", "smallest p"])
        st.caption("No p value: it needs 20 random vectors of the same site and norm.")
    st.dataframe(
        shown,
        hide_index=True,
        column_config=COLUMNS,
        alt="The best vectors at their best scale, with p values",
    )
    st.caption(captions.BEST_OF_MANY)
    widgets.download(shown, f"best_{digest}")
    widgets.go_button(
        "Open the curves", "curves", f"to_{digest}", ":material/ssid_chart:", run=digest
    )
