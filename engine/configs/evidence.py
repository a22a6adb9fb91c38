"""How far found vectors can be trusted: what is done for one stored set, as a frozen value."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from engine.configs.core import Known, RunConfig
from engine.configs.fields import setting
from engine.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class EvidenceConfig(RunConfig):
    """Repeat finders with other seeds and prompts; residuals, gaps, displacement, reliability."""

    method: ClassVar[str] = "evidence"
    title: ClassVar[str] = "Evidence"
    about: ClassVar[str] = (
        "Repeats finders with other seeds and prompts; residuals, gaps, displacement, reliability."
    )
    vectors: str
    """Digest of the set."""
    seeds: int = setting(2, "Repeats with other seeds.")
    prompts: tuple[str, ...] = ()
    """Repeats from other prompts, one each."""
    draws: int = setting(128, "Random directions beside MELBO vectors.")
    """Random directions beside which MELBO vectors are placed."""

    def __post_init__(self) -> None:
        """Refuse negative counts."""
        if min(self.seeds, self.draws) < 0:
            raise ConfigError("Repeats and random directions cannot be fewer than 0.")

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        return f"Evidence for {self.vectors[:4]}"

    def named(self, known: Known) -> dict[str, Any]:
        """All settings, with the vectors by their content too."""
        return super().named(known) | {"contents": {self.vectors: known.content(self.vectors)}}

    def shows(self, digest: str) -> str:
        """The vectors themselves, beside which the evidence stands."""
        return self.vectors
