"""Values as strict JSON: what is not a finite number is null, never NaN or Infinity.

A figure that was computed of nothing is absent for every reader; strict parsers refuse a file that
holds anything else. Knows nothing of what the values mean.
"""

import json
import math
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """A value whose numbers are finite or None, numpy's among them, all the way down."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def numbers(value: Any) -> Any:
    """Lists of figures as they were before `plain`: NaN where one is absent."""
    if isinstance(value, dict):
        return {key: numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [numbers(one) for one in value]
    return math.nan if value is None else value


def loads(text: str | bytes) -> Any:
    """The value that JSON holds.

    Raises:
        ValueError: If it is no JSON, is nested too deep to be read, or half a character stands in
            one of its texts, which no tokenizer and no file could take.
    """
    text = text if isinstance(text, str) else text.decode()
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if "\\ud" in text.lower():
        json.dumps(value, ensure_ascii=False).encode()
    return value


def dumps(value: Any, **how: Any) -> str:
    """The value as JSON; `how` as for `json.dumps`."""
    return json.dumps(plain(value), allow_nan=False, **how)
