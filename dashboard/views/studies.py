"""The parts of the studies page: start a whole study, and read the tables of a stored one."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.cards import studies as cards
from dashboard.charts import studies as charts
from dashboard.session import adapters, navigation, resources, state
from dashboard.widgets import widgets
from dashboard.words import captions
from dashboard.words.inks import Inks
from engine.errors import StoreError
from engine.records.records import RecordInfo

STUDIES = {
    "deception": "Deception: contrastive against fine-tune-difference vectors",
    "corrigibility": "Corrigibility: vectors from one shutdown prompt, asked about others",
}
TURNED = (
    "Turned: of the answers that were honest (base) or deceptive (fine-tuned) without steering, "
    "the share that became the other. Layer and scale were chosen on other questions. The mark is "
    "the best of the random vectors of the same norm at the same block."
)
READ = (
    "The same two families, read in different ways. 'Same tokens' reads both from the same answers "
    "to the same questions, so that nothing but the family differs; what changes between the lines "
    "is the way of reading, not the model. Grey: 95 % of random pairs."
)
AVERAGED = (
    "Each line is the mean over all vectors of a method, as the study drew it: vectors of opposite "
    "signs cancel, so a flat line does not mean that nothing happened."
)
MOVED = (
    "How far the study's way of reading alone turns a family: the cosine of the family with "
    "itself, read both ways. At 1 the way of reading would not matter."
)


PARTS = {
    "deception": (("generations", "vectors"), ("arms", "sweep", "cosines")),
    "corrigibility": (("evaluations",), ("questions", "asked", "behaviour", "by_method", "best")),
}
"""What is read of either study's record, and of its tables."""


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
    names = _arms(record)
    state.resolve("arm", names)
    arm = st.session_state.get("arm") or next(iter(names), None)
    first = None if not names or arm == names[0] else arm
    link = navigation.link("studies", study=digest, arm=first)
    named = {**record, "digest": digest}
    widgets.share_card(link, lambda: cards.of_study(named, arm, link), f"study_{digest}")


def _arms(record: dict[str, Any]) -> list[str]:
    """The interventions of a deception study."""
    tables = record["tables"]
    return [row["arm"] for row in tables["arms"]] if isinstance(tables, dict) else []


def runner(expanded: bool) -> None:
    """Start a study on the dashboard's model, with what it needs."""
    with st.expander("Run a study", icon=":material/play_circle:", expanded=expanded):
        name = st.radio("Study", list(STUDIES), format_func=lambda n: STUDIES[n], key="which")
        controls = st.number_input(
            "Random vectors beside each",
            min_value=0,
            max_value=200,
            value=64,
            key="controls",
            help="With fewer than 20 no p value can be below .05.",
        )
        model = adapters.tuned(state.model()) if name == "deception" else state.model()
        if model is None:
            st.info(adapters.missing(state.model()), icon=":material/info:")
            return
        study = name == "deception" and st.toggle(
            "Also read both families as the study did",
            value=True,
            key="study_way",
            help="Padding read as text, other texts, templates and positions for each family.",
        )
        if st.button("Run", type="primary", icon=":material/play_arrow:", key="run_study"):
            job = resources.submit_study(name, model, int(controls), bool(study))
            state.submitted(job.id)
            st.rerun()


def draw(record: dict[str, Any]) -> None:
    """The tables of either study."""
    made = record["provenance"]
    took = captions.seconds(made["seconds"])
    words = f"{record['title']} · {record['model'].get('short_name', '')} · took {took}"
    st.caption(captions.plain(words))
    if record["name"] == "deception":
        _deception(record)
    else:
        _corrigibility(record)


