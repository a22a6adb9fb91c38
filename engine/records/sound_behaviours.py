"""What the record of a behaviour's study must hold. Knows nothing of files, models and charts."""

from typing import Annotated, Literal

import pydantic
from typing_extensions import TypedDict

from engine.records.sound_parts import Figure, Record, Whole


class _Cell(TypedDict):
    index: Whole
    block: Whole
    scale: float | int


class _Tried(_Cell):
    change_up: Figure
    change_down: Figure
    swing: Figure
    loss: Figure
    is_sound: bool


class _Moved(TypedDict):
    at: Literal["+", "-", "swing"]
    scale: float | int
    change: Figure
    change_low: Figure
    change_high: Figure
    random_low: Figure
    random_high: Figure
    p: Figure
    controls: Whole


class _Texts(TypedDict):
    judge: str
    at: str
    scale: float | int
    texts: Whole
    judged: Whole
    share: Figure
    low: Figure
    high: Figure
    random_low: Figure
    random_high: Figure
    p: Figure
    controls: Whole


class _Fluency(TypedDict):
    scale: float | int
    texts: Whole
    broken: Figure
    broken_low: Figure
    broken_high: Figure
    repetition: Figure
    mean_logprob: Figure
    kl: Figure
    neutral_perplexity: Figure
    random_broken: Figure
    random_kl: Figure


class _Tables(TypedDict):
    choice: Annotated[list[_Tried], pydantic.Field(min_length=1)]
    likelihood: Annotated[list[_Moved], pydantic.Field(min_length=1)]
    texts: list[_Texts]
    fluency: list[_Fluency]


class _Settings(TypedDict):
    positive: str
    negative: str
    choosing: Whole
    most_loss: float | int
    most_repetition: float | int
    least_logprob: float | int


class Behaviour(Record):
    """The record of a study of two poles."""

    name: str
    title: str
    config: _Settings  # type: ignore[misc]
    tables: _Tables
    chosen: _Cell
    vectors: Annotated[list[str], pydantic.Field(min_length=1)]
    evaluations: Annotated[list[str], pydantic.Field(min_length=2)]
    generations: list[str]
