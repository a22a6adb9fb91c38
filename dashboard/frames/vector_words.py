"""A record of words as rows that are ready to be drawn.

Knows nothing of Streamlit and charts.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from engine.statistics.reads import words_said as said

Key = tuple[str, int]
"""A vector: digest of its set and index."""
Record = Mapping[str, Any]
COLUMNS = ("promoted", "more", "more_random", "suppressed", "less", "less_random")
"""Words of either sign, their values, and the size that the same word has at random."""


def place(record: Record, key: Key) -> int | None:
    """Which of the record's vectors a vector is; None if it was not read."""
    rows = record["tables"]["vectors"]
    found = [i for i, row in enumerate(rows) if (row["vector_set"], int(row["vector"])) == key]
    return found[0] if found else None


def table(record: Record, at: int, reading: str) -> pd.DataFrame:
    """The words of one reading of a vector, promoted beside suppressed: `COLUMNS`."""
    rows = record["tables"]["words"]
    sides = []
    for sign, names in ((1, COLUMNS[:3]), (-1, COLUMNS[3:])):
        chosen = said.words_of(rows, at, reading, sign)
        cells = [(said.marked(row), row["value"], row["random"]) for row in chosen]
        sides.append(pd.DataFrame(cells, columns=list(names)))
    return pd.concat(sides, axis=1)


def line(record: Record, at: int, reading: str, count: int = 6) -> str:
    """The same as a line: what is promoted, then what is suppressed."""
    rows = record["tables"]["words"]
    parts = [
        f"{mark} " + ", ".join(said.marked(row) for row in chosen[:count])
        for sign, mark in ((1, "\u25b2"), (-1, "\u25bc"))
        if (chosen := said.words_of(rows, at, reading, sign))
    ]
    return "  ".join(parts)


def random_line(record: Record, at: int, reading: str = "effect") -> str:
    """What one random vector at the same place would be said to promote."""
    site = record["tables"]["vectors"][at]["site"]
    drawn = [
        row["word"]
        for row in record["tables"]["random"]
        if (row["site"], row["reading"]) == (site, reading)
    ]
    return ", ".join(drawn)


def on_card(record: Record, at: int) -> str:
    """The words of a vector as a line under a picture."""
    words = line(record, at, "effect", 3)
    rule = f"{said.STAR} beyond {record['config']['random']} random vectors"
    verdict = "" if record["tables"]["vectors"][at]["starred"] else "; no word is beyond chance"
    return f"{words} ({said.READINGS['effect']}; {rule}{verdict})"