def _deception(record: dict[str, Any]) -> None:
    tables, inks = record["tables"], widgets.inks()
    st.subheader("Steered answers, on questions that chose nothing")
    widgets.chart(charts.arms(tables["arms"], inks), "Answers turned by each arm", "arms")
    st.caption(TURNED)
    _arm_table(tables["arms"])
    with st.container(horizontal=True):
        swept, reported = record["generations"]
        widgets.go_button(
            "Read the texts", "generations", "to_texts", ":material/forum:", gen=reported
        )
        widgets.go_button(
            "Texts of the choice", "generations", "to_sweep", ":material/grid_view:", gen=swept
        )
        first, second = record["vectors"][:2]
        widgets.go_button(
            "Compare the vectors", "similarity", "to_map", ":material/grid_on:", a=first, b=second
        )
    left, right = st.columns([0.5, 0.5], gap="large")
    with left:
        _cosines(tables, inks)
    with right:
        _sweep(tables, inks)


def _arm_table(rows: list[dict[str, Any]]) -> None:
    shown = pd.DataFrame(
        [
            {
                "intervention": row["arm"],
                "block": row["block"],
                "scale": row["scale"],
                "turned": row["converted"],
                "best random": row["random_high"],
                "p": row["p"],
                "answers": ", ".join(f"{n} {name or '?'}" for name, n in row["labels"].items()),
                "log-prob": row["mean_logprob"],
                "unsteered": row["baseline_mean_logprob"],
            }
            for row in rows
        ]
    )
    share = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        shown,
        hide_index=True,
        column_config={"turned": share, "best random": share},
        alt="Each intervention with its share, the best random share and its answers",
    )
    widgets.download(shown, "arms")


def _cosines(tables: dict[str, Any], inks: Inks) -> None:
    st.subheader("Are the two directions the same?")
    rows, band = charts.readings_of(tables)
    drawing = charts.cosines(rows, band, inks)
    widgets.chart(drawing, "Cosine of the families by block and way of reading", "ways")
    st.caption(READ)
    if "contrastive_moved" in rows[0]:
        frame = pd.DataFrame(rows)[["block", "contrastive_moved", "difference_moved"]]
        names = {"contrastive_moved": "contrastive", "difference_moved": "fine-tune difference"}
        st.caption(MOVED)
        st.dataframe(
            frame.rename(columns=names),
            hide_index=True,
            height=180,
            alt="Cosine of each family with itself, study's way against same tokens, by block",
        )
    widgets.download(pd.DataFrame(rows), "study_cosines")


def _sweep(tables: dict[str, Any], inks: Inks) -> None:
    st.subheader("Where steering works")
    names = [row["arm"] for row in tables["arms"]]
    state.warn_missing("arm", "the intervention", names)
    arm = st.selectbox("Intervention", names, key="arm", persist_state="session")
    state.write_link("arm", default=names[0])
    chosen = next(row for row in tables["arms"] if row["arm"] == arm)
    cell = (int(chosen["block"]), float(chosen["scale"]))
    drawing = charts.sweep(tables["sweep"], arm, cell, inks)
    widgets.chart(drawing, "Share of answers turned, by block and scale", "sweep")
    st.caption("On the questions that the framed cell was chosen on; the report uses others.")
    widgets.download(pd.DataFrame(tables["sweep"]).drop(columns="index"), "study_sweep")


def _corrigibility(record: dict[str, Any]) -> None:
    for table, digest in zip(record["tables"], record["evaluations"], strict=True):
        st.subheader(captions.plain(f"{table['questions']}: {table['asked']} questions"))
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
            _best_table(table["best"], digest)


def _best_table(rows: list[dict[str, Any]], digest: str) -> None:
    shown = pd.DataFrame(
        [
            {
                "vector": f"{row['method']}_{int(row['vector']):02d}",
                "scale": row["scale"],
                "share": row["rate"],
                "change": row["change"],
                "p": row["p"],
                "best of k": row["p_best"],
            }
            for row in rows
        ]
    )
    st.dataframe(
        shown,
        hide_index=True,
        column_config={"share": st.column_config.NumberColumn(format="percent")},
        alt="The best vectors at their best scale, with p values",
    )
    st.caption(captions.BEST_OF_MANY)
    widgets.download(shown, f"best_{digest}")
    widgets.go_button(
        "Open the curves", "curves", f"to_{digest}", ":material/ssid_chart:", run=digest
    )
