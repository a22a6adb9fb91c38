"""The engine and cached readings of its store. Caches only: nothing here is drawn or decided."""

import functools
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from dashboard.charts import quick
from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import Sweep
from dashboard.session import state
from engine.configs.behaviours import BehaviourConfig
from engine.configs.core import PRESETS, ModelConfig, depth_matched
from engine.configs.studies import CorrigibilityConfig, DeceptionConfig
from engine.configs.sweeps import usual_scales
from engine.errors import ModelError, StoreError
from engine.model.declared import chatting, generating
from engine.model.identity import declared_shape, locate
from engine.questions import answers, polarity
from engine.questions.own import kept
from engine.questions.sources import located
from engine.records import steered
from engine.records.conversations import Conversation
from engine.records.records import RecordInfo, VectorSet, measured
from engine.store import scanning, unfinished
from engine.store.headers import read_record


def engine() -> Any:
    """The engine of this process, shared by all sessions."""
    return _engine(os.environ.get("VECTORSCOPE_STORE"))


@functools.cache
def _engine(_store: str | None) -> Any:
    """Asked for dozens of times a page, and each time the folder would be looked up."""
    from engine.runs.engine import shared_engine

    return shared_engine()


def records(kind: str | None = None) -> list[RecordInfo]:
    """What is stored, newest first."""
    return [info for info in engine().store.list() if kind in (None, info.kind)]


def experiments(method: str) -> list[RecordInfo]:
    """Stored studies, searches and readings of one kind, newest first."""
    return [info for info in records("experiment") if info.method == method]


def own_first(infos: Sequence[RecordInfo]) -> list[RecordInfo]:
    """The same with those of this tab's model before the others, each in their order."""
    own = state.model().short_name
    return sorted(infos, key=lambda info: info.model != own)


@st.cache_resource(max_entries=128, show_spinner=False)
def header(digest: str, path: str) -> dict[str, Any]:  # noqa: ARG001  The digest is the key.
    """The record of a file without its data; shared, so never to be changed."""
    return read_record(Path(path))


class Asked(NamedTuple):
    """What a list of evaluations says of each."""

    sets: frozenset[str]
    vectors: frozenset[tuple[str, int]]
    """Set and index of each that was measured."""
    questions: str
    how: str
    """What was done with the vectors; empty where they were added at their own sites."""


@functools.lru_cache(maxsize=4096)
def _asked(info: RecordInfo) -> Asked:
    """Kept apart from the headers, which hold every question: pages ask this of all records."""
    record = read_record(Path(info.path))
    config, sets = record.get("config") or {}, record["vector_names"]
    how = steered.of_config(config).short
    vectors = frozenset(measured(config, sets))
    return Asked(frozenset(sets), vectors, str(record["questions"]["name"]), how)


def measured_sets(info: RecordInfo) -> frozenset[str]:
    """Digests of the vector sets that an evaluation measured."""
    return _asked(info).sets


def runs() -> list[RecordInfo]:
    """Evaluations that measured vectors, those of this tab's model first, newest first.

    Controls alone have no curves.
    """
    return own_first([info for info in records("evaluation") if measured_sets(info)])


def dataset(info: RecordInfo) -> str:
    """Name of the questions that an evaluation asked."""
    return _asked(info).questions


def how(info: RecordInfo) -> str:
    """What an evaluation did with its vectors; empty where they were added at their own sites."""
    return _asked(info).how


def asked(info: RecordInfo) -> str:
    """The same, with what was done where that is not adding."""
    found = _asked(info)
    return f"{found.questions}, {found.how}" if found.how else found.questions


@st.cache_resource(max_entries=16, show_spinner="Reading the evaluation")
def sweep(digest: str) -> Sweep:
    """A stored evaluation with its statistics; shared, so never to be changed."""
    return sweeps.opened(engine().store, digest)


def unfinished_runs() -> list[RecordInfo]:
    """Evaluations that run or were stopped, as far as they came, newest first."""
    kept = []
    for info in unfinished.found(engine().store):
        # Its sweep may come to its end meanwhile, and take the file along.
        with suppress(StoreError):
            kept += [info] if measured_sets(info) else []
    return kept


@st.cache_resource(max_entries=2, show_spinner="Reading what there is")
def part_of_sweep(info: RecordInfo) -> Sweep:
    """One of `unfinished_runs`; there is more of it when its time is another."""
    return sweeps.opened(engine().store, Path(info.path))


@st.cache_resource(max_entries=16, show_spinner="Reading the vectors")
def vector_set(digest: str) -> VectorSet:
    """A stored set of vectors; shared, so never to be changed."""
    return engine().store.load_vectors(digest)


def evaluations_of(vector_set_digest: str) -> list[RecordInfo]:
    """Evaluations that measured these vectors, newest first."""
    return [info for info in runs() if vector_set_digest in measured_sets(info)]


