"""What a vector becomes on its way to the last block, to first order, read as words.

J v: the derivative of the last block's output along v at every source position at once, summed
over the target positions and averaged over the sources (Gurnee et al. 2026, the Jacobian lens):
one forward derivative a prompt, and no matrix. The first positions, where states are unlike all
others, are no sources. Knows nothing of how it is read as words.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.errors import ModelError
from engine.evaluators.words.ground import Ground
from engine.model.batches import Batches, Kind, tokens_at_once
from engine.model.edits import EditBatch, reached_block
from engine.model.forward import plain_attention
from engine.progress import Progress

SKIPPED, LEAST = 16, 8
"""First positions that are no sources, and positions that must be left after them."""


class NoDerivativeError(ModelError):
    """A model without forward derivatives: its vectors have no Jacobian lens."""


def first_source(length: int) -> int:
    """The first position of a text that is a source; half of a short text is skipped."""
    return SKIPPED if length >= SKIPPED + LEAST else length // 2


def pushed(
    ground: Ground, site: Site, directions: Float[Tensor, "vectors hidden"], tick: Progress
) -> Float[Tensor, "vectors hidden"]:
    """J v of each direction, mean over the prompts; float32 on the CPU.

    Args:
        ground: Prompts.
        site: Where the directions stand.
        directions: Of any length: the map is linear.
        tick: Told of every prompt; may raise to stop.

    Raises:
        NoDerivativeError: If the model's operations have no forward derivative.
        ModelError: If not even one direction fits into memory.
    """
    found = torch.zeros(directions.shape)
    count = len(ground.prompts)

    def work(part: range) -> None:
        own = slice(part.start, part.stop)
        found[own] = 0
        for prompt in range(count):
            found[own] += _along(ground, prompt, site, directions[own]) / count
            tick(prompt + 1, count)

    kind = Kind(
        job="the Jacobian lens",
        unit="vectors",
        keeps="graph",
        tokens=ground.longest,
        blocks=ground.door.blocks - 1 - reached_block(site),
    )
    most = max(1, tokens_at_once(ground.door.loaded.device) // ground.longest)
    Batches(ground.door.loaded, kind, most).over(len(directions), work, lambda _: None)
    return found


def _along(
    ground: Ground, prompt: int, site: Site, directions: Float[Tensor, "vectors hidden"]
) -> Float[Tensor, "vectors hidden"]:
    """The same of one prompt."""
    door, after = ground.door, reached_block(site)
    length = len(ground.prompts[prompt])
    first = first_source(length)
    sources = length - first
    past = ground.unsteered(prompt, after, first)
    start = ground.start(prompt, after)

    def moved(step: Float[Tensor, " hidden"]) -> Float[Tensor, " hidden"]:
        edits = EditBatch.add(site, step[None], positions=f"last-{sources}")
        states = door.states(start, edits, door.blocks - 1, sources, past)
        return states[0].float().sum(0)

    rows = directions.to(door.loaded.device)
    still = torch.zeros_like(rows[0])
    with plain_attention(), torch.no_grad():
        try:
            sums = torch.func.vmap(lambda row: torch.func.jvp(moved, (still,), (row,))[1])(rows)
        except (NotImplementedError, RuntimeError) as error:
            if "forward AD" not in str(error) and "jvp" not in str(error):
                raise
            raise NoDerivativeError(
                f"{door.loaded.config.short_name} has operations without a forward derivative: "
                "there is no Jacobian lens; load it in float32, bfloat16 or float16."
            ) from error
    return sums.cpu() / sources
