"""Floating-point operations that a job's mathematics needs, counted from a decoder's shape.

Only matrix products count: what norms, rotations and softmax cost is overhead. A causal token
attends to itself and to those before it, so half of the attention matrix is not counted. Knows
nothing of how a job is done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Products(NamedTuple):
    """Operations of one forward pass, apart by what they cost backward."""

    linear: int
    """With weights that are constant."""
    attention: int
    """Of queries with keys, and of weights with values."""

    @property
    def forward(self) -> int:
        """The pass itself."""
        return self.linear + self.attention

    @property
    def with_gradient(self) -> int:
        """The pass and the gradient of its input; weights are frozen, so theirs is not needed."""
        return 2 * self.linear + 3 * self.attention

    @property
    def gram(self) -> int:
        """One product with J, then one with J^T, of a map that is linearised already."""
        return 2 * self.linear + 4 * self.attention

    def __add__(self, other: object) -> "Products":
        """Both together."""
        if not isinstance(other, Products):
            return NotImplemented
        return Products(self.linear + other.linear, self.attention + other.attention)

    def times(self, count: int) -> "Products":
        """So many of it."""
        return Products(self.linear * count, self.attention * count)


@dataclass(frozen=True)
class Portion:
    """Operations of one kind of product, and how many rows of states each can take at once."""

    flops: float | int
    rows: int
    is_head: bool = False
    """Whether the matrix is the head, not a block's."""


@dataclass(frozen=True)
class Tokens:
    """Positions of texts that must be run, each shared beginning once."""

    count: int
    pairs: int
    """(query, key) pairs of a causal decoder."""


def tokens_of(length: int, first: int = 0) -> Tokens:
    """The positions `first` ... `length` - 1 of one text."""
    return Tokens(length - first, (length * (length + 1) - first * (first + 1)) // 2)


def distinct(texts: Sequence[Sequence[int]], begins: Sequence[int] | None = None) -> Tokens:
    """The positions of many texts, those after a common beginning counted apart.

    Args:
        texts: Token ids.
        begins: Count only positions from here on, one per text.
    """
    starts = begins if begins is not None else [0] * len(texts)
    count, pairs = 0, 0
    before: tuple[int, ...] = ()
    for text, start in sorted((tuple(t), s) for t, s in zip(texts, starts, strict=True)):
        known = next(
            (i for i, (a, b) in enumerate(zip(before, text, strict=False)) if a != b),
            min(len(before), len(text)),
        )
        fresh = tokens_of(len(text), min(max(known, start), len(text)))
        count, pairs, before = count + fresh.count, pairs + fresh.pairs, text
    return Tokens(count, pairs)


@dataclass(frozen=True, kw_only=True)
class Dimensions:
    """Widths of a Qwen3 or Llama decoder."""

    hidden: int
    blocks: int
    query: int
    """Heads times their width."""
    key_value: int
    inner: int
    """Width of the MLP."""
    vocab: int

    @classmethod
    def of(cls, config: Any) -> "Dimensions":
        """Those that a model's configuration declares."""
        heads = int(config.num_attention_heads)
        width = int(getattr(config, "head_dim", None) or config.hidden_size // heads)
        return cls(
            hidden=int(config.hidden_size),
            blocks=int(config.num_hidden_layers),
            query=heads * width,
            key_value=int(config.num_key_value_heads) * width,
            inner=int(config.intermediate_size),
            vocab=int(config.vocab_size),
        )

    @property
    def projections(self) -> list[tuple[int, int]]:
        """(from, to) of the seven matrices of a block."""
        return [
            (self.hidden, self.query),
            (self.hidden, self.key_value),
            (self.hidden, self.key_value),
            (self.query, self.hidden),
            (self.hidden, self.inner),
            (self.hidden, self.inner),
            (self.inner, self.hidden),
        ]

    @property
    def _block(self) -> int:
        return 2 * sum(a * b for a, b in self.projections)

    @property
    def _keys_values(self) -> int:
        return 4 * self.hidden * self.key_value

    def span(self, blocks: int, tokens: Tokens, read: Tokens | None = None) -> Products:
        """A pass through `blocks` blocks.

        Args:
            blocks: How many.
            tokens: Positions that are run.
            read: Positions whose output of the last block is wanted; of the others only the keys
                and values are needed there. None wants all.
        """
        whole = Products(self._block * tokens.count, 4 * self.query * tokens.pairs).times(blocks)
        if read is None or blocks == 0:
            return whole
        spared = tokens.count - read.count
        return Products(
            whole.linear - (self._block - self._keys_values) * spared,
            whole.attention - 4 * self.query * (tokens.pairs - read.pairs),
        )

    def head(self, rows: int) -> int:
        """Logits of all tokens of the vocabulary, at so many positions."""
        return 2 * self.hidden * self.vocab * rows

    def adapter(self, rank: int, tokens: int) -> int:
        """A LoRA of every matrix of every block, forward."""
        return 2 * rank * sum(a + b for a, b in self.projections) * self.blocks * tokens
