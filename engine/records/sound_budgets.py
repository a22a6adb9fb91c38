"""What records of a suggestion and of a blend must hold. Knows nothing of files and charts."""

from typing import Annotated, Any, NotRequired

import pydantic
from typing_extensions import TypedDict

from engine.records.sound_parts import Figure, Record, Whole

Number = float | int


class _Tried(TypedDict):
    operation: str
    vector_set: str
    vector: Whole
    name: str
    method: str
    block: Whole
    strength: Number
    kl_mean: Figure
    kl_p95: Figure
    change: Figure
    allowed: bool
    reached: NotRequired[bool]


class _Held(TypedDict):
    effect: Figure
    low: Figure
    high: Figure
    band_low: Figure
    band_high: Figure
    p: Figure
    controls: Whole
    questions: Whole
    is_beyond: bool | None


class _AskedOf(TypedDict):
    name: str
    behaviour: str


class _Settings(TypedDict):
    direction: str
    budget: Number
    of: str


class _Search(Record):
    name: str
    title: str
    config: _Settings  # type: ignore[misc]
    questions: _AskedOf
    sweep: dict[str, Any]
    use: dict[str, Any] | None
    choosing: list[str]
    reporting: list[str]
    sentences: Annotated[list[str], pydantic.Field(min_length=1)]
    vectors: Annotated[list[str], pydantic.Field(min_length=1)]


class _Cells(TypedDict):
    cells: Annotated[list[_Tried], pydantic.Field(min_length=1)]
    controls: list[dict[str, Any]]


class Suggestion(_Search):
    """The record of a suggestion."""

    tables: _Cells
    best: _Tried | None
    held: _Held | None


class _Pure(TypedDict):
    place: Whole
    held: _Held
    less: Figure
    less_low: Figure
    less_high: Figure
    slack: Figure


class _Nested(TypedDict):
    best: Whole
    wanted: int
    held: _Held
    pure: Annotated[list[_Pure], pydantic.Field(min_length=2, max_length=2)]
    planes: list[Figure]
    p: Figure


class _Band(TypedDict):
    low: Figure
    high: Figure
    largest: Figure
    planes: Whole
    cells: Whole


class _Point(TypedDict):
    angle: Number
    strength: Number
    kl_mean: Figure
    allowed: bool
    first: Figure
    second: Figure
    low: Figure
    high: Figure


class _Curve(TypedDict):
    cells: list[dict[str, Any]]
    curve: Annotated[list[_Point], pydantic.Field(min_length=4)]


class Blend(_Search):
    """The record of a blend."""

    tables: _Curve
    angles: list[Number]
    second: Number
    names: Annotated[list[str], pydantic.Field(min_length=2, max_length=2)]
    ends: list[list[Whole]]
    nested: _Nested | None
    band: _Band
