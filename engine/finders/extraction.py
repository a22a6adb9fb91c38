"""States of many texts at every block in one pass, and running figures of their differences.

Texts of like lengths run together, filled up at the end, where a causal model's tokens do not
look; what all prompts share is run once, and the prompt of several answers once. Sums are kept in
float64; single differences only where an estimator asks for them, in float32.
"""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from engine.blocks import RowCache
from engine.edits import EditBatch
from engine.errors import DataError
from engine.finders.texts import Text
from engine.forward import Forward
from engine.prompts import shared_prefix

TOKENS = 4096
"""Tokens in one batch at most: more is no faster, neither on cores nor on a GPU."""
BYTES = 2**28
"""Memory for the states that are held at once."""


def chosen_blocks(door: Forward, layers: str | tuple[int, ...]) -> list[int]:
    """The blocks a config asks for.

    Raises:
        ConfigError: If one of them does not exist.
    """
    blocks = list(range(door.blocks)) if layers == "all" else [int(layer) for layer in layers]
    for block in blocks:
        door.check_layer(block, "layer")
    return blocks


class States:
    """Reads texts at every block of one model, its adapter on or off."""

    def __init__(
        self, door: Forward, blocks: list[int], adapter: bool, texts: Sequence[Text]
    ) -> None:
        """Run what all `texts` begin with, once.

        Args:
            door: The model.
            blocks: At whose output states are read.
            adapter: Whether the adapter, if there is one, is on.
            texts: All texts that will ever be read.
        """
        if not texts:
            raise DataError("There is nothing to read: the file has no usable row.")
        self._door = door
        self._blocks = blocks
        self._adapter = adapter
        self.places = len(texts[0].places)
        self.notes: list[str] = []
        """What a reader should know of how it went."""
        prompts = list(dict.fromkeys(text.prompt for text in texts))
        first_read = min(begin for text in texts for begin, _ in text.places)
        length = min(shared_prefix([list(p) for p in prompts]), first_read)
        start = door.start(list(prompts[0][: length + 1]), -1, adapter)
        self._shared = door.prefill(start, EditBatch.none(1), length)

    @property
    def units(self) -> int:
        """How many pairs of texts to read at once, so that their states stay within `BYTES`."""
        size = 8 * len(self._blocks) * self.places * self._door.hidden
        return min(512, max(8, BYTES // size))

    def read(self, texts: Sequence[Text]) -> Float[Tensor, "texts sites hidden"]:
        """States on the CPU, float32; sites are blocks, and within each the places of a text."""
        shape = (len(texts), len(self._blocks), self.places, self._door.hidden)
        states = torch.empty(shape)
        prompts = list(dict.fromkeys(text.prompt for text in texts))
        if len(prompts) == len(texts) or not any(text.answer for text in texts):
            for part in _batches(texts, range(len(texts)), self._shared.length):
                self._capture([texts[i] for i in part], part, states, self._shared)
            return states.flatten(1, 2)
        for some in _of_one_length(prompts):
            cache = self._prefilled(some)
            row_of = {prompt: row for row, prompt in enumerate(some)}
            members = [i for i, text in enumerate(texts) if text.prompt in row_of]
            for part in _batches(texts, members, cache.length):
                rows = [row_of[texts[i].prompt] for i in part]
                self._capture([texts[i] for i in part], part, states, _rows(cache, rows))
        return states.flatten(1, 2)

    def _prefilled(self, prompts: list[tuple[int, ...]]) -> RowCache:
        keep = RowCache()
        rows = [list(prompt) for prompt in prompts]
        self._door.capture_batch(rows, None, max(self._blocks), self._adapter, self._shared, keep)
        return keep

    def _capture(
        self, texts: list[Text], indices: list[int], states: Tensor, past: RowCache
    ) -> None:
        """Fill the rows `indices` of `states`, in halves where memory does not suffice."""
        try:
            self._capture_together(texts, indices, states, past)
            return
        except torch.OutOfMemoryError:
            if len(texts) == 1:
                raise
        torch.cuda.empty_cache()
        half = len(texts) // 2
        self.notes = [f"Memory ran out: texts were read {half} at a time or fewer."]
        for part in (slice(None, half), slice(half, None)):
            self._capture(texts[part], indices[part], states, past.select(part))

    def _capture_together(
        self, texts: list[Text], indices: list[int], states: Tensor, past: RowCache
    ) -> None:
        layer_of = {block: layer for layer, block in enumerate(self._blocks)}
        longest = max(len(text.tokens) for text in texts)
        weights = torch.zeros(len(texts), self.places, longest, device=self._door.loaded.device)
        for row, text in enumerate(texts):
            for place, (begin, end) in enumerate(text.places):
                weights[row, place, begin:end] = 1 / (end - begin)

        def read(hidden: Tensor, block: int, first: int) -> None:
            if block in layer_of:
                means = weights[:, :, first:].to(hidden.device) @ hidden.float()
                states[indices, layer_of[block]] = means.cpu()

        # What stands after a text's end is seen by none of its own tokens.
        rows = [list(text.tokens) + [0] * (longest - len(text.tokens)) for text in texts]
        self._door.capture_batch(rows, read, max(self._blocks), self._adapter, past)


def _of_one_length(prompts: list[tuple[int, ...]]) -> Iterator[list[tuple[int, ...]]]:
    """Prompts whose keys and values can stand in one cache, few enough for one batch."""
    by_length: dict[int, list[tuple[int, ...]]] = {}
    for prompt in prompts:
        by_length.setdefault(len(prompt), []).append(prompt)
    for length, members in by_length.items():
        size = max(1, TOKENS // max(length, 1))
        for begin in range(0, len(members), size):
            yield members[begin : begin + size]


def _batches(texts: Sequence[Text], indices: Sequence[int], known: int) -> Iterator[list[int]]:
    """Texts of like lengths, few enough for one batch; `known` tokens of each are not run."""
    part: list[int] = []
    least = 0
    for index in sorted(indices, key=lambda i: len(texts[i].tokens)):
        length = len(texts[index].tokens) - known
        if part and (length * (len(part) + 1) > TOKENS or length > 1.5 * least + 8):
            yield part
            part = []
        if not part:
            least = length
        part.append(index)
    if part:
        yield part


def _rows(cache: RowCache, rows: list[int]) -> RowCache:
    return RowCache(cache.length, {b: (k[rows], v[rows]) for b, (k, v) in cache.pairs.items()})


def residual_norms(
    door: Forward, blocks: list[int], adapter: bool, texts: Sequence[Text], count: int = 8
) -> list[float]:
    """Median norm of the residual stream at each block over all tokens of the first prompts."""
    norms: dict[int, list[Tensor]] = {block: [] for block in blocks}

    def read(hidden: Tensor, block: int, _first: int) -> None:
        if block in norms:
            norms[block].append(hidden.float().norm(dim=-1).flatten().cpu())

    for prompt in list(dict.fromkeys(text.prompt for text in texts))[:count]:
        door.capture_batch([list(prompt)], read, max(blocks), adapter)
    return [float(torch.cat(norms[block]).median()) for block in blocks]


def halves(units: Sequence[Sequence[Text]], seed: int) -> tuple[list[int], list[int]]:
    """A seeded split in two, each half in the order that makes few batches."""
    order = torch.randperm(len(units), generator=torch.Generator().manual_seed(seed)).tolist()
    middle = (len(order) + 1) // 2
    first, second = order[:middle], order[middle:]

    def lengths(index: int) -> tuple[int, int]:
        return len(units[index][0].prompt), index

    return sorted(first, key=lengths), sorted(second, key=lengths)


class Sums:
    """Running figures of differences, one row per unit (a pair or a prompt)."""

    def __init__(self, sites: int, hidden: int, keep: int = 0) -> None:
        """Start at zero.

        Args:
            sites: Blocks times places.
            hidden: Width of the residual stream.
            keep: How many single differences to hold, for figures that need them.
        """
        self.count = 0
        self.total = torch.zeros(sites, hidden, dtype=torch.float64)
        self.directions = torch.zeros(sites, hidden, dtype=torch.float64)
        """Sum of the differences, each divided by its norm."""
        self.squares = torch.zeros(sites, dtype=torch.float64)
        """Sum of their squared norms."""
        self.kept: list[Tensor] = []
        self._room = keep

    def add(self, differences: Float[Tensor, "units sites hidden"]) -> None:
        """Take in the differences of some units."""
        wide = differences.double()
        norms = wide.norm(dim=-1, keepdim=True)
        self.count += len(wide)
        self.total += wide.sum(0)
        self.directions += (wide / norms.clamp_min(1e-30)).sum(0)
        self.squares += norms.square().sum((0, 2))
        if self._room > 0:
            self.kept.append(differences[: self._room])
            self._room -= len(self.kept[-1])

    def plus(self, other: "Sums") -> "Sums":
        """The figures of both together."""
        both = Sums(*self.total.shape)
        both.count = self.count + other.count
        both.total = self.total + other.total
        both.directions = self.directions + other.directions
        both.squares = self.squares + other.squares
        both.kept = self.kept + other.kept
        return both

    @property
    def mean(self) -> Float[Tensor, "sites hidden"]:
        """The mean difference, float64."""
        return self.total / max(self.count, 1)

    def pair_cosine(self) -> Float[Tensor, " sites"]:
        """Mean cosine between the differences of two units; NaN for a single one."""
        pairs = self.count * (self.count - 1)
        together = self.directions.square().sum(-1)
        return (together - self.count) / (pairs if pairs else float("nan"))

    def explained(self) -> Float[Tensor, " sites"]:
        """|mean difference|^2 / mean |difference|^2: 1 where all units differ by one vector."""
        return self.mean.square().sum(-1) * self.count / self.squares

    def spread(self) -> Float[Tensor, " sites"]:
        """Root mean square distance from the mean difference, in units of its norm."""
        around = (self.squares / max(self.count, 1) - self.mean.square().sum(-1)).clamp_min(0)
        return around.sqrt() / self.mean.norm(dim=-1)


def spearman_brown(
    first: Float[Tensor, "sites hidden"], second: Float[Tensor, "sites hidden"]
) -> Float[Tensor, " sites"]:
    """Reliability of a vector from all units, given those from two halves; NaN without one."""
    cosine = torch.nn.functional.cosine_similarity(first.double(), second.double(), dim=-1)
    missing = (first.norm(dim=-1) == 0) | (second.norm(dim=-1) == 0)
    reliability = torch.where(cosine > 0, 2 * cosine / (1 + cosine), cosine)
    return reliability.masked_fill(missing, float("nan"))
