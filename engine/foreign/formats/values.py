"""What foreign files hold, as plain values of our own without torch. Knows nothing of bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from engine.configs.core import Site, SiteKind
from engine.errors import DataError
from engine.questions.rows import TwoOptions
from engine.records.records import DroppedRow

Operation = Literal["add", "subtract", "ablate", "not stated"]
OPERATIONS: tuple[Operation, ...] = ("add", "subtract", "ablate")
"""What a reader can state where a file does not."""
Fact = Literal["layer", "site", "operation", "model", "index"]
ROWS = "rows"
"""Stated as the layer: row L belongs to layer L."""
Program = Literal["power-steering", "deception-study", "refusal-direction", "other"]

RESULT_COLUMNS = {
    "method": "what the file calls the kind of vector",
    "vector": "index within its kind; -1 for the unsteered model",
    "scale": "multiple of the vector that was added",
    "dataset": "name of the questions; empty where the file names none",
    "question": "dataset and index of the question",
    "order": "given; the studies asked in one order only",
    "logit_a": "logit of the token read as A; NaN where it is missing",
    "logit_b": "logit of the token read as B; NaN where it is missing",
    "probability_a": "probability that the file gives for A; NaN without",
    "probability_b": "probability that the file gives for B; NaN without",
    "behaviour_letter": "letter of the behaviour; may be beyond A and B",
    "difference": "logit(behaviour letter) - logit(other letter); NaN beyond A and B",
    "claimed_difference": "the difference that the file itself gives; NaN without",
    "claimed_choice": "1 where the file counts the behaviour as chosen, 0 if not; NaN without",
}
"""Columns of `ForeignResults.frame`, one row per row of the file."""

TEXT_COLUMNS = {
    "vector": "name of the vector",
    "scale": "multiple of the vector that was added",
    "dataset": "name of the questions; empty where the file names none",
    "question": "dataset and index of the question",
    "prompt": "what was asked",
    "behaviour_letter": "letter of the behaviour; empty where the file gives none",
    "text": "what the model wrote",
}
"""Columns of `ForeignTexts.frame`, one row per text."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a person states about a file of vectors, and what is known of their model."""

    model: str | None = None
    """Preset, hub id or folder."""
    layer: int | Literal["rows"] | None = None
    """Of all vectors, counted from 0; "rows" where row L belongs to layer L."""
    site: SiteKind | None = None
    operation: Operation | None = None
    index: tuple[int, ...] = ()
    """Which rows, counted from 0; empty for all."""
    depth: int | None = None
    """Blocks of the model, where it is at hand."""
    width: int | None = None
    """Of its residual stream."""


NOTHING = Given()


class MissingFactsError(DataError):
    """What a file holds cannot be told without a fact that a person has to state."""

    def __init__(self, message: str, asks: tuple[Fact, ...]) -> None:
        """The sentence, and the facts that are missing."""
        super().__init__(message)
        self.asks = asks


@dataclass(frozen=True, kw_only=True)
class ForeignVectors:
    """Vectors of one foreign file and what the file claims about them."""

    name: str
    """Of the file."""
    sha256: str
    """Of its bytes."""
    layout: str
    """Which tool's layout it is, in words."""
    program: Program = "other"
    """The writer, where what it writes is known beyond its layout."""
    method: str
    """In our words: melbo, power-iteration, contrastive, random; "unknown" where nothing says."""
    vectors: Float[np.ndarray, "vectors hidden"]
    """float32, as found; may hold values that are not finite."""
    names: tuple[str, ...]
    sites: tuple[Site | None, ...]
    """Where each was made to be added, in our convention; None where the file does not say."""
    layers: str = "The file does not say which layer its vectors belong to."
    """What its layer numbers mean, in a sentence."""
    operation: Operation = "not stated"
    dtype: str = "float32"
    """Of the numbers in the file."""
    scores: dict[str, list[float]] = field(default_factory=dict)
    """Per-vector figures under the file's own names."""
    history: dict[str, list[list[float]]] = field(default_factory=dict)
    """Curves of the search that the file keeps: name -> [step][vector]."""
    blocks: tuple[int | None, ...] = ()
    """Layer numbers of vectors whose site is not known; empty where all sites or none are."""
    label: str = ""
    """What the file itself calls its vectors, such as the trait; "" where it does not."""
    hint: str = ""
    """An architecture or a part of a model's name that the file gives; never taken for a model."""
    said: dict[str, str] = field(default_factory=dict)
    """Who said layer, site, operation and model: file, path, sidecar, user, or assumed."""
    asks: tuple[Fact, ...] = ()
    """What has to be stated before the vectors can be used."""
    disputes: tuple[str, ...] = ()
    """What the file and the one beside it say differently of operation and model, undecided."""
    remarks: tuple[str, ...] = ()
    """Sentences for whoever uses the vectors."""
    differences: Float[np.ndarray, "pairs hidden"] | None = None
    """Per-pair differences whose mean is the vector, where the file keeps them."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Every plain value of the file, under its own name."""

    @property
    def model(self) -> str | None:
        """The model that the file names."""
        return model_of(self.claims)


@dataclass(frozen=True, kw_only=True)
class ForeignResults:
    """An A/B sweep of one foreign file, row by row."""

    name: str
    sha256: str
    layout: str
    frame: pd.DataFrame
    """Columns: `RESULT_COLUMNS`."""
    behaviour: str
    """Whose answer counts as positive."""
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> str | None:
        """The model that the file names."""
        return model_of(self.claims)


@dataclass(frozen=True, kw_only=True)
class ForeignTexts:
    """Texts of one foreign file."""

    name: str
    sha256: str
    layout: str
    frame: pd.DataFrame
    """Columns: `TEXT_COLUMNS`."""
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> str | None:
        """The model that the file names."""
        return model_of(self.claims)


@dataclass(frozen=True, kw_only=True)
class ForeignQuestions:
    """A file of questions, row by row."""

    name: str
    sha256: str
    rows: int
    kept: tuple[TwoOptions, ...]
    """Two-option questions, once each."""
    dropped: tuple[DroppedRow, ...]
    behaviours: dict[str, str]
    """Which answer field shows what, where it is on record; empty otherwise."""
    source: str
    """How the file was recognised, in words."""


Foreign = ForeignVectors | ForeignResults | ForeignTexts | ForeignQuestions


_HUB = "https://huggingface.co/"


def model_of(claims: dict[str, Any]) -> str | None:
    """The model named in a file's plain values, under any of the names tools use.

    A `model_hint` names an architecture, which is no model.
    """
    for key in ("model", "model_name", "general.base_model.0.repo_url", "glp.base_model"):
        if isinstance(claims.get(key), str) and claims[key].strip():
            return claims[key].removeprefix(_HUB).strip()
    return None


def plain(values: Mapping[Any, Any]) -> dict[str, Any]:
    """The entries that are text, numbers, truth values or short lists of them."""
    simple = (str, int, float, bool, type(None))

    def fits(value: Any) -> bool:
        short = isinstance(value, list | tuple) and len(value) <= 64
        return isinstance(value, simple) or (short and all(isinstance(v, simple) for v in value))

    return {str(key): value for key, value in values.items() if fits(value)}


def numbers(values: Any, name: str, what: str) -> list[float]:
    """Values as floats.

    Raises:
        DataError: If one is no number.
    """
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            f"{name} holds a {what} that is no number: export the file again."
        ) from None
