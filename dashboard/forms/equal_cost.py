"""The settings of a comparison at equal cost, and the button that queues it.

Knows nothing of what it finds.
"""

import dataclasses
from typing import Any

import streamlit as st

from dashboard.forms import fields
from dashboard.session import resources
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.configs.fields import offered
from engine.configs.steering.interventions import OPERATIONS, REMOVING, TITLES
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError
from engine.maths import secant
from engine.statistics import yardsticks

TITLE = "Compare operations at equal cost"
ABOUT = (
    "Every operation at the strength that costs the same KL on neutral prompts, beside random "
    "vectors that cost the same. Asks {questions} of {file} as a sweep would."
)
EXACT = "Each operation once, whichever way round the vector moves answers: both ways are measured."


def draw(
    asked: Any,
    *,
    title: str = TITLE,
    expanded: bool = False,
    with_controls: bool = False,
) -> None:
    """The form, for what a sweep asks; nothing where there is no whole sweep to ask it as.

    Args:
        asked: The sweep; anything but an `EvaluateConfig` draws nothing.
        title: Of the form.
        expanded: Whether it is open.
        with_controls: Whether it asks for the number of random vectors, too.
    """
    if not isinstance(asked, EvaluateConfig):
        return
    with st.expander(title, expanded=expanded, icon=":material/balance:"):
        number = captions.count(asked.max_questions, "question")
        st.caption(ABOUT.format(questions=number, file=captions.plain(asked.questions)))
        try:
            config = _config(asked, with_controls)
        except ConfigError as error:
            widgets.show_error(error)
            return
        st.caption(captions.plain(_size(config)))
        widgets.submit("Compare", config, key="cost_start")


def _config(asked: EvaluateConfig, with_controls: bool) -> EqualCostConfig:
    """What the widgets say.

    Raises:
        ConfigError: If it cannot work.
    """
    known = {one.name: one for one in offered(EqualCostConfig)}
    named = st.pills(
        "Operations",
        OPERATIONS,
        selection_mode="multi",
        format_func=lambda name: TITLES[name],
        key="cost_operations",
        persist_state="session",
        help="None chosen: all that apply to these vectors.",
    )
    own = {one.name: one for one in offered(EvaluateConfig)}
    numbers = [own["neutral"]] if "neutral" in own else []
    numbers += [own["controls"]] if with_controls else []
    first = {"controls": asked.controls or EvaluateConfig().controls, "neutral": asked.neutral}
    given = fields.draw_fields([known["of"], known["budget"]], "cost_")
    changed = fields.draw_fields(numbers, "cost_", first) if numbers else {}
    prompt = fields.draw_fields([known["prompt"]], "cost_")
    operations = tuple(name for name in OPERATIONS if name in (named or ()))
    settings = {**given, **prompt, "operations": operations}
    config = EqualCostConfig.of_sweep(asked, **settings)
    if not changed:
        return config
    return dataclasses.replace(config, sweep=dataclasses.replace(config.sweep, **changed))


def _size(config: EqualCostConfig) -> str:
    """How much work it is, as far as the vectors are known."""
    chosen = []
    for ref in config.sweep.vectors:
        found = resources.vector_set(ref.digest)
        indices = range(len(found.vectors)) if ref.indices is None else ref.indices
        chosen += [(found, index) for index in indices]
    kinds = len(yardsticks.places_of(chosen, is_relative=False)) or 1
    ways = sum(1 if name in REMOVING else 2 for name in config.tried)
    cells = ways * (len(chosen) + kinds * config.sweep.controls)
    return (
        f"Seeks at most {captions.count(cells, 'strength')}, each in up to {secant.EVALUATIONS} "
        f"tries on {captions.count(config.sweep.neutral, 'neutral prompt')}."
    )
