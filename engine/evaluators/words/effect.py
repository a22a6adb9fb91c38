"""What a vector does to the next word's log-probability, measured by adding and taking it away.

[log p(w | + d) - log p(w | - d)] / 2 epsilon, d = epsilon R v / |v|, R the median norm of the
residual stream at the site: nats per residual norm, at every position, mean over the prompts.
Knows nothing of other readings.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.evaluators.words.ground import Ground
from engine.model.batches import Batches, Kind, tokens_at_once
from engine.model.edits import EditBatch, reached_block
from engine.progress import Progress


def effects(
    ground: Ground,
    site: Site,
    directions: Float[Tensor, "vectors hidden"],
    epsilon: float,
    tick: Progress,
) -> Float[Tensor, "vectors likely"]:
    """The effect of unit directions on every likely word, in nats per residual norm.

    Args:
        ground: Prompts and words.
        site: Where the directions are added.
        directions: Of length 1.
        epsilon: Share of the residual norm that is added, and taken away.
        tick: Told of every vector and prompt; may raise to stop.

    Raises:
        ModelError: If not even one vector fits into memory.
    """
    after, count = reached_block(site), len(ground.prompts)
    steps = directions * (ground.residual(after) * epsilon)
    found = torch.zeros(len(directions), len(ground.likely))

    def work(part: range) -> None:
        own = steps[part.start : part.stop]
        total = _log_chances(ground, site, torch.cat([own, -own]), tick)
        more, less = total.chunk(2)
        found[part.start : part.stop] = (more - less) / (2 * epsilon * count)

    kind = Kind(
        job="reading words",
        unit="vectors",
        keeps="answers",
        tokens=2 * ground.longest,
        blocks=ground.door.blocks - 1 - after,
    )
    own = max(1, 2 * (ground.longest - ground.shared))
    most = max(1, tokens_at_once(ground.door.loaded.device) // own)
    Batches(ground.door.loaded, kind, most).over(len(directions), work, lambda _: None)
    return found


def _log_chances(
    ground: Ground, site: Site, steps: Float[Tensor, "rows hidden"], tick: Progress
) -> Float[Tensor, "rows likely"]:
    """Log-probability of every likely word, summed over the prompts."""
    door, after = ground.door, reached_block(site)
    edits = EditBatch.add(site, steps)
    # Rows differ from the first position on, so that each has a past of its own.
    past = door.prefill(ground.start(0, after), edits, ground.shared)
    total = torch.zeros(len(steps), len(ground.likely))
    for prompt in range(len(ground.prompts)):
        answers = door.answers(ground.start(prompt, after), edits, ground.likely, past)
        logits = answers.logits
        total += logits - logits.logsumexp(-1, keepdim=True) + answers.mass.log()[:, None]
        tick(prompt + 1, len(ground.prompts))
    return total
