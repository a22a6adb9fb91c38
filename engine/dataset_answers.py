"""Which answered questions make a pair. Knows nothing of how answers are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.dataset_configs import DatasetConfig
from engine.dataset_files import Pair
from engine.question_rows import normal

POLES = ("honest", "deceptive")


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One question and what came for both system prompts."""

    question: str
    honest: str
    deceptive: str
    unfinished: tuple[str, ...]
    """Poles whose answer reached the token limit."""

    def pair(self) -> Pair:
        """As a row of a file."""
        return {"question": self.question, "honest": self.honest, "deceptive": self.deceptive}


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """Answered questions by whether they make a pair."""

    pairs: tuple[Pair, ...]
    dropped: tuple[dict[str, Any], ...]
    """The others, with a `reason`."""
    labels: dict[str, float] | None
    """Share of all answers, also of dropped ones, that show what was asked for: by pole, and as
    "both" of one question. None where the answers of a model have no known label."""


def sort_pairs(rows: Sequence[Answered], config: DatasetConfig) -> Sorted:
    """Tell pairs of two finished and different answers from the rest."""
    right = [_right(row) for row in rows] if config.model.model == "demo" else None
    kept, dropped = [], []
    for place, row in enumerate(rows):
        reason = _fault(row)
        if reason is None and config.check_labels and right is not None and not all(right[place]):
            reason = "an answer's label is not the one asked for"
        if reason is None:
            kept.append(row.pair())
        else:
            dropped.append(row.pair() | {"reason": reason})
    return Sorted(pairs=tuple(kept), dropped=tuple(dropped), labels=_shares(right))


def _fault(row: Answered) -> str | None:
    if row.unfinished:
        return f"the {' and the '.join(row.unfinished)} answer reached the token limit"
    empty = [pole for pole in POLES if not row.pair()[pole]]
    if empty:
        return f"the {' and the '.join(empty)} answer is empty"
    if normal(row.honest) == normal(row.deceptive):
        return "both answers are the same"
    return None


def _right(row: Answered) -> tuple[bool, bool]:
    """Whether the honest and the deceptive answer of a demo model are what they should be."""
    from engine.demo.labels import label_answer

    return label_answer(row.honest) == "honest", label_answer(row.deceptive) == "deceptive"


def _shares(right: list[tuple[bool, bool]] | None) -> dict[str, float] | None:
    if not right:
        return None
    return {
        "honest": sum(honest for honest, _ in right) / len(right),
        "deceptive": sum(deceptive for _, deceptive in right) / len(right),
        "both": sum(all(one) for one in right) / len(right),
    }
