"""Neutral prompts, the words that may follow them, and how long states are where vectors stand.

Knows nothing of vectors.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.errors import DataError
from engine.model.blocks import RowCache
from engine.model.edits import EditBatch
from engine.model.forward import Forward, Start
from engine.model.prompts import shared_prefix


@dataclass(frozen=True, eq=False)
class Ground:
    """What every reading at every site of one model shares."""

    door: Forward
    prompts: list[list[int]]
    """Token ids."""
    likely: list[int]
    """Ids of the words whose mean probability after the prompts is not below the floor."""
    chances: Float[Tensor, " likely"]
    """Their mean probabilities, unsteered."""
    _starts: dict[tuple[int, int], Start] = field(default_factory=dict, init=False)
    _lengths: dict[int, float] = field(default_factory=dict, init=False)

    @property
    def shared(self) -> int:
        """Leading tokens that all prompts share; each has at least one of its own."""
        return shared_prefix(self.prompts)

    @property
    def longest(self) -> int:
        """Tokens of the longest prompt."""
        return max(map(len, self.prompts))

    def start(self, prompt: int, after: int) -> Start:
        """A prompt's unsteered states after a block; those of one block are kept."""
        if (prompt, after) not in self._starts:
            for key in [key for key in self._starts if key[1] != after]:
                del self._starts[key]
            self._starts[prompt, after] = self.door.start(self.prompts[prompt], after)
        return self._starts[prompt, after]

    def unsteered(self, prompt: int, after: int, upto: int) -> RowCache:
        """Keys and values of a prompt's first positions, of one row that serves all."""
        return self.door.prefill(self.start(prompt, after), EditBatch.none(1), upto)

    def residual(self, after: int) -> float:
        """Median norm of the residual stream after a block, over all tokens of all prompts."""
        if after not in self._lengths:
            site = Site(block=0, kind="block_in") if after < 0 else Site(block=after)
            states = [self.door.capture(tokens, [site])[site] for tokens in self.prompts]
            self._lengths[after] = float(torch.cat(states).norm(dim=-1).median())
        return self._lengths[after]


def prepare(door: Forward, prompts: Sequence[str], system: str | None, floor: float) -> Ground:
    """Render the prompts and see which words may follow them.

    Args:
        door: The model, with its adapter on where it has one.
        prompts: At least one.
        system: The system prompt, if any.
        floor: Mean probability below which a word is left out.

    Raises:
        DataError: If no word is as likely as the floor.
    """
    tokens = [door.loaded.prompter.tokens(prompt, system) for prompt in prompts]
    chances = sum(
        door.next_logits(one, EditBatch.none(1))[0].double().softmax(-1) for one in tokens
    )
    mean = torch.as_tensor(chances / len(tokens))
    likely = (mean >= floor).nonzero()[:, 0].tolist()
    if not likely:
        raise DataError(
            f"No word has a mean probability of {floor:g} after these prompts: the likeliest has "
            f"{float(mean.max()):.2g}; ask for a lower floor."
        )
    return Ground(door, tokens, likely, mean[likely].float())
