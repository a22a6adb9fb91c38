"""What one vector reads: a sentence, its figures class by class, ROC curve and blocks.

Knows nothing of single pages.
"""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.charts import probes as charts
from dashboard.frames import probes
from dashboard.frames.probes import Key, Record, Row
from dashboard.session import resources
from dashboard.widgets import widgets
from dashboard.widgets.probes import asking, steering, stored
from dashboard.widgets.probes.steering import Steers
from dashboard.words import captions
from engine.configs.reads.probes import ProbeConfig
from engine.statistics.reads import probe_words as words

ABOUT = (
    "How well the projection on the vector tells two classes of states apart. AUROC is the share "
    "of couples it ranks rightly; below .5 it reads backwards. Random directions count by the "
    "better of their two signs."
)
COLUMNS = {
    "classes": st.column_config.TextColumn("tells apart", width=130),
    "what": st.column_config.TextColumn("by", width=130),
    "block": st.column_config.NumberColumn("block", width=50),
    "auroc": st.column_config.NumberColumn("AUROC", format="%.3f", width=58),
    "interval": st.column_config.TextColumn(
        "95 %", width=108, help="Over questions: both answers of a pair are drawn together"
    ),
    "best": st.column_config.NumberColumn(
        "random", format="%.3f", width=62, help="The best of the random directions there"
    ),
    "verdict": st.column_config.TextColumn("vs random", width=135),
    "p": st.column_config.NumberColumn("p", format="%.3f", width=50, help="By rank among random"),
    "pairs": st.column_config.NumberColumn(
        "pairs", format="percent", width=58, help="Share of pairs ranked rightly"
    ),
    "best_pairs": st.column_config.NumberColumn(
        "random", format="percent", width=62, help="The best random direction's share of pairs"
    ),
    "recall": st.column_config.NumberColumn(
        "recall", format="percent", width=58, help="At 1 % false positives on neutral chat"
    ),
    "shuffled": st.column_config.TextColumn(
        "shuffled", width=66, help="The best of the fits with shuffled labels"
    ),
    "picked": st.column_config.TextColumn(
        "picked random",
        width=95,
        help="The random direction that told the training pairs apart best",
    ),
}


def expander() -> Any:
    """Where the reading stands on a page that is about more; open or not stands in the link."""
    return st.expander(
        "What it reads",
        key="reads",
        on_change="rerun",
        bind="query-params",
        icon=":material/sensors:",
    )


def draw(reference: str) -> None:
    """What the vector reads, or the button that probes its set.

    Args:
        reference: DIGEST:INDEX.

    Raises:
        StoreError: If its set or its probe cannot be read.
    """
    digest, _, index = reference.partition(":")
    found, key = resources.vector_set(digest), (digest, int(index or 0))
    widgets.live_job(ProbeConfig.method)
    widgets.unfinished_job(ProbeConfig.method)
    model = str(found.model["short_name"])
    record = stored.of_vector(key, model)
    if record is None:
        st.caption(f"{ABOUT} Not probed yet.")
        asking.button(found)
        return
    row = probes.main(record, key)
    assert row is not None
    _sentence(record, key, row, steering.of_vector(key, model))
    _figures(record, key)
    st.caption(captions.plain(_under(record)))


def _sentence(record: Record, key: Key, row: Row, steers: Steers) -> None:
    pairs = record["pairs"]
    st.markdown(f"**{captions.plain(both(row, steers, pairs['poles'][0]))}**")
    lines = [words.verdict(record, row)]
    state = probes.main(record, key, "state-prompt")
    if state is not None and state is not row:
        lines.append(words.verdict(record, state))
    if steers.where:
        lines.append(f"Steering: as {steers.where} says. Reading: pairs of {pairs['name']}.")
    st.markdown("\n".join(f"- {captions.plain(line)}" for line in lines))


def both(row: Row, steers: Steers, pole: str) -> str:
    """Steering and reading in one sentence.

    Args:
        row: Of the vector at its own block.
        steers: What measurements of steering say.
        pole: What the positive answers are called.
    """
    what = f"{pole} answers" if row["classes"].startswith("answer") else "the fine-tuned state"
    way = "" if row["auroc"] >= 0.5 else " backwards"
    if steers.beyond is None:
        if row["beyond"]:
            return f"Reads {what}{way} beyond random directions; steering is not measured."
        return f"Reads {what} no better than random directions; steering is not measured."
    if row["beyond"]:
        first = "Steers, and reads" if steers.beyond else "Steers no more than random, but reads"
        return f"{first} {what}{way} beyond random directions."
    if steers.beyond:
        return f"Steers, but reads {what} no better than random directions."
    return f"Neither steers nor reads {what} beyond random directions."


def _figures(record: Record, key: Key) -> None:
    table = probes.table(record, key).drop(columns="block")
    _table(table, "probe_table", "What the vector and the fit read, classes by classes")
    kinds = probes.classes(record)
    kind = st.segmented_control(
        "Told apart",
        kinds,
        default=None if st.session_state.get("probe_classes") in kinds else kinds[0],
        required=True,
        format_func=lambda name: probes.SHORT.get(name, name),
        key="probe_classes",
        label_visibility="collapsed",
    )
    row = probes.main(record, key, kind or kinds[0])
    if row is None:
        return
    left, right = st.columns([0.42, 0.58], gap="medium")
    with left:
        _roc(record, row)
    with right:
        _blocks(record, key, row)


def _roc(record: Record, row: Row) -> None:
    drawn = probes.curves(record, row)
    if drawn.empty:
        st.caption("The curve is kept for the vector's own block only.")
        return
    name = (record["digest"], row["vector_set"], row["vector"], row["block"], row["classes"])
    drawing = widgets.kept(
        ("roc", *name), lambda inks: charts.roc(drawn, probes.band(record, row), inks)
    )
    told = f"ROC curve of {row['name']} and of the logistic fit, with the random directions' band"
    widgets.chart(drawing, told, "probe_roc")
    st.caption(
        f"Grey: where {record['random']} random directions lie, each with its better sign. Dashed: "
        "the logistic fit."
    )


def _blocks(record: Record, key: Key, row: Row) -> None:
    table = probes.over_blocks(record, key, row["classes"])
    if table["block"].nunique() > 1:
        name = ("probe blocks", record["digest"], *key, row["classes"])
        drawing = widgets.kept(name, lambda inks: charts.over_blocks(table, inks))
        told = "AUROC over blocks, beside the best random direction of each"
        widgets.chart(drawing, told, "probe_blocks")
        st.caption("AUROC over blocks. Grey: within the best random direction, either sign.")
    with st.expander("Block by block", icon=":material/table_rows:"):
        _table(
            table.drop(columns="classes"),
            "probe_by_block",
            "AUROC of every block, beside random directions",
        )
        widgets.download(table, f"probe_{record['digest']}_{row['classes']}")


def _table(table: pd.DataFrame, key: str, told: str) -> None:
    shown = [name for name in COLUMNS if name in table and table[name].notna().any()]
    columns: dict[str, Any] = COLUMNS
    st.dataframe(
        table, key=key, hide_index=True, column_order=shown, column_config=columns, alt=told
    )


def _under(record: Record) -> str:
    pairs = record["pairs"]
    held = "held-out pairs" if pairs["marked"] else "pairs of a drawn half"
    return " ".join(
        [
            f"{pairs['test']} {held} of {pairs['name']}; the fit learns from {pairs['train']} "
            "others.",
            words.recall_words(record),
            words.chance(record),
            *record.get("notes", ()),
        ]
    )
