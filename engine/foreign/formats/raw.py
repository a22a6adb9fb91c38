"""Refuses by name what is no steering vector: states of texts, logits, weights, other results.

Knows nothing of bytes.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.errors import DataError

_STATES = re.compile(
    r"(?:^|[^a-z])(?:activations?|hidden_?states?|hidden_(?:base|deceptive|ft|tuned)|acts|"
    r"logits|embeddings?|base_mean_pos|ft_mean_pos)(?![a-z])",
    re.IGNORECASE,
)
_RESULTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"logit_lens_pos_"), "what a logit lens reads, not vectors"),
    (re.compile(r"^auto_patch_scope_pos_"), "results of a patch scope, not vectors"),
    (re.compile(r"^model_norms_"), "norms of a model, not vectors"),
)
_WEIGHT = re.compile(r"\.(?:weight|bias)$")


def refuse_raw(name: str, arrays: Mapping[Any, Any] | None = None) -> None:
    """Refuse a file that says itself that it holds something else than vectors.

    Args:
        name: Of the file.
        arrays: Its tensors by name; None where they have none.

    Raises:
        DataError: In one sentence.
    """
    for pattern, what in _RESULTS:
        if pattern.search(name):
            raise DataError(f"{name} holds {what}: choose the file of the vectors beside it.")
    states = [str(key) for key in arrays or () if _STATES.search(str(key))]
    named = _STATES.search(name.rpartition(".")[0])
    if named or (arrays and len(states) == len(arrays)):
        raise DataError(
            f"{name} holds states of texts by its name, not vectors: save the difference of two "
            "means."
        )
    weights = [key for key, one in (arrays or {}).items() if _WEIGHT.search(str(key))]
    if weights and any(np.ndim((arrays or {})[key]) > 1 for key in weights):
        raise DataError(f"{name} holds weights of a model, not vectors: choose the vectors' file.")
