"""What a turn follows in a conversation: who may go on with it, and what is taken over of it.

Knows nothing of threads, stores and screens.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engine.configs.chats import Turn
from engine.configs.core import ModelConfig
from engine.configs.steering.interventions import NEUTRAL
from engine.configs.values import built
from engine.errors import ConfigError, ModelError
from engine.model.declared.positions import watched
from engine.model.prompts import NO_TEMPLATE
from engine.records.conversations import Conversation, Exchange
from engine.records.records import VectorSet

if TYPE_CHECKING:
    from engine.evaluators.chats.writing import Written
    from engine.model.forward import Forward

SAME = ("fingerprint", "template_hash", "date")
"""What all turns of a conversation share of their model's identity."""


def adapters(door: "Forward") -> dict[str, str]:
    """The adapters that were there, each by the content of its files."""
    loaded = door.loaded
    names = loaded.config.adapters
    every = (loaded.source, *loaded.more)
    return {
        name: str(one.as_dict()["adapter_fingerprint"])
        for name, one in zip(names, every, strict=False)
    }


def take_over(
    written: Sequence["Written"], so_far: Conversation, turn: Turn, adapters: dict[str, str]
) -> None:
    """Take answers from turns that asked the same of the same pane: it would say the same again."""
    alike = [
        one
        for one in so_far.exchanges
        if (one.parent, one.turn.said, one.turn.settings) == (turn.parent, turn.said, turn.settings)
    ]
    for pane, mine in zip(turn.panes, written, strict=True):
        for one in alike:
            place = one.pane(pane.name)
            theirs, answer = one.turn.panes[place], one.answers[place]
            is_same = (theirs.name, theirs.effect) == (pane.name, pane.effect)
            is_same = is_same and (not pane.adapter or one.adapters == adapters)
            # A reader's own file of usual states may hold others by now.
            is_same = is_same and all(column.usual == NEUTRAL for column in pane.columns)
            if is_same and answer.ended != "stopped" and not mine.is_over:
                mine.take(list(answer.tokens), answer.text, answer.ended == "finished")


def refuse_another(so_far: Conversation, model: ModelConfig) -> None:
    """Refuse another model in a conversation, whose answers would not be comparable.

    Raises:
        ConfigError: If it is one.
    """
    own = built(ModelConfig, so_far.config["model"])
    if (own.model, own.dtype) != (model.model, model.dtype):
        raise ConfigError(
            f"This conversation is with {own.short_name}, and {model.short_name} was asked: begin "
            "a new one."
        )


def refuse_changed(so_far: Conversation, door: "Forward") -> None:
    """Refuse to go on where the record would say another model of all turns than answered some.

    Raises:
        ModelError: If the model's files, its template or the day that it is told are others.
    """
    now = door.loaded.identity()
    if any(so_far.model.get(name) != now.get(name) for name in SAME):
        raise ModelError(
            f"{so_far.model['short_name']} or the date told to it changed since this conversation "
            "began: begin a new one."
        )


def notes(
    door: "Forward", whole: Conversation, one: Exchange, sets: Mapping[str, VectorSet]
) -> tuple[str, ...]:
    """What a reader of a conversation should know once it has grown by an exchange."""
    from engine.evaluators.steering.columns import foreign_notes

    positions = door.loaded.prompter.positions
    with watched():
        for answer in (answer for each in whole.exchanges for answer in each.answers):
            positions.take(answer.prompt_tokens, len(answer.tokens))
        before = positions.notes
        for answer in one.answers:
            positions.take(answer.prompt_tokens, len(answer.tokens))
        found = foreign_notes(door, sets)
    if one.turn.settings.is_raw and NO_TEMPLATE in found:
        # Of raw text, nothing stands around what is said.
        found.remove(NO_TEMPLATE)
    # A longer text's note takes the place of a shorter one's.
    kept = [note for note in whole.notes if note not in before]
    return tuple(dict.fromkeys((*kept, *found)))
