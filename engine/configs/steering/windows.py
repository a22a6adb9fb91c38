"""Which positions of a text are changed, in words and as numbers.

Knows nothing of tokens or models. The state at the last position of a prompt writes the first
token of the answer, so it counts as the answer's first position.
"""

import functools
from dataclasses import dataclass

from engine.errors import ConfigError

HELP = "all, prompt, response, last-K or answer-A:B."
KEYWORDS = ("all", "prompt", "response")


@dataclass(frozen=True)
class Window:
    """Positions from one to another; both may depend on where the prompt ends."""

    first: int
    """First position: from the beginning, or from the prompt's end where `from_end`."""
    from_end: bool
    length: int | None
    """How many positions; None is to the end of the text."""
    is_prompt: bool = False
    """Whether it ends with the prompt."""

    def begin(self, prompt_length: int) -> int:
        """The first position that is changed."""
        return max(0, prompt_length + self.first) if self.from_end else self.first

    def end(self, prompt_length: int) -> int | None:
        """The position after the last one that is changed; None is the end of the text."""
        if self.is_prompt:
            return prompt_length
        return None if self.length is None else self.begin(prompt_length) + self.length

    @property
    def depends_on_length(self) -> bool:
        """Whether a prompt's own length decides which of its tokens are changed."""
        return self.from_end


@functools.cache
def window(positions: str) -> Window:
    """The window that a text names.

    Args:
        positions: "all"; "prompt"; "response" (the last prompt position and every generated one);
            "last-K" (the last K prompt positions and every generated one); "answer-A:B" (the
            positions that write tokens A to B of the answer, counted from 1).

    Raises:
        ConfigError: If it names none.
    """
    if positions in ("all", "prompt"):
        return Window(0, from_end=False, length=None, is_prompt=positions == "prompt")
    if positions == "response":
        return Window(-1, from_end=True, length=None)
    head, _, rest = positions.partition("-")
    if head == "last" and _count(rest):
        return Window(-int(rest), from_end=True, length=None)
    first, _, last = rest.partition(":")
    if head == "answer" and _count(first) and _count(last) and int(first) <= int(last):
        return Window(int(first) - 2, from_end=True, length=int(last) - int(first) + 1)
    raise ConfigError(
        f"Positions {positions!r} are not known: use all, prompt, response, last-K, as last-4, "
        "or answer-A:B, as answer-1:8."
    )


def _count(text: str) -> bool:
    return text.isdecimal() and int(text) > 0
