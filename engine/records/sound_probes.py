"""What the record of a probe must hold. Knows nothing of files and charts."""

from typing import Annotated, Any, Literal, NotRequired

import pydantic
from typing_extensions import TypedDict

from engine.records.sound_parts import Figure, Record, Whole

Kind = Literal["answer-mean", "answer-end", "state-prompt", "state-answer"]
Share = Annotated[float | int, pydantic.Field(ge=0, le=1)]
Steps = Annotated[str, pydantic.Field(pattern=r"^([ur]\d+|d\d+,\d+)+$", max_length=10**6)]
"""Of a ROC curve: up, right, or both at once, from no positives to all."""
Rates = Annotated[str, pydantic.Field(pattern=r"^[\d.]+( [\d.]+)+$", max_length=10**4)]


class _Row(TypedDict):
    vector_set: str
    vector: Whole
    name: str
    method: str
    block: Annotated[int, pydantic.Field(ge=0)]
    own: bool
    classes: Kind
    auroc: Share
    low: Figure
    high: Figure
    pairs: Share
    recall: Figure
    p: Share
    beyond: bool
    p_shuffled: NotRequired[Share]
    roc: NotRequired[Steps]


class _Random(TypedDict):
    block: Annotated[int, pydantic.Field(ge=0)]
    classes: Kind
    units: Annotated[int, pydantic.Field(ge=1)]
    low: Share
    high: Share
    best: Share
    best_pairs: Share
    picked: Share
    shuffled: Share
    shuffled_best: Share
    band_low: Rates
    band_high: Rates


class _Tables(TypedDict):
    rows: Annotated[list[_Row], pydantic.Field(min_length=1)]
    random: Annotated[list[_Random], pydantic.Field(min_length=1)]


class _Pairs(TypedDict):
    name: str
    poles: Annotated[list[str], pydantic.Field(min_length=2, max_length=2)]
    train: Whole
    test: Whole
    marked: bool


class Probe(Record):
    """The record of a probe."""

    name: str
    title: str
    asked: dict[str, Any]
    vectors: list[str]
    pairs: _Pairs
    random: Annotated[int, pydantic.Field(ge=1)]
    shuffles: Annotated[int, pydantic.Field(ge=1)]
    neutral: Whole
    neutral_needed: Whole
    tables: _Tables
    sentences: Annotated[list[str], pydantic.Field(min_length=1)]
