"""Writes many texts through the door, a batch at a time, and keeps the finished ones on disk.

Knows nothing of what the texts are for. A text's random numbers come from its name, never from
the batch that it is in.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd
import torch
from torch import Tensor

from engine.evaluators import lockstep
from engine.evaluators.sampling import choose
from engine.model.forward import Forward
from engine.store.units import Partial


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the next token is chosen, and how many there may be."""

    temperature: float
    """0 takes the likeliest."""
    top_p: float
    tokens: int


@dataclass(eq=False)
class Text:
    """One text, from nothing to finished."""

    key: str
    """Twenty hex digits: `name_of` all that it depends on but the model."""
    prompt: list[int]
    written: list[int] = field(default_factory=list)
    """Generated tokens, without the one that ended the text."""
    ended: bool = False
    """Whether the model ended it."""
    is_over: bool = False


def name_of(*parts: str | int) -> str:
    """The key of a text, and the seed of its random numbers."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


class Writer:
    """Writes texts with one model; what earlier runs finished is taken over."""

    def __init__(
        self, door: Forward, units: Partial, ends: set[int], note: Callable[[str], None]
    ) -> None:
        """Take the units of an earlier run.

        Args:
            door: The model.
            units: Keeps finished texts, so that stopped work goes on.
            ends: Tokens that end a text.
            note: Told when memory ran out.
        """
        self._door, self._units, self._ends, self._note = door, units, ends, note
        self._known: dict[str, tuple[list[int], bool]] = {}
        for name in sorted(units.units()):
            frame = units.load_unit(name)
            for row in [] if frame is None else frame.to_dict("records"):
                tokens = [int(token) for token in row["written"]]
                self._known[str(row["key"])] = (tokens, bool(row["ended"]))

    def write(self, texts: Sequence[Text], sampling: Sampling, tick: Callable[[int], None]) -> None:
        """Finish every text.

        Args:
            texts: What to write; those of one prompt length go through together.
            sampling: Of all of them.
            tick: Called after every token with the number of finished texts; may raise to stop.
        """
        for text in texts:
            if text.key in self._known:
                text.written, text.ended = self._known[text.key]
                text.is_over = True
        groups: dict[int, list[Text]] = {}
        for text in texts:
            if not text.is_over:
                groups.setdefault(len(text.prompt), []).append(text)

        def count() -> None:
            tick(sum(text.is_over for text in texts))

        count()
        for length, members in groups.items():

            def work(part: range, members: list[Text] = members) -> None:
                self._batch([members[i] for i in part if not members[i].is_over], sampling, count)

            positions = length + sampling.tokens
            lockstep.in_batches(self._door, len(members), positions, work, self._note)

    def _batch(self, texts: list[Text], sampling: Sampling, count: Callable[[], None]) -> None:
        if not texts:
            return
        for text in texts:
            text.written = []
        draws = [_draws(text.key, sampling) for text in texts]

        def pick(going: list[int], logits: Tensor) -> list[int | None]:
            step = len(texts[going[0]].written)
            numbers = [draws[row][step] for row in going]
            chosen = choose(logits, numbers, sampling.temperature, top_p=sampling.top_p)
            tokens = [
                self._append(texts[row], token, sampling)
                for row, token in zip(going, chosen, strict=True)
            ]
            count()
            return tokens

        try:
            prompts = [text.prompt for text in texts]
            lockstep.run(self._door, prompts, [()] * len(texts), False, pick)
        finally:
            # Also when the job is stopped: what is finished need not be written again.
            self._keep([text for text in texts if text.is_over])

    def _append(self, text: Text, token: int, sampling: Sampling) -> int | None:
        text.ended = token in self._ends
        if not text.ended:
            text.written.append(token)
        text.is_over = text.ended or len(text.written) == sampling.tokens
        return None if text.is_over else token

    def _keep(self, texts: list[Text]) -> None:
        if texts:
            rows = [{"key": t.key, "written": t.written, "ended": t.ended} for t in texts]
            self._units.save_unit(name_of(*[t.key for t in texts]), pd.DataFrame(rows))


def _draws(key: str, sampling: Sampling) -> list[float]:
    """One uniform number per token."""
    if sampling.temperature == 0:
        return [0.0] * sampling.tokens
    source = torch.Generator().manual_seed(int(key[:15], 16))
    return torch.rand(sampling.tokens, generator=source, dtype=torch.float64).tolist()
