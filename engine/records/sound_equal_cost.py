"""What the record of a comparison at equal cost must hold. Knows nothing of files and charts."""

from typing import Annotated, Any, Literal, NotRequired

import pydantic
from typing_extensions import TypedDict

from engine.records.sound_parts import Figure, Record, Whole

Number = float | int
Answers = list[Figure]
"""A figure for every question; None where it is not defined."""


class _Solved(TypedDict):
    cell: Whole
    vector: Whole
    yardstick: int
    operation: str
    sign: Literal[1, -1]
    strength: Number
    kl_mean: Figure
    kl_p95: Figure
    evaluations: Whole
    reached: bool
    n: Figure
    rate: Figure
    change: Figure
    absent: str


class _Cell(_Solved):
    name: str
    vector_set: str
    method: str
    site: str
    norm: Number
    rate_low: Figure
    rate_high: Figure
    rate_change: Figure
    change_low: Figure
    change_high: Figure
    band_low: Figure
    band_high: Figure
    p: Figure
    controls: Whole
    drawn: Whole


class _Best(TypedDict):
    name: str
    vector_set: str
    vector: Whole
    method: str
    operation: str
    sign: Literal[1, -1]
    change: Number
    p: Figure
    p_best: Figure
    cells: Whole
    controls: Whole
    absent: str


class _Asked(TypedDict):
    prompt: str
    kl_mean: Figure
    kl_p95: Figure
    is_above: bool
    n: Figure
    rate: Figure
    change: Figure
    change_low: Figure
    change_high: Figure


class _Tables(TypedDict):
    cells: Annotated[list[_Cell], pydantic.Field(min_length=1)]
    controls: list[_Solved]
    best: list[_Best]
    prompt: NotRequired[Annotated[list[_Asked], pydantic.Field(max_length=1)]]


class _Contents(TypedDict):
    questions: Annotated[list[str], pydantic.Field(min_length=1)]
    baseline: Answers
    cells: list[Answers | None]
    prompt: NotRequired[Answers]


class _Baseline(TypedDict):
    n: Figure
    rate: Figure
    mean: Figure


class _AskedOf(TypedDict):
    name: str
    behaviour: str


class _Settings(TypedDict):
    budget: Number
    of: Literal["mean", "p95"]
    operations: list[str]
    prompt: str | None


class EqualCost(Record):
    """The record of a comparison at equal cost."""

    name: str
    title: str
    config: _Settings  # type: ignore[misc]
    questions: _AskedOf
    sweep: dict[str, Any]
    tables: _Tables
    contents: _Contents
    baseline: _Baseline
    tie: Number
    neutral: dict[str, Whole]
    sentences: Annotated[list[str], pydantic.Field(min_length=1)]
    vectors: Annotated[list[str], pydantic.Field(min_length=1)]
