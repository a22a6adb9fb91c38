"""`similarity --vectors FILE FILE`."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.table import Table

from engine import ROOT
from engine.cli import tables
from engine.cli.options import StoreDir, answer, open_engine
from engine.errors import ConfigError
from engine.records.records import VectorSet
from engine.runs.references import loaded, reference
from engine.statistics import similarity
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
    store: StoreDir = ROOT,
) -> None:
    """Cosine and distance of two sets, layer by layer, with what chance and noise allow."""
    if len(vectors or []) != 2:
        raise ConfigError("Two sets are compared: give --vectors FILE FILE.")
    place = open_engine(store).store
    first, second = (_load(place, name) for name in vectors or [])
    if remove is not None:
        taken = _load(place, remove)
        first, second = (similarity.without(found, taken) for found in (first, second))
    if span:
        _spans(place.root, first, second)
        return
    draws = () if null is None else (_load(place, null),)
    frame = similarity.by_layer(first, second, draws)
    both = np.concatenate([first.vectors, second.vectors])
    found = similarity.clusters(both)
    rank = similarity.effective_rank(both)
    _report(first, second, frame)
    tables.out.print(f"Both together: {found.words}; effective rank {rank:.2f}.")
    rows = frame.astype(object).where(frame.notna(), None)
    answer(
        digest=None,
        path=str(place.root),
        first=first.digest,
        second=second.digest,
        layers=rows.to_dict("records"),
        duplicates=found.words,
        effective_rank=rank,
    )


def _spans(root: Path, first: VectorSet, second: VectorSet) -> None:
    """The linear part of each vector, when the second set spans what is linear."""
    frame = similarity.span_shares(first, second)
    names = [tables.named(s.method) for s in (first, second)]
    table = Table(title=f"{names[0]} {first.digest} in the span of {names[1]} {second.digest}")
    for name in ("vector", "block", "inside the span", "norm inside", "norm outside"):
        table.add_column(name, justify="right")
    for row in frame.to_dict("records"):
        table.add_row(
            str(row["vector"]),
            str(row["block"]),
            f"{row['share']:.1%}",
            f"{row['linear']:.3g}",
            f"{row['residual']:.3g}",
            style="dim" if row["share"] < row["random_high"] else "",
        )
    tables.out.print(table)
    chance = frame.iloc[0]
    tables.out.print(
        f"A random direction has {chance['random']:.1%} inside on average, at most "
        f"{chance['random_high']:.1%} in 97.5 % of cases (dimmed)."
    )
    answer(
        digest=None,
        path=str(root),
        first=first.digest,
        second=second.digest,
        vectors=frame.to_dict("records"),
    )


def _report(first: VectorSet, second: VectorSet, frame: pd.DataFrame) -> None:
    """One line per pair of vectors; a cosine inside the random band is dimmed."""
    names = [tables.named(s.method) for s in (first, second)]
    table = Table(title=f"{names[0]} {first.digest} · {names[1]} {second.digest}")
    for name in ("block", "cosine", "corrected", "distance", "norms"):
        table.add_column(name, justify="right")
    if "null_low" in frame:
        table.add_column("shuffled labels", justify="right")
    for row in frame.to_dict("records"):
        style = "dim" if abs(row["cosine"]) < row["random"] else ""
        cells = [
            str(row["block"]),
            f"{row['cosine']:+.3f}",
            "" if pd.isna(row["corrected"]) else f"{row['corrected']:+.3f}",
            f"{row['distance']:.3g}",
            f"{row['norm_first']:.3g}, {row['norm_second']:.3g}",
        ]
        if "null_low" in frame:
            cells.append(f"{row['null_low']:+.3f} … {row['null_high']:+.3f}")
        table.add_row(*cells, style=style)
    tables.out.print(table)
    band = frame["random"].iloc[0]
    tables.out.print(f"Random directions: 95 % of the cosines lie within ±{band:.3f} (dimmed).")
