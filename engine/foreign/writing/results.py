"""An A/B sweep as JSON in the corrigibility study's row layout (FORMATS 2.12).

Source: the result files of obayyub/power_steering. One row a vector, scale, question and order.
Where the behaviour is not survival, `survival_` reads `behaviour_` in names of fields. What the
layout has no field for stands under `vectorscope`. Knows nothing of the store.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.configs.core import PRESETS
from engine.errors import ConfigError
from engine.foreign.writing.strengths import Strengths
from engine.records import readings, strict
from engine.records.records import Evaluation, EvaluationHead
from engine.statistics.cells import BASELINE, CONTROL

SURVIVAL = "survival"
RANDOM = "random"
"""What the study calls its controls."""
TAKEN = (RANDOM, "control", "noise", "baseline", "none", "unsteered")
"""Beginnings of names that readers of the layout take for controls or for the unsteered model."""
LETTER_LOGITS = "logits of the letters' tokens"


def write(found: Evaluation) -> bytes:
    """The file. Of letters `logit_…` are the tokens' logits, as recorded.

    Of written answers they are the answers' log p, per token or in total, as the sweep compared
    them: their difference is the sweep's. `scale` is the multiple of the vector, also where the
    sweep's were shares of the residual norm. `chose_…` is null for a tie that counts as half. A
    row's vector is named by its method, or by its set where that alone would not tell.

    Raises:
        ConfigError: If vectors were not added, or a strength is no multiple of its vector.
    """
    strengths = strengths_of(found)
    names = _types(found)
    word = SURVIVAL if found.questions.behaviour == SURVIVAL else "behaviour"
    places = {question.id: i for i, question in enumerate(found.questions.questions)}
    rows = []
    for row in _scored(found):
        name = names.get(str(row["vector_set"]), str(row["method"]))
        asked = {"dataset": found.questions.name, "question_idx": places[str(row["question"])]}
        vector = {"vector_type": name, "vector_idx": int(row["vector"])}
        scale = {"scale": strengths.multiple(str(row["vector_set"]), int(row["vector"]), row)}
        rows.append(asked | vector | scale | _answer(row, word))
    return strict.dumps(_head(found, names) | {"results": rows}).encode()


def strengths_of(found: EvaluationHead) -> Strengths:
    """What the layout's scales are of a sweep, told without reading its rows.

    Raises:
        ConfigError: If the layout cannot say what the sweep is.
    """
    operation = found.config.get("operation") or "add"
    if operation != "add":
        raise ConfigError(
            f"The study's rows are of vectors that were added, and here the operation was "
            f"{operation}: use csv."
        )
    return Strengths.of(found)


def _head(found: Evaluation, names: Mapping[str, str]) -> dict[str, Any]:
    """What is told once: the model, and under `vectorscope` how the rows were made."""
    name, config, answers = str(found.model.get("name")), found.config, found.model.get("answers")
    answers = answers if isinstance(answers, dict) else {}
    preset = PRESETS.get(name)
    reading = readings.of_config(config)
    vectors = {
        names[digest]: {"digest": digest, **{key: one.get(key) for key in ("norms", "sites")}}
        for digest, one in found.vector_names.items()
    }
    told = {
        "digest": found.digest,
        "behaviour": found.questions.behaviour,
        "questions": found.questions.name,
        "questions_sha256": found.questions.sha256,
        "operation": "add",
        "reading": "letters" if reading.has_letters else "likelihood",
        "likelihood": None if reading.has_letters else config.get("likelihood", "per-token"),
        "logits": LETTER_LOGITS if reading.has_letters else f"log p of answers, {reading.unit}",
        "answer_tokens": str(answers.get("rule", "")),
        "ties": config.get("ties", "half"),
        "scale": "multiple of the vector",
        "scales_asked": list(config.get("scales", ())),
        "scale_unit_asked": config.get("scale_unit") or "absolute",
        "residual_norms": answers.get("residual_norms"),
        "revision": found.model.get("revision") or found.model.get("fingerprint"),
        "template": found.model.get("template_hash"),
        "seed": config.get("seed"),
        "sites": sorted({str(site) for one in vectors.values() for site in one["sites"] or ()}),
        "vectors": list(found.vector_names) or "none",
        "sets": vectors,
        "controls": found.controls,
        "config": config,
        "notes": list(found.notes),
    }
    place = name if preset is None or preset.is_local else preset.location
    return {"model": place, "timestamp": found.provenance.created, "vectorscope": told}


def _types(found: Evaluation) -> dict[str, str]:
    """What rows call the vectors of each set; never a name that readers take for controls."""
    methods = {digest: str(one.get("method")) for digest, one in found.vector_names.items()}
    every = list(methods.values())
    named = {
        digest: f"set {digest[:6]} ({method})" if method.startswith(TAKEN) else method
        if every.count(method) == 1 else f"{method} {digest[:6]}"
        for digest, method in methods.items()
    }  # fmt: skip
    return named | {BASELINE: "baseline", CONTROL: RANDOM}


def _scored(found: Evaluation) -> list[dict[str, Any]]:
    """The rows with both figures by letter: logits, or log p of what stands at (A) and (B)."""
    frame = found.frame
    if readings.is_likelihood(frame.columns):
        per_token = found.config.get("likelihood", "per-token") == "per-token"
        own, other = (
            frame[f"logp_{one}"].astype(float) / (frame[f"tokens_{one}"] if per_token else 1)
            for one in ("behaviour", "other")
        )
        letters = {question.id: question.behaviour_letter for question in found.questions.questions}
        letter = frame["question"].astype(str).map(letters)
        at_a = letter == "A"
        frame = frame.assign(
            behaviour_letter=letter, logit_a=own.where(at_a, other), logit_b=other.where(at_a, own)
        )
    return [dict(row) for row in frame.to_dict(orient="records")]


def _answer(row: Mapping[str, Any], word: str) -> dict[str, Any]:
    """The figures of one row, and what the older files of the study add: both probabilities."""
    letter, difference = str(row["behaviour_letter"]), _number(row["difference"])
    is_tie, tie = difference == 0, row.get("tie", 0.5)
    chose = None if difference is None else difference > 0
    other = "corrigible" if word == SURVIVAL else "other"
    first, second = _number(row["logit_a"]), _number(row["logit_b"])
    values = {
        "logit_A": first,
        "logit_B": second,
        f"{word}_logit_diff": difference,
        f"chose_{word}": (None if tie == 0.5 else bool(tie)) if is_tie else chose,
        f"{other}_letter": "B" if letter == "A" else "A",
        f"{word}_letter": letter,
        "order": str(row["order"]),
    }
    mass = _number(row.get("answer_mass"))
    if mass is None or first is None or second is None:
        return values
    at_a = float(1 / (1 + np.exp(np.clip(second - first, -700, 700))))
    return values | {"prob_A": mass * at_a, "prob_B": mass * (1 - at_a)}


def _number(value: Any) -> float | None:
    """A figure that JSON has a word for."""
    return float(value) if value is not None and np.isfinite(value) else None
