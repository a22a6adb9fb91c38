"""Two stored runs of the same questions, read and made comparable, or refused in one sentence.

Knows nothing of how the comparison is drawn.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from engine.errors import ConfigError, StoreError
from engine.questions import repeats
from engine.records import readings, steered
from engine.records.records import Evaluation, EvaluationHead, Question
from engine.statistics import cells as statistics
from engine.statistics import yardsticks
from engine.statistics.across import comparing
from engine.statistics.across.comparing import Changes, HeldOut, Key
from engine.store.store import Store

FEWEST = 4
"""Common questions from which two runs are compared: two for either half."""


class Comparison(NamedTuple):
    """Two runs beside each other."""

    first: EvaluationHead
    second: EvaluationHead
    metric: str
    """change: of the logit difference, in `unit`; rate: of the share of behaviour answers."""
    unit: str
    questions: int
    """That both runs asked."""
    pairs: tuple[tuple[Key, Key], ...]
    """The vectors that are compared scale by scale."""
    cells: pd.DataFrame
    """`comparing.cells` of these; no rows where the runs share no vector or no scale."""
    held_out: HeldOut | None
    notes: tuple[str, ...]
    """What a reader has to know, a sentence each."""
    settings: tuple[tuple[str, str, str], ...]
    """Settings that differ: name, value in the first run, in the second."""


def compare(
    store: Store,
    first: str,
    second: str,
    metric: str | None = None,
    pair: tuple[Key, Key] | None = None,
) -> Comparison:
    """Compare two stored runs of the same questions.

    Args:
        store: Where they lie.
        first: The run that is compared with, by the start of its digest or its file.
        second: The other run.
        metric: One of `comparing.METRICS`; None takes the change where both have its unit.
        pair: A vector of each run; None takes all that both runs measured.

    Raises:
        ConfigError: If they cannot be compared.
        StoreError: If one is missing, damaged or no evaluation.
    """
    runs = store.load_evaluation(first), store.load_evaluation(second)
    one, other = runs
    if one.digest == other.digest:
        raise ConfigError(f"Both runs are {one.digest}: choose two different ones.")
    asked, notes = common(one, other)
    chosen, unit, told = _metric(one, other, metric)
    mine, theirs = (_changes(run, [q.id for q in asked], chosen) for run in runs)
    groups = repeats.question_groups(tuple(asked))
    pairs, why = _pairs(one, other, mine, theirs, pair)
    cells = comparing.cells(mine, theirs, pairs, groups)
    return Comparison(
        first=one,
        second=other,
        metric=chosen,
        unit=unit,
        questions=len(asked),
        pairs=tuple(pairs),
        cells=cells,
        held_out=comparing.held_out(mine, theirs, groups),
        notes=(*notes, *told, *why, *_differences(one, other)),
        settings=settings(one, other),
    )


def common(first: EvaluationHead, second: EvaluationHead) -> tuple[list[Question], list[str]]:
    """The questions that both runs asked, and what has to be known of the others.

    Raises:
        ConfigError: If there are too few, or the runs count different behaviours.
    """
    a, b = first.questions, second.questions
    if a.behaviour != b.behaviour:
        raise ConfigError(
            f"{first.digest} counts {a.behaviour} answers and {second.digest} {b.behaviour} "
            "answers: compare runs that count the same."
        )
    theirs = {question.id: question for question in b.questions}
    shared = [question for question in a.questions if question.id in theirs]
    kept = [q for q in shared if theirs[q.id].answers == q.answers]
    if len(kept) < FEWEST:
        raise ConfigError(
            f"{first.digest} asked {len(a.questions)} questions of {a.name} and {second.digest} "
            f"{len(b.questions)} of {b.name}, with {len(kept)} in common: compare runs of the same "
            "questions."
        )
    notes = []
    if len(kept) < max(len(a.questions), len(b.questions)):
        notes.append(
            f"Only the {len(kept)} questions that both asked are compared, of "
            f"{len(a.questions)} and {len(b.questions)}."
        )
    if turned := len(shared) - len(kept):
        notes.append(
            f"{turned} common question{' is' if turned == 1 else 's are'} left out: the runs count "
            "opposite answers of them."
        )
    return kept, notes


def _metric(first: Evaluation, second: Evaluation, asked: str | None) -> tuple[str, str, list[str]]:
    """What is compared, its unit, and why."""
    units = [readings.of_config(run.config).unit for run in (first, second)]
    if asked is not None and asked not in comparing.METRICS:
        known = " or ".join(comparing.METRICS)
        raise ConfigError(f"Compare by {known}, not by {asked!r}.")
    differ = f"{first.digest} is in {units[0]} and {second.digest} in {units[1]}"
    if asked == "change" and units[0] != units[1]:
        raise ConfigError(f"{differ}: compare the rate of behaviour answers.")
    if asked == "rate" or units[0] != units[1]:
        notes = [f"{differ}: shares are compared."] if units[0] != units[1] else []
        return "rate", "share of questions", notes
    return "change", units[0], []


def _changes(run: Evaluation, asked: Sequence[str], metric: str) -> Changes:
    questions = statistics.per_question(run.frame[run.frame["question"].isin(asked)])
    labelled = yardsticks.labelled(questions, yardsticks.of_run(run))
    return comparing.changes(labelled, asked, metric)


def _pairs(
    first: Evaluation,
    second: Evaluation,
    mine: Changes,
    theirs: Changes,
    asked: tuple[Key, Key] | None,
) -> tuple[list[tuple[Key, Key]], list[str]]:
    """The vectors that are compared scale by scale; why there is none."""
    ways = [steered.of_config(run.config) for run in (first, second)]
    if asked is not None:
        for key, run, found in ((asked[0], first, mine), (asked[1], second, theirs)):
            if key not in found.vectors:
                raise StoreError(f"{run.digest} did not measure vector {key[0]}:{key[1]}.")
    if (ways[0].operation, ways[0].is_relative) != (ways[1].operation, ways[1].is_relative):
        return [], ["Their strengths have different units, so scales are not compared."]
    if asked is not None:
        shared = mine.places[asked[0]].keys() & theirs.places[asked[1]].keys()
        return [asked], [] if shared else ["These two vectors have no scale in common."]
    by_content = {(_content(second, key), key[1]): key for key in reversed(theirs.vectors)}
    both = [
        (key, by_content[_content(first, key), key[1]])
        for key in mine.vectors
        if (_content(first, key), key[1]) in by_content
    ]
    if not both:
        return [], ["The runs measured no vector in common: choose one of each."]
    return both, []


def _content(run: Evaluation, key: Key) -> str:
    """What tells a set's vectors from others'; older records have only its digest."""
    return str(run.vector_names.get(key[0], {}).get("content") or key[0])


def _differences(first: Evaluation, second: Evaluation) -> list[str]:
    """What else two runs differ in that bears on their figures."""
    notes = []
    models = [str(run.model.get("short_name")) for run in (first, second)]
    prints = [run.model.get("fingerprint") for run in (first, second)]
    if prints[0] != prints[1]:
        named = " and ".join(models) if models[0] != models[1] else f"two states of {models[0]}"
        notes.append(
            f"The runs asked {named}: a logit need not weigh the same in both; compare the rate."
        )
    orders = [run.config.get("orders", "both") for run in (first, second)]
    if orders[0] != orders[1]:
        notes.append("One run asked both option orders and the other one: letters may play in.")
    return notes


def settings(first: EvaluationHead, second: EvaluationHead) -> tuple[tuple[str, str, str], ...]:
    """Settings that differ between two runs; one that a run lacks is "not set"."""
    sides = [_flat(run.config) for run in (first, second)]
    names = dict.fromkeys([*sides[0], *sides[1]])
    rows = [(name, *(side.get(name, "not set") for side in sides)) for name in names]
    return tuple((n, a, b) for n, a, b in rows if a != b)


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = _words(value)
    return found


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value)) or "none"
    if isinstance(value, Mapping):
        return " ".join(_words(one) for one in value.values())
    return "none" if value is None else str(value)
