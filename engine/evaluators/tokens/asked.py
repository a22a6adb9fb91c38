"""Strips as they are asked for: stored vectors, a grid's columns, a text in words.

Knows nothing of stores and of who asks.
"""

from collections.abc import Callable, Mapping

from engine.configs.core import Site
from engine.configs.reads.strips import CONTROLS, StripAsk, VectorAt
from engine.errors import ConfigError
from engine.evaluators.steering.columns import check_width
from engine.evaluators.steering.directions import stored_vector
from engine.evaluators.steering.kept import columns_of
from engine.evaluators.tokens import strips as reading
from engine.evaluators.tokens.passages import tokens_of
from engine.evaluators.tokens.strips import Pointed
from engine.model.edits import Edit
from engine.model.forward import Forward
from engine.records.records import VectorSet
from engine.records.strips import Strip


def strips(
    door: Forward,
    asked: StripAsk,
    sets: Mapping[str, VectorSet],
    check: Callable[[], None],
) -> list[Strip]:
    """One strip a vector, in the order asked.

    Args:
        door: The model.
        asked: What is read, with what.
        sets: The stored vector sets by the digests that are asked for.
        check: Called between passes; may raise to stop.

    Raises:
        EngineError: If a vector, a block or the text does not fit the model.
    """
    vectors = [pointed(one, sets[one.digest], door) for one in asked.vectors]
    text = tokens_of(door, asked.passage)
    check()
    edits, controls = edits_of(door, asked, sets)
    return reading.read(
        door,
        text,
        vectors,
        adapter=asked.which,
        edits=edits,
        controls=controls,
        seed=asked.seed,
        check=check,
    )


def edits_of(
    door: Forward, asked: StripAsk, sets: Mapping[str, VectorSet]
) -> tuple[list[Edit], list[list[Edit]]]:
    """What all columns together change in one row, and what random directions change instead.

    Raises:
        EngineError: If a vector or a block does not fit the model.
    """
    columns = [one for one in asked.columns if not one.is_baseline]
    if not columns:
        return [], []
    made = columns_of(door, columns, sets, asked.usual_under, asked.norms_under)
    seeds = [asked.seed + 1 + number * len(columns) for number in range(CONTROLS)]
    controls = [
        [edit for place, one in enumerate(columns) for edit in made.control(one, seed + place)]
        for seed in seeds
    ]
    return [edit for one in columns for edit in made.edits(one)], controls


def pointed(one: VectorAt, found: VectorSet, door: Forward) -> Pointed:
    """A stored vector with its place.

    Raises:
        ConfigError: If there is none, or it does not fit the model.
    """
    count = len(found.vectors)
    if not 0 <= one.index < count:
        raise ConfigError(
            f"Vector {one.index} was asked for, but {found.method} {found.digest} has vectors 0 "
            f"to {count - 1}: choose one of them."
        )
    check_width(found, door)
    site = found.sites[one.index] if one.block is None else Site(block=one.block)
    return Pointed(
        vector=stored_vector(found, one.index),
        site=site,
        reference=one.reference,
        name=f"{found.method}_{one.index:02d}",
    )
