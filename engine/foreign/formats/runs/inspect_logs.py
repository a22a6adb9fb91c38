"""Logs of Inspect (UK AISI) as JSON: A/B samples with log-probabilities of both letters.

A log p of a letter stands where the study has its logit: their differences are the same. Knows
nothing of bytes.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from engine.errors import DataError
from engine.foreign.formats import sweeps
from engine.foreign.formats.runs import steering
from engine.foreign.formats.values import ForeignResults, plain

PACKED = ".eval"
"""How logs end that are zips, and no JSON."""
LETTERS = ("A", "B")
TARGET = "the target answer"


def is_one(whole: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a log."""
    told = whole.get("eval")
    return isinstance(told, Mapping) and "task" in told and "model" in told


def read(name: str, sha256: str, whole: Mapping[str, Any]) -> ForeignResults:
    """The samples as rows of a sweep; the behaviour is the target.

    Raises:
        DataError: If there are no samples, or they lack scales, two options or log p of letters.
    """
    samples, told = whole.get("samples"), whole["eval"]
    if not isinstance(samples, list) or not samples:
        raise DataError(f"{name} is a log of Inspect without samples: log them, and dump it anew.")
    _refuse_shuffled(name, whole)
    shared = [told.get(key) for key in ("metadata", "task_args", "model_args")]
    rows = [_row(name, i, sample, shared) for i, sample in enumerate(samples)]
    steering.refuse_unsteered(name, rows, "each sample's metadata, or in the task's")
    if all(row["logit_A"] is None for row in rows):
        raise DataError(
            f"{name} is a log of Inspect without log-probabilities of (A) and (B): run it with "
            "--logprobs --top-logprobs 20."
        )
    found = sweeps.read(name, sha256, plain(told), rows)
    return dataclasses.replace(found, layout="log of Inspect", behaviour=TARGET)


def _refuse_shuffled(name: str, whole: Mapping[str, Any]) -> None:
    """Refuse logs whose letters were those of shuffled options, but stand as if they were not."""
    plan = whole.get("plan")
    steps = plan.get("steps") if isinstance(plan, Mapping) else None
    for step in steps if isinstance(steps, list) else ():
        params = step.get("params") if isinstance(step, Mapping) else None
        if isinstance(params, Mapping) and params.get("shuffle"):
            raise DataError(
                f"{name} is a log of Inspect with shuffled options, whose log-probabilities are of "
                "other letters than it writes: run it without shuffle."
            )


def _row(name: str, number: int, sample: Any, shared: list[Any]) -> dict[str, Any]:
    if not isinstance(sample, Mapping):
        raise DataError(f"{name}: sample {number} is not a set of named values.")
    options, target = sample.get("choices"), sample.get("target")
    if isinstance(options, list) and len(options) not in (0, 2):
        raise DataError(
            f"{name}: sample {number} has {len(options)} options, and an A/B sweep has two."
        )
    target = target[0] if isinstance(target, list) and len(target) == 1 else target
    if target not in LETTERS:
        raise DataError(f"{name}: sample {number} has the target {str(target)[:40]!r}, not A or B.")
    first, second = _letters(sample.get("output"))
    figures: dict[str, Any] = {"logit_A": first, "logit_B": second, "prob_A": None, "prob_B": None}
    if first is not None and second is not None:
        figures |= {"prob_A": math.exp(first), "prob_B": math.exp(second)}
    asked = {"question_idx": str(sample.get("id", number)), "behaviour_letter": target}
    return {**asked, **figures, **steering.said(sample.get("metadata"), *shared)}


def _letters(output: Any) -> tuple[float | None, float | None]:
    """Log p of both letters where the answer's letter was written; None where one is not told."""
    try:
        tokens = output["choices"][0]["logprobs"]["content"]
        for token in tokens:
            if _letter(token["token"]) is None:
                continue
            known: dict[str, float] = {}
            for one in (token, *(token.get("top_logprobs") or ())):
                letter = _letter(one["token"])
                if letter is not None:
                    value = float(one["logprob"])
                    known[letter] = max(known.get(letter, -math.inf), value)
            return known.get("A"), known.get("B")
    except (KeyError, TypeError, ValueError, IndexError):
        pass
    return None, None


def _letter(token: Any) -> str | None:
    word = str(token).strip(" \n()▁Ġ")
    return word if word in LETTERS else None
