"""Columns as data: what a stored table holds, and what an older one means by not having it.

Knows nothing of files or of how the figures are made.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import numpy as np
import pandas as pd

from engine.errors import StoreError


class Need(Enum):
    """Stands where a column has no default."""

    REQUIRED = "required"


REQUIRED = Need.REQUIRED
"""Default of a column without which a record cannot be read."""


@dataclass(frozen=True)
class Column:
    """One column of a stored table."""

    name: str
    meaning: str
    since: str = ""
    """Date of its first record, ISO; empty where every record has it."""
    default: float | str | None | Literal[Need.REQUIRED] = REQUIRED
    """What an older record means by not having it; NaN for an unknown number, None for a text."""

    def __post_init__(self) -> None:
        """Refuse what would make every older record unreadable."""
        if self.since and self.is_required:
            raise ValueError(f"Column {self.name} came on {self.since}: give it a default.")

    @property
    def is_required(self) -> bool:
        """Whether a record without it cannot be read."""
        return self.default is REQUIRED

    @property
    def is_text(self) -> bool:
        """Whether it holds words rather than numbers, by its default."""
        return self.default is None or isinstance(self.default, str)

    def unknown(self, rows: int) -> np.ndarray:
        """So many values that say nothing: NaN, or None for texts."""
        return np.full(rows, None, dtype=object) if self.is_text else np.full(rows, np.nan)


Columns = tuple[Column, ...]


def names(columns: Iterable[Column]) -> list[str]:
    """Their names, in their order."""
    return [column.name for column in columns]


def missing(columns: Columns, present: Container[str]) -> list[str]:
    """Names of the required columns that are not `present`."""
    return [one.name for one in columns if one.is_required and one.name not in present]


def defaults(columns: Columns, present: Container[str]) -> dict[str, Any]:
    """By name, what the columns that are not `present` stand for; required ones left out."""
    absent = [one for one in columns if one.name not in present]
    return {one.name: one.default for one in absent if not one.is_required}


def require(columns: Columns, present: Container[str], source: str) -> None:
    """Refuse a stored table that lacks a required column.

    Raises:
        StoreError: Names the missing ones, and the table by its `source`.
    """
    if lacks := missing(columns, present):
        raise StoreError(f"{source} lacks the columns {', '.join(lacks)}.")


def completed(frame: pd.DataFrame, columns: Columns, source: str) -> pd.DataFrame:
    """A stored table with the columns that it is too old to have, each holding its default.

    Args:
        frame: As it was stored; returned itself where it lacks nothing.
        columns: What it should hold.
        source: Its name in a message.

    Raises:
        StoreError: If a required column is missing.
    """
    require(columns, frame.columns, source)
    filled = defaults(columns, frame.columns)
    return frame.assign(**filled) if filled else frame


def completed_rows(rows: Iterable[Mapping[str, Any]], columns: Columns) -> list[dict[str, Any]]:
    """The same for a table of plain rows, which lack what they lack."""
    return [{**row, **defaults(columns, row)} for row in rows]
