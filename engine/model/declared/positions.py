"""How long a text a model takes, and whether one of a run goes past what the model was made for.

Knows nothing of torch: a model is asked for its configuration and for the names of its tensors.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from engine.errors import DataError

NAMES = ("max_position_embeddings", "n_positions", "max_seq_len")
"""What configurations call the longest text."""
TABLES = (
    "wpe.weight",
    "embed_positions.weight",
    "embed_positions",
    "positions_embed.weight",
    "position_embeddings.weight",
    "pos_encoding",
)
"""Ends of the names of tensors with a row for every position: past the last row there is none."""

_longest: ContextVar[list[int] | None] = ContextVar("longest", default=None)


@contextmanager
def watched() -> Iterator[None]:
    """Within this context the longest text that enters is remembered, for `Positions.notes`."""
    before = _longest.set([0])
    try:
        yield
    finally:
        _longest.reset(before)


@dataclass(frozen=True, kw_only=True)
class Positions:
    """The longest text of one model."""

    most: int | None = None
    """Tokens that the model was made for; None where it does not say."""
    is_end: bool = False
    """Whether it cannot run past them."""

    def take(self, prompt: int, answer: int = 0) -> None:
        """Let a text enter.

        Args:
            prompt: Its tokens.
            answer: Tokens that may be written after it.

        Raises:
            DataError: If the model has no positions for it.
        """
        longest = _longest.get()
        if longest is not None:
            longest[0] = max(longest[0], prompt + answer)
        if self.most is None or self.fits(prompt + answer):
            return
        has_room = prompt < self.most
        raise DataError(
            f"A prompt of {prompt:,} tokens"
            + (f" with up to {answer:,} new ones" if answer else "")
            + f" does not fit into this model's {self.most:,} positions: "
            + (f"ask for at most {self.most - prompt:,}." if answer and has_room else "shorten it.")
        )

    def fits(self, tokens: int) -> bool:
        """Whether the model can run over so many."""
        return self.at_most(tokens) == tokens

    def at_most(self, tokens: int) -> int:
        """So many tokens, or as many as the model has positions for."""
        return min(tokens, self.most) if self.is_end and self.most is not None else tokens

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the run should know, once its texts have entered."""
        longest = (_longest.get() or [0])[0]
        if self.most is None or longest <= self.most:
            return ()
        return (
            f"Texts of up to {longest:,} tokens go past the {self.most:,} that this model was "
            "made for.",
        )


def positions_of(model: Any, decoder: Any) -> Positions:
    """The longest text of a model: by its configuration, and where it ends by its tensors.

    Args:
        model: The causal LM.
        decoder: Its part that reads text; what sees or hears has tables of its own.
    """
    config = model.config.get_text_config()
    said = [getattr(config, name, None) for name in NAMES]
    most = next((int(one) for one in said if isinstance(one, int) and one > 0), None)
    tensors = (*decoder.named_parameters(), *decoder.named_buffers())
    rows = [
        int(tensor.shape[0])
        for name, tensor in tensors
        if name.endswith(TABLES) and tensor.ndim == 2
    ]
    # ALiBi's distances are made for one length, where the configuration names them so.
    is_end = bool(rows) or getattr(config, "max_seq_len", None) is not None
    return Positions(most=min([*rows, most or max(rows)]) if rows else most, is_end=is_end)
