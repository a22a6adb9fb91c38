"""What the model wrote under one vector: answers of the sweep itself, and stored generations."""

from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from dashboard.forms import links
from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import Sweep
from dashboard.session import navigation, resources
from dashboard.words import captions
from engine.records import steered
from engine.records.records import Question
from engine.records.steered import PLAIN, Steered

MOST_GRIDS = 20
"""Newest grids that are searched."""
MOST_TEXTS = 12
COLUMNS = {
    "scale": st.column_config.NumberColumn("scale", format="%+g", width=60),
    "order": st.column_config.TextColumn("order", width=80),
    "unit": st.column_config.TextColumn("unit", width=115),
    "steered": st.column_config.TextColumn("steered", width="large"),
    "unsteered": st.column_config.TextColumn("unsteered", width="large"),
    "answer": st.column_config.TextColumn("answer", width="large"),
    "prompt": st.column_config.TextColumn("prompt", width="medium"),
}


class Grid(NamedTuple):
    """A stored grid that has texts under one vector."""

    digest: str
    columns: dict[str, float]
    """Name of each configuration with this vector alone, and its scale."""
    baseline: str | None
    unit: str


def draw(sweep: Sweep, name: str) -> None:
    """Texts under this vector for the chosen question, else what there is for others."""
    asked = {question.id: question for question in sweep.evaluation.questions.questions}
    question = asked.get(str(st.session_state.get("q")))
    if question is None:
        return
    digest, index = sweeps.key_of(sweep, name)
    st.header("What the model wrote")
    answers = written(sweep, digest, index, question.id)
    if len(answers):
        st.caption("Answers of the sweep to this question, unsteered at scale 0:")
        st.dataframe(
            answers,
            hide_index=True,
            column_config=COLUMNS,
            height="content",
            alt="Written answers to this question by scale",
        )
    found = texts(sweep, digest, index, question)
    if found.empty:
        st.caption("No stored generation has this vector.")
    else:
        here = found["here"].any()
        st.caption(
            "Stored generations with this question, by scale:"
            if here
            else "No stored generation asks this question; these are other prompts, by scale:"
        )
        shown = found[found["here"]] if here else found
        st.dataframe(
            shown.drop(columns=["here", "digest"]).head(MOST_TEXTS),
            hide_index=True,
            column_config=COLUMNS,
            height="content",
            alt="Stored texts with this vector, beside the unsteered ones",
        )
    _links(sweep, f"{digest}:{index}", question, found)


def written(sweep: Sweep, digest: str, index: int, question: str) -> pd.DataFrame:
    """Answers that the sweep itself wrote out: scale, order, answer; none if it did not."""
    frame = sweep.rows((digest, index))
    if "written" not in frame:
        return pd.DataFrame(columns=["scale", "order", "answer"])
    rows = frame[frame["question"] == question]
    rows = rows[rows["written"].notna()].rename(columns={"written": "answer"})
    found = rows.sort_values(["scale", "order"])[["scale", "order", "answer"]]
    return found if sweep.reading.has_letters else found.drop(columns="order")


def grids(digest: str, index: int, how: Steered = PLAIN) -> list[Grid]:
    """Stored grids, newest first, with a configuration that does the same with this vector alone.

    Args:
        digest: Of the vector's set.
        index: Its row there.
        how: What the sweep does with it.
    """
    found = []
    for info in resources.records("generation")[:MOST_GRIDS]:
        config = resources.header(info.digest, info.path)["config"]
        columns = {
            one["name"]: float(one["scale"])
            for one in config["configurations"]
            if _is_this(one, digest, index, how)
        }
        if columns:
            units = {one["name"]: one["scale_unit"] for one in config["configurations"]}
            plain = [one["name"] for one in config["configurations"] if _is_baseline(one)]
            unit = units[next(iter(columns))]
            found.append(Grid(info.digest, columns, plain[0] if plain else None, unit))
    return found


def _is_baseline(one: dict[str, Any]) -> bool:
    is_plain = one["scale"] == 0 or all(part["weight"] == 0 for part in one["blend"])
    return is_plain and not one["adapter"] and one.get("system") is None


def _is_this(one: dict[str, Any], digest: str, index: int, how: Steered) -> bool:
    """Whether a configuration does this with the vector, and nothing else.

    The base model is changed, or the adapter at the sweep's dose.
    """
    parts = [part for part in one["blend"] if part["weight"] != 0]
    is_other = bool(one["adapter"]) != (how.dose is not None) or one.get("system") is not None
    if len(parts) != 1 or is_other or one["scale"] == 0:
        return False
    same = replace(steered.of_config(one), is_relative=how.is_relative) == how
    return same and (parts[0]["digest"], parts[0]["index"]) == (digest, index)


def texts(sweep: Sweep, digest: str, index: int, question: Question) -> pd.DataFrame:
    """Stored texts: scale, unit, steered, unsteered, prompt, digest, here (of this question)."""
    columns = ["scale", "unit", "steered", "unsteered", "prompt", "digest", "here"]
    frames = []
    for grid in grids(digest, index, sweep.steered):
        frame = resources.texts(grid.digest)
        keys = ["prompt", "sample"]
        own = frame[frame["configuration"].isin(list(grid.columns))]
        base = frame.loc[frame["configuration"] == grid.baseline, [*keys, "text"]]
        rows = own.merge(base.rename(columns={"text": "unsteered"}), on=keys, how="left")
        rows = rows.rename(columns={"text": "steered"}).assign(
            unit=replace(sweep.steered, is_relative=grid.unit == "relative").column,
            digest=grid.digest,
            here=rows["prompt"].map(lambda prompt: question.stem in prompt),
        )
        frames.append(rows[columns])
    if not frames:
        return pd.DataFrame(columns=columns)
    same = sweep.steered.column
    found = pd.concat(frames, ignore_index=True)
    order = found.assign(other=found["unit"] != same).sort_values(
        ["here", "other", "scale"], ascending=[False, True, True], kind="stable"
    )
    return order[columns]


def _links(sweep: Sweep, reference: str, question: Question, found: pd.DataFrame) -> None:
    with st.container(horizontal=True):
        st.page_link(
            navigation.page("generations"),
            label="Generate on this question",
            icon=":material/forum:",
            query_params={
                "vec": reference,
                "scale": f"{max(sweep.scales):g}",
                "unit": "relative" if sweep.steered.is_relative else "absolute",
                **links.how(sweep.evaluation.config),
                "prompt": question.text() if sweep.reading.has_letters else question.stem,
            },
        )
        for grid in dict.fromkeys(found["digest"]):
            st.page_link(
                navigation.page("generations"),
                label=captions.plain(f"Open grid {grid[:4]}"),
                icon=":material/open_in_new:",
                query_params={"gen": grid},
            )
