"""What a search for the best vector and scale asks: a frozen value around the full grid's own."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from engine.configs.core import Known, RunConfig
from engine.configs.fields import setting
from engine.configs.sweeps import EvaluateConfig
from engine.configs.values import built as values_of
from engine.errors import ConfigError

Direction = Literal["either", "toward", "away"]
"""Which way the behaviour is to move: "either" takes the largest change whatever its sign."""
AdaptiveMeasure = Literal["logits", "share"]
"""What "best" means: by the mean change of the logit difference, as on every leaderboard, or by the
change of the share of questions answered with the behaviour."""

SIGNS: dict[str, tuple[int, ...]] = {"either": (1, -1), "toward": (1,), "away": (-1,)}


@dataclass(frozen=True, kw_only=True)
class AdaptiveConfig(RunConfig):
    """A sweep that stops asking cells which cannot be the best."""

    method: ClassVar[str] = "screening"
    title: ClassVar[str] = "Adaptive sweep"
    about: ClassVar[str] = "Finds the best vector and scale without asking all of the grid."
    sweep: EvaluateConfig = field(default_factory=EvaluateConfig)
    """The full grid it stands for, without controls and side effects."""
    direction: Direction = setting(
        "either",
        "With --adaptive: which way it is to move.",
        lists_choices=True,
        label="Behaviour moves",
        about="",
        is_segmented=True,
        words={"either": "Either way", "toward": "Toward it", "away": "Away from it"},
    )
    measure: AdaptiveMeasure = setting(
        "logits",
        "With --adaptive: logits, or share of answers.",
        lists_choices=True,
        label="Best by",
        is_segmented=True,
        words={"logits": "Mean logit difference", "share": "Share of answers"},
        about="Mean logit difference: as on the leaderboard. Share of answers: how many questions "
        "change sides.",
    )
    delta: float = setting(
        0.05,
        "With --adaptive: chance at most to miss the best.",
        label="Chance to miss the best, at most",
        about="",
        least=0.001,
        most=0.5,
        step=0.01,
    )
    """Chance at most that the full grid's best is dropped."""
    batch: int = 5
    """Questions asked between two decisions."""

    def __post_init__(self) -> None:
        """Refuse what has no best cell, and a chance that is none."""
        if not self.sweep.vectors:
            raise ConfigError("There is nothing to choose from: name at least one vector file.")
        if self.sweep.controls or self.sweep.side_effects:
            raise ConfigError(
                "An adaptive sweep asks neither random controls nor side effects: evaluate what "
                "it finds with them."
            )
        if not 0 < self.delta < 1:
            raise ConfigError(f"delta is {self.delta}, but must lie between 0 and 1, as 0.05.")
        if self.batch < 1:
            raise ConfigError(f"A round asks {self.batch} questions, but needs at least 1.")

    @classmethod
    def of(cls, grid: EvaluateConfig, **settings: Any) -> "AdaptiveConfig":
        """The search that stands for a sweep, whose controls and side effects are left out."""
        bare = dataclasses.replace(grid, controls=0, control_kind="isotropic", side_effects=False)
        return cls(sweep=bare, **settings)

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        count = len(self.sweep.vectors)
        return f"{self.title} of {count} set{'s' * (count != 1)}"

    def named(self, known: Known) -> dict[str, Any]:
        """The full grid's own digest, and how the best is chosen."""
        fields = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        return {"grid": known.digest(fields.pop("sweep")), **fields}


def config_of(record: dict[str, Any]) -> AdaptiveConfig:
    """What a stored record was asked.

    Raises:
        ConfigError: If it is of another version.
    """
    chosen = {name: value for name, value in record["config"].items() if name != "grid"}
    values = {**chosen, "sweep": record["sweep"]}
    try:
        return values_of(AdaptiveConfig, values)
    except (TypeError, KeyError, ValueError) as error:
        raise ConfigError(
            f"This adaptive sweep's request is incomplete or from another version: {error}."
        ) from error
