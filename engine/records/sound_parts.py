"""Shapes that records of all kinds share: what they say of the model, the day and the vectors.

Knows nothing of files, models and charts.
"""

from typing import Annotated, Any, Literal, NotRequired

import pydantic
from typing_extensions import TypedDict

Whole = Annotated[int, pydantic.Field(ge=-1, le=2**53)]
Figure = float | int | None
"""None where there was nothing to compute it of."""
Plain = str | float | int | bool | None
Letter = Literal["A", "B"]


class Adapter(TypedDict):
    """Which adapter a name stands for."""

    adapter: str | None
    adapter_fingerprint: str | None


class Model(TypedDict):
    """What a record says of the model."""

    short_name: str
    name: NotRequired[str | None]
    title: NotRequired[str | None]
    device: NotRequired[str | None]
    fingerprint: NotRequired[str | None]
    hidden: NotRequired[Whole | None]
    blocks: NotRequired[Whole | None]
    adapters: NotRequired[dict[str, Adapter]]


class Provenance(TypedDict):
    """When and with what it was made."""

    created: str
    seconds: float | int
    packages: dict[str, Any]
    commit: str | None
    dirty: bool | None
    device: str
    dtype: str


class Record(TypedDict):
    """What every record holds."""

    digest: str
    config: dict[str, Any]
    model: Model
    provenance: Provenance
    notes: NotRequired[list[str]]


class Site(TypedDict):
    """Where a vector stands."""

    block: Annotated[int, pydantic.Field(ge=0, le=10**6)]
    kind: str


class Named(TypedDict):
    """The vectors of one set, as they are called."""

    method: str
    names: list[str]
    sites: NotRequired[list[Site]]
    norms: NotRequired[list[Figure]]


class _Pole(TypedDict):
    label: str


class _Rubric(TypedDict):
    name: str
    poles: Annotated[list[_Pole], pydantic.Field(min_length=2, max_length=2)]


class _Reader(TypedDict):
    short_name: str | None
    fingerprint: str | None


class _Tried(TypedDict):
    asked: Whole
    right: Whole


class Judging(TypedDict):
    """Who labelled texts, and by what; empty in records from before judges had names."""

    name: NotRequired[str]
    title: NotRequired[str]
    rubric: NotRequired[_Rubric]
    rubric_sha256: NotRequired[str]
    model: NotRequired[_Reader]
    on_examples: NotRequired[_Tried]
