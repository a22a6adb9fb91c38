"""What an audit says: findings in plain sentences with their figures. Knows no files."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from engine.records.readings import LETTERS, Reading

Severity = Literal["wrong", "doubtful", "note", "fine"]
SEVERITIES: dict[Severity, str] = {
    "wrong": "cannot be believed as it stands",
    "doubtful": "may mislead",
    "note": "good to know",
    "fine": "checked and fine",
}
"""What each word means, the worst first."""
Kind = Literal["vectors", "sweep", "texts", "questions"]

POINT_COLUMNS = {
    "method": "kind of vector; control for random ones",
    "vector": "index within its kind",
    "name": "kind and index",
    "scale": "multiple of the vector, or share of the way; 0 is the unsteered model",
    "question": "name of the question",
    "difference": "the figure of the behaviour's answer less the other's, orders averaged",
    "change": "the same less its value at scale 0; NaN without one",
}
"""Columns of `Audit.points`: what violins are drawn from."""
RATE_COLUMNS = {
    "method": "kind of vector; control for random ones",
    "scale": "multiple of the vector, or share of the way",
    "claimed": "share of answers that the file itself counts as the behaviour; NaN without",
    "rate": "share of answers whose figure is larger for the behaviour, ties not counted",
    "with_ties": "the same with every tie counted as half",
    "rows": "answers it is a share of",
}
"""Columns of `Audit.rates`."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was checked."""

    severity: Severity
    name: str
    """Short and stable: "one-letter-sample"."""
    sentence: str
    """What was found and what follows, in one to three plain sentences."""
    figure: str = ""
    """The figure it rests on, as it is read: "100 of 100 at (B)"."""
    figures: dict[str, float] = field(default_factory=dict)
    """The same as numbers."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Everything that was found in one file or record."""

    name: str
    """Of the file."""
    digest: str
    """SHA-256 of a foreign file; the digest of one of our records."""
    path: str
    kind: Kind
    what: str
    """What the file is, in a sentence."""
    findings: tuple[Finding, ...]
    """The worst first; what is fine stands at the end."""
    claims: dict[str, Any]
    """What the file says of itself."""
    rates: pd.DataFrame | None = None
    """Columns `RATE_COLUMNS`; None for what is no sweep."""
    points: pd.DataFrame | None = None
    """Columns `POINT_COLUMNS`; None for what is no sweep."""
    shows: dict[str, str] = field(default_factory=dict)
    """Of question files: which answer field shows which behaviour."""
    behaviour: str = ""
    """Whose answer counts as positive, of a sweep."""
    reading: Reading = LETTERS
    """How its answers were read."""
    vectors: Float[np.ndarray, "vectors hidden"] | None = None
    names: tuple[str, ...] = ()
    """Of the vectors."""

    asks: tuple[str, ...] = ()
    """What has to be stated before foreign vectors can be used: layer, site."""

    @property
    def is_foreign(self) -> bool:
        """Whether it is a file of another tool: named by its SHA-256, not by a record's digest."""
        return len(self.digest) == 64

    def named(self, name: str) -> Finding | None:
        """The finding of this name, if it was made."""
        return next((one for one in self.findings if one.name == name), None)

    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each severity."""
        found = [one.severity for one in self.findings]
        return {severity: found.count(severity) for severity in SEVERITIES}

    @property
    def verdict(self) -> str:
        """The counts in words: "3 wrong, 2 doubtful, 4 notes, 5 fine"."""
        counts = self.counts()
        return (
            f"{counts['wrong']} wrong, {counts['doubtful']} doubtful, "
            f"{counted(counts['note'], 'note')}, {counts['fine']} fine"
        )


def ordered(findings: Iterable[Finding | None]) -> tuple[Finding, ...]:
    """Those that were made, the worst first, otherwise in the order given."""
    rank = {severity: place for place, severity in enumerate(SEVERITIES)}
    made = [one for one in findings if one is not None]
    return tuple(sorted(made, key=lambda one: rank[one.severity]))


def listed(words: Iterable[str], most: int = 6) -> str:
    """Words with commas; after a few, how many more there are."""
    every = list(words)
    shown = ", ".join(every[:most])
    return shown if len(every) <= most else f"{shown} and {len(every) - most} more"


def counted(number: int, noun: str) -> str:
    """A number and its noun: "1 vector", "3 vectors"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
