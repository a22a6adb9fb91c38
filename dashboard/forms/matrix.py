"""Models x vectors x strengths as one choice of columns. Knows nothing of widgets."""

from collections.abc import Sequence
from typing import Any

from dashboard.forms import configurations
from dashboard.forms.configurations import EMPTY, Choice
from dashboard.words import captions
from engine.configs.grids import Configuration
from engine.errors import ConfigError

_OWN = ("name", "adapter", "vector", "scale", "also", "weights", "models", "vectors", "scales")
"""Fields in which the columns of a matrix may differ, or that say how they do."""


def columns(values: dict[str, Any], options: dict[str, Choice]) -> tuple[Configuration, ...]:
    """Each model unsteered, and then with each vector at each strength.

    Args:
        values: The fields; `models`, `vectors` and `scales` are lists.
        options: The vectors that can be chosen.

    Raises:
        ConfigError: If a list is empty, or a strength is no number.
    """
    if not values["models"]:
        raise ConfigError("A matrix needs at least one model: choose base, or an adapter.")
    if not values["vectors"]:
        raise ConfigError("A matrix needs at least one vector: choose some.")
    scales = [one for one in dict.fromkeys(configurations.strengths(values)) if one]
    if not scales:
        raise ConfigError("A matrix needs a strength other than 0: write some, like -1, 0.5, 1.")
    names = named(options, values["vectors"])
    plain = {**values, "name": "", "also": [], "weights": ""}
    found = []
    for model in values["models"]:
        unsteered = {**plain, "adapter": model, "vector": None, "asks": False}
        found.append(configurations.one(unsteered, names))
        for vector in values["vectors"]:
            for scale in scales:
                asked = {**plain, "adapter": model, "vector": vector, "scale": scale}
                found.append(configurations.one(asked, names))
    return configurations.apart(found)


def named(options: dict[str, Choice], chosen: Sequence[str]) -> dict[str, Choice]:
    """The vectors, those of equal names among the chosen ones told apart by their sets."""
    names = [options[one].name for one in chosen if one in options]
    found = dict(options)
    for one in chosen:
        if one in options and names.count(options[one].name) > 1:
            found[one] = options[one]._replace(name=f"{options[one].name} of {one[:4]}")
    return found


def told(values: dict[str, Any]) -> str:
    """How its columns come about, in words.

    Raises:
        ConfigError: If a strength is no number.
    """
    models = captions.count(len(values["models"]), "model")
    vectors = captions.count(len(values["vectors"]), "vector")
    scales = sum(one != 0 for one in dict.fromkeys(configurations.strengths(values)))
    strengths = captions.count(scales, "strength")
    steered = len(values["models"]) * len(values["vectors"]) * scales
    whole = steered + len(values["models"])
    return (
        f"{models} \u00d7 {vectors} \u00d7 {strengths}, and each model unsteered: "
        f"{captions.count(whole, 'column')}"
    )


def like(columns: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A matrix to begin with: of these columns' models, and of the first one's vector."""
    steered = [one for one in columns if one["vector"]]
    first = steered[0] if steered else EMPTY
    models = list(dict.fromkeys(one["adapter"] or False for one in columns))
    return {
        **first,
        "name": "",
        "adapter": False,
        "also": [],
        "weights": "",
        "models": models or [False],
        "vectors": [first["vector"]] if first["vector"] else [],
        "scales": "",
    }


def of_columns(columns: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The fields of the matrix that a stored grid is; None if it is none.

    Args:
        columns: The fields of its columns, in order.
    """
    steered = [one for one in columns if one["vector"]]
    if not steered:
        return None
    scales = list(dict.fromkeys(one["scale"] for one in steered))
    values = {
        **like(columns),
        "vectors": list(dict.fromkeys(one["vector"] for one in steered)),
        "scales": ", ".join(f"{one:g}" for one in scales),
    }
    places = [_place(one) for one in columns]
    wanted = [(model, None, 0.0) for model in values["models"]]
    wanted += [
        (model, vector, scale)
        for model in values["models"]
        for vector in values["vectors"]
        for scale in scales
    ]
    rest = {_rest(one) for one in steered}
    is_whole = len(places) == len(wanted) and set(places) == set(wanted)
    return values if is_whole and len(rest) == 1 else None


def _place(one: dict[str, Any]) -> tuple[Any, Any, float]:
    """Where in a matrix a column stands: its model, vector and strength."""
    vector = one["vector"]
    return one["adapter"] or False, vector, float(one["scale"]) if vector else 0.0


def _rest(one: dict[str, Any]) -> str:
    """All else that a column does."""
    told = {name: value for name, value in one.items() if name not in _OWN}
    return repr(sorted({**told, "also": one["also"]}.items()))
