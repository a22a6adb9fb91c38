"""States of many texts at every block in one pass, and running figures of their differences.

Rows of like lengths run together, filled up at the end, where a causal model's tokens do not
look; what all prompts share is run once, and so is the prompt of several answers: they stand behind
it in one row and do not see each other. Sums are kept in
float64; single differences only where an estimator asks for them, in float32.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from engine.errors import DataError
from engine.finders.packing import batch_ends, pass_tokens
from engine.finders.texts import Text
from engine.model.batches import Batches, Kind
from engine.model.blocks import Layout, RowCache
from engine.model.forward import Forward
from engine.model.prompts import shared_prefix

TOKENS = 4096
"""Tokens in one batch at most: more is no faster, neither on cores nor on a GPU."""
NORM_PROMPTS = 8
"""Prompts over whose tokens the residual stream's norm is taken."""
BYTES = 2**28
"""Memory for the states that are held at once."""
LEAST_UNITS, MOST_UNITS = 8, 512
"""Pairs of texts read at once: fewer make small batches, more gain nothing."""


def chosen_blocks(door: Forward, layers: str | tuple[int, ...]) -> list[int]:
    """The blocks a config asks for.

    Raises:
        ConfigError: If one of them does not exist.
    """
    blocks = list(range(door.blocks)) if layers == "all" else [int(layer) for layer in layers]
    for block in blocks:
        door.check_layer(block, "layer")
    return blocks


