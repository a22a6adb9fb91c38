"""Projections of many texts' tokens on directions, in standard deviations of neutral text.

A token's figure is (h·u − m) / s: h its state at the direction's block, u the unit direction, m and
s mean and standard deviation of h·u over the tokens of neutral prompts, each prompt's first left
out. The same yardstick as that of gates. Knows nothing of what is sought among the texts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.steering.doses import Which
from engine.errors import ConfigError
from engine.evaluators.tokens.spans import Span
from engine.evaluators.tokens.yardsticks import Yardstick
from engine.finders.packing import batch_ends, pass_tokens
from engine.model.batches import Batches, Kind, Note, tokens_at_once
from engine.model.blocks import RowCache
from engine.model.edits import reached_block
from engine.model.forward import Forward
from engine.model.prompts import shared_prefix

Take = Callable[[int, int, Float[Tensor, "tokens directions"]], None]
"""Is given (place of a text, place of an axis, figures of the text's own tokens)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Axis:
    """Directions at one block: some vectors, then random ones."""

    block: int
    """At whose output states are read."""
    units: Float[Tensor, "directions hidden"]
    means: Float[Tensor, " directions"]
    """Over neutral text, of the projection."""
    sds: Float[Tensor, " directions"]
    vectors: int
    """How many of the directions are vectors."""

    def figures(self, hidden: Float[Tensor, "*some hidden"]) -> Float[Tensor, "*some directions"]:
        """Projections in standard deviations of neutral text."""
        units, means, sds = (one.to(hidden.device) for one in (self.units, self.means, self.sds))
        return (hidden.float() @ units.T - means) / sds


def axis(
    known: Yardstick,
    block: int,
    vectors: Sequence[Float[Tensor, " hidden"]],
    random: int,
    seed: int,
) -> Axis:
    """Directions at a block with what is usual along them.

    Args:
        known: What is usual.
        block: At whose output.
        vectors: Of any norm but 0.
        random: Isotropic directions beside them; the same at every block.
        seed: Of their draw.

    Raises:
        ConfigError: If a vector is 0.
        DataError: If neutral text does not differ along one of them.
    """
    site = Site(block=block)
    own = torch.stack([one.double() for one in vectors])
    if bool((own.norm(dim=-1) == 0).any()):
        raise ConfigError("A vector of norm 0 has no direction: leave it out.")
    units = own / own.norm(dim=-1, keepdim=True)
    drawn, usual = known.of_randoms(site, random, seed)
    scale = known.of(units, site)
    return Axis(
        block=block,
        units=torch.cat([units.float(), drawn]),
        means=torch.cat([scale.mean.float(), usual.mean.float()]),
        sds=torch.cat([scale.sd.float(), usual.sd.float()]),
        vectors=len(own),
    )


def read_block(site: Site, name: str) -> int:
    """The block whose output tells what a vector at this site stands in.

    Raises:
        ConfigError: If it stands before the first block.
    """
    block = reached_block(site)
    if block < 0:
        raise ConfigError(
            f"{name} stands at the input of block 0, where a token is nothing but its embedding: "
            "choose a vector of a later place."
        )
    return block


def project(
    door: Forward,
    spans: Sequence[Span],
    axes: Sequence[Axis],
    take: Take,
    adapter: Which = True,
    note: Note = lambda _note: None,
) -> None:
    """Show `take` the figures of every text's own tokens on every axis.

    Args:
        door: The model, unsteered.
        spans: The texts; each has at least one token of its own.
        axes: By different blocks.
        take: Called once for each text and axis, in no order.
        adapter: The weights that read.
        note: Told if memory ran out.

    Raises:
        ModelError: If not even one text fits.
    """
    past = _begun(door, spans, max(one.block for one in axes), adapter)
    weights = sum(weight.numel() for weight in door.loaded.model.parameters())
    cost, most = pass_tokens(door.loaded.device, weights), tokens_at_once(door.loaded.device)
    ordered = sorted(range(len(spans)), key=lambda place: len(spans[place].tokens))
    groups = groupby(ordered, lambda p: door.depends_on_length and len(spans[p].tokens))
    for group in [list(members) for _, members in groups]:
        lengths = [len(spans[place].tokens) - past.length for place in group]
        for begin, end in pairwise([0, *batch_ends(lengths, most, cost)]):
            _batch(door, spans, group[begin:end], axes, take, adapter, note, past)


def _begun(door: Forward, spans: Sequence[Span], to: int, adapter: Which) -> RowCache:
    """Keys and values of what all texts begin with, such as one system prompt."""
    past = RowCache()
    length = shared_prefix([list(one.tokens) for one in spans]) if len(spans) > 1 else 0
    length = min(length, min(one.begin for one in spans))
    if length and door.is_segmented:
        tokens = list(spans[0].tokens[:length])
        door.capture_batch([tokens], lambda *_: None, to, adapter, keep=past)
    return past


def _batch(
    door: Forward,
    spans: Sequence[Span],
    places: Sequence[int],
    axes: Sequence[Axis],
    take: Take,
    adapter: Which,
    note: Note,
    past: RowCache,
) -> None:
    """One batch, in halves where memory does not suffice."""
    by_block = {one.block: place for place, one in enumerate(axes)}
    longest = max(len(spans[place].tokens) for place in places)
    kind = Kind(job="the reading", unit="texts", keeps="states", tokens=longest)

    def work(part: range) -> None:
        rows = [places[turn] for turn in part]
        length = max(len(spans[row].tokens) for row in rows)

        def read(hidden: Tensor, block: int, first: int) -> None:
            if block not in by_block:
                return
            figures = axes[by_block[block]].figures(hidden).cpu()
            for turn, row in enumerate(rows):
                own = spans[row]
                take(row, by_block[block], figures[turn, own.begin - first : own.end - first])

        # What stands after a row's end is seen by none of its own tokens.
        filled = [[*spans[row].tokens, *[0] * (length - len(spans[row].tokens))] for row in rows]
        door.capture_batch(filled, read, max(by_block), adapter, past)

    Batches(door.loaded, kind, len(places)).over(len(places), work, note)
