"""Memory of a model on its device: what a row takes, which batches sufficed, what is given back.

Knows nothing of weights' values or of what the batches are for.
"""

import ctypes
import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from engine.errors import StoreError
from engine.store.files import write_atomically

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
"""Names of glibc's `mallopt` for its parameters."""
LARGEST = 2**30
"""Bytes; larger blocks are mapped and given back one by one as before."""


@functools.cache
def _glibc() -> Any:
    try:
        library = ctypes.CDLL("libc.so.6")
        return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
    except OSError:
        return None


@functools.cache
def keep_freed() -> bool:
    """Let this process keep what it frees; whether the C library can do so."""
    library = _glibc()
    if library is None:
        return False
    # The pages of one arena serve all threads; those of a worker's own are unmapped when empty.
    settings = ((ARENA_MAX, 1), (MMAP_THRESHOLD, LARGEST), (TRIM_THRESHOLD, LARGEST))
    return all(bool(library.mallopt(name, value)) for name, value in settings)


def give_back() -> None:
    """Return what is free now, as after a model was unloaded."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


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


FILE = "batch_sizes.json"
MORE = 1.5
"""How many times as much memory must be free for a remembered size not to count."""


@dataclass(eq=False)
class BatchSizes:
    """Rows by what they were rows of; in memory, and in one file where a folder was named."""

    _known: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Rows, and the bytes that were free."""
    _path: Path | None = None

    def keep_in(self, folder: Path) -> None:
        """Begin with what an earlier process learnt, and write down what this one learns."""
        self._path = folder / FILE
        self._known = _read(self._path) | self._known

    def known(self, key: str, free: int) -> int | None:
        """Rows that sufficed when as much memory or not much less was free; else None."""
        rows, before = self._known.get(key, (None, 0))
        return None if rows is None or free >= MORE * before else rows

    def learn(self, key: str, rows: int, free: int) -> None:
        """Remember that `rows` went through together with so many bytes free beforehand."""
        self._known[key] = (rows, free)
        if self._path is None:
            return
        # Another process may have learnt something else in the meantime.
        whole = _read(self._path) | {key: (rows, free)}
        plain = {name: {"rows": r, "free": f} for name, (r, f) in sorted(whole.items())}
        try:
            write_atomically(self._path, json.dumps(plain, indent=1).encode())
        except StoreError:
            # It only saves a later run some time: no reason to end this one.
            self._path = None


def _read(path: Path) -> dict[str, tuple[int, int]]:
    """What a file holds of it; nothing where it is missing, damaged or of another make."""
    try:
        whole: Any = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(key): (max(1, int(one["rows"])), int(one["free"])) for key, one in whole.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
