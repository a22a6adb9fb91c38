"""What judges that read with a model share: the ruins are set apart, and the rest is scored.

Knows nothing of how poles are told apart, and of who wrote the answers.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from engine.evaluators.judges import coherence
from engine.evaluators.judges.coherence import Coherence, Readings
from engine.evaluators.judges.verdicts import Judged, Tick, Verdict, settled, unseen
from engine.model.forward import Forward
from engine.questions.rubrics import Rubric


class ByModel(ABC):
    """A judge with a door to a model's base, and a rubric."""

    name: str
    title: str

    def __init__(self, door: Forward, rubric: Rubric) -> None:
        """Take the model that judges, and by what."""
        self.door, self.rubric = door, rubric
        self._coherence = Coherence(door, rubric)

    @property
    def least(self) -> float | None:
        """Nats per token below which an answer is broken."""
        return self._coherence.least

    @property
    @abstractmethod
    def threshold(self) -> float:
        """Above it lies the second pole, in the scores' unit."""

    @abstractmethod
    def scores(
        self, texts: Sequence[Judged], readings: Readings, tick: Tick
    ) -> Float[np.ndarray, " texts"]:
        """One figure per answer, positive towards the second pole.

        Args:
            texts: None of their answers empty.
            readings: How likely the model finds them under each pole's system prompt.
            tick: Called with the number of tokens read; may raise to stop.
        """

    def read(self, texts: Sequence[Judged], tick: Tick = unseen) -> list[Verdict]:
        """Label and score per answer; an empty answer has neither."""
        written = [text for text in texts if text.answer.strip()]
        readings = coherence.read(self.door, self.rubric, written, tick)
        scores = self.scores(written, readings, tick)
        broken = self._coherence.broken(readings)
        return settled(texts, self.rubric, scores, broken, self.threshold)
