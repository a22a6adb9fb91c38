"""How rows of programs that know no steering say how they were steered: by names that sweeps use.

Knows nothing of any program's layout.
"""

from collections.abc import Mapping
from typing import Any

from engine.errors import DataError
from engine.foreign.formats.sweeps import FIELDS

SCALE = "scale"


def said(*places: Any) -> dict[str, Any]:
    """Kind of vector, its index and its scale, each from the first place that has it.

    Args:
        places: Objects, or texts such as "pretrained=gpt2,scale=2"; all else says nothing.
    """
    found: dict[str, Any] = {}
    every = [_named(place) for place in places]
    for ours, to in (("method", "vector_type"), ("vector", "vector_idx"), ("scale", SCALE)):
        for place in every:
            value = next((place[name] for name in FIELDS[ours] if name in place), None)
            if value is not None and isinstance(value, str | int | float):
                found.setdefault(to, value)
    return found


def _named(place: Any) -> Mapping[str, Any]:
    if isinstance(place, str):
        parts = (part.partition("=") for part in place.split(","))
        return {name.strip(): value.strip() for name, equals, value in parts if equals}
    return place if isinstance(place, Mapping) else {}


def refuse_unsteered(name: str, rows: list[dict[str, Any]], where: str) -> None:
    """Refuse rows of which some say no scale.

    Raises:
        DataError: Names how many, and where a scale would be found.
    """
    silent = sum(SCALE not in row for row in rows)
    if silent:
        raise DataError(
            f"{name} has {silent} of {len(rows)} rows without a steering scale: write it as "
            f"'scale' in {where}, 0 where nothing was added."
        )
