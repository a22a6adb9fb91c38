"""A text token by token: what a vector says of each, beside what random directions say.

Plain values that turn into JSON with `dataclasses.asdict`. Knows nothing of torch, of files or of
how the values were made.
"""

from dataclasses import dataclass
from typing import NamedTuple

SHARE = 0.95
"""Of the random directions, that a token's band holds."""


class Candidate(NamedTuple):
    """A token that could have stood at a place."""

    text: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class Token:
    """One token of a text, and what the model expected in its place."""

    id: int
    text: str
    """Its part of the text; "" where it only carries on a character begun before."""
    is_special: bool
    """Whether it is one of the template's or tokenizer's own, such as the end of a turn."""
    logp: float | None
    """Log-probability given the tokens before it, unsteered, in nats; None for the first."""
    change: float | None
    """Of the log-probability: steered less unsteered; None where nothing is steered."""
    change_bound: float | None
    """Largest size of that change under random directions of the same norm in the same place."""
    is_steered: bool
    """Whether the state at its position was changed at some block."""
    likely: tuple[Candidate, ...]
    """The likeliest tokens in its place, unsteered; empty for the first."""
    likely_steered: tuple[Candidate, ...]
    """The same steered; empty where nothing is steered."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Some tokens of a text together, beside random directions."""

    tokens: int
    """How many are counted."""
    beyond: int
    """How many lie beyond `SHARE` of the random directions; 1 - `SHARE` do by chance."""
    mean: float
    """Mean value, in sds of neutral text."""
    rank: int
    """Of the mean's size, among `of`; 1 is the farthest from 0."""
    of: int
    """The random directions and the vector itself."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One vector over one text.

    A value is z = (h.v - m) / s: h the unsteered state at the token, v the unit vector, m and s
    mean and sd of h.v over the tokens of neutral prompts at the same block.
    """

    tokens: tuple[Token, ...]
    prompt_length: int
    """Tokens of the prompt; all of them where there is no answer."""
    vector: str
    """DIGEST:INDEX, or what else it is called."""
    name: str
    place: str
    """Where it is read, in words."""
    block: int
    """At whose output; -1 is the embedding."""
    projections: tuple[float, ...]
    """h.v of every token."""
    values: tuple[float, ...]
    """z of every token."""
    bounds: tuple[float, ...]
    """|z| below which `SHARE` of the random directions lie, by token."""
    over_blocks: tuple[tuple[float, ...], ...]
    """z by token and block, from block 0."""
    bounds_over_blocks: tuple[tuple[float, ...], ...]
    """Their bounds."""
    whole: Standing
    """All tokens but the first, whose state is an outlier in most models."""
    answer: Standing | None
    """Those of the answer, where there is one."""
    is_steered: bool
    """Whether the text was also read steered."""
    randoms: int
    seed: int
    """Of the random directions."""
    control_changes: tuple[float, ...] = ()
    """Change of log p of the answer, or of the whole text, under each random direction of the same
    norm in the place of what steers, in nats."""

    @property
    def total(self) -> float:
        """Sum of the projections."""
        return sum(self.projections)

    @property
    def change(self) -> float:
        """Of log p of the answer, or of the whole text where there is none, in nats."""
        first = self.prompt_length if self.answer else 1
        return sum(one.change or 0.0 for one in self.tokens[first:])

    def is_beyond(self, index: int) -> bool:
        """Whether a token's value lies outside its band."""
        return abs(self.values[index]) > self.bounds[index]
