"""What projections are on neutral text: of a vector, and of random directions beside it.

The states are those of the prompts by which gates are told (`steering.usual`), so that a value
here is the one that a gate compares. Knows nothing of the text that is measured.
"""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.steering.doses import Which
from engine.configs.steering.interventions import NEUTRAL
from engine.errors import DataError
from engine.evaluators.steering.usual import MOST_PROMPTS, Usual
from engine.maths.directions import random_directions
from engine.model.forward import Forward
from engine.questions import files

MOST_KEPT = 3
"""Adapters and doses of one model whose neutral states are kept."""
ROWS_TOGETHER = 16
"""Neutral prompts of one length that are run in one pass."""
LEAST_SD = 1e-12


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean and sd of some directions' projections over the tokens of neutral text."""

    mean: Float[Tensor, " directions"]
    sd: Float[Tensor, " directions"]

    def values(
        self, projections: Float[Tensor, "tokens directions"]
    ) -> Float[Tensor, "tokens directions"]:
        """Projections in sds from the mean."""
        return (projections - self.mean) / self.sd


@dataclass(eq=False)
class Yardstick:
    """Neutral states of one model with one adapter; it does not hold on to the model."""

    adapter: Which
    hidden: int
    _states: dict[Site, Float[Tensor, "tokens hidden"]] = field(default_factory=dict, init=False)
    _scales: dict[tuple[Site, int, int], Scale] = field(default_factory=dict, init=False)

    def know(self, door: Forward, sites: list[Site]) -> None:
        """Capture the states at all sites; prompts of one length go through together."""
        wanted = [site for site in sites if site not in self._states]
        blocks = {site.block: site for site in wanted if site.kind == "block_out"}
        others = [site for site in wanted if site.kind != "block_out"]
        if others:
            usual = Usual.of(door, NEUTRAL, None, self.adapter)
            usual.know(others)
            self._states |= {site: usual.tokens(site) for site in others}
        if blocks:
            found = self._outputs(door, list(blocks))
            self._states |= {blocks[block]: states for block, states in found.items()}

    def _outputs(
        self, door: Forward, blocks: list[int]
    ) -> dict[int, Float[Tensor, "tokens hidden"]]:
        prompts = files.load_prompts(NEUTRAL)[:MOST_PROMPTS]
        tokens = [door.loaded.prompter.tokens(prompt) for prompt in prompts]
        parts: dict[int, list[Tensor]] = {block: [] for block in blocks}

        def read(hidden: Tensor, block: int, _first: int) -> None:
            # A prompt's first token is an outlier in most models, as for gates.
            if block in parts:
                parts[block].append(hidden[:, 1:].float().cpu().flatten(0, 1))

        for length in sorted({len(prompt) for prompt in tokens}):
            alike = [prompt for prompt in tokens if len(prompt) == length]
            for first in range(0, len(alike), ROWS_TOGETHER):
                rows = alike[first : first + ROWS_TOGETHER]
                door.capture_batch(rows, read, max(blocks), self.adapter)
        return {block: torch.cat(some) for block, some in parts.items()}

    def of(self, units: Float[Tensor, "directions hidden"], site: Site) -> Scale:
        """The scale of unit directions at a site that is known.

        Raises:
            DataError: If neutral states do not differ along one of them.
        """
        along = self._states[site].to(units.dtype) @ units.T
        sd = along.std(0)
        if not bool((sd > LEAST_SD).all()):
            raise DataError(
                f"Neutral states do not differ along the vector at the {site.words}: there is "
                "nothing to measure it by; choose another block."
            )
        return Scale(along.mean(0), sd)

    def of_randoms(
        self, site: Site, count: int, seed: int
    ) -> tuple[Float[Tensor, "directions hidden"], Scale]:
        """Random unit directions, and their scale."""
        units = random_directions(count, self.hidden, seed)
        key = site, count, seed
        if key not in self._scales:
            self._scales[key] = self.of(units, site)
        return units, self._scales[key]


def yardstick(door: Forward, adapter: Which, sites: list[Site]) -> Yardstick:
    """The yardstick of a model with its adapter so, which knows these sites.

    It is made once and kept while the model is.
    """
    kept: dict[Which, Yardstick] = door.kept.setdefault("yardsticks", {})
    found = kept.pop(adapter, None) or Yardstick(adapter, door.hidden)
    # The latest stands last, and the first is let go.
    kept[adapter] = found
    for older in list(kept)[:-MOST_KEPT]:
        kept.pop(older, None)
    found.know(door, sites)
    return found
