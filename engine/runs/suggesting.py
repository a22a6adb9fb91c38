"""Finds the best vector, operation and sign under a budget, and stores what held elsewhere."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.configs import core as configs
from engine.configs.budgets.suggest import SuggestConfig
from engine.configs.budgets.under import UnderBudget
from engine.configs.grids import BlendPart, Configuration
from engine.progress import Progress
from engine.records.records import VectorSet
from engine.runs import searches
from engine.runs.engine import Engine
from engine.statistics.budgets import choosing, words
from engine.statistics.evidence import plain_rows

if TYPE_CHECKING:
    import pandas as pd

    from engine.evaluators.equal_cost.suggesting import Suggested


def run(engine: Engine, config: SuggestConfig, digest: str, progress: Progress) -> None:
    """Search, and store every cell, the choice and what it did on the other half.

    A stopped or killed run goes on from the strengths and answers it had.

    Raises:
        EngineError: For everything the user can mend.
        Cancelled: When `progress` raises it.
    """
    searches.chosen_by_halves(engine, config, digest, progress, _search, _parts, words.suggestion)


def _search() -> Callable[..., Any]:
    from engine.evaluators.equal_cost import suggesting

    return suggesting.run


def _parts(found: "Suggested", sets: list[VectorSet], config: SuggestConfig) -> dict[str, Any]:
    """Tables (cells, controls), the best cell, what held, and the column that uses it."""
    cells, best, held = rows(found.cells, sets), None, None
    use: dict[str, Any] | None = None
    if found.chosen is not None:
        best = cells[found.chosen]
        moved = float(found.cells["change"].iloc[found.chosen])
        wanted = choosing.way(moved, config.direction)
        random = choosing.means(found.random)
        seed = config.sweep.seed
        held = asdict(choosing.held(found.changes, random, wanted, seed, found.labels))
        use = configs.as_json(column(config, best))
    return {
        "tables": {"cells": cells, "controls": rows(found.controls, [])},
        "best": best,
        "held": held,
        "use": use,
        "choosing": found.choosing,
        "reporting": found.reporting,
        "changes": [round(float(one), 5) if np.isfinite(one) else None for one in found.changes],
    }


def rows(table: "pd.DataFrame", sets: list[VectorSet]) -> list[dict[str, Any]]:
    """A table as plain rows, each vector with its name."""
    names = {one.digest: one.names for one in sets}
    found = plain_rows(table.to_dict("records"))
    for row in found:
        own = names.get(row["vector_set"])
        row["name"] = row["method"] if own is None else own[row["vector"]]
    return found


def column(config: UnderBudget, cell: dict[str, Any]) -> Configuration:
    """A column of a grid that does what a cell does."""
    asked = config.sweep
    return Configuration(
        name=words.cell(cell)[:60],
        adapter=config.model.adapter is not None,
        blend=(BlendPart(digest=cell["vector_set"], index=cell["vector"]),),
        scale=cell["strength"],
        **asked.how
        | {
            "operation": cell["operation"],
            "second": asked.second if cell["operation"] == "angular" else None,
        },
    )
