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

import numpy as np
from jaxtyping import Float

from engine.evaluators.judges.by_model import ByModel
from engine.evaluators.judges.coherence import Readings
from engine.evaluators.judges.verdicts import Judged, Tick


class Reference(ByModel):
    """Reads every answer twice."""

    name = "reference"
    title = "reference likelihood"

    @property
    def threshold(self) -> float:
        """In nats per token."""
        return self.rubric.reference_threshold

    def scores(
        self,
        texts: Sequence[Judged],  # noqa: ARG002  The readings are of these.
        readings: Readings,
        tick: Tick,  # noqa: ARG002
    ) -> Float[np.ndarray, " texts"]:
        """The second system prompt's mean less the first's."""
        first, second = readings.means
        return second - first
