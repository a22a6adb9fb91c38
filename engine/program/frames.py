"""Stored records as frames, one row for each thing that was measured.

Knows nothing of how they are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from engine.configs import registry
from engine.errors import ConfigError
from engine.records import steered
from engine.records.records import Evaluation, EvaluationHead, VectorSet
from engine.statistics import cells, similarity
from engine.statistics.whole import SweepStatistics

USUAL = ("arms", "vectors", "best", "cells")
"""Tables of a study that say what was compared."""
MOST_LETTERS = 80
"""Of a cell in a notebook."""


def of_vectors(found: VectorSet) -> pd.DataFrame:
    """One row a vector: vector (name), index, block, site, norm, and the finder's scores."""
    table = pd.DataFrame(
        {
            "vector": found.names,
            "index": range(len(found.vectors)),
            "block": [site.block for site in found.sites],
            "site": [site.words for site in found.sites],
            "norm": np.linalg.norm(found.vectors, axis=1).astype(float),
        }
    )
    return table.assign(**{name: v for name, v in found.scores.items() if name not in table})


def names_of(evaluation: Evaluation, summary: pd.DataFrame) -> dict[tuple[str, int], str]:
    """Names of the measured vectors by set and index; sets of one method are told apart."""
    told = evaluation.vector_names
    found = summary[["vector_set", "vector"]].drop_duplicates()
    plain = {
        (str(key), int(index)): str(told[key]["names"][index])
        for key, index in found.itertuples(index=False)
        if key in told
    }
    many = list(plain.values())
    return {
        key: name if many.count(name) == 1 else f"{name} ({key[0][:4]})"
        for key, name in plain.items()
    }


def of_sweep(evaluation: Evaluation, read: SweepStatistics) -> pd.DataFrame:
    """One row for each vector at each scale, the controls and the baseline included.

    Columns: vector (name), vector_set, index, method, scale, those of `cells.summarise`, and
    beyond, flag, p, q.
    """
    more = read.cells[[*cells.CELL, "beyond", "flag", "p", "q"]]
    table = read.summary.merge(more, on=cells.CELL, how="left")
    known = names_of(evaluation, read.summary)
    names = [
        cells.BASELINE if index < 0 else known.get((str(key), int(index)), f"{key}_{index:02d}")
        for key, index in zip(table["vector_set"], table["vector"], strict=True)
    ]
    # Nothing is said of the baseline, which is what the others are compared with.
    told = {"beyond": table["beyond"].eq(True), "flag": table["flag"].fillna("")}
    table = table.rename(columns={"vector": "index"}).assign(vector=names, **told)
    first = ["vector", "vector_set", "index", "method", "scale"]
    return table[[*first, *(name for name in table if name not in first)]]


def strongest(table: pd.DataFrame) -> pd.DataFrame:
    """Of `of_sweep`, every vector at its largest change, the largest first; none without one."""
    own = table[~table["vector_set"].isin([cells.BASELINE, cells.CONTROL])]
    own = own.dropna(subset=["change"])
    sizes = own["change"].abs()
    best = own.loc[sizes.groupby(own["vector"]).idxmax()]
    order = sizes[best.index].sort_values(ascending=False).index
    return best.loc[order, ["vector", "scale", "rate", "change", "p", "flag"]]


def turned(tables: dict[str, Any]) -> list[dict[str, Any]]:
    """The arms of a deception study of which there is a figure, rivals that only ask included."""
    return [row for row in tables["arms"] if row["converted"] is not None]


def of_study(record: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The tables of an experiment by name; those of each question file by the file's, too."""
    found = record.get("tables") or {}
    if isinstance(found, dict):
        return {name: rows for name, rows in found.items() if _is_table(rows)}
    return {
        f"{one['questions']}: {name}": rows
        for one in found
        for name, rows in one.items()
        if _is_table(rows)
    }


def _is_table(rows: Any) -> bool:
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, dict) for row in rows)


@dataclass(frozen=True, eq=False)
class Compared:
    """Two sets of vectors of one model."""

    first: VectorSet
    second: VectorSet
    null: tuple[VectorSet, ...] = ()
    """Sets like the first, of shuffled labels."""

    @cached_property
    def cosines(self) -> np.ndarray:
        """Of every vector of the first with every one of the second."""
        return similarity.cosine_map(self.first, self.second)

    @cached_property
    def clusters(self) -> similarity.Clusters:
        """Directions among both."""
        return similarity.clusters(np.concatenate([self.first.vectors, self.second.vectors]))

    @cached_property
    def effective_rank(self) -> float:
        """How many directions both amount to."""
        return similarity.effective_rank(np.concatenate([self.first.vectors, self.second.vectors]))


def of_pairs(compared: Compared) -> pd.DataFrame:
    """One row for each vector of the first set with each of the second, the most alike first."""
    first, second = compared.first, compared.second
    rows, columns = np.indices(compared.cosines.shape).reshape(2, -1)
    table = pd.DataFrame(
        {
            "first": [f"{first.names[i]} of {first.digest}" for i in rows],
            "second": [f"{second.names[j]} of {second.digest}" for j in columns],
            "cosine": compared.cosines.ravel(),
        }
    )
    return table.loc[table["cosine"].abs().sort_values(ascending=False).index]


def chosen(one: int | str, names: Sequence[str]) -> str:
    """The name that is meant by a place among names, or by itself.

    Raises:
        ConfigError: If it is none of them.
    """
    if isinstance(one, int) and 0 <= one < len(names):
        return names[one]
    if one not in names:
        known = ", ".join(names)
        raise ConfigError(f"There is no {one!r}: use 0 to {len(names) - 1}, or one of {known}.")
    return str(one)


def titled(method: str) -> str:
    """What a method is called on screen."""
    return registry.titled(method) or method


def axis(found: VectorSet) -> str:
    """Title of an axis along which a set's vectors stand."""
    return f"{titled(found.method)} vector, block"


def model_of(model: dict[str, Any]) -> str:
    """A record's model in a word."""
    return str(model.get("short_name") or model.get("name") or "unknown model")


def how(evaluation: EvaluationHead) -> str:
    """How a sweep steered, in brackets; nothing where it added vectors at their own sites."""
    told = steered.of_config(evaluation.config).short
    return f" ({told})" if told else ""


def count(number: int, noun: str) -> str:
    """A number and its noun: "1 vector", "3 vectors"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def short(value: Any) -> Any:
    """A cell as a notebook shows it."""
    if isinstance(value, str):
        return value if len(value) <= MOST_LETTERS else f"{value[:MOST_LETTERS]}…"
    return "" if value is None else value
