"""What a steered pass sets out from, and what an asked one gives.

Knows nothing of how blocks are run.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from engine.configs.steering.doses import Which


@dataclass(frozen=True, eq=False)
class Start:
    """One prompt, with its unsteered states after a block, from which all rows set out."""

    tokens: list[int]
    after: int
    """Block whose output `hidden` is; -1 is the embedding."""
    hidden: Float[Tensor, "one tokens hidden"]
    adapter: Which
    prompt_length: int
    """Tokens of the text that are its prompt; what follows is an answer that is given."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What each row would answer."""

    logits: Float[Tensor, "rows answers"]
    """Float32, one column per answer token."""
    mass: Float[Tensor, " rows"]
    """Probability of the answer tokens together, over the whole vocabulary."""
