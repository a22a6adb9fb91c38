"""What records of conversations must hold. Knows nothing of files and charts."""

import functools
from typing import Annotated, Any, Literal, NotRequired

import pydantic
from typing_extensions import TypedDict

from engine.errors import ConfigError
from engine.records.sound_parts import Named, Record, Whole


class _Pane(TypedDict):
    name: str
    adapter: bool | str
    dose: str | None
    chips: list[dict[str, Any]]


class _Settings(TypedDict):
    system: str | None
    prefill: str
    temperature: float | int
    top_k: Whole
    top_p: float | int
    seed: int
    max_new_tokens: Whole
    is_raw: bool


class _Turn(TypedDict):
    said: str
    panes: Annotated[list[_Pane], pydantic.Field(min_length=1)]
    settings: _Settings
    parent: Whole | None


class _Answer(TypedDict):
    text: str
    tokens: list[Whole]
    ended: Literal["finished", "longest", "stopped"]
    prompt_tokens: Whole


class _Exchange(TypedDict):
    id: Whole
    turn: _Turn
    answers: Annotated[list[_Answer], pydantic.Field(min_length=1)]
    created: str
    adapters: NotRequired[dict[str, str]]
    seconds: NotRequired[float | int]


class Conversation(Record):
    """A tree of turns."""

    exchanges: list[_Exchange]
    vector_names: dict[str, Named]


def follows(number: int, exchange: dict[str, Any]) -> bool:
    """Whether an exchange stands where its number says, after what it follows, all panes answered.

    Args:
        number: Its place.
        exchange: As it is stored.
    """
    turn = exchange["turn"]
    parent = turn["parent"]
    is_after = parent is None or 0 <= parent < number
    return exchange["id"] == number and is_after and len(exchange["answers"]) == len(turn["panes"])


def check_turn(turn: dict[str, Any]) -> None:
    """Refuse a turn whose conversation could not be opened again, before it is asked.

    Args:
        turn: As plain values.

    Raises:
        ConfigError: Names the first value that is not what it must be.
    """
    try:
        _turns().validate_python(turn, strict=True)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = "/".join(str(part) for part in first["loc"])[:120]
        raise ConfigError(
            f"{place!r} is {str(first['input'])[:40]!r}, where {first['msg'].lower()}: mend it."
        ) from error


@functools.cache
def _turns() -> pydantic.TypeAdapter:
    return pydantic.TypeAdapter(_Turn)
