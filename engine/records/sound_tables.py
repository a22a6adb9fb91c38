"""Whether the rows and vectors of a record are what readers need; see `soundness` for the rest.

Knows nothing of files, models and charts.
"""

from typing import Any

import numpy as np
import pandas as pd

from engine.errors import StoreError
from engine.records import readings

NUMBERS = ("scale", "relative", "difference")
WORDS = ("vector_set", "method", "question", "order")
LETTERS = ("logit_a", "logit_b", "answer_mass")
LIKELIHOODS = ("logp_behaviour", "logp_other", "tokens_behaviour", "tokens_other")
"""Numbers of their own that both readings of answers have."""
TEXT_NUMBERS = ("sample", "tokens", "repetition", "unique_tokens", "mean_logprob", "scale")
TEXT_WORDS = ("prompt", "configuration", "text", "label")


def check_rows(frame: pd.DataFrame, source: str) -> None:
    """Refuse the rows of a sweep that could not be drawn; logits and log p may be undefined.

    Raises:
        StoreError: Names the first column that is not what it must be, or what is missing.
    """
    is_likelihood = readings.is_likelihood(frame.columns)
    own = LIKELIHOODS if is_likelihood else LETTERS
    words = WORDS if is_likelihood else (*WORDS, "behaviour_letter")
    _check_columns(frame, (*NUMBERS, *own), words, source)
    if is_likelihood:
        hold((frame[list(LIKELIHOODS[2:])] > 0).all(axis=None), source, "an answer has no token")
    hold(pd.api.types.is_integer_dtype(frame["vector"]), source, "column vector is no index")
    hold(np.isfinite(frame["scale"].to_numpy(float)).all(), source, "a scale is not finite")
    vectors = frame[["vector_set", "vector", "method"]].drop_duplicates()
    are_one = not vectors.duplicated(["vector_set", "vector"]).any()
    hold(are_one, source, "a vector has more than one method")
    at_zero = frame.loc[frame["vector_set"] == "baseline", "scale"]
    hold(len(at_zero) > 0, source, "it has no rows of the unsteered model")
    hold(not at_zero.any(), source, "the unsteered model stands at another scale than 0")
    hold(frame["order"].isin(["given", "swapped"]).all(), source, "an order is unknown")


def check_texts(frame: pd.DataFrame, source: str) -> None:
    """Refuse a grid's rows that could not be shown; figures may be unknown.

    Raises:
        StoreError: As `check_rows`.
    """
    _check_columns(frame, TEXT_NUMBERS, TEXT_WORDS, source)
    for name in ("finished", "adapter"):
        hold(pd.api.types.is_bool_dtype(frame[name]), source, f"column {name} is not yes or no")
    for name in ("sample", "tokens"):
        hold(pd.api.types.is_integer_dtype(frame[name]), source, f"column {name} is no count")
        hold((frame[name] >= 0).all(), source, f"column {name} counts less than nothing")


def check_vectors(name: str, vectors: np.ndarray, sites: int) -> None:
    """Refuse vectors that are not one finite row a site.

    Raises:
        StoreError: Says of which set, by its `name`.
    """
    if vectors.ndim != 2 or len(vectors) != sites:
        raise StoreError(f"{name} has vectors of shape {vectors.shape} for {sites} sites.")
    if bad := [str(i) for i, row in enumerate(vectors) if not np.isfinite(row).all()]:
        raise StoreError(f"{name} holds values that are not finite in vector {', '.join(bad)}.")


def _check_columns(
    frame: pd.DataFrame, numbers: tuple[str, ...], words: tuple[str, ...], source: str
) -> None:
    for name in numbers:
        hold(pd.api.types.is_numeric_dtype(frame[name]), source, f"column {name} is no number")
    for name in words:
        kinds = frame[name].drop_duplicates()
        are_words = all(isinstance(one, str) for one in kinds)
        hold(are_words, source, f"column {name} is not words everywhere")


def hold(holds: Any, source: str, fault: str) -> None:
    """Refuse a record of which something does not hold, which a `fault` says."""
    if not holds:
        raise StoreError(
            f"{source} cannot be shown: {fault}. It is of another version or "
            "was changed after it was written: ask for the original."
        )
