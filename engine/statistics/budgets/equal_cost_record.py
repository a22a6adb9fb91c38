"""What the record of a comparison at equal cost holds, and its cells and answers read back.

Every cell's answers are kept question by question, so that halves and pairs of cells can be
compared later. Runs nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.errors import StoreError
from engine.questions import repeats
from engine.records.columns import Column, Columns, missing, names
from engine.records.records import Question, VectorSet
from engine.statistics import cells as statistics
from engine.statistics.budgets import equal_cost, equal_cost_words
from engine.statistics.budgets.equal_cost import Answered, cell_code
from engine.statistics.cells import BASELINE, CELL, CONTROL
from engine.statistics.evidence import plain_rows

DIGITS = 4
"""Of a question's difference, in logits or nats."""
CELL_COLUMNS: Columns = (
    Column("cell", "its place in contents"),
    Column("name", "method and index of the vector"),
    Column("vector_set", "digest of the vector set"),
    Column("vector", "index in its set"),
    Column("method", "melbo, power-iteration, random, ..."),
    Column("site", "where the vector acts, in words"),
    Column("norm", "of the stored vector"),
    Column("yardstick", "number of its controls' kind"),
    Column("operation", "add, ablate, set, ..."),
    Column("sign", "1, or -1 for the vector turned round"),
    Column("strength", "multiple of the vector, or share of the way, with the sign"),
    Column("kl_mean", "KL per token, mean over neutral tokens, nats"),
    Column("kl_p95", "the same, 95th percentile"),
    Column("evaluations", "strengths tried"),
    Column("reached", "whether the KL is within a tenth of the budget"),
    Column("n", "questions with a defined answer"),
    Column("rate", "share of answers with the behaviour"),
    Column("rate_low", "Wilson interval, 95 %"),
    Column("rate_high", "the same from above"),
    Column("rate_change", "change of the share from the unsteered model"),
    Column("change", "mean change of the difference from the unsteered model"),
    Column("change_low", "95 % interval over questions, from below"),
    Column("change_high", "the same from above"),
    Column("band_low", "2.5th percentile of controls at the same KL"),
    Column("band_high", "97.5th percentile"),
    Column("p", "of this cell alone: (1 + controls at least as far) / (1 + controls)"),
    Column("controls", "controls that met the budget"),
    Column("drawn", "controls that were tried"),
    Column("absent", "why figures are missing"),
)
"""Columns of the table `cells`, one row per vector, operation and sign."""
SOLVED = (
    *("cell", "vector", "yardstick", "operation", "sign", "strength", "kl_mean", "kl_p95"),
    *("evaluations", "reached"),
)
"""What is known of every cell, vector or control, before its answers."""
CONTROL_COLUMNS: Columns = tuple(
    one for one in CELL_COLUMNS if one.name in (*SOLVED, "n", "rate", "change", "absent")
)
"""Columns of the table `controls`, one row per random vector, operation and sign."""
BEST_COLUMNS: Columns = (
    Column("name", "method and index of the vector"),
    Column("vector_set", "digest of the vector set"),
    Column("vector", "index in its set"),
    Column("method", "melbo, power-iteration, random, ..."),
    Column("operation", "where its answers change most"),
    Column("sign", "1, or -1 for the vector turned round"),
    Column("change", "mean change of the difference there"),
    Column("p", "allows for the choice among operations and signs"),
    Column("p_best", "allows for the choice among vectors, too"),
    Column("cells", "operations and signs that met the budget"),
    Column("controls", "controls that met it in all of these"),
    Column("absent", "why p is missing"),
)
"""Columns of the table `best`, one row per vector."""


def answered(
    cells: pd.DataFrame, frame: pd.DataFrame, rival: pd.DataFrame | None, tie: float
) -> Answered:
    """Cells with their answers, from the rows that were asked.

    Args:
        cells: One row per cell, in the order that the record keeps.
        frame: Rows of an evaluation, whose scale is `equal_cost.cell_code`.
        rival: The same of the model that was asked by a system prompt.
        tie: What a question with no difference counts as.
    """
    wide = _contents(frame)
    questions = tuple(wide.columns)
    keys = [
        (one.vector_set, one.vector, one.method, cell_code(one.operation, one.sign))
        for one in cells.itertuples()
    ]
    return Answered(
        cells=cells,
        contents=wide.reindex(pd.MultiIndex.from_tuples(keys, names=CELL)).to_numpy(float),
        baseline=wide.loc[BASELINE].to_numpy(float)[0],
        rival=None if rival is None else _contents(rival)[list(questions)].to_numpy(float)[0],
        questions=questions,
        tie=tie,
    )


