"""What the residual stream usually is: states of sample prompts, captured once a site.

Targets, planes and gates are told in terms of these; nothing is steered here.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.steering.doses import Which
from engine.model.edits import reached_block
from engine.model.forward import Forward
from engine.questions import files

MOST_PROMPTS = 64
"""Prompts of the file that are read; more change a mean little."""


class Usual:
    """States of some prompts in one model, its adapter as the steered rows have it."""

    def __init__(self, door: Forward, prompts: Sequence[list[int]], adapter: Which) -> None:
        """Take prompts as tokens; nothing is run yet."""
        self._door, self._prompts, self._adapter = door, list(prompts), adapter
        self._states: dict[int, list[Tensor]] = {}

    @classmethod
    def of(cls, door: Forward, path: str, system: str | None, adapter: Which) -> "Usual":
        """The first prompts of a file.

        Raises:
            DataError: If it cannot be read.
        """
        prompts = files.load_prompts(path)[:MOST_PROMPTS]
        tokens = [door.loaded.prompter.tokens(prompt, system) for prompt in prompts]
        return cls(door, tokens, adapter)

    def know(self, sites: Sequence[Site]) -> None:
        """Capture the states at all of these sites in one pass a prompt."""
        wanted = [b for b in dict.fromkeys(map(reached_block, sites)) if b not in self._states]
        places = {b: Site(block=b) if b >= 0 else Site(block=0, kind="block_in") for b in wanted}
        for tokens in self._prompts if wanted else []:
            found = self._door.capture(tokens, list(places.values()), self._adapter)
            for block, place in places.items():
                self._states.setdefault(block, []).append(found[place])

    def last(self, site: Site) -> Float[Tensor, "prompts hidden"]:
        """At each prompt's last token, which writes the answer's first."""
        return torch.stack([states[-1] for states in self._of(site)])

    def tokens(self, site: Site) -> Float[Tensor, "tokens hidden"]:
        """At all tokens but each prompt's first, whose state is an outlier in most models."""
        return torch.cat([states[1:] for states in self._of(site)])

    def pooled(self, site: Site) -> Float[Tensor, "prompts hidden"]:
        """The mean over each prompt's tokens but the first."""
        return torch.stack([pooled(states) for states in self._of(site)])

    def _of(self, site: Site) -> list[Tensor]:
        self.know([site])
        return self._states[reached_block(site)]


def pooled(states: Float[Tensor, "tokens hidden"]) -> Float[Tensor, " hidden"]:
    """The mean over all tokens of a prompt but its first; of a single token, itself."""
    return states[1:].mean(0) if len(states) > 1 else states[0]
