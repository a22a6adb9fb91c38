"""One intervention: what is done with a vector, where, when and in which weights.

A grid's column and an A/B sweep share these fields; the vector and its strength are their own.
Knows nothing of torch, files' contents or screens.
"""

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, get_args

from engine.configs.core import require
from engine.configs.fields import setting
from engine.configs.steering import gates, windows
from engine.configs.steering.gates import Gate
from engine.configs.steering.windows import Window
from engine.configs.values import Typed
from engine.errors import ConfigError

Operation = Literal[
    "add", "ablate", "set", "cap", "floor", "angular", "spherical", "transport", "low-rank"
]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
TITLES: dict[Operation, str] = {
    "add": "Add",
    "ablate": "Ablate",
    "set": "Set to target",
    "cap": "Cap",
    "floor": "Floor",
    "angular": "Angular",
    "spherical": "Spherical",
    "transport": "Linear transport",
    "low-rank": "Low-rank",
}
"""What they are called on screen."""
TARGETED = ("set", "cap", "floor", "angular")
"""Operations that have a target."""
REMOVING = ("ablate", "low-rank")
"""Operations that take a direction away: their strength has no sign to turn the vector by."""
USUAL_SHARES = (-1.0, -0.5, 0.5, 1.0)
"""Strengths of a sweep of any operation but adding, where none are named."""
NEUTRAL = "data/prompts/neutral.txt"


@dataclass(frozen=True, kw_only=True)
class Intervention(Typed):
    """What is done with a vector, apart from the vector and its strength."""

    new_fields: ClassVar[tuple[str, ...]] = ("target", "second", "when", "dose", "usual")
    """Fields that records before 2026-11-29 lack; left out of names at their defaults."""
    operation: Operation = setting(
        "add",
        "add, ablate, set, cap, floor, angular, spherical, transport or low-rank.",
        label="Operation",
        about="What is done with the vector. add: the vector itself. Every other operation's "
        "strength is a share of the way to its target: 0 nothing, 1 all of it.",
        words={name: title for name, title in TITLES.items()},
    )
    layers: Literal["own", "all"] | tuple[int, ...] = setting("own", "own, all, or blocks as 7,8.")
    """"own": each vector at its own site. Otherwise the vector at the outputs of blocks."""
    positions: str = setting("all", windows.HELP)
    preserve_norm: bool = setting(False, "Keep the norm of every state.")
    """Rescale every changed position to the norm it had."""
    target: float | None = setting(
        None, "Of set, cap, floor, angular: in lengths of the vector from the usual projection."
    )
    """In lengths of the vector from the samples' mean projection; None is 1, and 0 for a cap."""
    second: str | None = setting(None, "Of angular: the plane's second direction, FILE:INDEX.")
    """None is the first principal direction of the samples."""
    when: str | None = setting(None, gates.HELP)
    """See `gates.Gate`; None acts everywhere."""
    dose: str | None = setting(None, "Strength of the adapter, as 0.5 or NAME=1,OTHER=-1.")
    """None is the adapter as it is: strength 1."""
    usual: str = setting(NEUTRAL, "Prompts whose states say what is usual.")
    """File of prompts over whose last tokens projections have their mean."""

    @property
    def how(self) -> dict[str, Any]:
        """Its fields by name, for another config that steers so too."""
        return {one.name: getattr(self, one.name) for one in fields(Intervention)}

    @property
    def gate(self) -> Gate | None:
        """When it acts; None is everywhere."""
        return None if self.when is None else gates.gate(self.when)

    @property
    def window(self) -> Window:
        """Which positions it changes."""
        return windows.window(self.positions)

    @property
    def needs_samples(self) -> bool:
        """Whether what it does depends on what states usually are."""
        return self.operation in TARGETED or self.operation == "transport" or self.when is not None

    @property
    def reach(self) -> float:
        """The target in lengths of the vector from the usual projection."""
        if self.target is not None:
            return self.target
        return 0.0 if self.operation == "cap" else 1.0

    @property
    def referred(self) -> tuple[tuple[str, int], ...]:
        """Digest and index of the vectors that it names itself."""
        gate = self.gate
        second = () if self.second is None else (named_vector(self.second),)
        return (*second, *(() if gate is None else ((gate.digest, gate.index),)))

    def check(self, scale_unit: str) -> None:
        """Refuse what means nothing.

        Raises:
            ConfigError: In one sentence.
        """
        require(
            self.operation in OPERATIONS,
            f"Operation {self.operation!r} is not known: use one of {', '.join(OPERATIONS)}.",
        )
        windows.window(self.positions)
        if self.when is not None:
            gates.gate(self.when)
        require(
            self.operation == "add" or scale_unit == "absolute",
            f"The strength of {self.operation} is a share of the way, with no residual norm in "
            "it: give it as an absolute scale."
            if self.operation != "ablate"
            else "An ablation's scale is the share that is removed: give it as an absolute scale.",
        )
        if isinstance(self.layers, tuple):
            require(len(self.layers) > 0, "No layer was named: use own, all or blocks, as 7,8.")
            require(min(self.layers) >= 0, f"Layer {min(self.layers)} does not exist.")
            require(len(set(self.layers)) == len(self.layers), "A layer is named twice.")
        require(
            self.target is None or self.operation in TARGETED,
            f"A target was given, but {self.operation} has none: leave it out, or use one of "
            f"{', '.join(TARGETED)}.",
        )
        require(
            self.second is None or self.operation == "angular",
            f"A second direction was given, but {self.operation} has no plane: leave it out.",
        )
        if self.second is not None:
            named_vector(self.second)


def named_vector(text: str) -> tuple[str, int]:
    """Digest and index of "DIGEST:INDEX"; the index may be left out for the first.

    Raises:
        ConfigError: If the index is no whole number.
    """
    digest, _, index = text.partition(":")
    if not digest or (index and not index.isdecimal()):
        raise ConfigError(f"{text!r} names no vector: write DIGEST:INDEX, as 1c0b54aa03fe:5.")
    return digest, int(index or 0)


def without_new(plain: dict[str, Any]) -> dict[str, Any]:
    """A column or sweep as plain values, less the newer fields at their defaults."""
    usual = Intervention()
    return {
        name: value
        for name, value in plain.items()
        if name not in Intervention.new_fields or value != getattr(usual, name)
    }
