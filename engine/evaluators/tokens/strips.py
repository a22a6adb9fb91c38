"""Token strips: projections of a text's states on vectors, beside 64 random directions.

z = (h.v - m) / s, with m and s over the tokens of neutral text at the same block. Random unit
directions have values of the same kind; a token's bound is the 95th percentile of their |z|,
because neither sign of a random direction means anything. Projections are of the unsteered pass:
where a vector is added, the steered one would only show that it was. Knows nothing of stores.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.reads.strips import RANDOMS
from engine.configs.steering.doses import Which
from engine.errors import ConfigError, DataError
from engine.evaluators.tokens import changes, pieces
from engine.evaluators.tokens.changes import Changes, Expected
from engine.evaluators.tokens.yardsticks import Yardstick, yardstick
from engine.model.edits import Edit, reached_block
from engine.model.forward import Forward
from engine.records.strips import SHARE, Candidate, Standing, Strip, Token

STATE_BYTES = 512 * 2**20
"""Of captured states at a time: of a long text in a large model, some blocks after others."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pointed:
    """A vector with the place where it is read."""

    vector: Float[Tensor, " hidden"]
    site: Site
    reference: str = ""
    name: str = ""

    @property
    def unit(self) -> Float[Tensor, " hidden"]:
        """The vector at length 1, in float64.

        Raises:
            ConfigError: If it has no direction.
        """
        length = float(self.vector.double().norm())
        if not 0 < length < float("inf"):
            raise ConfigError(
                f"The vector {self.reference or self.name} has length {length:g}: nothing can be "
                "projected on it; choose another one."
            )
        return self.vector.double() / length


@dataclass(frozen=True, eq=False)
class _AtPlace:
    """What is read at one place."""

    projections: Float[np.ndarray, "tokens vectors"]
    values: Float[np.ndarray, "tokens vectors"]
    randoms: Float[np.ndarray, "tokens randoms"]
    """Values of the random directions."""

    @property
    def bounds(self) -> Float[np.ndarray, " tokens"]:
        """|z| below which `SHARE` of the random directions lie."""
        return np.quantile(np.abs(self.randoms), SHARE, axis=1)


def _go_on() -> None:
    """Never stop."""


def read(
    door: Forward,
    text: tuple[list[int], int],
    vectors: Sequence[Pointed],
    *,
    adapter: Which = False,
    edits: Sequence[Edit] = (),
    controls: Sequence[Sequence[Edit]] = (),
    randoms: int = RANDOMS,
    seed: int = 0,
    check: Callable[[], None] = _go_on,
) -> list[Strip]:
    """One strip a vector, all of one text.

    Args:
        door: The model.
        text: Tokens, and how many of them are the prompt; at least two.
        vectors: At least one, each with its place.
        adapter: The weights that read.
        edits: What steers where the text is also read steered; none compares nothing.
        controls: What random directions change in its place, one list each.
        randoms: Random directions at every block.
        seed: Of their draw.
        check: Called between passes; may raise to stop.

    Raises:
        ConfigError: If a vector has no direction, or is not of this model.
        DataError: If the text has a single token.
    """
    tokens, length = text
    if len(tokens) < 2:
        raise DataError("The text has a single token: a strip needs at least two.")
    for one in vectors:
        door.check_layer(one.site.block, "block of the strip")
    check()
    compared = changes.read(door, tokens, length, edits, adapter, controls)
    check()
    # Before the first block there is a place only for vectors that are read there.
    places = sorted({*range(door.blocks), *(reached_block(one.site) for one in vectors)})
    known = yardstick(door, adapter, [_site(place) for place in places])
    check()
    units = torch.stack([one.unit for one in vectors])
    found = _read_places(door, tokens, places, adapter, known, units, (randoms, seed))
    told = _tokens(door, tokens, compared)
    others = _control_changes(compared, length)
    strips = [
        _strip(told, length, one, index, found, (randoms, seed))
        for index, one in enumerate(vectors)
    ]
    return [replace(one, is_steered=bool(edits), control_changes=others) for one in strips]


def _control_changes(found: Changes, length: int) -> tuple[float, ...]:
    """Of the answer's log p, or of the whole text's, under each random direction."""
    count = len(found.unsteered.logps)
    differences = found.controls - found.unsteered.logps
    return tuple(differences[:, length if length < count else 1 :].sum(1).tolist())


