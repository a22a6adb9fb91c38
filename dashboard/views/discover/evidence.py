"""How far the shown vectors can be trusted: found again, apart from neighbours, beyond chance."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.session import resources
from dashboard.widgets import bound, starting, widgets
from dashboard.words import captions
from engine.configs.evidence import EvidenceConfig
from engine.questions import files
from engine.records.records import VectorSet
from engine.runs.evidence import gathered

OTHER_PROMPTS = "data/prompts/shutdown.txt"
PROMPTS = 2
ABOUT = {
    "other_seeds": "Smallest |cosine| with the vector it is matched with in runs from other seeds.",
    "other_prompts": "The same in runs from other prompts.",
    "subspace": "Vectors of one number lie within 5 %: only their span is meaningful.",
    "subspace_angle": "Degrees by which that span turns between seeds.",
    "percentile": "Share of random directions of equal norm that move the target less.",
    "forecast": "From reliability, agreement of pairs and d', before any steering.",
}


def stored(digest: str) -> dict[str, Any] | None:
    """The newest evidence for a set, if any was gathered."""
    for info in resources.records("experiment"):
        if info.method != EvidenceConfig.method:
            continue
        record = resources.header(info.digest, info.path)
        if record["config"]["vectors"] == digest:
            return record
    return None


def draw(found: VectorSet) -> None:
    """The evidence for a set, or the button that gathers it; nothing for random vectors."""
    kind = gathered(found.method)
    if kind is None:
        return
    record = stored(found.digest)
    with st.expander("Evidence", icon=":material/verified:"):
        if record is not None:
            _show(record)
            return
        st.caption(
            "Finds the vectors again from other seeds and other prompts, and places them among "
            "random directions."
            if kind == "repeats"
            else "Reads reliability and agreement from the scores of the vectors."
        )
        gather = "Gather evidence"
        if bound.button(gather, "gather", [found.digest], icon=":material/play_arrow:"):
            prompts = files.load_prompts(OTHER_PROMPTS)[:PROMPTS]
            config = EvidenceConfig(vectors=found.digest, prompts=prompts)
            starting.began(resources.engine().submit(config))
    widgets.live_job(EvidenceConfig.method)
    widgets.unfinished_job(EvidenceConfig.method)


def _show(record: dict[str, Any]) -> None:
    st.markdown("\n".join(f"- {captions.plain(sentence)}" for sentence in record["sentences"]))
    _table(record["tables"]["vectors"])
    if runs := record["tables"].get("runs"):
        st.caption("Found again, up to sign and order:")
        _table(runs)


def _table(rows: list[dict[str, Any]]) -> None:
    columns = {
        name: st.column_config.Column(name.replace("_", " "), help=ABOUT.get(name))
        for name in rows[0]
    }
    numbers = {
        name: st.column_config.NumberColumn(
            name.replace("_", " "), help=ABOUT.get(name), format=_format(name)
        )
        for name, value in rows[0].items()
        if isinstance(value, float)
    }
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns | numbers)


def _format(name: str) -> str:
    if name == "residual":
        return "%.1e"
    return "%.1f" if name.endswith("angle") else "%.3f"
