"""Generation runs of the corrigibility study in JSON (FORMATS 2.12). Judges nothing."""

from typing import Any

import numpy as np
import pandas as pd

from engine.errors import DataError
from engine.foreign.formats.values import TEXT_COLUMNS, ForeignTexts, plain

_TEXT = ("response", "text", "completion", "generation")


def is_texts(rows: list[Any]) -> bool:
    """Whether rows look like generated texts."""
    first = rows[0] if rows else None
    return isinstance(first, dict) and "scale" in first and any(name in first for name in _TEXT)


def read(name: str, sha256: str, whole: dict[str, Any], rows: list[Any]) -> ForeignTexts:
    """The texts under our column names.

    Raises:
        DataError: If a row lacks its scale or holds no text.
    """
    if wrong := [i for i, row in enumerate(rows) if not isinstance(row, dict)]:
        raise DataError(f"{name}: result {wrong[0]} is not a set of named values.")
    given = pd.DataFrame(rows)
    scale = pd.to_numeric(given["scale"], errors="coerce").astype(float)
    text = given[next(column for column in _TEXT if column in given)]
    if not np.isfinite(scale).all() or not text.map(lambda one: isinstance(one, str)).all():
        raise DataError(f"{name} has results without a scale or without a text.")
    blank = pd.Series([""] * len(given))
    dataset = given.get("dataset", blank).fillna("").astype(str)
    index = given.get("prompt_idx", given.get("question_idx", pd.Series(range(len(given)))))
    frame = pd.DataFrame(
        {
            "vector": given.get("vector", given.get("vector_type", blank)).astype(str),
            "scale": scale,
            "dataset": dataset,
            "question": dataset.where(dataset == "", dataset + ":") + index.astype(str),
            "prompt": given.get("prompt", blank).fillna("").astype(str),
            "behaviour_letter": given.get("survival_letter", blank).fillna("").astype(str),
            "text": text,
        }
    )
    inner = whole.get("metadata")
    claims = plain(whole) | (plain(inner) if isinstance(inner, dict) else {})
    layout = "generations of the corrigibility study"
    return ForeignTexts(
        name=name, sha256=sha256, layout=layout, frame=frame[list(TEXT_COLUMNS)], claims=claims
    )
