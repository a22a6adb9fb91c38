"""What a cell's model still knows: multiple-choice questions, asked with every rotation of options.

Accuracy is the share of single askings whose largest logit of a letter is the right one's; the
share of its favourite letter tells knowledge from a love of one letter (`questions.knowledge`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from engine.configs.steering.windows import Window, window
from engine.errors import DataError
from engine.evaluators.measuring import Cells, Setting
from engine.evaluators.readings.asked import sharing
from engine.evaluators.steering.gating import SteeredRows
from engine.model.batches import Batches, Kind
from engine.model.blocks import RowCache
from engine.model.forward import Forward
from engine.model.prompts import shared_prefix
from engine.questions.knowledge import KnowledgeQuestion, load_knowledge, score
from engine.questions.letters import LETTERS


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Knowledge questions as tokens."""

    door: Forward
    after: int
    """Last block whose output no row changes before."""
    questions: tuple[KnowledgeQuestion, ...]
    turns: list[list[list[int]]]
    """[question][rotation][token]."""
    letters: tuple[int, ...]
    """Tokens of the letters."""
    window: Window = window("all")
    """Which positions rows change."""

    @property
    def texts(self) -> int:
        """One a question and rotation."""
        return sum(map(len, self.turns))

    def measure(self, cells: Cells) -> Float[np.ndarray, "cells questions turns letters"]:
        """Logits of the letters for every question and rotation."""
        rows, count = cells.rows, len(self.letters)
        logits = np.zeros((len(rows), len(self.turns), count, count), dtype=np.float32)
        if not self.turns:
            return logits
        every = [tokens for turns in self.turns for tokens in turns]
        door = self.door
        shared = sharing(every, shared_prefix(every), self.window)

        def work(part: range) -> None:
            some = [row.edits for row in rows[part.start : part.stop]]
            edits = SteeredRows(door=door, rows=some, adapter=cells.adapter)
            # A gate that opens for one prompt and not for another leaves nothing in common.
            common = RowCache()
            if not edits.gates:
                start = door.start(every[0], self.after, cells.adapter)
                common = door.prefill(start, edits.on(every[0]), shared)
            for question, turns in enumerate(self.turns):
                for turn, tokens in enumerate(turns):
                    start = door.start(tokens, self.after, cells.adapter)
                    found = door.answers(start, edits.on(tokens), list(self.letters), common)
                    logits[part.start : part.stop, question, turn] = found.logits.numpy()
                cells.tick(len(part) * len(turns))

        longest = max(len(tokens) for tokens in every)
        kind = Kind(job="the asking", unit="cells", keeps="answers", tokens=longest)
        Batches(door.loaded, kind, len(rows)).over(len(rows), work, cells.note)
        return logits

    def columns(self, found: Float[np.ndarray, "questions turns letters"]) -> dict[str, Any]:
        """The score, and from how many questions and options it comes."""
        if not self.questions:
            return {}
        scored = score(found, self.questions)
        return {
            "knowledge": scored.accuracy,
            "knowledge_questions": len(self.questions),
            "knowledge_options": len(self.letters),
            "knowledge_letter_share": scored.letter_share,
            "knowledge_letter": scored.letter,
        }


def prepare(setting: Setting) -> Knowledge:
    """Render every question in every rotation.

    Raises:
        DataError: If the file cannot be read, or its letters are no single tokens of this model.
    """
    config, door = setting.config, setting.door
    questions = load_knowledge(config.knowledge) if config.knowledge else ()
    prefix, letters = _letters(door, questions, config.knowledge)
    prompter = door.loaded.prompter
    turns = [
        [prompter.tokens(q.text(turn), config.system, prefix) for turn in range(len(q.options))]
        for q in questions
    ]
    return Knowledge(door, setting.after, questions, turns, letters, config.window)


def _letters(
    door: Forward, questions: Sequence[KnowledgeQuestion], name: str
) -> tuple[str, tuple[int, ...]]:
    if not questions:
        return "", ()
    letters = LETTERS[: len(questions[0].options)]
    found = door.loaded.prompter.letter_tokens(letters)
    if found is None:
        raise DataError(
            f"{name} asks for the letters {', '.join(letters)}, but this tokenizer splits them "
            "into shared pieces: name another file with --knowledge, or none with --knowledge ''."
        )
    return found
