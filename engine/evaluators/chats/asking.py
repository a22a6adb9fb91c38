"""From a turn and what was said before to the tokens and the edits of each pane.

Knows nothing of how answers are written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.configs.chats import Pane, Settings
from engine.configs.steering.doses import Which
from engine.evaluators.steering.kept import columns_of
from engine.model.edits import Edit
from engine.model.forward import Forward
from engine.records.conversations import Said
from engine.records.records import VectorSet


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """One pane, ready to be written."""

    tokens: list[int]
    """All that stands before the answer."""
    edits: list[Edit]
    which: Which
    effect: str
    """Panes of one effect and the same tokens are one row."""


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
    names = tuple(door.loaded.config.adapters)
    columns = [column for pane in panes for column in pane.columns]
    made = columns_of(door, columns, sets, settings.system, None)
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
