"""States as words: through the model's own last norm and head, whatever stands there.

Both are asked of a state and of its opposite, and half the difference is kept, so that biases of
norm and head, which are nobody's doing, drop out. What all words share moves no probability: the
mean over the vocabulary is taken off. Knows nothing of where states come from.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from engine.evaluators.words.ground import Ground
from engine.model.edits import EditBatch

ROWS = 64
"""States that are read together, each both ways."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Placed(EditBatch):
    """Rows whose last state is given, whatever the model made of its prompt."""

    states: Float[Tensor, "rows hidden"]
    last: int
    """The last block."""

    def at(
        self,
        hidden: Float[Tensor, "rows tokens hidden"],
        block: int,
        first: int,  # noqa: ARG002
        prompt_length: int,  # noqa: ARG002
    ) -> Float[Tensor, "rows tokens hidden"]:
        """The given states at every position of the last block's output."""
        if block != self.last:
            return hidden
        placed: Tensor = self.states.to(hidden)[:, None].expand_as(hidden)
        return placed


def logits(
    ground: Ground, states: Float[Tensor, "vectors hidden"]
) -> Float[Tensor, "vectors vocab"]:
    """Logits of every word, less their mean, for states of root mean square 1; float32, CPU.

    A state without length gives 0 everywhere.
    """
    door = ground.door
    vocab = int(door.loaded.causal.config.get_text_config().vocab_size)
    scales = states.norm(dim=-1, keepdim=True) / states.shape[-1] ** 0.5
    units = states / scales.clamp_min(1e-30)
    start = door.start(ground.prompts[0][:1], door.blocks - 1)
    found = []
    for own in units.split(ROWS):
        both = torch.cat([own, -own])
        edits = _Placed(rows=len(both), states=both, last=door.blocks - 1)
        read = door.answers(start, edits, range(vocab)).logits
        more, less = read.chunk(2)
        both_ways = (more - less) / 2
        found.append(both_ways - both_ways.mean(-1, keepdim=True))
    return torch.cat(found)
