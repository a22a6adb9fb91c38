"""What a link says of how a column of the grid steers: short words of settings that are not usual.

Knows nothing of widgets.
"""

from collections.abc import Mapping
from typing import Any

from engine.configs.steering.interventions import OPERATIONS, Intervention

WORDS = {
    "op": "operation",
    "layers": "layers",
    "at": "positions",
    "norm": "preserve_norm",
    "target": "target",
    "second": "second",
    "when": "when",
    "dose": "dose",
}
"""Parameters of a link, and the settings that they are."""


def how(config: Mapping[str, Any]) -> dict[str, str]:
    """The parameters for a sweep's or column's settings, as its record holds them."""
    usual = Intervention()
    found = {}
    for word, name in WORDS.items():
        value = config.get(name)
        if value is None or value == getattr(usual, name):
            continue
        is_list = isinstance(value, list | tuple)
        found[word] = ",".join(map(str, value)) if is_list else _written(value)
    return found


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true"
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings(asked: Mapping[str, str | None]) -> dict[str, Any]:
    """The settings that a link's parameters say; what means nothing is left out.

    Raises:
        ConfigError: If a condition means nothing.
    """
    told = {name: asked[word] for word, name in WORDS.items() if asked.get(word)}
    found: dict[str, Any] = dict(told)
    if told.get("operation") not in OPERATIONS:
        found.pop("operation", None)
    if "preserve_norm" in told:
        found["preserve_norm"] = told["preserve_norm"] == "true"
    if "layers" in told:
        found["layers"] = ", ".join(str(told["layers"]).split(","))
    if "target" in told:
        found["target"] = _number(str(told["target"]))
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
