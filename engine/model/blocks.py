"""Runs a span of a decoder's blocks from stored hidden states, for Qwen3, Llama and their kin.

Knows nothing of prompts or edits' meaning; `forward` is its only caller. Built on nothing but
the block modules and `rotary_emb`, because the library's mask helpers change between versions.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from engine.model import fused
from engine.model.ways import length

Pair = tuple[
    Float[Tensor, "rows key_heads keys channels"], Float[Tensor, "rows key_heads keys channels"]
]
"""Keys and values that a block's attention sees."""


@dataclass(eq=False)
class RowCache:
    """Keys and values of the first `length` positions, by block; one row serves all rows."""

    length: int = 0
    pairs: dict[int, Pair] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Layout:
    """Rows that hold several texts with one beginning: where tokens stand, and what they see."""

    positions: Int[Tensor, "rows tokens"]
    sees: Bool[Tensor, "rows tokens keys"]
    """Keys are the positions of the past, then the row's own tokens."""


class _Appending:
    """Stands where the library expects a cache: appends to a fixed past, keeps what it is told."""

    def __init__(self, past: RowCache | None, keep: RowCache | None) -> None:
        self._past = past.pairs if past else {}
        self._keep = keep

    def update(
        self,
        keys: Float[Tensor, "rows key_heads tokens channels"],
        values: Float[Tensor, "rows key_heads tokens channels"],
        layer_idx: int,
        *_: Any,
        **__: Any,
    ) -> Pair:
        if layer_idx in self._past:
            before = [p.expand(keys.shape[0], -1, -1, -1) for p in self._past[layer_idx]]
            keys = torch.cat([before[0], keys], dim=2)
            values = torch.cat([before[1], values], dim=2)
        if self._keep is not None:
            self._keep.pairs[layer_idx] = (keys, values)
        return keys, values


class _Reached(BaseException):
    """Leaves a block once its keys and values are known."""


class _Stopping(_Appending):
    def update(
        self,
        keys: Float[Tensor, "rows key_heads tokens channels"],
        values: Float[Tensor, "rows key_heads tokens channels"],
        layer_idx: int,
        *_: Any,
        **__: Any,
    ) -> Pair:
        self.pair = super().update(keys, values, layer_idx)
        raise _Reached


class _Given:
    """Gives a block the keys and values of all positions, whatever positions it is asked for."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    def update(
        self,
        keys: Float[Tensor, "rows key_heads tokens channels"],  # noqa: ARG002
        values: Float[Tensor, "rows key_heads tokens channels"],  # noqa: ARG002
        *_: Any,
        **__: Any,
    ) -> Pair:
        return self._pair


EditAt = Callable[
    [Float[Tensor, "rows tokens hidden"], int, int], Float[Tensor, "rows tokens hidden"]
]
"""(output of a block, block, first position) -> the output after this row's edits."""


def _stay() -> None:
    """Let nobody in."""


