"""The answers of several panes, written token by token side by side.

Panes that do the same to the same tokens are one row, so that strength 0 is the unsteered answer
itself. All panes draw from the same random numbers: what differs comes from what was changed.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine.configs.chats import Settings
from engine.configs.steering.doses import Which
from engine.errors import ConfigError
from engine.evaluators import lockstep, sampling
from engine.evaluators.chats.asking import Row
from engine.model.edits import first_edited
from engine.model.forward import Forward
from engine.model.ways.beginnings import Beginnings

HALF = "\ufffd"
"""Stands at the end of a text whose last character is not whole yet."""


@dataclass(eq=False)
class Written:
    """One row's answer so far; read from other threads, `tokens` only ever grows."""

    row: Row
    tokens: list[int] = field(default_factory=list)
    """With the one that ended it."""
    text: str = ""
    finished: bool = False
    """Whether the model ended it itself."""
    is_over: bool = False
    is_taken: bool = False
    """Whether it was written before."""

    def take(self, tokens: list[int], text: str, finished: bool) -> None:
        """Have a whole answer at once, which was written before."""
        self.tokens, self.text, self.finished = tokens, text, finished
        self.is_over = self.is_taken = True


def laid_out(rows: Sequence[Row]) -> list[Written]:
    """An empty answer for each row, the same one for rows that cannot differ."""
    found: dict[tuple[str, tuple[int, ...]], Written] = {}
    return [found.setdefault((row.effect, tuple(row.tokens)), Written(row)) for row in rows]


def draws(seed: int, depth: int, count: int) -> list[float]:
    """Uniform numbers, one a token: of the turn's seed and its place in the conversation alone."""
    name = hashlib.sha256(f"chat {seed} {depth}".encode()).hexdigest()
    source = torch.Generator().manual_seed(int(name[:15], 16))
    return torch.rand(count, generator=source, dtype=torch.float64).tolist()


def write(
    door: Forward,
    answers: Sequence[Written],
    settings: Settings,
    depth: int,
    tick: Callable[[], None],
) -> None:
    """Write all answers to their ends.

    Args:
        door: The model.
        answers: Of `laid_out`; filled while they are written.
        settings: Of the turn.
        depth: Turns before this one.
        tick: Called after every token; may raise to stop.
    """
    numbers = draws(settings.seed, depth, settings.max_new_tokens)
    groups: dict[tuple[int, Which], list[Written]] = {}
    for one in dict.fromkeys(answers):
        if one.is_over:
            continue
        groups.setdefault((len(one.row.tokens), one.row.which), []).append(one)
    going = [_Group(door, members, settings, numbers) for members in groups.values()]
    while going:
        for group in list(going):
            if group.step():
                going.remove(group)
            tick()


class _Group:
    """Rows of one length and one set of weights, which go through together."""

    def __init__(
        self, door: Forward, members: list[Written], settings: Settings, numbers: list[float]
    ) -> None:
        # Side by side, rows share what lies before their first edit.
        self._going = sorted(members, key=lambda one: first_edited(one.row.edits))
        self._door, self._settings, self._numbers = door, settings, numbers
        rows = [one.row for one in self._going]
        prompts, which = [row.tokens for row in rows], rows[0].which
        self._batch = lockstep.stacked(door, prompts, [row.edits for row in rows], which)
        self._decoder = door.decoder(prompts, self._batch, which)
        self._decoder.begin_from(door.kept.setdefault("beginnings", Beginnings()), which)
        self._logits: Tensor | None = None

    def step(self) -> bool:
        """Write one token of every row; whether all are over now."""
        tokens = [one.tokens[-1] for one in self._going if one.tokens]
        logits = self._decoder.next(tokens) if tokens else self._decoder.first()
        _refuse_overflow(logits)
        asked, number = self._settings, self._numbers[len(self._going[0].tokens)]
        chosen = sampling.choose(
            logits, [number] * len(self._going), asked.temperature, asked.top_k, asked.top_p
        )
        for one, token in zip(self._going, chosen, strict=True):
            self._append(one, token)
        kept = [place for place, one in enumerate(self._going) if not one.is_over]
        if kept and len(kept) < len(self._going):
            self._batch = lockstep.chosen(self._batch, kept)
            self._decoder.keep(kept, self._batch)
        self._going = [self._going[place] for place in kept]
        return not self._going

    def _append(self, one: Written, token: int) -> None:
        one.tokens.append(token)
        one.finished = token in self._door.loaded.stop_tokens
        is_over = one.finished or len(one.tokens) >= self._settings.max_new_tokens
        text = self._door.loaded.tokenizer.decode(one.tokens, skip_special_tokens=True)
        one.text = text if is_over else text.rstrip(HALF)
        one.is_over = is_over


def _refuse_overflow(logits: Tensor) -> None:
    """Refuse to take a token where none is likelier than another.

    Raises:
        ConfigError: If some row's states went past the largest number.
    """
    # Where a comparison with no number is false, and states of infinite length are scaled to 0.
    if not bool((logits.amax(-1) > logits.amin(-1)).all()):
        raise ConfigError(
            "A pane's states went past the largest number there is: use a smaller strength."
        )
