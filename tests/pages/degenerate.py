"""Sweeps whose figures have no data, or only one row, or ties: what must be drawn all the same.

`python -m tests.pages.drawable` draws each of them everywhere.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from engine.configs.core import VectorRef
from engine.configs.finders import MelboConfig, PowerIterationConfig
from engine.configs.sweeps import EvaluateConfig
from engine.store.store import Store
from tests.pages import samples

SWEEP = "eeee00000003"
UNDEFINED = {"logit_a": np.nan, "logit_b": np.nan, "difference": np.nan}
TIED = {"logit_a": 0.0, "logit_b": 0.0, "difference": 0.0}
MEASURED = {
    "kl": 0.05, "neutral_perplexity": 5.0, "written": "(A)", "written_letter": "A",
    "repetition": 0.1, "knowledge": 0.9, "knowledge_questions": 10.0, "knowledge_options": 4.0,
    "knowledge_letter": "A", "knowledge_letter_share": 0.3,
}  # fmt: skip
NO_KNOWLEDGE = {
    name: None if name.endswith("letter") else np.nan for name in MEASURED if "kn" in name
}
Change = Callable[[pd.DataFrame], pd.DataFrame]


def where(mask: Callable[[pd.DataFrame], Any], **values: Any) -> Change:
    """Other values in the rows that a mask names."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.copy()
        frame.loc[mask(frame), list(values)] = list(values.values())
        return frame

    return change


def only(mask: Callable[[pd.DataFrame], Any]) -> Change:
    """Only the rows that a mask names."""
    return lambda frame: frame[mask(frame)]


def measured(**values: Any) -> Change:
    """With side effects, some of them unknown."""
    return lambda frame: frame.assign(**(MEASURED | values))


def _one(frame: pd.DataFrame) -> Any:
    return (frame["vector_set"] == "aaaa00000001") & (frame["vector"] == 0)


def _all(frame: pd.DataFrame) -> Any:
    return frame["scale"].notna()


def _first(frame: pd.DataFrame) -> Any:
    return frame["question"] == frame["question"].iloc[0]


CASES: dict[str, Change] = {
    "one vector undefined": where(_one, **UNDEFINED),
    "one cell undefined": where(lambda f: _one(f) & (f["scale"] == 10), **UNDEFINED),
    "all steered undefined": where(lambda f: f["vector_set"] != "baseline", **UNDEFINED),
    "baseline undefined": where(lambda f: f["vector_set"] == "baseline", **UNDEFINED),
    "all undefined": where(_all, **UNDEFINED),
    "controls undefined": where(lambda f: f["vector_set"] == "control", **UNDEFINED),
    "infinite": where(_one, logit_a=np.inf, difference=np.inf),
    "mass and size undefined": where(
        lambda f: f["scale"] != 0, answer_mass=np.nan, relative=np.nan
    ),
    "all tied": where(_all, **TIED),
    "baseline tied": where(lambda f: f["vector_set"] == "baseline", **TIED),
    "controls alike": where(
        lambda f: f["vector_set"] == "control", logit_a=1.0, logit_b=0.0, difference=1.0
    ),
    "one question": only(_first),
    "one vector": only(lambda f: f["vector_set"].isin(["baseline", "control"]) | _one(f)),
    "one row a cell": only(lambda f: _first(f) & (f["order"] == "given")),
    "no controls": only(lambda f: f["vector_set"] != "control"),
    "one control": only(lambda f: (f["vector_set"] != "control") | (f["vector"] == 0)),
    "only controls": only(lambda f: f["vector_set"].isin(["baseline", "control"])),
    "only the baseline": only(lambda f: f["vector_set"] == "baseline"),
    "side effects": measured(),
    "side effects unknown": measured(
        kl=np.nan, neutral_perplexity=np.nan, repetition=np.nan, **NO_KNOWLEDGE
    ),
    "nothing written": measured(written=None, written_letter=None),
    "nothing parsed": measured(written_letter=""),
}  # fmt: skip
"""What is done to the rows of a sweep of four vectors, 24 controls, six questions, two scales."""


def save(store: Store, change: Change) -> str:
    """Store such a sweep with its vectors; its digest."""
    sets = [
        samples.vector_set(MelboConfig(vectors=2), "aaaa00000001"),
        samples.vector_set(PowerIterationConfig(vectors=2), "bbbb00000002"),
    ]
    for found in sets:
        store.save_vectors(found)
    refs = tuple(VectorRef(digest=found.digest) for found in sets)
    config = EvaluateConfig(vectors=refs, controls=24, max_questions=6, scales=(-10.0, 0.0, 10.0))
    whole = samples.evaluation(config, sets, SWEEP, 6)
    frame = change(whole.frame).reset_index(drop=True)
    left = set(frame["question"])
    asked = tuple(one for one in whole.questions.questions if one.id in left)
    questions = dataclasses.replace(whole.questions, questions=asked)
    store.save_evaluation(dataclasses.replace(whole, frame=frame, questions=questions))
    return SWEEP
