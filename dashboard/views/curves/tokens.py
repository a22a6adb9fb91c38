"""A question of an evaluation and a reader's own text, token by token, under the shown vector."""

import streamlit as st

from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import Sweep
from dashboard.widgets import strip, widgets
from dashboard.widgets.strip import own, vectors
from engine.configs import registry
from engine.configs.reads.strips import Passage, StripAsk
from engine.configs.sweeps import EvaluateConfig
from engine.errors import EngineError
from engine.records.records import Question

PROMPT = "the prompt alone"


def of_question(sweep: Sweep, name: str, question: Question) -> None:
    """The clicked question as the model reads it, with a written answer where it has two."""
    if not st.toggle("Tokens of this question", key="question_tokens"):
        return
    try:
        config = _config(sweep)
        asked = StripAsk(
            passage=Passage(
                prompt=question.text() if sweep.reading.has_letters else question.stem,
                system=question.system or config.system,
                answer="" if sweep.reading.has_letters else _answer(sweep, question),
            ),
            vectors=vectors.chosen([_reference(sweep, name)]),
            model=config.model,
            adapter=config.model.adapter is not None,
            dose=config.dose,
        )
    except EngineError as error:
        widgets.show_error(error)
        return
    strip.ask(asked, f"strip_question_{question.id}")


def _answer(sweep: Sweep, question: Question) -> str:
    behaviour, other = question.answers
    texts = {sweep.behaviour: behaviour, "other": other, PROMPT: ""}
    chosen = st.segmented_control(
        "With the answer",
        list(texts),
        default=sweep.behaviour,
        required=True,
        key="question_tokens_answer",
    )
    return texts.get(str(chosen), "")


def own_text(sweep: Sweep, name: str) -> None:
    """A reader's own text under the shown vector."""
    with st.expander("Your own text, token by token", icon=":material/text_fields:"):
        try:
            own.draw(_reference(sweep, name), _config(sweep).model, "own")
        except EngineError as error:
            widgets.show_error(error)


def _reference(sweep: Sweep, name: str) -> str:
    digest, index = sweeps.key_of(sweep, name)
    return f"{digest}:{index}"


def _config(sweep: Sweep) -> EvaluateConfig:
    found: EvaluateConfig = registry.from_json(EvaluateConfig.method, sweep.evaluation.config)
    return found