class BlockRunner:
    """The blocks of one decoder, run by hand."""

    def __init__(self, core: Any, give_way: Callable[[], None] = _stay) -> None:
        """Take a decoder with `embed_tokens`, `layers`, `norm` and `rotary_emb`.

        Args:
            core: The decoder.
            give_way: Called between blocks; may let others use the model meanwhile.
        """
        self.core = core
        self._give_way = give_way
        self.layers: nn.ModuleList = core.layers
        self._fused = fused.blocks(core)

    @staticmethod
    def fits(core: Any) -> bool:
        """Whether this decoder has the modules that are run here, and is alike at every length."""
        return length.why_not_by_hand(core) is None

    def embed(self, tokens: Int[Tensor, "rows tokens"]) -> Float[Tensor, "rows tokens hidden"]:
        """The input of block 0."""
        states = self.core.embed_tokens(tokens.to(self.core.embed_tokens.weight.device))
        factor = getattr(self.core, "embedding_multiplier", None)
        return states if factor is None else states * factor

    def span(
        self,
        hidden: Float[Tensor, "rows tokens hidden"],
        after: int,
        to: int,
        edit: EditAt,
        past: RowCache | None = None,
        keep: RowCache | None = None,
        last: int | None = None,
        layout: Layout | None = None,
    ) -> Float[Tensor, "rows some hidden"]:
        """The output of block `to`, given the unedited output of block `after`.

        Args:
            hidden: States of the positions that follow `past`; block -1 is the embedding.
            after: Block whose output `hidden` is.
            to: Block to stop after.
            edit: Applied to the output of every block from `after` to `to`.
            past: Keys and values of earlier positions.
            keep: Filled with the keys and values of all positions up to the last one.
            last: Compute block `to` only for this many last positions; 0 computes only its keys
                and values.
            layout: Where tokens stand; None is one after the other. Not together with `last`.
        """
        first = past.length if past else 0
        count = hidden.shape[1]
        context = self._context(hidden, first, layout)
        if keep is not None:
            keep.length = first + count
        hidden = edit(hidden, after, first)
        for block in range(after + 1, to + 1):
            self._give_way()
            if block == to and last is not None and last < count:
                hidden = self._last_block(block, hidden, context, (past, keep), last)
                if last == 0:
                    return hidden
                first += count - last
            else:
                hidden = self._block(block, hidden, context, _Appending(past, keep))
            hidden = edit(hidden, block, first)
        return hidden if last is None else hidden[:, hidden.shape[1] - last :]

    def _context(
        self, hidden: Float[Tensor, "rows tokens hidden"], first: int, layout: Layout | None
    ) -> dict[str, Any]:
        count = hidden.shape[1]
        positions = torch.arange(first, first + count, device=hidden.device)[None]
        mask = None
        if layout is not None:
            positions, mask = layout.positions, layout.sees[:, None]
        elif first and count > 1:
            # A fused kernel without a mask would silently drop the cached keys.
            keys = torch.arange(first + count, device=hidden.device)
            mask = (keys[None, :] <= positions[0][:, None])[None, None]
        rotary = self.core.rotary_emb(hidden, positions)
        return {
            "attention_mask": mask,
            "position_ids": positions,
            "position_embeddings": rotary,
            "use_cache": True,
        }

    def _block(
        self,
        block: int,
        hidden: Float[Tensor, "rows tokens hidden"],
        context: dict[str, Any],
        cache: Any,
    ) -> Float[Tensor, "rows tokens hidden"]:
        if (own := self._own(block)) is not None:
            return own.run(hidden, context["position_embeddings"], context["attention_mask"], cache)
        out = self.layers[block](hidden, past_key_values=cache, **context)
        return out[0] if isinstance(out, tuple) else out

    def _own(self, block: int) -> fused.Block | None:
        """The block as it is written here, None where only the library's own call will do."""
        own = self._fused[block] if self._fused is not None else None
        return None if own is None or own.is_watched else own

    def _last_block(
        self,
        block: int,
        hidden: Float[Tensor, "rows tokens hidden"],
        context: dict[str, Any],
        caches: tuple[RowCache | None, RowCache | None],
        last: int,
    ) -> Float[Tensor, "rows read hidden"]:
        """A block's output at the last positions only; for 0 only keys and values are computed."""
        if (own := self._own(block)) is not None:
            first = caches[0].length if caches[0] else 0
            mask = _mask_of_last(context, first + hidden.shape[1], last)
            return own.run(hidden, context["position_embeddings"], mask, _Appending(*caches), last)
        pair = self._keys_values(block, hidden, context, *caches)
        return self._at_last(block, hidden, context, pair, last) if last else hidden[:, :0]

    def _keys_values(
        self,
        block: int,
        hidden: Float[Tensor, "rows tokens hidden"],
        context: dict[str, Any],
        past: RowCache | None,
        keep: RowCache | None,
    ) -> Pair:
        cache = _Stopping(past, keep)
        try:
            self._block(block, hidden, context, cache)
        except _Reached:
            return cache.pair
        raise RuntimeError(f"Block {block} never asked for its cache.")

    def _at_last(
        self,
        block: int,
        hidden: Float[Tensor, "rows tokens hidden"],
        context: dict[str, Any],
        pair: Pair,
        last: int,
    ) -> Float[Tensor, "rows read hidden"]:
        cos, sin = context["position_embeddings"]
        narrowed = {
            **context,
            "attention_mask": _mask_of_last(context, pair[0].shape[2], last),
            "position_ids": context["position_ids"][:, -last:],
            "position_embeddings": (cos[:, -last:], sin[:, -last:]),
        }
        return self._block(block, hidden[:, -last:], narrowed, _Given(pair))


def _mask_of_last(
    context: dict[str, Any], keys: int, last: int
) -> Bool[Tensor, "1 1 read keys"] | None:
    """What the last positions see, of positions that stand one after the other."""
    if last <= 1:
        return None
    positions = context["position_ids"][0]
    # Numbers of the host, as reading one off a GPU would wait for it.
    every = torch.arange(keys, device=positions.device)
    return (every[None, :] <= positions[-last:, None])[None, None]
