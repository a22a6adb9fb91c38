"""A conversation: a tree of exchanges, each with the answers of the panes that were asked.

An exchange never changes: what is asked again, edited or steered otherwise is a sibling. Knows
nothing of models, files or screens.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from engine.configs.chats import Pane, Turn
from engine.configs.values import built
from engine.errors import DataError
from engine.records.records import Provenance

Ended = Literal["finished", "longest", "stopped"]
"""The model ended it; the longest answer was reached; the reader stopped it."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one pane said."""

    text: str
    """Without special tokens and without the given beginning."""
    tokens: tuple[int, ...] = ()
    """As written, with the one that ended it."""
    ended: Ended = "finished"
    prompt_tokens: int = 0
    """Tokens that stood before, the given beginning among them."""


class Said(NamedTuple):
    """One side's words, as a chat template takes them."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One turn with its answers, in the order of its panes."""

    id: int
    """Its number in the conversation, from 0."""
    turn: Turn
    answers: tuple[Answer, ...]
    created: str
    """UTC, ISO 8601."""
    adapters: dict[str, str] = field(default_factory=dict)
    """What the adapters were called that could answer, and the hash of each one's files."""
    seconds: float = 0.0
    """That the writing of all answers took; 0 where some were taken over from another turn."""

    @property
    def parent(self) -> int | None:
        """The exchange that it follows."""
        return self.turn.parent

    def pane(self, name: str) -> int:
        """Place of the pane of that name; the first where it has none such."""
        names = [pane.name for pane in self.turn.panes]
        return names.index(name) if name in names else 0

    def answered(self, place: int) -> str:
        """What one pane said, with the beginning that it was given."""
        return self.turn.settings.prefill + self.answers[place].text


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """One conversation."""

    digest: str
    """Given when it begins, and kept while it grows."""
    config: dict[str, Any]
    """`model`: the `ModelConfig` that is asked, as plain values."""
    model: dict[str, Any]
    """Identity of the model."""
    exchanges: tuple[Exchange, ...] = ()
    vector_names: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By vector set digest: method, names, sites, norms."""
    provenance: Provenance
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The first words that were said."""
        return self.exchanges[0].turn.said if self.exchanges else ""

    def exchange(self, number: int) -> Exchange:
        """The exchange of that number.

        Raises:
            DataError: If there is none.
        """
        if not 0 <= number < len(self.exchanges):
            raise DataError(
                f"Turn {number} was asked for, but this conversation has turns 0 to "
                f"{len(self.exchanges) - 1}: choose one of them."
            )
        return self.exchanges[number]

    def path(self, number: int | None) -> list[Exchange]:
        """The exchanges from the beginning up to this one."""
        found: list[Exchange] = []
        while number is not None:
            found.append(self.exchange(number))
            number = found[-1].parent
        return found[::-1]

    def siblings(self, number: int) -> list[Exchange]:
        """All exchanges that follow the same one, itself among them, in the order of asking."""
        parent = self.exchange(number).parent
        return [one for one in self.exchanges if one.parent == parent]

    def last(self, number: int) -> int:
        """The newest exchange that can be reached from this one."""
        while children := [one.id for one in self.exchanges if one.parent == number]:
            number = children[-1]
        return number

    def before(self, parent: int | None, pane: Pane) -> list[Said]:
        """What stands before a new turn in a pane: words and that pane's own answers.

        A pane that was not there yet goes on from the first pane's answers.
        """
        said: list[Said] = []
        for one in self.path(parent):
            said.append(Said("user", one.turn.said))
            said.append(Said("assistant", one.answered(one.pane(pane.name))))
        return said

    def rows(self) -> list[dict[str, Any]]:
        """One row for each answer: turn, parent, said, pane, text, ended, tokens."""
        return [
            {
                "turn": one.id,
                "parent": one.parent,
                "said": one.turn.said,
                "pane": pane.name,
                "text": one.answered(place),
                "ended": one.answers[place].ended,
                "tokens": len(one.answers[place].tokens),
            }
            for one in self.exchanges
            for place, pane in enumerate(one.turn.panes)
        ]

    def with_exchange(self, one: Exchange) -> "Conversation":
        """The same with one exchange more."""
        return dataclasses.replace(self, exchanges=(*self.exchanges, one))


def exchange_of(plain: dict[str, Any]) -> Exchange:
    """An exchange from its plain values.

    Raises:
        ConfigError: If a setting in it means nothing.
        TypeError: If a field is unknown.
    """
    return built(Exchange, plain)