def sweeps_of(vector_set_digest: str, index: int) -> list[RecordInfo]:
    """Evaluations that measured one vector of a set, newest first."""
    key = vector_set_digest, index
    return [info for info in records("evaluation") if key in _asked(info).vectors]


def layers(model: ModelConfig) -> tuple[int, int]:
    """Source and target block to start from: the study's, or those at the same relative depth."""
    known = PRESETS.get(model.model)
    if known is not None:
        return known.source_layer, known.target_layer
    blocks = _shape(model)[0]
    return depth_matched(blocks) if blocks else depth_matched(PRESETS["qwen3-14b"].blocks)


def fits(info: RecordInfo, model: ModelConfig) -> bool:
    """Whether stored vectors have a model's width, as far as both are known."""
    return bool(fitting([info], model))


def fitting(infos: Iterable[RecordInfo], model: ModelConfig) -> list[RecordInfo]:
    """Those of a model's width, as far as it is known; the model's files are looked at once."""
    width = _shape(model)[1]
    known = ((info, header(info.digest, info.path)["model"].get("hidden")) for info in infos)
    return [info for info, own in known if own is None or width is None or own == width]


def _shape(model: ModelConfig) -> tuple[int | None, int | None]:
    """Blocks and width as a model's files declare them."""
    try:
        return declared_shape(locate(model, Path(engine().root)))
    except ModelError:
        return None, None


def own_choice(model: ModelConfig) -> str:
    """How a model would choose tokens by its own generation config; "" where it does not say."""
    try:
        folder = locate(model, Path(engine().root)).folder
    except ModelError:
        return ""
    return generating.in_words(generating.in_folder(Path(folder))) if folder else ""


def has_template(model: ModelConfig) -> bool | None:
    """Whether a model was made to chat; None where its files do not say, or are not here."""
    try:
        folder = locate(model, Path(engine().root)).folder
    except ModelError:
        return None
    return chatting.has_template(Path(folder)) if folder else None


def submit_study(name: str, model: ModelConfig, **asked: Any) -> Any:
    """Queue a study with its settings fitted to this model.

    Args:
        name: corrigibility, deception or sentiment.
        model: On which; with its adapter for the deception study.
        asked: Settings of its config that are not the defaults; `variant` "study" is its own way.

    Raises:
        EngineError: For what can be known before it runs.
    """
    if name == DeceptionConfig.method:
        return engine().submit(DeceptionConfig(model=model, **asked))
    if name == BehaviourConfig.method:
        return engine().submit(BehaviourConfig(model=model, **asked))
    source, target = layers(model)
    # The study's scales fit Qwen3-14B's residual norm; elsewhere they are rescaled to it.
    relative = model.model != "qwen3-14b" and asked.get("variant") != "study"
    config = CorrigibilityConfig(
        model=model,
        source_layer=source,
        target_layer=target,
        scales=usual_scales("add", relative),
        scale_unit="relative" if relative else "absolute",
        **asked,
    )
    return engine().submit(config)


@st.cache_resource(max_entries=8, show_spinner="Reading the study")
def study(digest: str) -> dict[str, Any]:
    """A stored study's record; shared, so never to be changed."""
    return engine().store.load_experiment(digest)


@st.cache_resource(max_entries=4, show_spinner="Reading the texts")
def texts(digest: str) -> pd.DataFrame:
    """A stored grid's texts, one row each; shared, so never to be changed."""
    return engine().store.load_generation(digest).frame


def conversation(digest: str) -> Conversation | None:
    """A stored conversation, None where there is none; shared.

    It grows under its name, so it is read anew whenever its file is another.
    """
    info = next((one for one in records("conversation") if one.digest == digest), None)
    try:
        return None if info is None else _said(info.path, scanning.times(os.stat(info.path)))
    except FileNotFoundError:
        return None


@functools.lru_cache(maxsize=32)
def _said(path: str, _times: scanning.Times) -> Conversation:
    found: Conversation = engine().store.load_conversation(Path(path))
    return found


def forget() -> None:
    """Read everything anew: a digest that was deleted may come to name another record."""
    for cached in (header, sweep, part_of_sweep, vector_set, study, texts):
        cached.clear()
    quick.forget()


def question_files() -> list[str]:
    """Question files that come with the project, as paths below its root."""
    root = Path(engine().root)
    return [str(p.relative_to(root)) for p in sorted((root / "data/questions").glob("*.jsonl"))]


def behaviours(questions: str, reading: str = "letters") -> list[str]:
    """What a file is known to measure, as it is read; its own name if nothing is on record."""
    if (brought := kept.card(located(questions))) is not None:
        return list(brought.behaviours) or [brought.name]
    if reading == "likelihood" and (shown := answers.shown(questions)):
        return list(shown)
    for end, known in polarity.table()["by_path"].items():
        if questions.endswith(end):
            return list(known)
    return [Path(questions).stem]


def run_again(job: Any) -> None:
    """Queue an interrupted job once more; what it had finished is not done again."""
    state.submitted(engine().submit_again(job.request).id)
