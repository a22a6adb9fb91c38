"""This engine's way of what the peers are asked, and the operations that each job needs.

Knows nothing of peers.
"""

import numpy as np

from engine.bench.arithmetic import Portion, distinct
from engine.bench.jobs import generation
from engine.bench.jobs import sweep as sweeps
from engine.bench.peers.work import Texts, Work
from engine.bench.timing import MOST_ROWS
from engine.evaluators import ab, text_figures
from engine.evaluators.cells import end_tokens
from engine.finders import contrastive
from engine.model.edits import Edit
from engine.progress import silent


def extraction(work: Work) -> np.ndarray:
    """Vectors [blocks, hidden], with all scores of the finder."""
    return contrastive.find(work.setting.door, work.config, silent).vectors.numpy()


def grid(work: Work, prompts: int) -> Texts:
    """Tokens of the texts without the one that ends them, by configuration and prompt."""
    door = work.setting.door
    asked = [(row, prompt) for row in work.grid_rows for prompt in work.prompts[:prompts]]
    ends = end_tokens(door)
    found = text_figures.greedy(
        door,
        [prompt for _, prompt in asked],
        ends,
        work.amounts.new_tokens,
        lambda _: None,
        edits=[[Edit(site=row.site, vector=row.delta, scale=1.0)] for row, _ in asked],
    )
    texts = [answer[:-1] if answer[-1] in ends else answer for answer in found]
    return [texts[i : i + prompts] for i in range(0, len(texts), prompts)]


def sweep(work: Work) -> np.ndarray:
    """Logit of A less that of B, by cell and question, both orders side by side."""
    # With states of its own, which the time is to have in it.
    prepared = work.sweep.part(np.arange(len(work.sweep.questions)))
    found = ab.measure(prepared, work.sweep_rows, silent, lambda _: None, sweeps.forget)
    return (found.logits[..., 0] - found.logits[..., 1]).reshape(len(work.sweep_rows), -1)


def extraction_needs(work: Work) -> list[Portion]:
    """All texts through all blocks, what they share once."""
    texts = [text for pair in work.texts for text in pair]
    tokens, begins = [t.tokens for t in texts], [t.places[0][0] for t in texts]
    dimensions = work.setting.dimensions
    needed = dimensions.span(dimensions.blocks, distinct(tokens), distinct(tokens, begins))
    return [Portion(needed.forward, MOST_ROWS)]


def grid_needs(work: Work, texts: Texts) -> list[Portion]:
    """What was written, with the token that ended a text."""
    most = work.amounts.new_tokens
    lengths = [len(prompt) for _ in texts for prompt in work.prompts[: len(texts[0])]]
    counts = [min(len(text) + 1, most) for row in texts for text in row]
    return generation.writing(work.setting, lengths, counts)


def sweep_needs(work: Work) -> list[Portion]:
    """Blocks to the source once a question; all others for every row."""
    return sweeps.flops(work.setting, work.sweep, len(work.sweep_rows))
