"""Which words stored vectors promote: what is read, after which prompts, beside how many draws.

Knows nothing of torch, files' contents or screens.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from engine.configs.core import (
    STUDY_SYSTEM,
    Known,
    ModelConfig,
    RunConfig,
    VectorRef,
    digest,
    require,
    whole,
)
from engine.configs.fields import setting

LEAST_EPSILON = 0.001
"""A smaller change is lost in rounding, and every word would look like chance."""
LEAST_RANDOM = 28
"""Fewer random vectors could not make a word stand out at the level of a star."""
OWN = ("vectors", "contents", "kept")
"""What of a reading's name its random vectors do not depend on."""


@dataclass(frozen=True, kw_only=True)
class WordsConfig(RunConfig):
    """Words that vectors promote and suppress, beside the same words under random vectors."""

    method: ClassVar[str] = "words"
    title: ClassVar[str] = "Words"
    about: ClassVar[str] = "Words that vectors promote and suppress, beside random vectors."
    files: ClassVar[tuple[str, ...]] = ("prompts",)
    model: ModelConfig = field(default_factory=ModelConfig)
    """The model in which vectors are read; its adapter, where one is named, is on."""
    vectors: tuple[VectorRef, ...] = setting((), "Files or digests, FILE:INDEX.")
    prompts: str = setting(
        "data/prompts/everyday.txt", "File of neutral prompts.", data=("prompts",)
    )
    """After whose ends words are read."""
    count: int = setting(4, "How many of its first prompts.", label="Prompts", least=1)
    random: int = setting(64, "Random vectors at each site.", label="Random vectors", step=8)
    epsilon: float = setting(0.1, "Share of the residual norm that is added and taken away.")
    """Of the median norm of the residual stream at the vector's site."""
    floor: float = setting(1e-5, "Mean probability below which a word's effect is not read.")
    kept: int = setting(6, "Words kept of each sign and reading.", label="Words kept", least=1)
    system: str | None = setting(STUDY_SYSTEM, "System prompt; empty for none.")
    seed: int = setting(0, "Of every random draw.")

    def __post_init__(self) -> None:
        """Refuse no vectors, steps that are none, and too few random vectors."""
        require(len(self.vectors) > 0, "There is nothing to read: name at least one vector file.")
        whole("The number of prompts", self.count, 1)
        whole("The number of kept words", self.kept, 1)
        require(
            self.random >= LEAST_RANDOM,
            f"{self.random} random vectors were asked for, but fewer than {LEAST_RANDOM} leave no "
            "word beyond chance: ask for at least as many.",
        )
        require(
            LEAST_EPSILON <= self.epsilon <= 1,
            f"Epsilon is {self.epsilon:g}, but must be {LEAST_EPSILON:g} to 1 residual norms.",
        )
        require(
            0 <= self.floor < 1,
            f"The floor is {self.floor:g}, but is a probability: name one from 0 to below 1.",
        )

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        count = len(self.vectors)
        return f"Words of {count} set{'s' * (count != 1)}"

    def amount(self, vectors: int) -> float:
        """Vectors that are read, the random ones of each among them."""
        return float(vectors * (1 + self.random) * self.count)

    def named(self, known: Known) -> dict[str, Any]:
        """All settings, with the vectors, the model and the prompts by their content."""
        contents = {ref.digest: known.content(ref.digest) for ref in self.vectors}
        return super().named(known) | {"model": known.model(self.model), "contents": contents}

    def null(self, known: Known) -> str:
        """The name under which readings of the random vectors are kept, for all sets alike."""
        shared = {name: one for name, one in self.named(known).items() if name not in OWN}
        return digest({"method": f"{self.method} of random vectors", **shared})
