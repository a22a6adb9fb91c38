"""A conversation in a program: say something, read what each pane answers.

It is the page's own conversation: what one asks, the other opens. Knows nothing of models.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from engine.configs.chats import Pane, Settings, Turn
from engine.configs.core import ModelConfig
from engine.errors import ConfigError, EngineError, ModelError
from engine.program import frames
from engine.program.objects import Shown
from engine.records.conversations import Conversation

PANES = (Pane(name="unsteered"),)


@dataclass(eq=False, repr=False)
class Chat:
    """A conversation that is going on."""

    engine: Any
    model: ModelConfig
    panes: Sequence[Pane] = PANES
    settings: Settings = field(default_factory=Settings)
    digest: str | None = None
    """Of its record; None before something was said."""
    turn: int | None = None
    """The exchange that the next message follows."""

    def say(self, text: str) -> dict[str, str]:
        """Each pane's answer, by the pane's name.

        Args:
            text: The message; of raw text, what the model goes on from.

        Raises:
            EngineError: For everything the user can mend.
        """
        turn = Turn(said=text, panes=tuple(self.panes), settings=self.settings, parent=self.turn)
        talk = self.engine.talks.say(self.model, turn, self.digest)
        talk.wait()
        if talk.number is None:
            if talk.traceback is not None:
                raise ModelError(f"{talk.error}\n{talk.traceback}")
            raise EngineError(talk.error or "The answer was stopped before its first token.")
        self.digest, self.turn = talk.digest, talk.number
        return dict(zip([pane.name for pane in turn.panes], talk.texts, strict=True))

    @property
    def record(self) -> Conversation:
        """All that was said.

        Raises:
            StoreError: If nothing was.
        """
        return self.engine.store.load_conversation(self.digest or "nothing was said yet")

    def frame(self) -> pd.DataFrame:
        """One row for each answer: turn, parent, said, pane, text, ended, tokens."""
        return pd.DataFrame(self.record.rows() if self.digest else [])

    def __repr__(self) -> str:
        """One line."""
        panes = ", ".join(pane.name for pane in self.panes)
        return f"<Chat with {self.model.short_name}: {panes}, {self.digest or 'nothing said yet'}>"


class ShownConversation(Shown):
    """A stored conversation."""

    record: Conversation

    @property
    def words(self) -> str:
        """Such as "Conversation: 2 turns, demo"."""
        turns = frames.count(len(self.record.exchanges), "turn")
        return f"Conversation: {turns}, {frames.model_of(self.record.model)}"

    def frame(self) -> pd.DataFrame:
        """One row an answer: turn, parent, said, pane, text, ended, tokens."""
        return pd.DataFrame(self.record.rows())

    def chart(self) -> Any:
        """Refuses: a conversation is read.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError("A conversation is not drawn: read it in frame(), one row an answer.")
