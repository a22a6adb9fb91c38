"""Whether a run's vectors were picked from their sets by an earlier run on the same questions.

The best of many on some questions is large there by luck alone. Measured alone on these questions
again, it stands as one vector beside random ones, and nothing on the page pays for the choice.
"""

from collections.abc import Sequence
from typing import Any

from dashboard.session import resources
from dashboard.words import captions
from engine.records.records import EvaluationHead, RecordInfo, measured
from engine.store import unfinished

NAMED = 3
"""Sets that the sentence names."""


def note(run: EvaluationHead, stored: Sequence[RecordInfo]) -> str:
    """A sentence for a run whose vectors may have been chosen on its own questions, or "".

    Args:
        run: The run that is shown.
        stored: All evaluations of the store.
    """
    chosen = _measured(run.config, run.vector_names)
    picked = {
        digest: own
        for digest, own in chosen.items()
        if len(own) < len(run.vector_names.get(digest, {}).get("names", ()))
    }
    asked = {question.id for question in run.questions.questions}
    told = [words for digest in picked if (words := _earlier(run, digest, picked, asked, stored))]
    if not told:
        return ""
    more = f" and {len(told) - NAMED} more sets" if len(told) > NAMED else ""
    return (
        f"Chosen beforehand on overlapping questions: {'; '.join(told[:NAMED])}{more}. If they "
        "were picked there, their figures here do not allow for that choice: ask other questions."
    )


def _earlier(
    run: EvaluationHead,
    digest: str,
    picked: dict[str, set[int]],
    asked: set[str],
    stored: Sequence[RecordInfo],
) -> str:
    """Which earlier run measured more of a set on some of the same questions."""
    for info in stored:
        if info.digest == run.digest or info.created >= run.provenance.created:
            continue
        if unfinished.is_part(info) or digest not in resources.measured_sets(info):
            continue
        record = resources.header(info.digest, info.path)
        other = _measured(record["config"], record["vector_names"])[digest]
        shared = asked & {question["id"] for question in record["questions"]["questions"]}
        if shared and other > picked[digest]:
            name = captions.method(str(run.vector_names[digest].get("method")))
            return (
                f"{len(picked[digest])} of {captions.count(len(other), 'vector')} of {name} "
                f"{digest}, all measured by {info.digest} on {len(shared)} of these "
                f"{len(asked)} questions"
            )
    return ""


def _measured(config: dict[str, Any], names: dict[str, dict[str, Any]]) -> dict[str, set[int]]:
    """Indices of the measured vectors by their set."""
    found: dict[str, set[int]] = {digest: set() for digest in names}
    for digest, index in measured(config, names):
        found.setdefault(digest, set()).add(index)
    return found
