"""What came out: vectors, questions and measurements, as plain values without torch.

Knows nothing of files (`store` reads and writes them) or of how the values were made.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from engine.configs.core import Site
from engine.records.columns import Column, Columns

Letter = Literal["A", "B"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One A/B question."""

    id: str
    """Stable name: first 12 hex digits of the SHA-256 of stem and options."""
    stem: str
    """The text before the options."""
    options: tuple[str, str]
    """Texts of (A) and (B) as given."""
    behaviour_letter: Letter
    """The letter, in the given order, whose option shows the behaviour."""
    verbatim: str | None = None
    """The file's own text, where the question is asked with it and not rebuilt of its parts."""

    system: str | None = None
    """Its own system prompt, where its file gives one."""

    @property
    def answers(self) -> tuple[str, str]:
        """The text of the option that shows the behaviour, and of the other one."""
        first, second = self.options
        return (first, second) if self.behaviour_letter == "A" else (second, first)

    def text(self, swapped: bool = False) -> str:
        """The question as asked; `swapped` exchanges the options' texts, not the letters."""
        if self.verbatim is not None and not swapped:
            return self.verbatim
        first, second = self.options[::-1] if swapped else self.options
        return f"{self.stem}\n\nChoices:\n (A) {first}\n (B) {second}"

    def letter(self, swapped: bool = False) -> Letter:
        """The behaviour's letter in that order."""
        if not swapped:
            return self.behaviour_letter
        return "B" if self.behaviour_letter == "A" else "A"


class DroppedRow(NamedTuple):
    """A row of a question file that was not used."""

    line: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class QuestionSet:
    """The usable questions of one file and an account of the rest."""

    name: str
    path: str
    sha256: str
    behaviour: str
    polarity: Literal["matching", "not-matching"]
    """Which answer field of this file shows the behaviour."""
    questions: tuple[Question, ...]
    dropped: tuple[DroppedRow, ...]
    notes: tuple[str, ...] = ()
    """Sentences a reader should see (unbalanced letters, guessed polarity...)."""

    @property
    def letter_counts(self) -> dict[str, int]:
        """How many questions have the behaviour at (A) and at (B)."""
        letters = [q.behaviour_letter for q in self.questions]
        return {"A": letters.count("A"), "B": letters.count("B")}


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How and where a record was made."""

    created: str
    """UTC, ISO 8601."""
    seconds: float
    packages: dict[str, str]
    commit: str | None
    dirty: bool | None
    device: str
    dtype: str


@dataclass(frozen=True, kw_only=True)
class VectorSet:
    """Vectors that one run found, with everything needed to use and judge them."""

    digest: str
    method: str
    vectors: Float[np.ndarray, "vectors hidden"]
    """As found, with their norm."""
    sites: tuple[Site, ...]
    """One per vector."""
    scores: dict[str, list[float]]
    """Per-vector figures by name: displacement, sigma, residual, gap..."""
    history: dict[str, list[list[float]]]
    """Curves drawn while it ran: name -> [step][vector]."""
    config: dict[str, Any]
    model: dict[str, Any]
    """Model id, revision, fingerprint, hidden size, block count, template hash, adapter."""
    residual_norms: dict[str, float]
    """Median norm of the residual stream over prompt tokens, by site in words."""
    provenance: Provenance
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of the vectors: method and two-digit index, or what their own file calls them."""
        own = self.config.get("names")
        if self.method == "imported" and isinstance(own, list) and len(own) == len(self.vectors):
            return [str(name) for name in own]
        return [f"{self.method}_{i:02d}" for i in range(len(self.vectors))]

    @property
    def content(self) -> str:
        """Sixteen hex digits over the vectors' numbers and their sites: what a sweep measures."""
        rows = np.ascontiguousarray(self.vectors, dtype="<f4")
        sites = [[site.block, site.kind] for site in self.sites]
        total = hashlib.sha256(json.dumps([list(rows.shape), sites]).encode())
        total.update(rows.tobytes())
        return total.hexdigest()[:16]

    def described(self) -> dict[str, Any]:
        """What an evaluation keeps of the set it measured."""
        return {
            "method": self.method,
            "names": self.names,
            "sites": [asdict(site) for site in self.sites],
            "norms": [float(n) for n in np.linalg.norm(self.vectors, axis=1)],
            "fingerprint": self.model.get("fingerprint"),
            "content": self.content,
        }


