"""What a record of examples must hold. Knows nothing of files and charts."""

from typing import Annotated, Any, Literal

import pydantic
from typing_extensions import TypedDict

from engine.records.sound_parts import Figure, Record, Whole

CLOSE = 1e-3
"""A text's figures and those of its tokens are rounded each for itself."""
Number = float | int
Count = Annotated[int, pydantic.Field(ge=0, le=2**53)]


class _Beside(TypedDict):
    value: Number
    random_low: Number
    random_median: Number
    random_high: Number
    reach: Count
    p: Number
    is_beyond: bool


class _Lean(_Beside):
    label: str
    top: Count
    bottom: Count
    shown: Count


def _adds_up(one: dict[str, Any]) -> dict[str, Any]:
    values = one["values"]
    told = (one["largest"], one["smallest"], one["mean"])
    own = (max(values), min(values), sum(values) / len(values))
    if any(abs(a - b) > CLOSE for a, b in zip(told, own, strict=True)):
        raise ValueError("its tokens do not give the text's figures")
    return one


class _Shown(TypedDict):
    text: Count
    largest: Number
    smallest: Number
    mean: Number
    values: Annotated[list[Number], pydantic.Field(min_length=1)]


Shown = Annotated[_Shown, pydantic.AfterValidator(_adds_up)]
Some = Annotated[list[Shown], pydantic.Field(min_length=1)]


class _Vector(TypedDict):
    vector_set: str
    vector: Whole
    name: str
    block: Whole
    neutral_mean: Figure
    neutral_sd: Figure
    high: _Beside
    low: _Beside
    apart: _Beside
    lean: _Lean | None
    top: Some
    bottom: Some


class _Text(TypedDict):
    id: str
    label: str
    prompt: str | None
    system: str | None
    lead: str
    pieces: Annotated[list[str], pydantic.Field(min_length=1)]


def _fits(tables: dict[str, Any]) -> dict[str, Any]:
    texts = tables["texts"]
    for row in tables["vectors"]:
        for one in (*row["top"], *row["bottom"]):
            if one["text"] >= len(texts):
                raise ValueError("it names a text that it does not hold")
            if len(texts[one["text"]]["pieces"]) != len(one["values"]):
                raise ValueError("a text has not one figure a token")
    return tables


class _Tables(TypedDict):
    vectors: Annotated[list[_Vector], pydantic.Field(min_length=1)]
    texts: list[_Text]


class _Corpus(TypedDict):
    name: str
    sha256: str
    texts: Count
    tokens: Count


class _Settings(TypedDict):
    by: Literal["mean", "token"]
    corpus: str
    top: Count


class Examples(Record):
    """The record of examples."""

    name: str
    title: str
    settings: _Settings
    corpus: _Corpus
    random: Count
    random_seed: int
    tables: Annotated[_Tables, pydantic.AfterValidator(_fits)]
    sentences: Annotated[list[str], pydantic.Field(min_length=1)]
    vectors: Annotated[list[str], pydantic.Field(min_length=1)]
