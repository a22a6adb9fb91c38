"""Cards of many vectors: all against all, one against all, a set in a space. Draws no page."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from dashboard.cards import card, recipes
from dashboard.cards.card import Card
from dashboard.charts import heatmaps
from dashboard.frames.cosines import Member, Square
from dashboard.words import captions, inks
from dashboard.words.inks import LIGHT
from engine.records.records import VectorSet

NOT_EFFECTS = "A cosine compares directions, not effects."


class Drawn(NamedTuple):
    """What of a square of vectors is drawn."""

    cells: pd.DataFrame
    names: list[str]
    """In their order."""
    limit: float
    """|cosine| at which the colour is full."""


def everyone(square: Square, drawn: Drawn, sets: Sequence[VectorSet], address: str) -> Card:
    """The map of all vectors against all.

    Args:
        square: All of them.
        drawn: What the map shows.
        sets: Whose vectors they are.
        address: The link to the view.
    """
    note = f"Effective rank {square.rank:.1f}. Copies share |cosine| \u2265 0.9; "
    note += "colours are signed."
    if len(drawn.names) < len(square.members):
        note += f" The first {len(drawn.names)} are drawn."
    shown = card.view(address, recipes.of_sets(sets, "cosine of every pair of vectors"))
    picture = heatmaps.everyone(*drawn, LIGHT)
    return card.of_charts(square.words, f"{note} {NOT_EFFECTS}", [picture], shown)


def neighbours(
    one: Member, frame: pd.DataFrame, band: float, sets: Sequence[VectorSet], address: str
) -> Card:
    """One vector against all others, as sorted bars.

    Args:
        one: The vector.
        frame: The bars, as `heatmaps.bars` takes them.
        band: Half width of the 95 % band of random directions.
        sets: Whose vectors it is compared with.
        address: The link to the view.
    """
    recipe = recipes.of_sets(sets, "cosine of one vector with all others, the largest first")
    vector = {"vector": f"{one.name}: row {one.index} of set {one.digest}, {one.site.words}"}
    note = f"Grey: 95 % of random pairs lie within \u00b1{band:.3f}. {NOT_EFFECTS}"
    shown = card.view(address, {**vector, **recipe})
    title = f"{one.name} against all others of its model"
    return card.of_charts(title, note, [heatmaps.bars(frame, band, LIGHT)], shown)


def span(found: VectorSet, space: VectorSet, frame: pd.DataFrame, told: str, address: str) -> Card:
    """How much of each vector of a set lies in the span of another.

    Args:
        found: The set that is taken apart.
        space: The one that spans the space.
        frame: The bars, as `heatmaps.shares` takes them.
        told: What the reader must know.
        address: The link to the view.
    """
    recipe = recipes.of_pair(found, space)
    words = {"rows": "vectors", "columns": "space"}
    recipe = {words.get(name, name): value for name, value in recipe.items()}
    recipe["operation"] = "norm of each vector's projection onto the span, over its norm"
    names = (captions.method(found.method), captions.method(space.method))
    drawing = heatmaps.shares(frame, inks.method_colour(found.method), LIGHT)
    title = f"{names[0]} vectors in the span of {names[1]}"
    return card.of_charts(title, told, [drawing], card.view(address, recipe))