_CELL: Columns = (
    Column("vector_set", "digest of the vector set; 'baseline' or 'control'"),
    Column("vector", "index in its set; -1 for the baseline"),
    Column("method", "melbo, power-iteration, random, ...; baseline; control"),
    Column("scale", "multiple of the vector that was added; else the share of the way"),
    Column("relative", "mean norm of the change / median residual norm at the site"),
    Column("question", "question id"),
    Column("order", "given | swapped"),
)
EVALUATION_COLUMNS: Columns = (
    *_CELL,
    Column("logit_a", "logit of the token that answers A"),
    Column("logit_b", "logit of the token that answers B"),
    Column("answer_mass", "P(A) + P(B) over the vocabulary"),
    Column("behaviour_letter", "letter of the behaviour in this order"),
    Column("difference", "logit(behaviour letter) - logit(other letter)"),
)
"""Columns of an evaluation's frame, one row per (vector, scale, question, order)."""
LIKELIHOOD_COLUMNS: Columns = (
    *_CELL,
    Column("logp_behaviour", "log p of the answer with the behaviour, over all its tokens, nats"),
    Column("logp_other", "the same of the other answer"),
    Column("tokens_behaviour", "tokens of the answer with the behaviour"),
    Column("tokens_other", "tokens of the other answer"),
    Column("difference", "log p of the first less that of the second, per token or in total"),
)
"""The same where written answers were read: no letters, so no mass, and one order."""

TIE = Column("tie", "what equal logits count as, where not one half", "2026-11-29", 0.5)
"""Column of the sweeps that count ties in another way."""


@dataclass(frozen=True, kw_only=True)
class EvaluationHead:
    """What one A/B sweep was, without its rows."""

    digest: str
    questions: QuestionSet
    """Only the questions that were asked."""
    config: dict[str, Any]
    model: dict[str, Any]
    vector_names: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By vector set digest: method, names, sites in words, norms."""
    controls: dict[str, Any] = field(default_factory=dict)
    """Of every random control by its index: sites, norms; and the operation. Older records lack
    it: see `statistics.yardsticks`."""
    provenance: Provenance
    notes: tuple[str, ...] = ()
    unfinished: bool = False
    """Whether it holds only what a sweep that is not over has asked so far."""


@dataclass(frozen=True, kw_only=True)
class Evaluation(EvaluationHead):
    """One A/B sweep, row by row."""

    frame: pd.DataFrame
    """Columns: `EVALUATION_COLUMNS`. The baseline stands once, at scale 0."""


def measured(
    config: Mapping[str, Any], vector_names: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, int]]:
    """(set, index) of every vector that a sweep measured, in the order of its config.

    Args:
        config: The sweep's, as its record holds it.
        vector_names: Of the record; a set that the config does not name was measured whole.
    """
    named = [
        (str(ref["digest"]), int(index))
        for ref in config.get("vectors", ())
        for index in (
            ref["indices"]
            if ref.get("indices") is not None
            else range(len(vector_names.get(ref["digest"], {}).get("names", ())))
        )
    ]
    asked = {digest for digest, _ in named}
    others = [
        (digest, index)
        for digest, one in vector_names.items()
        if digest not in asked
        for index in range(len(one.get("names", ())))
    ]
    return list(dict.fromkeys([*named, *others]))


class About(NamedTuple):
    """What a record's name is made of, and which records belong to it."""

    parts: tuple[str, ...] = ()
    """Of its name; one that begins with "@" stands for what another thing is called."""
    inside: tuple[str, ...] = ()
    """What tells the vectors of a set apart, in their order."""
    members: tuple[str, ...] = ()
    """Digests of what an experiment made or measured."""
    helpers: tuple[str, ...] = ()
    """Digests of the sets that are there for an experiment alone."""


class RecordInfo(NamedTuple):
    """One line of the library: what a stored record is, without loading it."""

    digest: str
    kind: Literal["vectors", "evaluation", "generation", "conversation", "experiment"]
    method: str
    model: str
    created: str
    path: str
    summary: str
    """A few words: "8 vectors, block 1 to 7"."""
    about: About = About()

    def told(self) -> dict[str, str]:
        """All but `about`, by name."""
        return {name: str(getattr(self, name)) for name in self._fields if name != "about"}
