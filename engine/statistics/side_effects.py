"""What each cell of a sweep costs: broken text, lost knowledge, other answers than the logits say.

One row per measured cell, from the columns that measures added to an evaluation's frame.
Knows nothing of files, models or charts.
"""

import numpy as np
import pandas as pd

from engine.maths.intervals import wilson
from engine.records import measures, readings
from engine.records.columns import completed
from engine.statistics import yardsticks
from engine.statistics.cells import BASELINE, CELL, CONTROL
from engine.statistics.yardsticks import YARDSTICK

CONSUMED = ("knowledge_questions", "knowledge_options", "knowledge_letter_share")
"""Columns of the frame that are not shown themselves: chance, bias and bounds come from them."""
_MEANINGS = {column.name: column.meaning for column in measures.added()}
COLUMNS = {
    "kl": _MEANINGS["kl"],
    "neutral_perplexity": _MEANINGS["neutral_perplexity"],
    "repetition": "mean over the written answers",
    "written": "how many answers were written",
    "unparsed": "share of them that name no letter, or two",
    "agreement": "share of the others that name the letter with the larger logit",
    "agreement_low": "Wilson",
    "agreement_high": "Wilson",
    "says": "behaviour rate by the logits, on the rows whose written answer names a letter",
    "writes": "behaviour rate by the written answers, on the same rows",
    "knowledge": _MEANINGS["knowledge"],
    "knowledge_low": "Wilson over questions",
    "knowledge_high": "Wilson over questions",
    "knowledge_chance": "what a model without knowledge, or with one letter only, scores",
    "knowledge_letter": "the letter chosen most often",
    "knowledge_letter_bias": "its share less chance; 0 where no letter is preferred",
}
"""Columns of `by_cell` after those of the cell and `relative`; other measures' numbers follow."""


def is_measured(frame: pd.DataFrame) -> bool:
    """Whether side effects were measured in this sweep."""
    return measures.is_measured(frame)


def by_cell(frame: pd.DataFrame) -> pd.DataFrame:
    """Side effects of every measured cell; no rows where none were measured.

    Shares are fractions. What was not asked is NaN.

    Args:
        frame: An evaluation's rows.

    Returns:
        Columns: vector_set, vector, method, scale, relative, then `COLUMNS`, then the means of all
        other numbers that were measured.
    """
    numbers = [column.name for column in measures.added() if not column.is_text]
    others = [name for name in numbers if name not in COLUMNS and name not in CONSUMED]
    shown = [*CELL, "relative", *COLUMNS, *others]
    if not is_measured(frame):
        return pd.DataFrame(columns=shown)
    frame = completed(frame, measures.added(), "The sweep")
    has_figures = frame[numbers].notna().any(axis=1)
    frame = frame[has_figures | frame["written"].notna()]
    groups = frame.groupby(CELL, sort=False, observed=True)
    table = groups[["relative", *numbers]].mean()
    table["knowledge_letter"] = groups["knowledge_letter"].first()
    _add_written(table, frame)
    table["knowledge_low"], table["knowledge_high"] = wilson(
        (table["knowledge"] * table["knowledge_questions"]).to_numpy(float),
        table["knowledge_questions"].fillna(0).to_numpy(int),
    )
    table["knowledge_chance"] = 1 / table["knowledge_options"]
    table["knowledge_letter_bias"] = table["knowledge_letter_share"] - table["knowledge_chance"]
    return table.reset_index()[shown]


def beside_best(cells: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """The side effects of a few cells, as a report shows them.

    Args:
        cells: Output of `by_cell`, with `yardsticks.YARDSTICK` if there are several.
        best: Columns vector_set, vector, method, scale, as `nulls.best_vectors` gives them.

    Returns:
        The columns of `by_cell` and `cell` (its name): the baseline, the best cells, and for each
        of their scales the worst figure that any measured control of their yardsticks has.
    """
    if cells.empty:
        return cells.assign(cell=[])
    base = cells[cells["vector_set"] == BASELINE].assign(cell="unsteered")
    cells = cells.assign(**{YARDSTICK: yardsticks.of_rows(cells)})
    chosen = best[CELL].merge(cells, on=CELL)
    names = [f"{r.method}_{r.vector:02d} at {r.scale:+g}" for r in chosen.itertuples()]
    places = chosen[[YARDSTICK, "scale"]].drop_duplicates()
    controls = cells[cells["vector_set"] == CONTROL].merge(places, on=[YARDSTICK, "scale"])
    groups = controls.groupby("scale", sort=True)
    worst = groups[["kl", "neutral_perplexity", "repetition", "unparsed"]].max()
    worst[["agreement", "knowledge", "knowledge_low", "knowledge_high"]] = groups[
        ["agreement", "knowledge", "knowledge_low", "knowledge_high"]
    ].min()
    worst["cell"] = [f"worst of {n} controls at {scale:+g}" for scale, n in groups.size().items()]
    shown = pd.concat([base, chosen.assign(cell=names), worst.reset_index()], ignore_index=True)
    return shown.drop(columns=YARDSTICK)


def _add_written(table: pd.DataFrame, frame: pd.DataFrame) -> None:
    if readings.is_likelihood(frame.columns):
        groups = frame.groupby(CELL, sort=False, observed=True)
        table["written"] = groups["written"].count()
        # Nothing asked for a letter, so no answer lacks one.
        names = ("agreement", "says", "writes", "unparsed", "agreement_low", "agreement_high")
        table[list(names)] = np.nan
        return
    rows = frame[frame["written"].notna() & frame["written_letter"].notna()]
    parsed = rows[rows["written_letter"] != ""]
    larger = np.where(parsed["logit_a"] > parsed["logit_b"], "A", "B")
    # Equal logits name no letter: half of whatever is written agrees with them.
    is_tie = parsed["logit_a"].to_numpy() == parsed["logit_b"].to_numpy()
    agrees = np.where(is_tie, 0.5, parsed["written_letter"].to_numpy() == larger)
    says = np.where(is_tie, 0.5, parsed["difference"].to_numpy() > 0)
    writes = (parsed["written_letter"] == parsed["behaviour_letter"]).astype(float)
    per_row = parsed[CELL].assign(agreement=agrees, says=says.astype(float), writes=writes)
    means = per_row.groupby(CELL, sort=False, observed=True).mean()
    counts = per_row.groupby(CELL, sort=False, observed=True).size().reindex(table.index)
    table[["agreement", "says", "writes"]] = means.reindex(table.index)
    table["written"] = rows.groupby(CELL, sort=False, observed=True).size().reindex(table.index)
    table["written"] = table["written"].fillna(0).astype(int)
    n = counts.fillna(0).to_numpy(int)
    table["unparsed"] = 1 - n / table["written"].where(table["written"] > 0)
    table["agreement_low"], table["agreement_high"] = wilson(
        (table["agreement"] * n).fillna(0).to_numpy(float), n
    )
