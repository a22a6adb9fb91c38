"""A conversation along one vector: a figure for every token and turn, beside random directions.

Plain values that turn into JSON with `dataclasses.asdict`. Knows nothing of torch, of files or of
how the values were made.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TurnRead:
    """One turn."""

    place: int
    """Among the turns of the conversation, from 0."""
    role: str
    """system, user or assistant."""
    is_steered: bool
    """Whether vectors acted while it was written."""
    pieces: tuple[str, ...]
    """What each of its tokens writes."""
    values: tuple[float, ...]
    """Of each token, in standard deviations of neutral text."""
    mean: float
    """Over its tokens."""
    bound: float
    """Size below which the mean lies for `strips.SHARE` of the random directions."""

    @property
    def is_beyond(self) -> bool:
        """Whether the mean lies beyond random directions."""
        return abs(self.mean) > self.bound


@dataclass(frozen=True, kw_only=True)
class Moved:
    """How far the answers went, from the first to the last."""

    value: float
    """Mean of the last answer less that of the first."""
    bound: float
    """Size below which it lies for `strips.SHARE` of the random directions."""
    rank: int
    """Of its size, among `of`; 1 is the largest."""
    of: int
    """The random directions and the vector itself."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One vector over one conversation."""

    vector: str
    """DIGEST:INDEX."""
    name: str
    site: str
    """Where it is read, in words."""
    pane: str
    """Whose answers these are."""
    turns: tuple[TurnRead, ...]
    """Those with at least one token; the first token of all is left out."""
    moved: Moved | None
    """None with fewer than two answers."""
    randoms: int
    seed: int

    def of(self, role: str) -> tuple[TurnRead, ...]:
        """The turns of one side."""
        return tuple(one for one in self.turns if one.role == role)
