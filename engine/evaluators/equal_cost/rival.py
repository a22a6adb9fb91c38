"""Just asking the model: the same questions, unsteered, under another system prompt.

Its cost is measured as that of steering: KL(unsteered || asked) per token on the same neutral
answers, the rival system prompt before the neutral prompts. Knows nothing of budgets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float

from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.errors import DataError
from engine.evaluators import ab, aiming, text_figures
from engine.evaluators.aiming import Ground
from engine.evaluators.equal_cost.divergence import NeutralAnswers, kl, mean_and_p95
from engine.evaluators.readings.asked import as_frame
from engine.evaluators.rows import baseline
from engine.evaluators.sweeps import Units
from engine.model.forward import Forward
from engine.progress import silent
from engine.questions import files
from engine.records.records import Question
from engine.statistics.budgets.equal_cost import RIVAL


@dataclass(frozen=True, kw_only=True, eq=False)
class Rival:
    """What the model does when it is asked."""

    kl_mean: float
    kl_p95: float
    frame: pd.DataFrame
    """Its answers, one row per question and order."""


def run(
    ground: Ground,
    neutral: NeutralAnswers,
    config: EqualCostConfig,
    questions: Sequence[Question],
    units: Units,
) -> Rival:
    """Ask the questions under the rival system prompt, and measure what it costs.

    Raises:
        DataError: If the model has no positions for a prompt, or the template no system prompt.
    """
    door = ground.sweep.door
    sweep = replace(config.sweep, system=config.prompt)
    asked = aiming.asked(door, questions, sweep, ground.sweep.after)
    if asked.tokens == ground.sweep.tokens:
        raise DataError(
            "The rival system prompt changes no question, because this model's template or the "
            "questions' own system prompts leave it out: compare without it."
        )
    row = replace(baseline(ground.vector_sites[0], door.hidden), vector_set=RIVAL, method=RIVAL)
    measured = ab.measure(
        asked,
        [row],
        silent,
        lambda name: units.load_arrays(f"{RIVAL}_{name}"),
        lambda name, arrays: units.save_arrays(f"{RIVAL}_{name}", arrays),
    )
    prompts = files.load_prompts(sweep.neutral_prompts)[: sweep.neutral]
    (mean,), (high,) = mean_and_p95(divergence_of(door, neutral, prompts, config.prompt)[None])
    frame = as_frame(asked, [row], measured)
    return Rival(kl_mean=float(mean), kl_p95=float(high), frame=frame)


def divergence_of(
    door: Forward, neutral: NeutralAnswers, prompts: Sequence[str], system: str | None
) -> Float[np.ndarray, " tokens"]:
    """KL(unsteered || asked) at every token of the unsteered model's neutral answers, in nats.

    Args:
        door: The model.
        neutral: Its answers, under its own system prompt.
        prompts: The neutral prompts.
        system: The rival system prompt.
    """
    most = text_figures.NEUTRAL_TOKENS
    tokens = [door.loaded.prompter.tokens(prompt, system, more=most) for prompt in prompts]
    other = NeutralAnswers(door, neutral.adapter, tokens, neutral.answers)
    after = 0
    return np.concatenate(
        [
            kl(neutral.base(text, after), other.base(text, after)).cpu().numpy()
            for text in range(neutral.texts)
        ]
    )
