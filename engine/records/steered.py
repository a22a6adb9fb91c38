"""How a sweep or a grid's column steers, as its record tells, and what its strengths are called.

Records from before operations had names added vectors at their own sites, at all positions. Knows
nothing of models and charts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from engine.configs.steering import gates
from engine.configs.steering.gates import Gate
from engine.configs.steering.interventions import REMOVING, TARGETED, TITLES, Intervention
from engine.errors import ConfigError

DOES = {
    "add": "add to the residual stream",
    "ablate": "remove from the residual stream",
    "set": "set the projection to {target}",
    "cap": "cap the projection at {target}",
    "floor": "raise the projection to at least {target}",
    "angular": "turn, in the plane with {second}, to where the projection is {target}",
    "spherical": "turn towards the vector, at equal length",
    "transport": "carry, coordinate by coordinate, to where the vector's other samples lie",
    "low-rank": "remove the span of all chosen vectors of a set at a site, told as its first one",
}
"""What each operation does, as a recipe says it."""
MAY_REST = ("cap", "floor")
"""Operations that leave a state alone that is where it should be."""


@dataclass(frozen=True, kw_only=True)
class Steered:
    """What was done with a vector, apart from the vector and its strength."""

    operation: str = "add"
    is_relative: bool = False
    """Whether strengths are in units of the residual norm."""
    layers: str | tuple[int, ...] = "own"
    positions: str = "all"
    preserve_norm: bool = False
    target: float | None = None
    second: str | None = None
    when: str | None = None
    dose: str | None = None
    """Of the adapter, as it was written."""

    @property
    def adds(self) -> bool:
        """Whether it adds multiples of the vector."""
        return self.operation == "add"

    @property
    def may_rest(self) -> bool:
        """Whether it may rightly change nothing at some strength."""
        return self.operation in MAY_REST or self.when is not None

    @property
    def needs_usual(self) -> bool:
        """Whether it depends on what states usually are."""
        return self.operation in (*TARGETED, "transport") or self.when is not None

    @property
    def title(self) -> str:
        """The operation as it stands above a picture."""
        return next(
            (told for name, told in TITLES.items() if name == self.operation), self.operation
        )

    @property
    def axis(self) -> str:
        """Title of an axis of strengths."""
        if self.adds:
            return "steering scale" + (" (× residual norm)" if self.is_relative else "")
        if self.operation in REMOVING:
            return f"strength of {self.title.lower()} (share that is removed)"
        return f"strength of {self.title.lower()} (share of the way)"

    def at(self, strength: float) -> str:
        """A strength with the operation that it is of: "+10", "set +0.5"."""
        return f"{strength:+g}" if self.adds else f"{self.operation} {strength:+g}"

    @property
    def unit(self) -> str:
        """What strengths are multiples or shares of."""
        if self.adds:
            norms = "times the median residual norm, per unit vector"
            return norms if self.is_relative else "times the vector"
        if self.operation in REMOVING:
            return "shares of what is removed; below 0 it is strengthened"
        return "shares of the way, 1 all of it; below 0 along the vector turned round"

    @property
    def column(self) -> str:
        """The same in a column of a table."""
        if self.adds:
            return "× residual norm" if self.is_relative else "× vector"
        noun = "removed" if self.operation in REMOVING else "of the way"
        return f"{noun} ({self.operation})"

    @property
    def used_at(self) -> str:
        """The blocks at which every vector acts; empty where each acts at its own site."""
        if self.layers == "own":
            return ""
        if isinstance(self.layers, str):
            return f"{self.layers} blocks"
        return f"block{'s' * (len(self.layers) > 1)} {', '.join(map(str, self.layers))}"

    @property
    def short(self) -> str:
        """What sets it apart from adding at the vector's own site, for a title; mostly empty."""
        told = [] if self.adds else [self.title]
        told += [self.used_at] if self.used_at else []
        told += [] if self.positions == "all" else [self.positions]
        told += ["norm kept"] if self.preserve_norm else []
        told += [] if self.target is None else [f"target {self.target:g}"]
        told += [] if self.when is None else ["gated"]
        told += [] if self.dose is None else [f"adapter at {self.dose}"]
        return ", ".join(told)

    @property
    def does(self) -> str:
        """The operation in a recipe."""
        reach = (0.0 if self.operation == "cap" else 1.0) if self.target is None else self.target
        target = f"the usual one {'+' if reach >= 0 else '−'} {abs(reach):g} × the vector's norm"
        second = self.second or "the first principal direction of usual states"
        shown = DOES.get(self.operation, self.operation)
        return shown.format(target=target, second=second)

    @property
    def gated(self) -> str:
        """When it acts, in words; empty where it always does."""
        found = None if self.when is None else _gate(self.when)
        if found is None:
            return "" if self.when is None else f"only where {self.when}"
        side = "above" if found.is_above else "below"
        per = "on the mean of the prompt" if found.per == "prompt" else "token by token"
        return (
            f"only where states along vector {found.index} of set {found.digest} at block "
            f"{found.block} are {side} {found.level:+g} sd of usual ones, {per}"
        )


PLAIN = Steered()
"""Adding multiples of a vector, as all older records did."""
NAMES = tuple(one.name for one in fields(Steered) if one.name != "is_relative")


def of_config(config: Mapping[str, Any]) -> Steered:
    """How a sweep or a column steers, by its settings as its record holds them."""
    told = {name: config[name] for name in NAMES if config.get(name) is not None}
    layers = told.get("layers", "own")
    told["layers"] = layers if isinstance(layers, str) else tuple(layers)
    return Steered(**told, is_relative=config.get("scale_unit") == "relative")


def of_intervention(how: Intervention, is_relative: bool) -> Steered:
    """The same of a config."""
    return Steered(**{name: getattr(how, name) for name in NAMES}, is_relative=is_relative)


def _gate(text: str) -> Gate | None:
    try:
        return gates.gate(text)
    except ConfigError:
        return None
