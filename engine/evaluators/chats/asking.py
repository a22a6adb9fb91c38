"""From a turn and what was said before to the tokens and the edits of each pane.

What costs passes over sample prompts, residual norms and usual states, is kept for the model, so
that only the first turn pays for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.configs.chats import Pane, Settings
from engine.configs.core import Site
from engine.configs.grids import Configuration
from engine.configs.steering.doses import Which
from engine.configs.steering.interventions import NEUTRAL
from engine.evaluators.steering.columns import Columns, residual_norms
from engine.evaluators.steering.usual import Usual
from engine.model.edits import Edit
from engine.model.forward import Forward
from engine.questions import files
from engine.records.conversations import Said
from engine.records.records import VectorSet

MOST_USUAL = 8
"""System prompts and doses whose usual states stay in memory from one turn to the next."""
NORM_PROMPTS = 16
"""Neutral prompts over whose tokens residual norms are taken."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """One pane, ready to be written."""

    tokens: list[int]
    """All that stands before the answer."""
    edits: list[Edit]
    which: Which
    effect: str
    """Panes of one effect and the same tokens are one row."""


@dataclass(eq=False)
class Known:
    """What was measured of one model for chats."""

    norms: dict[Site, float] = field(default_factory=dict)
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


def rows(
    door: Forward,
    panes: Sequence[Pane],
    before: Sequence[Sequence[Said]],
    said: str,
    settings: Settings,
    sets: Mapping[str, VectorSet],
) -> list[Row]:
    """Every pane's tokens and edits.

    Args:
        door: The model.
        panes: In the order of the page.
        before: Of each pane, what was said so far.
        said: The new message.
        settings: Of the turn.
        sets: The stored vector sets by the digests that the panes name.

    Raises:
        EngineError: If a vector, a block, an adapter or the length does not fit the model.
    """
    names, known = tuple(door.loaded.config.adapters), door.kept.setdefault("chats", Known())
    columns = [column for pane in panes for column in pane.columns]
    known.renew(columns)
    made = Columns(door, columns, sets, settings.system, known.usual)
    made.residuals = _norms(door, columns, made.sites, known)
    return [
        Row(
            tokens=tokens(door, past, said, settings),
            edits=[edit for column in pane.columns for edit in made.edits(column)],
            which=pane.which(names),
            effect=pane.effect,
        )
        for pane, past in zip(panes, before, strict=True)
    ]


def tokens(door: Forward, before: Sequence[Said], said: str, settings: Settings) -> list[int]:
    """All that stands before a pane's answer, the given beginning among it."""
    prompter, more = door.loaded.prompter, settings.max_new_tokens
    if settings.is_raw:
        past = "".join(one.text for one in before)
        return prompter.raw(past + said + settings.prefill, more)
    system = [Said("system", settings.system)] if settings.system else []
    turns = [*system, *before, Said("user", said)]
    plain = [{"role": one.role, "content": one.text} for one in turns]
    return prompter.spoken(plain, settings.prefill, more)


def _norms(
    door: Forward, columns: Sequence[Configuration], sites: Sequence[Site], known: Known
) -> dict[Site, float]:
    """Residual norms at the sites, where some strength is told in them."""
    missing = [site for site in sites if site not in known.norms]
    if missing and any(column.scale_unit == "relative" for column in columns):
        prompts = files.load_prompts(NEUTRAL)[:NORM_PROMPTS]
        asked = [door.loaded.prompter.tokens(prompt) for prompt in prompts]
        known.norms |= residual_norms(door, asked, missing)
    return known.norms
