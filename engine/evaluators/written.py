"""What a cell's model writes to some of the questions: its text, the letter, and its repetition.

The likeliest token is taken at every step. The letter is the one that the text names
(`questions.letters.letter_of`); repetition is 1 - different 3-grams / 3-grams of its tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from engine.evaluators import text_figures
from engine.evaluators.cells import end_tokens
from engine.evaluators.measuring import Cells, Setting
from engine.maths import repeats
from engine.model.forward import Forward
from engine.questions.letters import letter_of
from engine.records.records import Question

WRITTEN_TOKENS = 24
"""Most tokens of a written answer: enough to name a letter."""
NOTHING = -1
"""Stands for the tokens that a written answer does not have."""


@dataclass(frozen=True, eq=False)
class Written:
    """The questions whose answers are written out, as tokens."""

    door: Forward
    questions: Sequence[Question]
    orders: int
    asked: list[tuple[int, int]]
    """(question, order) of every answer."""
    prompts: list[list[int]]
    """Their tokens, without the beginning of an answer."""
    has_letters: bool = True
    """Whether they are asked with their choices."""

    @property
    def texts(self) -> int:
        """One an answer."""
        return len(self.asked)

    def measure(self, cells: Cells) -> Int[np.ndarray, "cells answers tokens"]:
        """Tokens of every answer, with the one that ended it, filled up with `NOTHING`."""
        count, edits = len(cells.rows), cells.edits
        tokens = np.full((count, self.texts, WRITTEN_TOKENS), NOTHING, dtype=np.int32)
        # Rows that share a prompt stand together: what lies before their edits is run once.
        pairs = [(cell, text) for text in range(self.texts) for cell in range(count)]
        answers = text_figures.greedy(
            self.door,
            [self.prompts[text] for _, text in pairs],
            end_tokens(self.door),
            WRITTEN_TOKENS,
            cells.tick,
            adapter=cells.adapter,
            edits=[edits[cell] for cell, _ in pairs],
            note=cells.note,
        )
        for (cell, text), answer in zip(pairs, answers, strict=True):
            tokens[cell, text, : len(answer)] = answer
        return tokens

    def columns(self, found: Int[np.ndarray, "answers tokens"]) -> dict[str, Any]:
        """Text, letter and repetition on the rows of the questions that were written out."""
        rows = len(self.questions) * self.orders
        texts, letters = np.full((2, rows), None, dtype=object)
        repetition = np.full(rows, np.nan)
        for tokens, (question, order) in zip(found, self.asked, strict=True):
            row = question * self.orders + order
            texts[row], letters[row], repetition[row] = self._read_back(tokens, question, order)
        return {"repetition": repetition, "written": texts, "written_letter": letters}

    def _read_back(
        self, found: Int[np.ndarray, " tokens"], question: int, order: int
    ) -> tuple[str, str | None, float]:
        """Text, letter and repetition of one answer; None where no letter was asked for."""
        tokens = [int(token) for token in found if token != NOTHING]
        text = self.door.loaded.tokenizer.decode(tokens, skip_special_tokens=True)
        body = tokens[:-1] if tokens and tokens[-1] in end_tokens(self.door) else tokens
        if not self.has_letters:
            return text, None, repeats.repetition(body)
        asked = self.questions[question]
        options = asked.options[::-1] if order else asked.options
        return text, letter_of(text, options), repeats.repetition(body)


def prepare(setting: Setting) -> Written:
    """Choose the questions that are written out, by the config's seed, and render them."""
    config, questions = setting.config, setting.questions
    draw = np.random.default_rng(config.seed)
    some = sorted(draw.permutation(len(questions))[: config.written].tolist())
    asked = [(question, order) for question in some for order in range(setting.orders)]
    prompter = setting.door.loaded.prompter
    has_letters = not config.is_likelihood
    prompts = [
        prompter.tokens(
            questions[q].text(o == 1) if has_letters else questions[q].stem,
            questions[q].system or config.system,
            more=WRITTEN_TOKENS,
        )
        for q, o in asked
    ]
    return Written(setting.door, questions, setting.orders, asked, prompts, has_letters)