@dataclass(frozen=True, eq=False)
class _Row:
    """One prompt and all texts that begin with it, their answers one after the other."""

    prompt: tuple[int, ...]
    members: list[int]
    """Indices of the texts."""
    begins: list[int]
    """Where in the row the answer of each member begins."""
    tokens: list[int]


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
        weights = sum(weight.numel() for weight in door.loaded.model.parameters())
        self._cost = pass_tokens(door.loaded.device, weights)
        self._blocks = blocks
        self._adapter = adapter
        self.places = len(texts[0].places)
        self.notes: list[str] = []
        """What a reader should know of how it went."""
        prompts = list(dict.fromkeys(text.prompt for text in texts))
        first_read = min(begin for text in texts for begin, _ in text.places)
        length = min(shared_prefix([list(p) for p in prompts]), first_read)
        self._normed = prompts[:NORM_PROMPTS]
        self._norms: dict[tuple[int, tuple[int, ...]], Tensor] = {}
        """By block and prompt, norms at the tokens that are its own."""
        self._begun: dict[int, Tensor] = {}
        """By block, norms at the tokens that all prompts begin with."""
        self._shared = RowCache()
        if length and door.is_segmented:
            self._run_beginning(list(prompts[0][:length]))

    def _run_beginning(self, tokens: list[int]) -> None:
        def read(hidden: Tensor, block: int, _first: int) -> None:
            self._begun[block] = hidden[0].float().norm(dim=-1).cpu()

        last = max(self._blocks)
        self._door.capture_batch([tokens], read, last, self._adapter, keep=self._shared)

    @property
    def units(self) -> int:
        """How many pairs of texts to read at once, so that their states stay within `BYTES`."""
        size = 8 * len(self._blocks) * self.places * self._door.hidden
        return min(MOST_UNITS, max(LEAST_UNITS, BYTES // size))

    def read(self, texts: Sequence[Text]) -> Float[Tensor, "texts sites hidden"]:
        """States on the CPU, float32; sites are blocks, and within each the places of a text."""
        states = torch.empty(len(texts), len(self._blocks), self.places, self._door.hidden)
        rows = _rows(texts, are_packed=self._door.is_segmented)
        for part in self._batches(rows):
            self._capture(texts, part, states)
        return states.flatten(1, 2)

    def residual_norms(self) -> list[float]:
        """Median norm of the residual stream at each block over all tokens of the first prompts.

        Known once their texts have been read.
        """
        found = []
        for block in self._blocks:
            begun = [self._begun[block]] if block in self._begun else []
            parts = [
                part
                for prompt in self._normed
                if (block, prompt) in self._norms
                for part in (*begun, self._norms[block, prompt])
            ]
            found.append(float(torch.cat(parts).median()))
        return found

    def _note_norms(self, rows: list[_Row], hidden: Tensor, block: int) -> None:
        for place, row in enumerate(rows):
            if row.prompt in self._normed and (block, row.prompt) not in self._norms:
                own = hidden[place, : len(row.prompt) - self._shared.length].float()
                self._norms[block, row.prompt] = own.norm(dim=-1).cpu()

    def _batches(self, rows: Sequence[_Row]) -> Iterator[list[_Row]]:
        """Rows of like lengths, few enough for one batch; of one length where padding is seen."""
        ordered = sorted(rows, key=lambda row: len(row.tokens))
        alike = groupby(ordered, lambda row: self._door.depends_on_length and len(row.tokens))
        for group in [list(group) for _, group in alike]:
            lengths = [len(row.tokens) - self._shared.length for row in group]
            for begin, end in pairwise([0, *batch_ends(lengths, TOKENS, self._cost)]):
                yield group[begin:end]

    def _capture(self, texts: Sequence[Text], rows: list[_Row], states: Tensor) -> None:
        """Fill in the states of the rows' texts, in halves where memory does not suffice."""
        kind = Kind(
            job="the reading",
            unit="texts",
            keeps="states",
            tokens=max(len(row.tokens) for row in rows),
        )

        def work(part: range) -> None:
            self._capture_together(texts, rows[part.start : part.stop], states)

        Batches(self._door.loaded, kind, len(rows)).over(len(rows), work, self._remark)

    def _remark(self, note: str) -> None:
        self.notes = [*dict.fromkeys((*self.notes, note))]

    def _capture_together(self, texts: Sequence[Text], rows: list[_Row], states: Tensor) -> None:
        layer_of = {block: layer for layer, block in enumerate(self._blocks)}
        longest = max(len(row.tokens) for row in rows)
        known, device = self._shared.length, self._door.loaded.device
        most = max(len(row.members) for row in rows)
        weights = torch.zeros(len(rows), most, self.places, longest)
        for place, row in enumerate(rows):
            for turn, (index, start) in enumerate(zip(row.members, row.begins, strict=True)):
                shift = start - len(row.prompt)
                for spot, (begin, end) in enumerate(texts[index].places):
                    move = shift if begin >= len(row.prompt) else 0
                    weights[place, turn, spot, begin + move : end + move] = 1 / (end - begin)
        weights = weights[..., known:].flatten(1, 2).to(device)
        indices = [index for row in rows for index in row.members]
        of_row = [place for place, row in enumerate(rows) for _ in row.members]
        turns = [turn for row in rows for turn in range(len(row.members))]

        def read(hidden: Tensor, block: int, first: int) -> None:
            if block in layer_of:
                self._note_norms(rows, hidden, block)
                means = weights[..., first - known :].to(hidden.device) @ hidden.float()
                means = means.unflatten(1, (most, self.places)).cpu()
                states[indices, layer_of[block]] = means[of_row, turns]

        self._door.capture_batch(
            # What stands after a row's end is seen by none of its own tokens.
            [row.tokens + [0] * (longest - len(row.tokens)) for row in rows],
            read,
            max(self._blocks),
            self._adapter,
            self._shared,
            layout=_layout(rows, longest, known, device) if most > 1 else None,
        )


def _rows(texts: Sequence[Text], are_packed: bool) -> list[_Row]:
    """Texts with one prompt in one row, where rows may be packed, so that it is run once."""
    groups: dict[tuple[int, ...] | int, list[int]] = {}
    for index, text in enumerate(texts):
        groups.setdefault(text.prompt if are_packed and text.answer else -1 - index, []).append(
            index
        )
    rows = []
    for members in groups.values():
        prompt = texts[members[0]].prompt
        row = _Row(prompt, members, [], list(prompt))
        for index in members:
            row.begins.append(len(row.tokens))
            row.tokens.extend(texts[index].answer)
        rows.append(row)
    return rows


def _layout(rows: list[_Row], longest: int, known: int, device: torch.device) -> Layout:
    """Every answer stands right after the prompt, and sees the prompt and itself."""
    positions = torch.arange(longest).repeat(len(rows), 1)
    answers = torch.zeros(len(rows), longest, dtype=torch.long)
    for place, row in enumerate(rows):
        ends = [*row.begins[1:], longest]
        for turn, (begin, end) in enumerate(zip(row.begins, ends, strict=True), start=1):
            answers[place, begin:end] = turn
            first = len(row.prompt)
            positions[place, begin:end] = torch.arange(first, first + end - begin)
    own, other = answers[:, known:, None], answers[:, None, :]
    is_before = torch.ones(longest, longest, dtype=torch.bool).tril()[known:]
    sees = ((other == 0) | (other == own)) & is_before
    return Layout(positions[:, known:].to(device), sees.to(device))


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
