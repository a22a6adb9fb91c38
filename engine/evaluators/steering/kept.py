"""What was measured of a model to steer live, kept as long as its door: norms and usual states.

Residual norms and usual states cost passes over sample prompts; with them kept only the first
request pays. Usual states go when their file holds something else. Knows nothing of panes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.configs.core import Site
from engine.configs.grids import Configuration
from engine.configs.steering.interventions import NEUTRAL
from engine.evaluators.steering.columns import Columns, residual_norms
from engine.evaluators.steering.usual import Usual
from engine.model.forward import Forward
from engine.questions import files
from engine.records.records import VectorSet

NORM_PROMPTS = 16
"""Neutral prompts over whose tokens residual norms are taken."""
MOST_USUAL = 8
"""Usual states that are kept: each holds 64 prompts' of every block that was asked."""


@dataclass(eq=False)
class Kept:
    """Of one door."""

    norms: dict[str | None, dict[Site, float]] = field(default_factory=dict)
    """By the system prompt under which they were taken."""
    usual: dict[Any, Usual] = field(default_factory=dict)
    prompts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What the files held that say what is usual, when it was captured."""

    def renew(self, columns: Sequence[Configuration]) -> None:
        """Forget what is of files that hold something else by now, and the oldest of too much.

        Raises:
            DataError: If one cannot be read.
        """
        for path in dict.fromkeys(one.usual for one in columns):
            held = files.load_prompts(path)
            if self.prompts.setdefault(path, held) != held:
                self.usual = {key: one for key, one in self.usual.items() if key[0] != path}
                self.prompts[path] = held
        for key in list(self.usual)[: max(0, len(self.usual) - MOST_USUAL)]:
            del self.usual[key]

    def norms_at(
        self, door: Forward, sites: Sequence[Site], system: str | None
    ) -> dict[Site, float]:
        """Residual norms at these sites and all that were asked before, under a system prompt."""
        known = self.norms.setdefault(system, {})
        missing = [site for site in sites if site not in known]
        if missing:
            prompts = files.load_prompts(NEUTRAL)[:NORM_PROMPTS]
            tokens = [door.loaded.prompter.tokens(prompt, system) for prompt in prompts]
            known |= residual_norms(door, tokens, missing)
        return known


def columns_of(
    door: Forward,
    columns: Sequence[Configuration],
    sets: Mapping[str, VectorSet],
    usual_under: str | None,
    norms_under: str | None,
) -> Columns:
    """What makes the edits of columns, from what is kept of the model.

    Args:
        door: The model.
        columns: What acts.
        sets: The stored vector sets by the digests that they name.
        usual_under: System prompt of the prompts that say what is usual.
        norms_under: System prompt under which residual norms are taken, where one is needed.

    Raises:
        EngineError: If a vector, a block or an adapter does not fit the model.
    """
    kept: Kept = door.kept.setdefault("steering", Kept())
    kept.renew(columns)
    made = Columns(door, columns, sets, usual_under, kept.usual)
    if any(one.scale_unit == "relative" for one in columns):
        made.residuals = kept.norms_at(door, made.sites, norms_under)
    return made
