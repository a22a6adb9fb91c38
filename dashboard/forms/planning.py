"""What a sweep could show, said before it is run. Knows nothing of how it is run."""

from pathlib import Path

import streamlit as st

from dashboard.session import resources
from dashboard.words import captions
from engine.configs.sweeps import EvaluateConfig
from engine.errors import EngineError
from engine.statistics import power
from engine.statistics.power import STUDY_SPREAD, Plan, Spread


def draw(config: EvaluateConfig) -> None:
    """The smallest effect that this evaluation is likely to find."""
    try:
        found = plan(config)
    except EngineError:
        # The form itself says what is wrong with its settings.
        return
    words = power.sentence(found)
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
        both_orders=config.orders == "both",
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
    """How much questions differ: of these questions if they were asked, else of any, else known."""
    own = [info for info in resources.runs() if info.model == config.model.short_name]
    name = Path(config.questions).stem
    for info in sorted(own, key=lambda info: resources.dataset(info) != name):
        found = resources.sweep(info.digest).read.spread
        if found is not None:
            return found
    return STUDY_SPREAD
