"""Texts token by token, or texts that are given: rows of equal prompt length, edits per row.

Knows nothing of adapters or locks: `forward`, its only caller, says how to enter the model. What
rows have in common, equal prompts up to the first edited block, is run once.
"""

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from engine.model.blocks import BlockRunner, EditAt, RowCache
from engine.model.edits import EditBatch
from engine.model.hooked import HookedRunner, on_device
from engine.model.ways.beginnings import Beginnings, Begun

LOGIT_ROWS = 256
"""Positions whose logits are made together: fewer read the head too often, more gain nothing."""


def untouched(
    hidden: Float[Tensor, "rows tokens hidden"], _block: int, _first: int
) -> Float[Tensor, "rows tokens hidden"]:
    """An edit that changes nothing."""
    return hidden


def edit_at(edits: EditBatch, prompt_length: int) -> EditAt:
    """The edits of a batch as what a runner calls after every block."""

    def edit(
        hidden: Float[Tensor, "rows tokens hidden"], block: int, first: int
    ) -> Float[Tensor, "rows tokens hidden"]:
        return edits.at(hidden, block, first, prompt_length)

    return edit


@dataclass(frozen=True, eq=False)
class Passes:
    """How a decoder reaches the model."""

    enter: Callable[[], AbstractContextManager[None]]
    """Held during every pass."""
    runner: BlockRunner | None
    """The fast way; None where blocks cannot be run by hand."""
    hooked: HookedRunner
    logits: Callable[[Tensor], Tensor]
    """Output of the last block `[rows, hidden]` -> float32 logits `[rows, vocab]`."""
    device: torch.device