def _site(place: int) -> Site:
    return Site(block=place) if place >= 0 else Site(block=0, kind="block_in")


def _read_places(
    door: Forward,
    tokens: list[int],
    places: list[int],
    adapter: Which,
    known: Yardstick,
    units: Float[Tensor, "vectors hidden"],
    draw: tuple[int, int],
) -> dict[int, _AtPlace]:
    size = max(1, STATE_BYTES // (4 * len(tokens) * door.hidden))
    found: dict[int, _AtPlace] = {}
    for first in range(0, len(places), size):
        part = places[first : first + size]
        states = door.capture(tokens, [_site(place) for place in part], adapter)
        for place in part:
            found[place] = _at(states[_site(place)], _site(place), known, units, draw)
    return found


def _at(
    states: Float[Tensor, "tokens hidden"],
    site: Site,
    known: Yardstick,
    units: Float[Tensor, "vectors hidden"],
    draw: tuple[int, int],
) -> _AtPlace:
    projections = states.double() @ units.T
    directions, scale = known.of_randoms(site, *draw)
    return _AtPlace(
        projections.numpy(),
        known.of(units, site).values(projections).numpy(),
        scale.values(states @ directions.T).double().numpy(),
    )


def _strip(
    tokens: tuple[Token, ...],
    length: int,
    one: Pointed,
    index: int,
    found: dict[int, _AtPlace],
    draw: tuple[int, int],
) -> Strip:
    block = reached_block(one.site)
    own, blocks = found[block], [place for place in sorted(found) if place >= 0]
    over = np.stack([found[place].values[:, index] for place in blocks], axis=1)
    bounds = np.stack([found[place].bounds for place in blocks], axis=1)
    has_answer = length < len(tokens)
    return Strip(
        tokens=tokens,
        prompt_length=length,
        vector=one.reference,
        name=one.name,
        place=_site(block).words,
        block=block,
        projections=tuple(own.projections[:, index].tolist()),
        values=tuple(own.values[:, index].tolist()),
        bounds=tuple(own.bounds.tolist()),
        over_blocks=tuple(map(tuple, over.tolist())),
        bounds_over_blocks=tuple(map(tuple, bounds.tolist())),
        whole=_standing(own, index, slice(1, None)),
        answer=_standing(own, index, slice(max(length, 1), None)) if has_answer else None,
        is_steered=False,
        randoms=draw[0],
        seed=draw[1],
    )


def _standing(own: _AtPlace, index: int, part: slice) -> Standing:
    """Some tokens together; the rank is of the size of the mean, for no sign means anything."""
    values = own.values[part, index]
    others = np.abs(own.randoms[part].mean(axis=0))
    mean = float(values.mean())
    return Standing(
        tokens=len(values),
        beyond=int((np.abs(values) > own.bounds[part]).sum()),
        mean=mean,
        rank=1 + int((others >= abs(mean)).sum()),
        of=1 + len(others),
    )


def _tokens(door: Forward, tokens: list[int], found: Changes) -> tuple[Token, ...]:
    tokenizer = door.loaded.tokenizer
    texts, special = pieces.pieces(tokenizer, tokens), pieces.special_ids(tokenizer)
    kept: dict[int, str] = {}

    def likely(one: Expected | None, place: int) -> tuple[Candidate, ...]:
        if one is None or place == 0:
            return ()
        ids = one.likely[place].tolist()
        for token in ids:
            if token not in kept:
                kept[token] = pieces.piece(tokenizer, token)
        shares = one.shares[place].tolist()
        return tuple(Candidate(kept[i], p) for i, p in zip(ids, shares, strict=True) if p > 0)

    plain = found.unsteered.logps.tolist()
    steered = None if found.steered is None else found.steered.logps.tolist()
    bounds = None
    if len(found.controls):
        bounds = (found.controls - found.unsteered.logps).abs().amax(0).tolist()
    return tuple(
        Token(
            id=token,
            text=texts[place],
            is_special=token in special,
            logp=plain[place] if place else None,
            change=steered[place] - plain[place] if steered and place else None,
            change_bound=bounds[place] if bounds and place else None,
            is_steered=bool(found.moved[place]),
            likely=likely(found.unsteered, place),
            likely_steered=likely(found.steered, place),
        )
        for place, token in enumerate(tokens)
    )
