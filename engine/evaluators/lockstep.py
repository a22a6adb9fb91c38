"""Many texts of equal prompt length, one token at a time, each row with its own edits.

Rows leave the batch as they end. Knows nothing of how a token is chosen.
"""

from collections.abc import Callable, Sequence

from torch import Tensor

from engine.configs.steering.doses import Which
from engine.evaluators.steering import gating
from engine.model.batches import Batches, Kind, tokens_at_once
from engine.model.edits import Edit, EditBatch
from engine.model.forward import Forward

Pick = Callable[[list[int], Tensor], list[int | None]]
"""(rows still going, their float32 logits `[rows, vocab]`) -> next token of each; None ends it."""

LOGIT_BYTES = 512 * 2**20
"""Of one step, over the whole vocabulary."""


def rows_per_batch(door: Forward, positions: int) -> int:
    """How many rows of so many positions go through together."""
    budget = tokens_at_once(door.loaded.device)
    vocab = int(door.loaded.causal.config.get_text_config().vocab_size)
    return max(1, min(budget // max(positions, 1), LOGIT_BYTES // (4 * vocab)))


def stacked(
    door: Forward,
    prompts: Sequence[list[int]],
    edits: Sequence[Sequence[Edit]],
    adapter: Which,
) -> EditBatch:
    """One list of edits per row as a batch on the model's device; prompt gates are decided."""
    edits = gating.by_prompt(door, prompts, edits, adapter)
    # Once, or every block of every step would wait for a copy.
    return EditBatch.stack(edits).to(door.loaded.device)


def run(
    door: Forward,
    prompts: Sequence[list[int]],
    edits: Sequence[Sequence[Edit]],
    adapter: Which,
    pick: Pick,
) -> None:
    """Feed every row the tokens that `pick` chooses until none goes on.

    Args:
        door: The model.
        prompts: One per row, all of one length.
        edits: One list per row.
        adapter: Whether the fine-tuned model answers; of several its name.
        pick: Sees each row's logits once per token.
    """
    batch = stacked(door, prompts, edits, adapter)
    decoder = door.decoder(prompts, batch, adapter)
    going, logits = list(range(len(prompts))), decoder.first()
    while True:
        tokens = pick(going, logits)
        kept = [place for place, token in enumerate(tokens) if token is not None]
        if not kept:
            return
        if len(kept) < len(going):
            batch = chosen(batch, kept)
            decoder.keep(kept, batch)
            going = [going[place] for place in kept]
        logits = decoder.next([token for token in tokens if token is not None])


def in_batches(
    door: Forward,
    count: int,
    positions: int,
    work: Callable[[range], None],
    note: Callable[[str], None],
) -> None:
    """Do `work` on ranges that cover `count` rows, halving them when memory runs out.

    Args:
        door: The model.
        count: Rows in all.
        positions: Of the longest row, prompt and answer together.
        work: Does a range; done again in smaller ranges if memory runs out within it.
        note: Told once, at the end, if it did.

    Raises:
        ModelError: If not even one row fits.
    """
    kind = Kind(job="the writing", unit="texts", keeps="texts", tokens=positions)
    Batches(door.loaded, kind, rows_per_batch(door, positions)).over(count, work, note)


def chosen(batch: EditBatch, rows: list[int]) -> EditBatch:
    """The edits of the rows that go on, without those that are nobody's any more."""
    used = [g for g in batch.select(rows).groups if bool((g.scales != 0).any())]
    return EditBatch(rows=len(rows), groups=tuple(used))
