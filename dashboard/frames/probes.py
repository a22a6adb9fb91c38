"""The record of a probe as rows that are ready to be drawn.

Knows nothing of Streamlit and charts.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from engine.statistics.reads import probe_words as words
from engine.statistics.reads.probe_words import FIT, TITLES
from engine.statistics.reads.probes import GRID, of_steps

Key = tuple[str, int]
"""A vector: digest of its set and index."""
Record = Mapping[str, Any]
Row = Mapping[str, Any]
SHORT = {
    "answer-mean": "answers, mean",
    "answer-end": "answers, last token",
    "state-prompt": "state, prompt",
    "state-answer": "state, answers",
}
"""What tells classes apart, as a column or a switch holds it."""
FITTED = "logistic fit"
COLUMNS = (
    *("classes", "what", "block", "auroc", "interval", "best", "verdict", "p", "pairs"),
    *("best_pairs", "recall", "shuffled", "picked"),
)


def classes(record: Record) -> list[str]:
    """The classes that were told apart, in the order in which they are told."""
    known = {row["classes"] for row in record["tables"]["rows"]}
    return [kind for kind in TITLES if kind in known]


def holds(record: Record, key: Key) -> bool:
    """Whether a vector was read."""
    return any(_is(row, key) for row in record["tables"]["rows"])


def main(record: Record, key: Key, kind: str | None = None) -> Row | None:
    """The vector's row at its own block, of some classes or of the first; None if it has none."""
    wanted = kind or classes(record)[0]
    rows = [row for row in record["tables"]["rows"] if _is(row, key) and row["classes"] == wanted]
    return next((row for row in rows if row["own"]), rows[0] if rows else None)


def fitted(record: Record, row: Row) -> Row:
    """What the logistic fit reads where a row was read."""
    at = row["block"], row["classes"]
    found: Row = next(
        one
        for one in record["tables"]["rows"]
        if one["vector_set"] == FIT and (one["block"], one["classes"]) == at
    )
    return found


def table(record: Record, key: Key) -> pd.DataFrame:
    """The vector and the fit at one block, classes by classes: `COLUMNS`."""
    rows = []
    for kind in classes(record):
        row = main(record, key, kind)
        if row is not None:
            rows += [_line(record, row), _line(record, fitted(record, row))]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def over_blocks(record: Record, key: Key, kind: str) -> pd.DataFrame:
    """The vector block by block; where it was read at its own alone, its set's vectors: `COLUMNS`.

    The fits stand between them.
    """
    rows = [row for row in record["tables"]["rows"] if row["classes"] == kind]
    own = [row for row in rows if _is(row, key)]
    if len(own) < 2:
        own = [row for row in rows if row["vector_set"] == key[0] and row["own"]]
    places = {row["block"] for row in own}
    fits = [row for row in rows if row["vector_set"] == FIT and row["block"] in places]
    found = [_line(record, row) for row in (*own, *fits)]
    return pd.DataFrame(found, columns=list(COLUMNS)).sort_values(
        ["block", "what"], ignore_index=True, key=lambda one: one.where(one != FITTED, "~")
    )


def _line(record: Record, row: Row) -> dict[str, Any]:
    at = words.beside(record, row)
    interval = "" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}"
    is_fit = row["vector_set"] == FIT
    return {
        "classes": SHORT[row["classes"]],
        "what": FITTED if is_fit else row["name"],
        "interval": interval,
        "best": at["best"],
        "best_pairs": at["best_pairs"],
        "shuffled": f"{at['shuffled_best']:.3f}" if is_fit else "",
        "picked": f"{at['picked']:.3f}" if is_fit else "",
        "verdict": words.badge(row),
        **{name: row[name] for name in ("block", "auroc", "pairs", "recall", "p")},
    }


def curves(record: Record, row: Row) -> pd.DataFrame:
    """ROC corners of a row and of the fit beside it: what, false, true, and their place."""
    frames = []
    for one, name in ((row, row["name"]), (fitted(record, row), FITTED)):
        if "roc" not in one:
            continue
        false, true = of_steps(one["roc"])
        frames.append(
            pd.DataFrame(
                {
                    "what": name,
                    "false": [count / max(false[-1], 1) for count in false],
                    "true": [count / max(true[-1], 1) for count in true],
                    "place": range(len(false)),
                }
            )
        )
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def band(record: Record, row: Row) -> pd.DataFrame:
    """Least and largest true positive rate of the random directions: false, low, high."""
    at = words.beside(record, row)
    low, high = ([float(one) for one in at[name].split()] for name in ("band_low", "band_high"))
    return pd.DataFrame({"false": GRID, "low": low, "high": high})


def told(record: Record, key: Key) -> str:
    """What the vector reads, as a column of a table holds it."""
    row = main(record, key)
    if row is None:
        return "not probed"
    best = words.beside(record, row)["best"]
    star = "\u2605 " if row["beyond"] else ""
    return f"{star}{row['auroc']:.2f}, random {best:.2f}"


def _is(row: Row, key: Key) -> bool:
    return (row["vector_set"], int(row["vector"])) == key
