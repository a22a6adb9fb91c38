"""Whether a run's vectors were picked from their sets by an earlier run on the same questions.

The best of many on some questions is large there by luck alone. Measured alone on these questions
again, it stands as one vector beside random ones, and no figure pays for the choice.

Knows nothing of screens.
"""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from engine.configs import registry
from engine.records.records import EvaluationHead, RecordInfo, measured
from engine.store import unfinished
from engine.store.headers import read_record

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
        earlier = None if unfinished.is_part(info) else _asked(info)
        if earlier is None or digest not in earlier.vectors:
            continue
        other, shared = earlier.vectors[digest], asked & earlier.questions
        if shared and other > picked[digest]:
            method = str(run.vector_names[digest].get("method"))
            return (
                f"{len(picked[digest])} of {len(other)} vectors of "
                f"{registry.titled(method) or method} {digest}, all measured by {info.digest} on "
                f"{len(shared)} of these {len(asked)} questions"
            )
    return ""


class _Asked(NamedTuple):
    """What an evaluation measured: its vectors by their set, and its questions' ids."""

    vectors: dict[str, set[int]]
    questions: frozenset[str]


@functools.lru_cache(maxsize=1024)
def _asked(info: RecordInfo) -> _Asked:
    """Kept, as a page asks it of every record on every visit."""
    record = read_record(Path(info.path))
    ids = frozenset(question["id"] for question in record["questions"]["questions"])
    return _Asked(_measured(record["config"], record["vector_names"]), ids)


def _measured(config: dict[str, Any], names: dict[str, dict[str, Any]]) -> dict[str, set[int]]:
    """Indices of the measured vectors by their set."""
    found: dict[str, set[int]] = {digest: set() for digest in names}
    for digest, index in measured(config, names):
        found.setdefault(digest, set()).add(index)
    return found