class Decoder:
    """One prompt per row, then one token per row at a time, or all tokens of a given text."""

    def __init__(self, passes: Passes, prompts: Sequence[list[int]], edits: EditBatch) -> None:
        """Take prompts of one length; nothing is run yet."""
        self._passes = passes
        self._prompts = list(prompts)
        self._edits = edits
        self._past: RowCache | None = None
        self._cache: Any = None
        self._width = len(self._prompts)
        """Rows of the library's cache."""
        self._position = 0
        self._texts = [list(prompt) for prompt in prompts]
        """All tokens of each row, for the way that keeps no states."""
        self._live: list[int] | None = None
        """Places in the library's cache of the rows that go on; None is all of them."""
        self._begin: Callable[[tuple[Hashable, ...], Callable[[], Begun]], Begun] | None = None

    def begin_from(self, kept: Beginnings, name: Hashable) -> None:
        """Take unsteered beginnings of prompts from those that are kept, and keep these.

        Args:
            kept: Of this model.
            name: Of the weights that answer.
        """
        self._begin = lambda key, run: kept.of((name, *key), run)

    def first(self) -> Float[Tensor, "rows vocab"]:
        """Logits after the prompts."""
        with self._passes.enter():
            logits = self._logits(self._last_of_prompts())
        self._position = len(self._prompts[0])
        return logits.cpu()

    def next(self, tokens: Sequence[int]) -> Float[Tensor, "rows vocab"]:
        """Logits after one more token per row."""
        with self._passes.enter():
            logits = self._logits(self._advance([[token] for token in tokens])[:, -1])
        self._position += 1
        return logits.cpu()

    def follow(
        self, tokens: Sequence[Sequence[int]], wanted: Sequence[Sequence[int]]
    ) -> Float[Tensor, "rows some"]:
        """Log-probabilities of given tokens after further given tokens, in one pass.

        Args:
            tokens: Per row as many tokens, which follow what was fed so far.
            wanted: Per row and token, the token after it whose log-probability is asked.
        """
        targets = on_device([list(row) for row in wanted], self._passes.device)
        found = torch.empty(targets.shape, device=targets.device)
        with self._passes.enter():
            out = self._advance([list(row) for row in tokens]).flatten(0, 1)
            flat = targets.flatten()
            # Some at a time: all positions times the vocabulary would not fit.
            for first in range(0, len(flat), LOGIT_ROWS):
                part = slice(first, first + LOGIT_ROWS)
                logits = self._logits(out[part])
                chosen = logits.gather(-1, flat[part, None])[:, 0]
                found.view(-1)[part] = chosen - logits.logsumexp(-1)
        self._position += targets.shape[1]
        return found.cpu()

    def keep(self, rows: Sequence[int], edits: EditBatch) -> None:
        """Go on with some rows only, given the edits of those rows."""
        self._edits = edits
        if self._past is not None:
            index = torch.tensor(list(rows), device=self._passes.device)
            pairs = {b: (k[index], v[index]) for b, (k, v) in self._past.pairs.items()}
            self._past = RowCache(self._past.length, pairs)
        self._texts = [self._texts[row] for row in rows]
        if self._cache is None:
            return
        if self._live is None and _is_by_row(self._cache):
            self._cache.batch_select_indices(torch.tensor(list(rows)))
        else:
            # Recurrent states have no rows to choose: what has ended is run on, and not read.
            live = self._live or list(range(self._width))
            self._live = [live[row] for row in rows]

    @property
    def _edit(self) -> EditAt:
        return edit_at(self._edits, len(self._prompts[0]))

    def _logits(self, out: Tensor) -> Float[Tensor, "rows vocab"]:
        return out.float() if self._passes.runner is None else self._passes.logits(out)

    def _last_of_prompts(self) -> Tensor:
        """Output of the last block at the last prompt position, or through hooks its logits."""
        runner = self._passes.runner
        if runner is None:
            return self._step(self._prompts)[:, -1]
        last = len(runner.layers) - 1
        low = min(self._edits.lowest_block, last)
        places: dict[tuple[int, ...], int] = {}
        rows = [places.setdefault(tuple(prompt), len(places)) for prompt in self._prompts]
        index = torch.tensor(rows, device=self._passes.device)

        def begin() -> Begun:
            common = RowCache()
            hidden = runner.embed(on_device([list(p) for p in places], self._passes.device))
            return Begun(runner.span(hidden, -1, low, untouched, None, common), common)

        begun = begin() if self._begin is None else self._begin((low, *places), begin)
        keep = RowCache()
        out = runner.span(begun.hidden[index], low, last, self._edit, None, keep, last=1)
        shared = {block: (k[index], v[index]) for block, (k, v) in begun.past.pairs.items()}
        self._past = RowCache(keep.length, shared | keep.pairs)
        return out[:, -1]

    def _advance(self, tokens: list[list[int]]) -> Tensor:
        """Output of the last block after each token, or through hooks its logits."""
        runner = self._passes.runner
        if runner is None:
            return self._step(tokens)
        keep = RowCache()
        hidden = runner.embed(on_device(tokens, self._passes.device))
        hidden = runner.span(hidden, -1, len(runner.layers) - 1, self._edit, self._past, keep)
        self._past = keep
        return hidden

    def _step(self, tokens: list[list[int]]) -> Float[Tensor, "rows some vocab"]:
        hooked, device = self._passes.hooked, self._passes.device
        if self._position:
            self._texts = [[*t, *new] for t, new in zip(self._texts, tokens, strict=True)]
        if not hooked.keeps_cache:
            return self._whole(len(tokens[0]) if self._position else 1)
        if self._live is None:
            self._width = len(tokens)
            ids, edit = on_device(tokens, device), self._edit
        else:
            ids = on_device([tokens[0]] * self._width, device)
            ids[self._live] = on_device(tokens, device)
            edit = edit_at(self._edits.spread(self._live, self._width), len(self._prompts[0]))
        logits, self._cache = hooked.step(ids, edit, self._position, self._cache)
        return logits if self._live is None else logits[self._live]

    def _whole(self, last: int) -> Float[Tensor, "rows last vocab"]:
        """Logits after each of the last tokens, from passes that keep nothing."""
        ids = on_device(self._texts, self._passes.device)
        return self._passes.hooked.after_each(ids, self._edit, last)


def _is_by_row(cache: Any) -> bool:
    """Whether rows of a cache can be left out: where it holds keys and values and no more."""
    from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

    # A kind derived from these may hold states that its `batch_select_indices` forgets.
    kinds = {type(layer) for layer in getattr(cache, "layers", ())}
    return bool(kinds) and kinds <= {DynamicLayer, DynamicSlidingWindowLayer}
