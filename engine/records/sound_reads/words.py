"""What records of words must hold. Knows nothing of files and charts."""

from typing import Annotated, Any

import pydantic
from typing_extensions import TypedDict

from engine.records.sound_parts import Figure, Record, Whole

Number = float | int


class _Vector(TypedDict):
    vector_set: str
    vector: Whole
    name: str
    block: Whole
    site: str
    residual: Number
    p: Number
    threshold: Figure
    starred: Whole


class _Word(TypedDict):
    of: Annotated[int, pydantic.Field(ge=0)]
    reading: str
    sign: int
    token: Whole
    word: str
    value: Number
    random: Number
    t: Number
    star: bool


class _Drawn(TypedDict):
    site: str
    reading: str
    word: str
    value: Number


class _Tables(TypedDict):
    vectors: Annotated[list[_Vector], pydantic.Field(min_length=1)]
    words: list[_Word]
    random: Annotated[list[_Drawn], pydantic.Field(min_length=1)]


class _Settings(TypedDict):
    random: Whole
    epsilon: Number
    count: Whole
    vectors: list[dict[str, Any]]


class Words(Record):
    """The record of vectors in words."""

    name: str
    title: str
    config: _Settings  # type: ignore[misc]
    tables: _Tables
    likely: Whole
    vocabulary: Whole
    notes: list[str]  # type: ignore[misc]
    sentences: Annotated[list[str], pydantic.Field(min_length=1)]
    vectors: Annotated[list[str], pydantic.Field(min_length=1)]
