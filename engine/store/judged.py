"""A judge's agreement with people, read from the store: the grids' texts, and the labels given.

Knows nothing of how agreement is computed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import StoreError
from engine.records.grids import Generation
from engine.statistics.agreement import figures, sentences
from engine.statistics.agreement.figures import Labelled
from engine.statistics.agreement.sentences import WORD_LIST
from engine.store.store import Store


def told(store: Store, found: Any) -> list[str]:
    """Sentences on the judge of any record; none of one without a judge."""
    if isinstance(found, Generation):
        return sentences.told(found.frame, found.judge, store.labels(found.digest))
    return of_study(store, found) if isinstance(found, dict) and "judge" in found else []


def of_study(store: Store, record: Mapping[str, Any]) -> list[str]:
    """Sentences on the judge of a study, over all the grids that it names."""
    name = str(record.get("judge") or "none")
    judge = record.get("judging") or (WORD_LIST if name == WORD_LIST["name"] else {"name": name})
    grids = labelled(store, record.get("generations") or ())
    return sentences.of_judge(judge, figures.of_grids(grids))


def labelled(store: Store, digests: Sequence[str]) -> list[Labelled]:
    """The grids among these that people labelled; one that is gone is left out."""
    found: list[Labelled] = []
    for digest in digests:
        if given := store.labels(digest):
            try:
                found.append((store.load_generation(digest).frame, given))
            except StoreError:
                continue
    return found
