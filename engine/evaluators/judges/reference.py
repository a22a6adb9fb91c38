"""Reference likelihood: which of two system prompts the base model finds the answer likelier under.

score(q, a) = 1/|a| log p(a | q, second system) - 1/|a'| log p(a | q, first system)

in nats per token, by the base model: adapter off, nothing steered. |a| and |a'| count the tokens
of the answer after each prompt. An answer has the second pole's label if its score lies above the
rubric's threshold, the first's below it, none at it. Source: our own use of the contrast of two
system prompts as in Zou et al. 2023 (Representation Engineering), read from likelihoods instead of
states; the mean per token as in Brown et al. 2020 (section 2.4). Knows nothing of who wrote the
answers.
"""

from collections.abc import Sequence

from engine.evaluators.judges import coherence
from engine.evaluators.judges.coherence import Coherence
from engine.evaluators.judges.verdicts import Judged, Tick, Verdict, settled, unseen
from engine.model.forward import Forward
from engine.questions.rubrics import Rubric


class Reference:
    """Reads every answer twice."""

    name = "reference"
    title = "reference likelihood"

    def __init__(self, door: Forward, rubric: Rubric) -> None:
        """Take the model whose base reads, and the two system prompts."""
        self._door, self._rubric = door, rubric
        self._coherence = Coherence(door, rubric)

    @property
    def least(self) -> float | None:
        """Nats per token below which an answer is broken."""
        return self._coherence.least

    def read(self, texts: Sequence[Judged], tick: Tick = unseen) -> list[Verdict]:
        """Label and score per answer; an empty answer has neither."""
        written = [text for text in texts if text.answer.strip()]
        readings = coherence.read(self._door, self._rubric, written, tick)
        first, second = readings.means
        broken = self._coherence.broken(readings)
        threshold = self._rubric.reference_threshold
        return settled(texts, self._rubric, second - first, broken, threshold)
