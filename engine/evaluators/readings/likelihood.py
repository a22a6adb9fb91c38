"""Pairs of written answers, read by how likely the model finds each: no letters, no option orders.

The vector acts at the positions asked for, of the prompt and of the answers. An
answer's log p is the sum over its tokens of the log-probability of each after those before it; the
token that ends a turn is not among them (`evaluators.answer_likelihood`). Per token, the sum is
divided by the number of tokens, so that the shorter answer has no advantage (Holtzman et al. 2021
compare such normalisations).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from engine.configs.sweeps import EvaluateConfig, LikelihoodFigure
from engine.evaluators.answer_likelihood import split
from engine.evaluators.readings.asked import HALF, Asked, Measured, Readings, sharing
from engine.evaluators.steering.gating import SteeredRows
from engine.model.blocks import RowCache
from engine.model.forward import Forward
from engine.model.prompts import shared_prefix
from engine.records.records import Question

RULES: dict[LikelihoodFigure, str] = {
    "per-token": "mean log p per token of the behaviour's answer less that of the other one",
    "total": "log p of the behaviour's whole answer less that of the other one",
}


@dataclass(kw_only=True, eq=False)
class Pairs(Asked):
    """One sweep's questions, each with the answer that shows the behaviour and the other one."""

    begins: list[int]
    """Where both answers of a question begin."""
    figure: LikelihoodFigure

    @property
    def orders(self) -> int:
        """There is nothing to swap."""
        return 1

    @property
    def told(self) -> dict[str, Any]:
        """The rule in words."""
        return {"rule": RULES[self.figure]}

    @property
    def counts(self) -> Int[np.ndarray, "questions two"]:
        """Tokens of both answers."""
        lengths = [[len(text) for text in texts] for texts in self.tokens]
        return np.array(lengths) - np.array(self.begins)[:, None]

    def prompt(self, question: int) -> list[int]:
        """The question alone."""
        return self.tokens[question][0][: self.begins[question]]

    def begin(self, question: int, text: int) -> int:  # noqa: ARG002  Both answer one prompt.
        """Where the answer begins."""
        return self.begins[question]

    def part(self, questions: Int[np.ndarray, " chosen"]) -> "Pairs":
        """The same over some of its questions, with states of its own."""
        return replace(
            self,
            questions=[self.questions[q] for q in questions],
            tokens=[self.tokens[q] for q in questions],
            begins=[self.begins[q] for q in questions],
        )

    def answer(
        self, question: int, edits: SteeredRows, common: RowCache, batch: slice, out: Readings
    ) -> None:
        """Log p of both answers, with the prompt run once a row."""
        begin, now = self.begins[question], edits.on(self.prompt(question))
        starts = [self.start(question, text) for text in range(2)]
        # The first token of an answer is read off the last one of the prompt.
        past = self.door.prefill(starts[0], now, begin - 1, common)
        for text, start in enumerate(starts):
            found = self.door.given(start, now, len(start.tokens) - begin, past)
            out[0][batch, question, 0, text] = found.double().sum(dim=1).numpy()

    def differences(
        self, logits: Float[np.ndarray, "rows questions one two"]
    ) -> Float[np.ndarray, "rows questions one"]:
        """By the rule: of the means per token, or of the totals."""
        per = self.counts[:, None, :] if self.figure == "per-token" else 1
        figures = (logits / per).astype(np.float32)
        return figures[..., 0] - figures[..., 1]

    def columns(self, measured: Measured) -> dict[str, Any]:
        """Log p of both answers, and how many tokens they have."""
        rows = len(measured.logits)
        return {
            "logp_behaviour": measured.logits[..., 0].ravel(),
            "logp_other": measured.logits[..., 1].ravel(),
            "tokens_behaviour": np.tile(self.counts[:, 0], rows),
            "tokens_other": np.tile(self.counts[:, 1], rows),
        }

    def notes(self, measured: Measured) -> list[str]:  # noqa: ARG002  There is no mass to speak of.
        """Whether the lengths of the answers alone lean to one side."""
        longer, shorter = self.counts[:, 0].mean(), self.counts[:, 1].mean()
        if self.figure == "per-token" or not len(self.counts):
            return []
        return [
            f"Answers with the behaviour have {longer:.1f} tokens in the mean, the others "
            f"{shorter:.1f}: total log p favours the shorter ones."
        ]


def prepare(
    door: Forward, questions: Sequence[Question], config: EvaluateConfig, after: int
) -> Pairs:
    """Render every question with both of its answers.

    Args:
        door: The model.
        questions: What to ask; a question's own system prompt goes before the sweep's.
        config: System prompt, and which figure decides.
        after: Last block whose output no row changes before.

    Raises:
        DataError: If an answer is empty, or the model has no positions for it.
    """
    prompter = door.loaded.prompter
    parts = [split(prompter, q.stem, q.system or config.system, q.answers) for q in questions]
    tokens = [[prompt + answer for answer in answers] for prompt, answers in parts]
    begins = [len(prompt) for prompt, _ in parts]
    shared = shared_prefix([text for texts in tokens for text in texts])
    return Pairs(
        door=door,
        questions=questions,
        tokens=tokens,
        after=after,
        shared=sharing([p for p, _ in parts], min(shared, min(begins) - 1), config.window),
        adapter=config.which,
        window=config.window,
        tie=HALF if config.ties == "half" else 0.0,
        begins=begins,
        figure=config.likelihood,
    )
