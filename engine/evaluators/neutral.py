"""How far a cell's model is from the unsteered one where nothing should change.

KL: mean over neutral prompts of sum_t p(t) log(p(t) / q(t)) at the next token, p unsteered and q
steered, in nats. Perplexity: exp of the mean of -log q over the tokens of p's own answers.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from engine.evaluators import text_figures
from engine.evaluators.cells import end_tokens
from engine.evaluators.measuring import Cells, Setting
from engine.evaluators.text_figures import Arm, Neutral
from engine.model.forward import Forward
from engine.questions import files


@dataclass(frozen=True, eq=False)
class OnNeutral:
    """Neutral prompts as tokens, and what the unsteered model answers."""

    door: Forward
    neutral: Neutral

    @property
    def texts(self) -> int:
        """One a prompt."""
        return len(self.neutral.prompts)

    def measure(self, cells: Cells) -> Float[np.ndarray, "cells two"]:
        """KL and perplexity; no columns where no prompt is asked."""
        if not self.texts:
            return np.zeros((len(cells.rows), 0), dtype=np.float64)
        steered = [Arm(edits, cells.adapter) for edits in cells.edits]
        found = text_figures.on_neutral(
            self.door, self.neutral, steered, cells.tick, cells.note, base_adapter=cells.adapter
        )
        return np.array([[one["kl"], one["neutral_perplexity"]] for one in found])

    def columns(self, found: Float[np.ndarray, " two"]) -> dict[str, float]:
        """Both figures as they were measured."""
        return dict(zip(("kl", "neutral_perplexity"), found.tolist(), strict=False))


def prepare(setting: Setting) -> OnNeutral:
    """Let the unsteered model answer the neutral prompts."""
    config, door = setting.config, setting.door
    prompts = files.load_prompts(config.neutral_prompts)[: config.neutral]
    prompter, most = door.loaded.prompter, text_figures.NEUTRAL_TOKENS
    tokens = [prompter.tokens(prompt, config.system, more=most) for prompt in prompts]
    answers = text_figures.greedy(
        door, tokens, end_tokens(door), most, _quiet, adapter=config.which
    )
    return OnNeutral(door, Neutral(tokens, answers))


def _quiet(_count: int) -> None:
    """Listen to nobody."""
