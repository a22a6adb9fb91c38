"""What is asked of a conversation's drift: its turns, vectors at blocks, and the weights that read.

A drift is a quick figure and no record, so nothing here has a digest. Knows nothing of torch.
"""

from dataclasses import dataclass, field
from typing import Literal

from engine.configs.core import ModelConfig, require
from engine.configs.reads.strips import VectorAt
from engine.configs.steering import doses
from engine.configs.steering.doses import Which
from engine.configs.values import Typed

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, kw_only=True)
class Spoken(Typed):
    """One turn as the model was given it, or as it wrote it."""

    role: Role
    text: str
    """Of an answer, with the beginning that was given."""
    is_steered: bool = False
    """Whether vectors acted while it was written."""
    prefill: str = ""
    """The given beginning of the last answer."""
    tokens: tuple[int, ...] = ()
    """The last answer as it was written, after its given beginning; () reads its text."""


@dataclass(frozen=True, kw_only=True)
class DriftAsk(Typed):
    """All that the drift of one conversation depends on; equal asks have equal drifts."""

    turns: tuple[Spoken, ...]
    vectors: tuple[VectorAt, ...]
    pane: str = ""
    """Whose answers these are."""
    model: ModelConfig = field(default_factory=ModelConfig)
    adapter: bool | str = False
    """The weights that read: the base model, or an adapter."""
    dose: str | None = None
    """Of the adapter."""
    is_raw: bool = False
    """Whether no chat template stands between the turns."""
    seed: int = 0
    """Of the random directions."""

    def __post_init__(self) -> None:
        """Refuse no turns, no vector, and known tokens in the middle of a conversation."""
        require(len(self.turns) > 0, "Nothing was said yet: write a message first.")
        require(len(self.vectors) > 0, "A drift needs a vector: choose one.")
        early = any(one.tokens or one.prefill for one in self.turns[:-1])
        require(not early, "Only the last answer is read as tokens: give the others as texts.")
        last = self.turns[-1]
        is_answer = last.role == "assistant"
        require(is_answer or not last.tokens, "Only an answer is read as tokens.")
        require(
            last.text.startswith(last.prefill), "An answer does not begin with what it was given."
        )
        roles = [one.role for one in self.turns]
        require("system" not in roles[1:], "A system prompt stands first: move it.")
        _ = self.which

    @property
    def which(self) -> Which:
        """The weights that read, as the door is asked for them."""
        return doses.chosen(self.adapter, self.dose, tuple(self.model.adapters))

    @property
    def digests(self) -> tuple[str, ...]:
        """The vector sets that are used, each once."""
        return tuple(dict.fromkeys(one.digest for one in self.vectors))
