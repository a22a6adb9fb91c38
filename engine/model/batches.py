"""Work on many rows, as many at a time as memory allows.

A batch that does not fit is done again in halves; what was finished before stays. The size that
worked is remembered with the loaded model. Knows nothing of what a row is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch

from engine.errors import ModelError
from engine.model import collection, memory
from engine.model.loading import LoadedModel
from engine.model.memory import Pass, first_size, row_bytes, widths_of

TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 65536}
"""Tokens of all rows in one pass: on a CPU more is slower, on a GPU fewer leaves it idle."""
REFUSALS = ("can't allocate memory", "not enough memory", "out of memory", "CUBLAS_STATUS_ALLOC")
"""How allocators that raise no error of their own say it."""

Note = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is run in batches, as far as the size of a batch depends on it."""

    job: str
    """In words, as in "the sweep"."""
    unit: str
    """What a row is called, in the plural."""
    keeps: Pass
    tokens: int
    """Of the longest row."""
    blocks: int | None = None
    """How many blocks keep something; None is all of them."""

    @property
    def most_tokens(self) -> int:
        """The length up to which rows count as alike: the next power of two."""
        return 1 << max(self.tokens - 1, 0).bit_length()


def tokens_at_once(device: torch.device) -> int:
    """How many tokens of all rows one pass takes at most."""
    return TOKENS_PER_BATCH.get(device.type, TOKENS_PER_BATCH["cpu"])


def ran_out(error: BaseException) -> bool:
    """Whether an error says that there was no memory left."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in REFUSALS)


def free_bytes(device: torch.device) -> int:
    """Memory that could be taken now, with what torch holds unused."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    import psutil

    # Weights mapped from a file count as available, but without them every pass reads the disk.
    mapped = psutil.Process().memory_info()
    return max(0, psutil.virtual_memory().available - getattr(mapped, "shared", 0))


class Batches:
    """The size of the batches of one kind of work, which only ever shrinks."""

    def __init__(self, loaded: LoadedModel, kind: Kind, most: int, free: int | None = None) -> None:
        """Choose the first size: a remembered one, or what should fit.

        Args:
            loaded: The model, which remembers sizes.
            kind: The work.
            most: Rows beyond which a larger batch gains nothing.
            free: Bytes that can be taken; None asks the device.
        """
        self.kind, self.most = kind, max(1, most)
        self._loaded = loaded
        self._free = free_bytes(loaded.device) if free is None else free
        self._is_halved = False
        known = loaded.sizes.known(self._key, self._free)
        self.rows = min(self.most, self._fitting() if known is None else known)

    def over(self, count: int, work: Callable[[range], object], note: Note) -> None:
        """Do `work` on ranges that cover `count` rows, in order.

        Args:
            count: Rows in all.
            work: Does a range; done again in smaller ranges if memory runs out within it.
            note: Told once, at the end, if it did.

        Raises:
            ModelError: If not even one row fits.
        """
        first, before = 0, self.rows
        while first < count:
            part = range(first, min(first + self.rows, count))
            if self.attempt(len(part), partial(work, part)):
                first = part.stop
        if self.rows != before:
            note(self.note)

    def attempt(self, rows: int, work: Callable[[], object]) -> bool:
        """Do `work`, which takes so many rows; False if memory ran out: the size is smaller then.

        Raises:
            ModelError: If it was a single row.
        """
        try:
            work()
        except Exception as error:
            if not ran_out(error):
                raise
        else:
            self._learn()
            return True
        # Only now: the frames of the error held what the work had taken.
        give_back(self._loaded.device)
        self._halve(rows)
        return False

    @property
    def note(self) -> str:
        """What a record says of it."""
        return (
            f"Memory ran out: {self.kind.job} went on with {self.rows} {self.kind.unit} of up to "
            f"{self.kind.most_tokens} tokens at a time."
        )

    @property
    def is_halved(self) -> bool:
        """Whether memory ever ran out here."""
        return self._is_halved

    def _halve(self, rows: int) -> None:
        if rows == 1:
            config = self._loaded.config
            raise ModelError(
                f"Memory ran out: {self.kind.job} was tried with a single row of "
                f"{self.kind.tokens} tokens, and {config.short_name} has no room for it on "
                f"{self._loaded.device}: use shorter texts, a smaller model or --dtype bfloat16, "
                "or close what else takes memory there."
            )
        # Not half of `self.rows`: the last batch may have been a small one.
        self.rows = min(self.rows, -(-rows // 2))
        self._is_halved = True

    def _learn(self) -> None:
        if self._is_halved and self._loaded.sizes.known(self._key, self._free) != self.rows:
            self._loaded.sizes.learn(self._key, self.rows, self._free)

    def _fitting(self) -> int:
        config = self._loaded.causal.config.get_text_config()
        widths = widths_of(config, self._loaded.dtype.itemsize)
        if self.kind.blocks is not None:
            widths = replace(widths, blocks=self.kind.blocks)
        each = row_bytes(widths, self.kind.keeps, self.kind.tokens)
        return first_size(self.most, each, self._free)

    @property
    def _key(self) -> str:
        loaded = self._loaded
        parts = (
            self.kind.job,
            loaded.source.fingerprint,
            loaded.source.revision or "",
            loaded.source.adapter_fingerprint or "",
            f"{loaded.blocks} x {loaded.hidden}",
            f"{self.kind.most_tokens} tokens",
            _machine(loaded.device),
            str(loaded.dtype).removeprefix("torch."),
        )
        return " | ".join(parts)


def give_back(device: torch.device) -> None:
    """Return what an abandoned batch took, so that a smaller one finds it."""
    collection.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    else:
        memory.give_back()


def _machine(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
