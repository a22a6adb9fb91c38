"""States of a probe's texts, in the base and the fine-tuned model, as pairs of classes.

Knows nothing of directions.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from engine.evaluators.probes.texts import END, MEAN, PROMPT
from engine.finders.extraction import States
from engine.finders.texts import Text
from engine.model.forward import Forward
from engine.progress import Progress

BYTES = 2**31
"""Memory for the states of the blocks that are read in one pass."""
AT_ONCE = 256
"""Texts between two reports of progress."""

Rows = Float[np.ndarray, "units hidden"]


@dataclass(frozen=True, eq=False)
class Classes:
    """Two classes of states at one block; row i of both is of one unit."""

    kind: str
    """answer-mean, answer-end, state-prompt or state-answer."""
    positive: Rows
    negative: Rows
    questions: Int[np.ndarray, " units"]
    """A number per unit; units of one question are drawn together."""


@dataclass(frozen=True, eq=False)
class Part:
    """States of some pairs' texts: [pairs, positive and negative answer, block, place, hidden]."""

    base: Float[torch.Tensor, "pairs two blocks places hidden"]
    tuned: Float[torch.Tensor, "pairs two blocks places hidden"] | None

    def classes(self, place: int, has_answers: bool) -> Iterator[Classes]:
        """Every two classes at one of the blocks."""
        base = self.base[:, :, place].double().numpy()
        numbers = np.arange(len(base))
        if has_answers:
            for kind, spot in (("answer-mean", MEAN), ("answer-end", END)):
                yield Classes(kind, base[:, 0, spot], base[:, 1, spot], numbers)
        if self.tuned is not None:
            tuned = self.tuned[:, :, place].double().numpy()
            # Before the answer both texts of a pair are one.
            yield Classes("state-prompt", tuned[:, 0, PROMPT], base[:, 0, PROMPT], numbers)
            yield Classes(
                "state-answer",
                tuned[:, :, MEAN].reshape(-1, base.shape[-1]),
                base[:, :, MEAN].reshape(-1, base.shape[-1]),
                np.repeat(numbers, 2),
            )


PLACE_OF = {"answer-mean": MEAN, "answer-end": END, "state-prompt": PROMPT, "state-answer": MEAN}
"""Where the texts of a kind of classes are read, the neutral ones too."""


@dataclass(frozen=True, eq=False)
class Group:
    """All states of some blocks."""

    blocks: list[int]
    train: Part
    test: Part
    neutral: Float[torch.Tensor, "texts blocks places hidden"]
    notes: tuple[str, ...]


def groups(
    door: Forward,
    blocks: Sequence[int],
    parts: Sequence[Sequence[tuple[Text, Text]]],
    neutral: Sequence[Text],
    has_state: bool,
    progress: Progress,
) -> Iterator[Group]:
    """States of as many blocks at a time as memory holds.

    Args:
        door: The model.
        blocks: All that are asked for.
        parts: Training and tested pairs.
        neutral: The neutral texts.
        has_state: Whether the fine-tuned model reads the pairs too.
        progress: Told of the texts that were read.
    """
    pairs = [text for part in parts for pair in part for text in pair]
    count = len(pairs) * (1 + has_state) + len(neutral)
    fits = max(1, BYTES // (4 * 3 * door.hidden * count))
    places = [list(blocks[at : at + fits]) for at in range(0, len(blocks), fits)]
    done, whole = 0, count * len(places)

    def tick(read: int) -> None:
        nonlocal done
        done += read
        progress(done, whole, f"read {done} of {whole} texts")

    for some in places:
        base = States(door, some, False, [*pairs, *neutral])
        sides = [base, *([States(door, some, True, pairs)] if has_state else [])]
        read = [
            [_read(side, [text for pair in part for text in pair], tick) for part in parts]
            for side in sides
        ]
        train, test = (
            Part(*(_by_pair(side[place]) for side in read), *([] if has_state else [None]))
            for place in (0, 1)
        )
        notes = tuple(note for side in sides for note in side.notes)
        yield Group(some, train, test, _read(base, neutral, tick), notes)


def _read(states: States, texts: Sequence[Text], tick: Callable[[int], None]) -> torch.Tensor:
    parts = []
    for begin in range(0, len(texts), AT_ONCE):
        some = texts[begin : begin + AT_ONCE]
        parts.append(states.read(some).unflatten(1, (-1, states.places)))
        tick(len(some))
    return torch.cat(parts)


def _by_pair(read: torch.Tensor) -> torch.Tensor:
    return read.unflatten(0, (-1, 2))