def _contents(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean difference of every cell (rows) on every question, in the order asked."""
    found = statistics.per_question(frame).pivot(index=CELL, columns="question", values="content")
    return found[list(dict.fromkeys(frame["question"]))]


def parts(
    found: Answered,
    sets: Sequence[VectorSet],
    questions: Sequence[Question],
    config: EqualCostConfig,
    rival: Mapping[str, float] | None,
) -> dict[str, Any]:
    """What the record holds of cells and answers, as plain JSON.

    Args:
        found: Cells and answers.
        sets: The stored sets.
        questions: What was asked.
        config: What was compared.
        rival: kl_mean and kl_p95 of the model that was asked by a system prompt.

    Returns:
        tables (cells, controls, best, and prompt where there is one), baseline, contents
        (questions, baseline, cells, prompt: mean difference m by question), tie, groups of
        near-duplicate questions, summary, sentences.
    """
    groups = repeats.question_groups(questions)
    numbered = found.cells.assign(cell=range(len(found.cells)))
    read = equal_cost.effects(Answered(**{**vars(found), "cells": numbered}), groups)
    called = {one.digest: one.names for one in sets}
    vectors, best = _named(read.vectors, called), _named(read.best, called)
    tables = {
        "cells": _table(vectors, CELL_COLUMNS),
        "controls": _table(read.controls, CONTROL_COLUMNS),
        "best": _table(best, BEST_COLUMNS),
    }
    if rival is not None and read.rival is not None:
        cost = rival["kl_mean" if config.of == "mean" else "kl_p95"]
        told = {"prompt": config.prompt, **rival, "is_above": cost > config.budget, **read.rival}
        tables["prompt"] = plain_rows([told])
    record: dict[str, Any] = {
        "tables": tables,
        "baseline": read.baseline,
        "contents": {
            "questions": list(found.questions),
            "baseline": _rounded(found.baseline),
            "cells": [_row(row) for row in found.contents],
            **({} if found.rival is None else {"prompt": _rounded(found.rival)}),
        },
        "tie": found.tie,
        "groups": {name: first for name, first in groups.items() if name != first},
    }
    sentences = equal_cost_words.sentences(record, config)
    return record | {"summary": equal_cost_words.summary(record, config), "sentences": sentences}


def _named(table: pd.DataFrame, called: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """With the name of every vector."""
    pairs = zip(table["vector_set"], table["vector"], strict=True)
    return table.assign(name=[called[key][index] for key, index in pairs])


def _table(table: pd.DataFrame, kept: Columns) -> list[dict[str, Any]]:
    return plain_rows(table[names(kept)].to_dict("records"))


def _row(values: Float[np.ndarray, " questions"]) -> list[float | None] | None:
    """None for a cell that was not asked."""
    return _rounded(values) if np.isfinite(values).any() else None


def _rounded(values: Float[np.ndarray, " questions"]) -> list[float | None]:
    return [round(float(one), DIGITS) if np.isfinite(one) else None for one in values]


def answers_of(record: Mapping[str, Any]) -> Answered:
    """A stored record's cells and answers, for figures of halves and pairs.

    `cells` has the columns that both tables share; a control's set is "control".

    Raises:
        StoreError: If they do not fit together.
    """
    try:
        tables, kept = record["tables"], record["contents"]
        controls = [row | {"vector_set": CONTROL, "method": CONTROL} for row in tables["controls"]]
        rows = sorted([*tables["cells"], *controls], key=lambda row: row["cell"])
        cells = pd.DataFrame(rows)[[*SOLVED, "vector_set", "method"]]
        cells = cells.assign(reason=[row["absent"] for row in rows])
        questions = tuple(kept["questions"])
        contents = np.array(
            [[None] * len(questions) if row is None else row for row in kept["cells"]], dtype=float
        ).reshape(len(rows), len(questions))
        rival = kept.get("prompt")
        return Answered(
            cells=cells,
            contents=contents,
            baseline=np.array(kept["baseline"], dtype=float),
            rival=None if rival is None else np.array(rival, dtype=float),
            questions=questions,
            tie=float(record["tie"]),
        )
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise StoreError(f"The cells of this comparison cannot be read: {error}.") from error


def check(record: Mapping[str, Any]) -> None:
    """Refuse a record that could not be shown.

    Raises:
        StoreError: If tables and answers are missing or do not fit together.
    """
    try:
        tables = record["tables"]
        is_whole = (
            not any(missing(CELL_COLUMNS, row) for row in tables["cells"])
            and not any(missing(CONTROL_COLUMNS, row) for row in tables["controls"])
            and not any(missing(BEST_COLUMNS, row) for row in tables["best"])
            and len(tables.get("prompt", [])) <= 1
            and all(isinstance(one, str) for one in record["sentences"])
        )
        found = answers_of(record)
        is_whole = is_whole and found.cells["cell"].tolist() == list(range(len(found.cells)))
        is_whole = is_whole and found.baseline.shape == (len(found.questions),)
    except (TypeError, KeyError, IndexError, ValueError) as error:
        raise StoreError(f"This comparison at equal cost is incomplete: {error}.") from error
    if not is_whole:
        raise StoreError("The tables of this comparison at equal cost do not fit together.")
