"""What a sweep could show, said before it is run. Knows nothing of how it is run."""

from pathlib import Path

import streamlit as st

from dashboard.session import resources
from dashboard.words import captions
from engine.configs.core import as_json
from engine.configs.sweeps import EvaluateConfig
from engine.errors import EngineError
from engine.records import readings
from engine.statistics import power
from engine.statistics.power import STUDY_SPREAD, Plan, Spread


def draw(config: EvaluateConfig) -> None:
    """The smallest effect that this evaluation is likely to find."""
    try:
        found = plan(config)
    except EngineError:
        # The form itself says what is wrong with its settings.
        return
    is_other = config.is_likelihood or config.operation != "add"
    if is_other and found.spread.source == STUDY_SPREAD.source:
        # Logits of letters tell nothing of log p, nor adding of what else is done.
        return
    words = power.sentence(found, readings.of_config(as_json(config)).unit)
    if found.spread.source == STUDY_SPREAD.source:
        words += " Measured on this model, the figure will be smaller: pairing helps."
    floor = f"The smallest p of a single vector is {found.p_floor:.3f}." if config.controls else ""
    st.caption(captions.plain(f"{words} {floor}".strip()))


def plan(config: EvaluateConfig) -> Plan:
    """The plan of this evaluation, from the newest sweep of like questions on the same model."""
    vectors = sum(
        len(ref.indices)
        if ref.indices is not None
        else len(resources.vector_set(ref.digest).vectors)
        for ref in config.vectors
    )
    return power.plan(
        min(config.max_questions, lines(config.questions)),
        spread(config),
        both_orders=config.orders == "both" or config.is_likelihood,
        vectors=vectors,
        scales=len([scale for scale in config.scales if scale != 0]),
        controls=config.controls,
    )


def lines(questions: str) -> int:
    """Lines of a question file, as an upper bound of its questions; many if it is not at hand."""
    path = Path(questions)
    path = path if path.exists() else Path(resources.engine().root) / path
    return len(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else 10**6


def spread(config: EvaluateConfig) -> Spread:
    """How much questions differ: of these questions if they were asked, else of any, else known.

    Only of sweeps that read answers in the same way, after the same operation.
    """
    own = [info for info in resources.runs() if info.model == config.model.short_name]
    name = Path(config.questions).stem
    for info in sorted(own, key=lambda info: resources.dataset(info) != name):
        sweep = resources.sweep(info.digest)
        is_like = sweep.reading == readings.of_config(as_json(config))
        is_like = is_like and sweep.steered.operation == config.operation
        if is_like and sweep.read.spread is not None:
            return sweep.read.spread
    return STUDY_SPREAD
