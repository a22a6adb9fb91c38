"""How much memory one row of a batch takes, from a model's shapes alone.

Upper estimates, one and a half to six times the largest sum of live tensors that the tests measure:
too large a batch is halved, too small a one is only slower. Knows nothing of devices.
"""

from dataclasses import dataclass
from typing import Any, Literal

Pass = Literal["answers", "texts", "states", "graph", "curvature"]
"""What is kept while a row runs: keys and values of the blocks, or nothing but one block's own
tensors ("states"), or all that one ("graph") or two ("curvature") derivatives need."""

FLOAT32 = 4
SAVED = {"graph": 1, "curvature": 2}
"""How often a block's tensors are held until the derivatives are taken."""


@dataclass(frozen=True, kw_only=True)
class Widths:
    """The sizes of a decoder that decide what a row takes."""

    blocks: int
    hidden: int
    mlp: int
    heads: int
    kv_heads: int
    head: int
    vocab: int
    bytes: int
    """Of one number."""


def widths_of(config: Any, bytes_each: int) -> Widths:
    """Read them off a text model's configuration, under any of the library's names for them."""

    def number(usual: int, *names: str) -> int:
        found = (getattr(config, name, None) for name in names)
        return next((value for value in found if isinstance(value, int) and value), usual)

    hidden = int(config.hidden_size)
    heads = number(-(-hidden // 64), "num_attention_heads")
    return Widths(
        blocks=int(config.num_hidden_layers),
        hidden=hidden,
        mlp=number(4 * hidden, "intermediate_size", "n_inner"),
        heads=heads,
        kv_heads=number(heads, "num_key_value_heads"),
        head=number(hidden // heads, "head_dim"),
        vocab=int(config.vocab_size),
        bytes=bytes_each,
    )


def row_bytes(widths: Widths, keeps: Pass, tokens: int) -> int:
    """Most that one row of so many tokens adds to what a pass takes."""
    one = tokens * _block(widths)
    if keeps == "states":
        return one
    if keeps in SAVED:
        # Where a second derivative is wanted, every head's table of weights is held, too.
        table = FLOAT32 * widths.heads * tokens**2 if keeps == "curvature" else 0
        return SAVED[keeps] * widths.blocks * (one + table)
    pairs = 2 * widths.kv_heads * widths.head * widths.bytes * widths.blocks * tokens
    # The longer keys and values stand beside those that they replace.
    return one + 2 * pairs + widths.vocab * (widths.bytes + 3 * FLOAT32)


def _block(widths: Widths) -> int:
    """Bytes of a token's tensors within one block, those in float32 included."""
    attention = 2 * widths.head * (2 * widths.heads + 2 * widths.kv_heads)
    numbers = 4 * widths.hidden + 4 * widths.mlp + attention
    return widths.bytes * numbers + 3 * FLOAT32 * widths.hidden


def first_size(most: int, each: int, free: int, share: float = 0.8) -> int:
    """How many rows of `each` bytes to begin with: at most `most`, at least one."""
    return max(1, min(most, int(share * free) // max(each, 1)))
