"""How a sweep's answers were read: its columns, and what its figures are called in words.

Knows nothing of models and charts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FIGURES = {False: ("logit_a", "logit_b"), True: ("logp_behaviour", "logp_other")}
"""Columns of both answers' figures, by whether written answers were read."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Words for the figures of one sweep."""

    difference: str
    """What is compared over vectors and scales."""
    unit: str
    single: str
    """The figure of one answer."""
    has_letters: bool
    """Whether there are letters, orders of options and an answer mass to speak of."""

    @property
    def title(self) -> str:
        """The difference as it stands above a chart."""
        return self.difference[:1].upper() + self.difference[1:]

    def less(self, behaviour: str) -> str:
        """The figure as it stands on an axis."""
        per = ", per token" if self.unit == PER_TOKEN else ""
        return f"{self.single}({behaviour}) \u2212 {self.single}(other){per}"


PER_TOKEN = "nats per token"
LETTERS = Reading(difference="logit difference", unit="logits", single="logit", has_letters=True)
LIKELIHOODS = {
    "per-token": Reading(
        difference="log p difference per token", unit=PER_TOKEN, single="log p", has_letters=False
    ),
    "total": Reading(difference="log p difference", unit="nats", single="log p", has_letters=False),
}
"""By which log p of an answer decides."""


def of_config(config: Mapping[str, Any]) -> Reading:
    """The words for a sweep, by its settings as its record holds them."""
    if config.get("reading", "letters") == "letters":
        return LETTERS
    return LIKELIHOODS[str(config.get("likelihood", "per-token"))]


def is_likelihood(present: Iterable[str]) -> bool:
    """Whether a frame with these columns is of a sweep that read written answers."""
    return "logp_behaviour" in set(present)


def figures_of(present: Iterable[str]) -> tuple[str, str]:
    """The columns of what the model gives both answers: logits of letters, or log p of texts."""
    return FIGURES[is_likelihood(present)]
