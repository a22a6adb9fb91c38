"""Samples of EleutherAI's lm-eval (`--log_samples`): two answers a question with their log p.

A log p of a letter stands where the study has its logit: their differences are the same. Knows
nothing of bytes.
"""

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any

from engine.errors import DataError
from engine.foreign.formats import sweeps
from engine.foreign.formats.runs import steering
from engine.foreign.formats.values import ForeignResults, plain

TARGET = "the target answer"
_NAMED = re.compile(r"samples_(.+)_(\d{4}-\d\d-\d\dT.+)\.jsonl")
_LETTER = re.compile(r"\s*\(?([AB])\)?\.?\s*")


def is_one(row: Mapping[str, Any]) -> bool:
    """Whether a row is a sample."""
    return {"doc_id", "doc", "target", "resps"} <= {*row}


def is_totals(whole: Mapping[str, Any]) -> bool:
    """Whether a JSON object is what lm-eval writes beside samples: totals of its tasks."""
    return isinstance(whole.get("results"), Mapping) and {"configs", "versions"} <= {*whole}


def no_rows(name: str) -> DataError:
    """That a file holds totals alone."""
    return DataError(
        f"{name} holds lm-eval's totals and no rows: run it with --log_samples, and give the file "
        "samples_TASK_….jsonl."
    )


def totals_of(file: str) -> str | None:
    """The name of the file of totals that was written with a file of samples."""
    found = _NAMED.fullmatch(file)
    return f"results_{found[2]}.json" if found is not None else None


def read(name: str, sha256: str, rows: list[dict[str, Any]], beside: Any) -> ForeignResults:
    """The samples as rows of a sweep; the behaviour is the target.

    Args:
        name: Of the file.
        sha256: Of its bytes.
        rows: Its samples.
        beside: The totals of the same run, which tell model and arguments; None without.

    Raises:
        DataError: If samples lack scales, or two answers with log p.
    """
    run = beside.get("config") if isinstance(beside, Mapping) else None
    run = run if isinstance(run, Mapping) else {}
    named = _NAMED.fullmatch(name)
    task = named[1] if named is not None else ""
    made, are_letters = [], set()
    for number, row in enumerate(rows):
        figures, is_letter = _answers(name, number, row)
        doc = row["doc"] if isinstance(row["doc"], Mapping) else {}
        how = steering.said(
            row, doc, doc.get("metadata"), run.get("metadata"), run.get("model_args")
        )
        made.append({"dataset": task, "question_idx": str(row["doc_id"]), **figures, **how})
        are_letters.add(is_letter)
    steering.refuse_unsteered(name, made, "each row's doc, or in the run's --metadata")
    if len(are_letters) > 1:
        raise DataError(f"{name} has answers that are letters and others that are texts.")
    claims = plain(run) | ({"model": beside["model_name"]} if _is_named(beside) else {})
    if are_letters == {False}:
        claims |= {"vectorscope.reading": "likelihood", "vectorscope.likelihood": "total"}
    found = sweeps.read(name, sha256, claims, made)
    return dataclasses.replace(found, layout="samples of lm-eval", behaviour=TARGET)


def _is_named(beside: Any) -> bool:
    return isinstance(beside, Mapping) and isinstance(beside.get("model_name"), str)


def _answers(name: str, number: int, row: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Log p of both answers by letter, and whether they are letters."""
    texts, values = _texts(row.get("arguments")), _values(row["resps"])
    if len(texts) != 2 or len(values) != 2:
        raise DataError(
            f"{name}: row {number} has {len(values)} answers with log p, and a sweep has two: give "
            "samples of a task with two choices."
        )
    right = _right(row["target"], texts)
    if right is None:
        target = str(row["target"])[:40]
        raise DataError(f"{name}: row {number} has the target {target!r}, none of its two answers.")
    letters = [_letter(text) for text in texts]
    if sorted(map(str, letters)) != ["A", "B"]:
        own, other = values[right], values[1 - right]
        return {"logit_A": own, "logit_B": other, "behaviour_letter": "A"}, False
    first, second = (values[letters.index(letter)] for letter in ("A", "B"))
    probabilities = {"prob_A": math.exp(first), "prob_B": math.exp(second)}
    asked = {"logit_A": first, "logit_B": second, "behaviour_letter": letters[right]}
    return asked | probabilities, True


def _letter(text: str) -> str | None:
    found = _LETTER.fullmatch(text)
    return found[1] if found is not None else None


def _texts(arguments: Any) -> list[str]:
    """What each request was to be continued by, as either version of lm-eval writes it."""
    if isinstance(arguments, Mapping):
        found = [one.get("arg_1") for one in arguments.values() if isinstance(one, Mapping)]
    elif isinstance(arguments, list):
        found = [one[1] for one in arguments if isinstance(one, list) and len(one) > 1]
    else:
        found = []
    return [one for one in found if isinstance(one, str)]


def _values(resps: Any) -> list[float]:
    """Log p of each continuation: [[["-1.2", "False"]], …]; none where these are texts."""
    try:
        found = [float(one[0][0]) for one in resps]
    except (TypeError, ValueError, IndexError, KeyError):
        return []
    return found if all(math.isfinite(one) and one <= 0 for one in found) else []


def _right(target: Any, texts: list[str]) -> int | None:
    """Which of two answers the target is: by its place, or by its words."""
    word = str(target).strip()
    same = [i for i, text in enumerate(texts) if text.strip() == word]
    if len(same) == 1:
        return same[0]
    lettered = [i for i, text in enumerate(texts) if _letter(text) == _letter(word) is not None]
    if len(lettered) == 1:
        return lettered[0]
    return int(word) if word in ("0", "1") else None
