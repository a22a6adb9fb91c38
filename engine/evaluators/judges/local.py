"""Local judge: a model reads a rubric, and its answer is taken from logits, never from prose.

With letters: score = mean over both orders of log p(letter of the second pole | rubric)
- log p(letter of the first pole | rubric); a liking for a letter or a place cancels. With words:
score = log p(second label | rubric) - log p(first label | rubric), all tokens of a label; the poles
stand in no order there. In nats, by a base model: adapter off, nothing steered.

The judge sees question and answer and nothing else, not the arm. Each text is read alone, so the
order of the texts, shuffled or not, cannot matter. Source: Zheng et al. 2023 (LLM-as-a-judge, both
orders); logits instead of parsed text as in our A/B questions. Knows nothing of who wrote the
answers.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from engine.evaluators.answer_likelihood import answer_logps, split
from engine.evaluators.judges.by_model import ByModel
from engine.evaluators.judges.coherence import Readings
from engine.evaluators.judges.verdicts import Judged, Tick


class Local(ByModel):
    """Asks a model of every answer."""

    name = "local"
    title = "local judge"

    @property
    def threshold(self) -> float:
        """In nats."""
        return self.rubric.local_threshold

    def scores(
        self,
        texts: Sequence[Judged],
        readings: Readings,  # noqa: ARG002  The rubric is asked instead.
        tick: Tick,
    ) -> Float[np.ndarray, " texts"]:
        """The second verdict's log p less the first's, the mean over both orders of letters."""
        orders = (False, True) if self.rubric.verdicts == "letters" else (False,)
        rows: list[tuple[list[int], list[int]]] = []
        for is_swapped in orders:
            for text in texts:
                prompt, answers = self._asked(self.rubric.ask(*text, is_swapped))
                rows += [(prompt, answer) for answer in answers]
        total, _ = answer_logps(
            self.door, [row[0] for row in rows], [row[1] for row in rows], tick=tick
        )
        pairs = total.reshape(len(orders), len(texts), 2)
        # The second answer belongs to the second pole, or to the first where they are exchanged.
        signs = np.array([-1.0 if is_swapped else 1.0 for is_swapped in orders])
        return (signs[:, None] * (pairs[..., 1] - pairs[..., 0])).mean(axis=0)

    def _asked(self, words: str) -> tuple[list[int], list[list[int]]]:
        """The rubric as a prompt, and both verdicts after it."""
        prompter, system = self.door.loaded.prompter, self.rubric.system
        if self.rubric.verdicts == "words":
            return split(prompter, words, system, self.rubric.labels)
        letters = prompter.letter_tokens("AB")
        if letters is None:
            # Shared pieces before the letters have one probability, which cancels.
            return split(prompter, words, system, ("(A)", "(B)"))
        prefix, tokens = letters
        return prompter.tokens(words, system, prefix), [[token] for token in tokens]
