"""Operation and model, where the file and the one beside it may each say their own.

Where they disagree the person is asked, and what both say is kept. Knows nothing of bytes.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from engine.configs.core import PRESETS
from engine.errors import DataError
from engine.foreign.formats.places import DISPUTED, FILE, SIDECAR, USER
from engine.foreign.formats.values import Fact, ForeignVectors, Given, Operation, model_of

_OPERATIONS: dict[str, Operation] = {
    "add": "add", "subtract": "subtract", "ablate": "ablate", "project": "ablate",
}  # fmt: skip


def of_operation(
    found: ForeignVectors, own: Mapping[str, Any], beside: Mapping[str, Any], given: Given
) -> ForeignVectors:
    """The vectors with their operation, or with the question which of two it is.

    Args:
        found: What is known so far.
        own: Plain values of the file itself.
        beside: Those of the file beside it.
        given: What a person states.

    Raises:
        DataError: If a person states another than the file says, or a third.
    """
    layout = found.operation if found.operation != "not stated" else None
    told, other = layout or _operation(own), _operation(beside)
    stated = given.operation if given.operation != "not stated" else None
    if told and other and told != other:
        return _operation_disputed(found, told, other, stated)
    known, who = told or other, FILE if told else SIDECAR
    said = found.said if known is None else {"operation": who} | found.said
    if known is not None and stated not in (None, known):
        raise DataError(
            f"{found.name} was made to {known}, but {stated} was stated: leave --operation out."
        )
    if known is None and stated is not None:
        known, said = stated, found.said | {"operation": USER}
    return dataclasses.replace(found, operation=known or "not stated", said=said)


def _operation(values: Mapping[str, Any]) -> Operation | None:
    return _OPERATIONS.get(str(values.get("operation", "")).lower())


def _operation_disputed(
    found: ForeignVectors, told: Operation, other: Operation, stated: Operation | None
) -> ForeignVectors:
    words = f"The file says to {told}, but the file beside it says to {other}"
    if stated is None:
        return _asked(
            dataclasses.replace(found, operation="not stated"),
            "operation",
            f"{words}: state which.",
        )
    if stated not in (told, other):
        raise DataError(f"{found.name}: {words}. To {stated} is neither: state one of them.")
    remarks = (*found.remarks, f"{words}; you stated to {stated}.")
    said = found.said | {"operation": USER}
    return dataclasses.replace(found, operation=stated, remarks=remarks, said=said)


def of_model(
    found: ForeignVectors, own: Mapping[str, Any], beside: Mapping[str, Any], given: Given
) -> ForeignVectors:
    """The vectors, with the question of which of two models they are, where a person was silent.

    Args:
        found: What is known so far.
        own: Plain values of the file itself.
        beside: Those of the file beside it.
        given: What a person states.
    """
    told, other = model_of(dict(own)), model_of(dict(beside))
    if not told or not other or _same(told, other):
        return found
    words = f"The file says model {told[:80]}, but the file beside it says {other[:80]}"
    if given.model is None:
        return _asked(found, "model", f"{words}: state the model.")
    remark = f"{words}; you stated {given.model[:80]}."
    said = found.said | {"model": USER}
    return dataclasses.replace(found, remarks=(*found.remarks, remark), said=said)


def _same(one: str, other: str) -> bool:
    """Whether two names may be one model: by their last parts, whoever published it."""
    return _last(one) == _last(other)


def _last(name: str) -> str:
    short = name.strip().rstrip("/").casefold()
    preset = PRESETS.get(short)
    place = short if preset is None else str(preset.location).casefold()
    return PurePath(place).name


def _asked(found: ForeignVectors, fact: Fact, words: str) -> ForeignVectors:
    return dataclasses.replace(
        found,
        asks=(*found.asks, fact),
        disputes=(*found.disputes, words),
        said=found.said | {fact: DISPUTED},
    )
