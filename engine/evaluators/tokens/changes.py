"""How steering changes what a model expects at every token of a given text.

log p(token | the tokens before it), steered less unsteered, with the same adapter; the likeliest
tokens at every place; and which positions were changed. Knows nothing of directions to read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from engine.configs.steering.doses import Which
from engine.evaluators.steering.gating import by_prompt
from engine.model.edits import Edit, EditBatch
from engine.model.forward import Forward

LIKELIEST = 8
"""Tokens told at every place."""
POSITIONS_AT_ONCE = 4096
"""Of all rows of one pass: of a long text, fewer random directions go together."""


@dataclass(frozen=True, eq=False)
class Expected:
    """What one row, unsteered or steered, expects of a text."""

    logps: Float[Tensor, " tokens"]
    """Of every token after the first; the first's is not a number."""
    likely: Int[Tensor, "tokens likeliest"]
    """Token ids by falling probability at the place of each token; of the first all 0."""
    shares: Float[Tensor, "tokens likeliest"]
    """Their probabilities; of the first all 0."""


@dataclass(frozen=True, eq=False)
class Changes:
    """A text read unsteered, and steered where anything steers."""

    unsteered: Expected
    steered: Expected | None
    moved: Bool[Tensor, " tokens"]
    """Positions at which the state was changed at some block."""
    controls: Float[Tensor, "controls tokens"]
    """Log-probabilities under random directions in the place of what steers; of the first token
    not numbers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Watched(EditBatch):
    """Edits that remember at which positions they changed anything."""

    moved: set[int] = field(default_factory=set)

    def at(
        self,
        hidden: Float[Tensor, "rows tokens hidden"],
        block: int,
        first: int,
        prompt_length: int,
    ) -> Float[Tensor, "rows tokens hidden"]:
        """The output of `block` after all edits that fall there."""
        changed = super().at(hidden, block, first, prompt_length)
        if changed is not hidden:
            places = (changed != hidden).any(-1).any(0).nonzero()[:, 0]
            self.moved.update((places + first).tolist())
        return changed

    def select(self, rows: slice | Sequence[int]) -> "_Watched":
        """The same edits for some rows only."""
        part = super().select(rows)
        return _Watched(rows=part.rows, groups=part.groups, moved=self.moved)


def read(
    door: Forward,
    tokens: list[int],
    prompt_length: int,
    edits: Sequence[Edit],
    adapter: Which,
    controls: Sequence[Sequence[Edit]] = (),
) -> Changes:
    """Read a text unsteered and, where anything steers, steered in the same pass.

    Args:
        door: The model.
        tokens: The text.
        prompt_length: Tokens of its prompt, by which windows of positions are told.
        edits: Of the steered row; its gates decide as in a text that is written.
        adapter: The weights that read.
        controls: What random directions change in its place, one list each.
    """
    own = by_prompt(door, [tokens[:prompt_length]], [list(edits)], adapter)[0]
    rows: list[Sequence[Edit]] = [[], own] if edits else [[]]
    stacked = EditBatch.stack(rows).to(door.loaded.device)
    batch = _Watched(rows=stacked.rows, groups=stacked.groups)
    # The last token is run too, for what is changed there: any token may stand after it.
    start = door.start([*tokens, tokens[-1]], -1, adapter, prompt_length)
    found = [_Reading(tokens) for _ in rows]

    def show(logits: Float[Tensor, "places vocab"], first: int) -> None:
        row, place = divmod(first, len(tokens))
        while len(logits):
            part = logits[: len(tokens) - place]
            found[row].take(part, place)
            logits, row, place = logits[len(part) :], row + 1, 0

    door.shown(start, batch, 1, show)
    moved = torch.zeros(len(tokens), dtype=torch.bool)
    moved[sorted(batch.moved)] = True
    others = _controls(door, tokens, prompt_length, controls if edits else (), adapter)
    return Changes(found[0].expected, found[1].expected if edits else None, moved, others)


def _controls(
    door: Forward,
    tokens: list[int],
    prompt_length: int,
    controls: Sequence[Sequence[Edit]],
    adapter: Which,
) -> Float[Tensor, "controls tokens"]:
    found = torch.full((len(controls), len(tokens)), torch.nan)
    start = door.start(tokens, -1, adapter, prompt_length)
    prompts = [tokens[:prompt_length]] * len(controls)
    rows = by_prompt(door, prompts, controls, adapter)
    size = max(1, POSITIONS_AT_ONCE // len(tokens))
    for first in range(0, len(rows), size):
        batch = EditBatch.stack(rows[first : first + size]).to(door.loaded.device)
        found[first : first + size, 1:] = door.given(start, batch, len(tokens) - 1)
    return found


class _Reading:
    """One row's logits, of which only what is told is kept."""

    def __init__(self, tokens: list[int]) -> None:
        """Nothing is read yet."""
        count = len(tokens)
        self._next = torch.tensor([*tokens[1:], tokens[-1]])
        self.expected = Expected(
            torch.full((count,), torch.nan),
            torch.zeros(count, LIKELIEST, dtype=torch.long),
            torch.zeros(count, LIKELIEST),
        )

    def take(self, logits: Float[Tensor, "places vocab"], place: int) -> None:
        """Logits after the tokens from `place` on, which are told at the token after."""
        # What follows the text's last token is no part of it.
        logits = logits[: len(self._next) - 1 - place]
        if not len(logits):
            return
        logps = logits.float().log_softmax(-1)
        at = slice(place + 1, place + 1 + len(logps))
        wanted = self._next[place : place + len(logps), None].to(logps.device)
        shares, ids = logps.topk(min(LIKELIEST, logps.shape[-1]), dim=-1)
        self.expected.logps[at] = logps.gather(-1, wanted)[:, 0].cpu()
        self.expected.likely[at, : ids.shape[-1]] = ids.cpu()
        self.expected.shares[at, : ids.shape[-1]] = shares.exp().cpu()
