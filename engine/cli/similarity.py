"""`similarity --vectors FILE FILE`."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from engine import STORE
from engine.cli import tables
from engine.cli.answering import answer, open_engine
from engine.cli.drawing import Row, console, draw
from engine.cli.from_config import StoreDir
from engine.errors import ConfigError
from engine.records.records import VectorSet
from engine.statistics import similarity
from engine.store.references import loaded, reference
from engine.store.store import Store


def _load(store: Store, name: str) -> VectorSet:
    """The vectors a command line names, one of them where an index stands behind the file."""
    return loaded(store, reference(store, name), name)


def similarity_of_sets(
    vectors: Annotated[list[str] | None, typer.Option(help="Two files or digests.")] = None,
    null: Annotated[str | None, typer.Option(help="Shuffled-label set of the first.")] = None,
    remove: Annotated[str | None, typer.Option(help="Set whose directions are taken out.")] = None,
    span: Annotated[
        bool, typer.Option("--span", help="Share of the first set in the span of the second.")
    ] = False,
    store: StoreDir = STORE,
) -> None:
    """Cosine and distance of two sets, layer by layer, with what chance and noise allow."""
    if len(vectors or []) != 2:
        raise ConfigError("Two sets are compared: give --vectors FILE FILE.")
    place = open_engine(store).store
    first, second = (_load(place, name) for name in vectors or [])
    if remove is not None:
        taken = _load(place, remove)
        first, second = (similarity.without(found, taken) for found in (first, second))
    shared = {"digest": None, "path": str(place.root)}
    shared |= {"first": first.digest, "second": second.digest}
    if span:
        frame = similarity.span_shares(first, second)
        _spans(first, second, frame)
        answer(**shared, vectors=frame.to_dict("records"))
        return
    draws = () if null is None else (_load(place, null),)
    frame = similarity.by_layer(first, second, draws)
    both = np.concatenate([first.vectors, second.vectors])
    found, rank = similarity.clusters(both), similarity.effective_rank(both)
    _layers(first, second, frame)
    console.print(f"Both together: {found.words}; effective rank {rank:.2f}.")
    layers = frame.astype(object).where(frame.notna(), None).to_dict("records")
    answer(**shared, layers=layers, duplicates=found.words, effective_rank=rank)


def _spans(first: VectorSet, second: VectorSet, frame: pd.DataFrame) -> None:
    """The linear part of each vector, when the second set spans what is linear."""
    columns = {
        "vector": "{vector}",
        "block": "{block}",
        "inside the span": "{share:.1%}",
        "norm inside": "{linear:.3g}",
        "norm outside": "{residual:.3g}",
    }
    title = f"{_name(first)} in the span of {_name(second)}"
    draw(title, frame.to_dict("records"), columns, style=_dim("share", "random_high"))
    chance = frame.iloc[0]
    console.print(
        f"A random direction has {chance['random']:.1%} inside on average, at most "
        f"{chance['random_high']:.1%} in 97.5 % of cases (dimmed)."
    )


def _layers(first: VectorSet, second: VectorSet, frame: pd.DataFrame) -> None:
    """One line per pair of vectors; a cosine inside the random band is dimmed."""
    columns = {
        "block": "{block}",
        "cosine": "{cosine:+.3f}",
        "corrected": "{corrected:+.3f}",
        "distance": "{distance:.3g}",
        "norms": "{norm_first:.3g}, {norm_second:.3g}",
    }
    if "null_low" in frame:
        columns["shuffled labels"] = "{null_low:+.3f} … {null_high:+.3f}"
    title = f"{_name(first)} · {_name(second)}"
    draw(title, frame.to_dict("records"), columns, style=_dim("cosine", "random"))
    band = frame["random"].iloc[0]
    console.print(f"Random directions: 95 % of the cosines lie within ±{band:.3f} (dimmed).")
    if frame["corrected"].notna().any():
        console.print(
            "corrected: over the largest cosine that vectors this noisy can show; too large where "
            "both share their noise, as from the same texts."
        )


def _name(found: VectorSet) -> str:
    return f"{tables.named(found.method)} {found.digest}"


def _dim(value: str, limit: str) -> Callable[[Row], str]:
    """Dim what chance alone would reach."""
    return lambda row: "dim" if abs(row[value]) < row[limit] else ""
