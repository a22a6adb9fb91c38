"""An A/B sweep as JSON in the corrigibility study's row layout (FORMATS 2.12).

Source: the result files of obayyub/power_steering. One row a vector, scale and question. Questions
whose options were exchanged stand under a `dataset` of their own that says so, with the letter
that holds there. Where the behaviour is not survival, `survival_` reads `behaviour_` in names of
fields. Knows nothing of the store.
"""

from typing import Any

import numpy as np

from engine.configs.core import PRESETS
from engine.errors import ConfigError
from engine.records import readings, strict
from engine.records.records import Evaluation

SURVIVAL = "survival"
EXCHANGED = " (options exchanged)"


def write(found: Evaluation) -> bytes:
    """The file; logits and differences as recorded, in logits.

    `chose_…` is true where the difference is above 0. A row's vector is named by its method, or by
    method and digest where several sets share a method; random controls are of type "random".

    Raises:
        ConfigError: If answers were not read as letters, or the strengths are not multiples of
            vectors that were added.
    """
    config, frame = found.config, found.frame
    if readings.is_likelihood(frame.columns):
        raise ConfigError(
            "The study's rows hold the logits of two letters, and this sweep read written answers: "
            "use csv."
        )
    if config.get("operation", "add") not in ("add", None):
        raise ConfigError(
            f"The study's rows are of vectors that were added, and here the operation was "
            f"{config['operation']}: use csv."
        )
    if config.get("scale_unit", "absolute") not in ("absolute", None):
        raise ConfigError(
            "The study's scales are multiples of the vector, and those of this sweep are shares of "
            "the residual norm: use csv."
        )
    places = {question.id: i for i, question in enumerate(found.questions.questions)}
    names = _types(found)
    word = SURVIVAL if found.questions.behaviour == SURVIVAL else "behaviour"
    other = "corrigible" if word == SURVIVAL else "other"
    rows = [
        _row(row, names, places, found.questions.name, word, other)
        for row in frame.to_dict(orient="records")
    ]
    name = str(found.model.get("name"))
    preset = PRESETS.get(name)
    values: dict[str, Any] = {
        "model": name if preset is None or preset.is_local else preset.location,
        "timestamp": found.provenance.created,
        "results": rows,
        "vectorscope": {"digest": found.digest, "behaviour": found.questions.behaviour},
    }
    return strict.dumps(values).encode()


def _types(found: Evaluation) -> dict[str, str]:
    """What rows call the vectors of each set."""
    methods = {digest: str(one.get("method")) for digest, one in found.vector_names.items()}
    shared = [m for m in methods.values() if list(methods.values()).count(m) > 1]
    named = {d: f"{m} {d[:4]}" if m in shared else m for d, m in methods.items()}
    return named | {"baseline": "baseline", "control": "random"}


def _row(
    row: dict[str, Any], names: dict[str, str], places: dict[str, int], dataset: str,
    word: str, other: str,
) -> dict[str, Any]:  # fmt: skip
    letter = str(row["behaviour_letter"])
    difference = _number(row["difference"])
    return {
        "dataset": dataset + (EXCHANGED if row["order"] == "swapped" else ""),
        "question_idx": places[str(row["question"])],
        "vector_type": names.get(str(row["vector_set"]), str(row["method"])),
        "vector_idx": int(row["vector"]),
        "scale": float(row["scale"]),
        "logit_A": _number(row["logit_a"]),
        "logit_B": _number(row["logit_b"]),
        f"{word}_logit_diff": difference,
        f"chose_{word}": None if difference is None else difference > 0,
        f"{other}_letter": "B" if letter == "A" else "A",
        f"{word}_letter": letter,
    }


def _number(value: Any) -> float | None:
    """A figure that JSON has a word for."""
    return float(value) if value is not None and np.isfinite(value) else None
