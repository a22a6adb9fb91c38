"""What a token strip is asked of: one text, some vectors at blocks, and how it is steered.

A strip is a quick figure and no record, so nothing here has a digest. Knows nothing of torch.
"""

from dataclasses import dataclass, field

from engine.configs.core import ModelConfig, require
from engine.configs.grids import Configuration
from engine.configs.steering import doses
from engine.configs.steering.doses import Which
from engine.configs.steering.interventions import named_vector
from engine.configs.values import Typed

RANDOMS = 64
"""Random directions beside each vector."""
CONTROLS = 8
"""Random directions of the same norm in the place of what steers: each is a pass over the text."""
MOST_TOKENS = 4096
"""Of a text; more nobody reads token by token."""


@dataclass(frozen=True, kw_only=True)
class Passage(Typed):
    """One text: a prompt, turns or a plain text, with an answer; or tokens."""

    prompt: str | None = None
    """A user's turn, which the chat template wraps."""
    system: str | None = None
    """The system prompt of `prompt`."""
    turns: tuple[tuple[str, str], ...] = ()
    """Roles and texts of a conversation, which the chat template wraps."""
    plain: str | None = None
    """A text that no template wraps."""
    prefill: str = ""
    """The given beginning of the answer, which belongs to the prompt."""
    answer: str = ""
    """What follows, in words."""
    answer_tokens: tuple[int, ...] = ()
    """The same as tokens, where they are known."""
    tokens: tuple[int, ...] = ()
    """A whole text as tokens."""
    prompt_length: int = 0
    """How many of these are its prompt; 0 is all."""

    def __post_init__(self) -> None:
        """Refuse no text, two texts, two answers, and a prompt that is longer than its text."""
        given = [self.prompt is not None, self.plain is not None, self.turns, self.tokens]
        require(
            sum(map(bool, given)) == 1,
            "A strip is of one text: give a prompt, turns, a plain text or tokens.",
        )
        words = [text for _, text in self.turns] + [self.prompt or "", self.plain or ""]
        is_said = bool(self.tokens) or any(text.strip() for text in words)
        require(is_said, "The text is empty: write one.")
        require(
            not (self.answer and self.answer_tokens),
            "The answer is given twice: give it as words or as tokens.",
        )
        require(
            0 <= self.prompt_length <= len(self.tokens),
            f"The prompt is said to have {self.prompt_length} tokens, but the text has "
            f"{len(self.tokens)}: give at most as many.",
        )


@dataclass(frozen=True, kw_only=True)
class VectorAt(Typed):
    """One stored vector, read at a block."""

    digest: str
    index: int = 0
    block: int | None = None
    """At whose output it is read; None is the vector's own site."""

    @property
    def reference(self) -> str:
        """As links write it."""
        return f"{self.digest}:{self.index}"


def vector_at(reference: str, block: int | None = None) -> VectorAt:
    """The vector that a link names, as DIGEST:INDEX.

    Raises:
        ConfigError: If it names none.
    """
    digest, index = named_vector(reference)
    return VectorAt(digest=digest, index=index, block=block)


@dataclass(frozen=True, kw_only=True)
class StripAsk(Typed):
    """All that strips of one text depend on; equal asks have equal strips."""

    passage: Passage
    vectors: tuple[VectorAt, ...]
    model: ModelConfig = field(default_factory=ModelConfig)
    adapter: bool | str = False
    """The weights that read: the base model, or an adapter."""
    dose: str | None = None
    """Of the adapter."""
    columns: tuple[Configuration, ...] = ()
    """What steers, all at once; none compares nothing."""
    usual_under: str | None = None
    """System prompt of the prompts that say what is usual, as where the text was written."""
    norms_under: str | None = None
    """System prompt of those over which residual norms are taken."""
    seed: int = 0
    """Of the random directions."""

    def __post_init__(self) -> None:
        """Refuse strips of no vector, and a dose that means nothing."""
        require(len(self.vectors) > 0, "A strip needs a vector: choose one.")
        _ = self.which

    @property
    def which(self) -> Which:
        """The weights that read, as the door is asked for them."""
        return doses.chosen(self.adapter, self.dose, tuple(self.model.adapters))

    @property
    def digests(self) -> tuple[str, ...]:
        """The vector sets that are used, each once."""
        named = [one.digest for one in self.vectors]
        for column in self.columns:
            named += [part.digest for part in column.blend]
            named += [digest for digest, _ in column.referred]
        return tuple(dict.fromkeys(named))
