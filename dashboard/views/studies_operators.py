"""The part of the studies page on operations at equal cost, in the base and the tuned model."""

from typing import Any

import streamlit as st

from dashboard.charts import operations as charts
from dashboard.frames import operators_study as frames
from dashboard.session import state
from dashboard.widgets import equal_cost, widgets
from dashboard.words import captions

LIKELIHOOD = "Likelihood of the wanted answers"
TEXTS = "Texts turned"
READ = (
    "Every operation at the strength that costs KL {budget:g}, the way round that moves likelihood "
    "more. Solid bars with 95 % intervals. Pale bands end where 97.5 % of random vectors at the "
    "same KL do, each turned its own better way. Hollow: no vector. Over adding: question by "
    "question."
)
SHARES = "Turned: share of the labelled texts with the wanted label, with Wilson's 95 % interval."
NO_TEXTS = "No texts were labelled in this run, so their shares are absent."
VECTOR = "study_vector"
SHARE = st.column_config.NumberColumn(format="percent")
FIGURE = st.column_config.NumberColumn(format="%+.3f")
P = st.column_config.NumberColumn(format="%.3f")
COLUMNS = {
    **dict.fromkeys(("change", "from", "to", "random to", "strength"), FIGURE),
    **dict.fromkeys(("over adding", "over from", "over to"), FIGURE),
    **dict.fromkeys(("KL mean", "KL p95", "p", "p of texts"), P),
    **dict.fromkeys(("turned", "turned from", "turned to", "random turned to"), SHARE),
}


def draw(record: dict[str, Any]) -> None:
    """Both models, one below the other: bars of likelihoods and of texts, and their table."""
    for note in record.get("notes", ()):
        st.warning(captions.plain(note), icon=":material/warning:")
    names, vector = frames.vectors(record), vector_of(record)
    if len(names) > 1:
        vector = widgets.stepper("Vector", VECTOR, names)
    st.caption(f"{READ.format(budget=record['config']['budget'])} {SHARES}")
    for arm, title in frames.arms(record).items():
        st.header(captions.plain(title))
        left, right = st.columns(2, gap="large")
        with left:
            _bars(record, arm, vector, "likelihood")
        with right:
            _bars(record, arm, vector, "texts")
        _table(record, arm, vector, title)
    for place, digest in enumerate(record["comparisons"]):
        widgets.go_button(
            f"Open the comparison of the {list(frames.arms(record).values())[place].lower()}",
            "curves",
            f"to_comparison_{place}",
            ":material/balance:",
            sweeps=equal_cost.KIND,
            **{equal_cost.PARAMETER: digest},
        )


def vector_of(record: dict[str, Any]) -> str:
    """The vector that is shown: what the link or the reader asks for, else the first."""
    names = frames.vectors(record)
    state.resolve(VECTOR, names)
    state.warn_missing(VECTOR, "the vector", names)
    return st.session_state.get(VECTOR) or names[0]


def _bars(record: dict[str, Any], arm: str, vector: str, what: frames.What) -> None:
    found = frames.bars(record, arm, vector, what)
    st.markdown(f"**{LIKELIHOOD if what == 'likelihood' else TEXTS}**")
    if what == "texts" and found["value"].isna().all():
        st.info(NO_TEXTS, icon=":material/block:")
        return
    drawing = charts.of_study(found, what, widgets.inks())
    widgets.chart(drawing, f"{what} of every operation at equal cost", f"{what}_{arm}")


def _table(record: dict[str, Any], arm: str, vector: str, title: str) -> None:
    table = frames.table(record, arm, vector)
    st.dataframe(
        table,
        hide_index=True,
        column_config=COLUMNS,
        alt=f"Every operation on the {title.lower()}: likelihoods, texts and what they cost",
    )
    widgets.download(table, f"operators_{record['digest']}_{arm}")
