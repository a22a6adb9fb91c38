"""What the cells of an A/B sweep do beside its questions, measured on the same rows.

Three parts, each left out where its count or file is empty: KL and perplexity on neutral prompts;
the answers that the steered model writes to some of the questions; knowledge questions, whose
options are rotated. Finished batches of cells lie on disk until the sweep is whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from engine.configs.core import Site
from engine.configs.sweeps import EvaluateConfig
from engine.errors import DataError
from engine.evaluators import text_figures
from engine.evaluators.cells import end_tokens
from engine.evaluators.layout import Load, Save
from engine.evaluators.rows import CONTROL, SweepRow, edits_of
from engine.evaluators.text_figures import Neutral
from engine.model.batches import Batches, Kind
from engine.model.edits import Edit
from engine.model.forward import Forward
from engine.model.prompts import shared_prefix
from engine.progress import Progress
from engine.questions import files, knowledge
from engine.questions.knowledge import KnowledgeQuestion
from engine.questions.letters import LETTERS, letter_of
from engine.records.records import Question
from engine.statistics.side_effects import CELL_COLUMNS, ROW_COLUMNS
from engine.store.writer import Stream

CELLS_AT_ONCE = {"cpu": 16, "cuda": 64}
"""Cells of one batch, which is also what a stopped run keeps."""
WRITTEN_TOKENS = 24
"""Most tokens of a written answer: enough to name a letter."""
NOTHING = -1
"""Stands for the tokens that a written answer does not have."""


@dataclass(frozen=True, eq=False)
class Beside:
    """What every measured cell is asked, as tokens."""

    door: Forward
    after: int
    """Last block whose output no row changes before."""
    neutral: Neutral
    questions: Sequence[Question]
    asked: list[tuple[int, int]]
    """(question, order) of every answer that is written out."""
    prompts: list[list[int]]
    """Their tokens, without the beginning of an answer."""
    known: tuple[KnowledgeQuestion, ...]
    turns: list[list[list[int]]]
    """[knowledge question][rotation][token]."""
    letters: tuple[int, ...]
    """Tokens of the knowledge questions' letters."""

    @property
    def texts(self) -> int:
        """Texts that go through the model for one cell."""
        return len(self.neutral.prompts) + len(self.asked) + sum(map(len, self.turns))


def prepare(
    door: Forward, questions: Sequence[Question], config: EvaluateConfig, after: int
) -> Beside:
    """Render all that is asked beside a sweep, before anything long runs.

    Raises:
        DataError: If a file cannot be read, or the knowledge questions' letters are no single
            tokens of this tokenizer.
    """
    prompter = door.loaded.prompter
    prompts = files.load_prompts(config.neutral_prompts)[: config.neutral]
    neutral = [prompter.tokens(p, config.system) for p in prompts]
    most = text_figures.NEUTRAL_TOKENS
    answers = text_figures.greedy(door, neutral, end_tokens(door), most, _quiet, adapter=True)
    asked = _chosen(len(questions), config)
    known = knowledge.load_knowledge(config.knowledge) if config.knowledge else ()
    prefix, ids = _letters(door, known, config.knowledge)
    return Beside(
        door=door,
        after=after,
        neutral=Neutral(neutral, answers),
        questions=questions,
        asked=asked,
        prompts=[prompter.tokens(questions[q].text(o == 1), config.system) for q, o in asked],
        known=known,
        turns=[
            [prompter.tokens(q.text(turn), config.system, prefix) for turn in range(len(q.options))]
            for q in known
        ],
        letters=ids,
    )


def _quiet(_count: int) -> None:
    """Listen to nobody."""


def _chosen(questions: int, config: EvaluateConfig) -> list[tuple[int, int]]:
    orders = 2 if config.orders == "both" else 1
    draw = np.random.default_rng(config.seed)
    some = sorted(draw.permutation(questions)[: config.written].tolist())
    return [(question, order) for question in some for order in range(orders)]


def _letters(
    door: Forward, known: Sequence[KnowledgeQuestion], name: str
) -> tuple[str, tuple[int, ...]]:
    if not known:
        return "", ()
    letters = LETTERS[: len(known[0].options)]
    found = door.loaded.prompter.letter_tokens(letters)
    if found is None:
        raise DataError(
            f"{name} asks for the letters {', '.join(letters)}, but this tokenizer splits them "
            "into shared pieces: name another file with --knowledge, or none with --knowledge ''."
        )
    return found


def measured_rows(rows: Sequence[SweepRow], config: EvaluateConfig) -> list[int]:
    """Places of the rows whose side effects are measured: all but most of the controls."""
    sampled: dict[Site, dict[int, None]] = {}
    for row in rows:
        if row.vector_set == CONTROL:
            sampled.setdefault(row.site, {})[row.vector] = None
    kept = {v for vectors in sampled.values() for v in list(vectors)[: config.effect_controls]}
    return [i for i, row in enumerate(rows) if row.vector_set != CONTROL or row.vector in kept]


@dataclass(frozen=True, eq=False)
class Effects:
    """Raw readings of the measured cells."""

    places: list[int]
    """Of the cells among the sweep's rows."""
    neutral: Float[np.ndarray, "cells two"]
    """KL in nats, and perplexity; no columns where no neutral prompt was asked."""
    written: Int[np.ndarray, "cells answers tokens"]
    logits: Float[np.ndarray, "cells questions turns letters"]
    notes: tuple[str, ...]


def measure(
    beside: Beside,
    rows: Sequence[SweepRow],
    places: list[int],
    progress: Progress,
    load: Load,
    save: Save,
) -> Effects:
    """Measure the named rows, batch by batch.

    Args:
        beside: What is asked.
        rows: All rows of the sweep.
        places: Which of them.
        progress: Called after each part of a batch; may raise to stop.
        load: Gives a finished batch's arrays, or None.
        save: Keeps a finished batch's arrays; called from another thread, in order.
    """
    size = CELLS_AT_ONCE.get(beside.door.loaded.device.type, 16)
    units: list[dict[str, np.ndarray]] = []
    notes: list[str] = []
    with Stream(save) as keep:
        for first in range(0, len(places), size):
            part = places[first : first + size]
            progress(first, len(places), f"side effects: {first} of {len(places)} cells")
            name = f"beside{part[0]}-{part[-1]}"
            unit = load(name)
            if unit is None:

                def tick(_count: int, first: int = first) -> None:
                    progress(first, len(places), f"side effects: {first} of {len(places)} cells")

                unit = _measure_cells(beside, [rows[i] for i in part], tick, notes.append)
                keep(name, unit)
            units.append(unit)
    progress(len(places), len(places), "side effects are measured")
    joined = {key: np.concatenate([unit[key] for unit in units]) for key in units[0]}
    return Effects(places, **joined, notes=tuple(dict.fromkeys(notes)))


def _measure_cells(
    beside: Beside, rows: list[SweepRow], tick: Callable[[int], None], note: text_figures.Note
) -> dict[str, np.ndarray]:
    return {
        "neutral": _on_neutral(beside, rows, tick, note),
        "written": _written(beside, rows, tick, note),
        "logits": _known(beside, rows, tick, note),
    }


def _edits(row: SweepRow) -> list[Edit]:
    is_plain = not bool(row.delta.any())
    return [] if is_plain else [Edit(site=row.site, vector=row.delta, scale=1.0)]


def _on_neutral(
    beside: Beside,
    rows: list[SweepRow],
    tick: Callable[[int], None],
    note: text_figures.Note,
) -> Float[np.ndarray, "cells two"]:
    if not beside.neutral.prompts:
        return np.zeros((len(rows), 0), dtype=np.float64)
    columns = [(_edits(row), True) for row in rows]
    found = text_figures.on_neutral(
        beside.door, beside.neutral, columns, tick, note, base_adapter=True
    )
    return np.array([[one["kl"], one["neutral_perplexity"]] for one in found])


def _written(
    beside: Beside,
    rows: list[SweepRow],
    tick: Callable[[int], None],
    note: text_figures.Note,
) -> Int[np.ndarray, "cells answers tokens"]:
    """Tokens of every written answer, with the one that ended it, filled up with `NOTHING`."""
    door, ends = beside.door, end_tokens(beside.door)
    tokens = np.full((len(rows), len(beside.prompts), WRITTEN_TOKENS), NOTHING, dtype=np.int32)
    edits = [_edits(row) for row in rows]
    # Rows that share a prompt stand together: what lies before their edits is run once.
    pairs = [(cell, text) for text in range(len(beside.prompts)) for cell in range(len(rows))]
    answers = text_figures.greedy(
        door,
        [beside.prompts[text] for _, text in pairs],
        ends,
        WRITTEN_TOKENS,
        tick,
        adapter=True,
        edits=[edits[cell] for cell, _ in pairs],
        note=note,
    )
    for (cell, text), answer in zip(pairs, answers, strict=True):
        tokens[cell, text, : len(answer)] = answer
    return tokens


def _known(
    beside: Beside,
    rows: list[SweepRow],
    tick: Callable[[int], None],
    note: text_figures.Note,
) -> Float[np.ndarray, "cells questions turns letters"]:
    """Logits of the letters for every knowledge question and rotation."""
    count = len(beside.letters)
    logits = np.zeros((len(rows), len(beside.turns), count, count), dtype=np.float32)
    if not beside.turns:
        return logits
    every = [tokens for turns in beside.turns for tokens in turns]
    shared, door = shared_prefix(every), beside.door

    def work(part: range) -> None:
        edits = edits_of(rows[part.start : part.stop])
        common = door.prefill(door.start(every[0], beside.after), edits, shared)
        for question, turns in enumerate(beside.turns):
            for turn, tokens in enumerate(turns):
                start = door.start(tokens, beside.after)
                found = door.answers(start, edits, list(beside.letters), common)
                logits[part.start : part.stop, question, turn] = found.logits.numpy()
            tick(len(part) * len(turns))

    kind = Kind(
        job="the asking", unit="cells", keeps="answers", tokens=max(len(tokens) for tokens in every)
    )
    Batches(door.loaded, kind, len(rows)).over(len(rows), work, note)
    return logits


def add_columns(frame: pd.DataFrame, beside: Beside, effects: Effects, orders: int) -> pd.DataFrame:
    """The sweep's frame with `costs.CELL_COLUMNS` and `costs.ROW_COLUMNS`.

    Rows of cells that were not measured, and questions that were not written out, hold NaN, or
    None in columns of text.
    """
    per_cell = len(beside.questions) * orders
    numbers = {name: np.full(len(frame), np.nan) for name in (*CELL_COLUMNS, *ROW_COLUMNS)}
    texts: dict[str, np.ndarray] = {
        name: np.full(len(frame), None, dtype=object)
        for name in ("knowledge_letter", "written", "written_letter")
    }
    for cell, place in enumerate(effects.places):
        rows = slice(place * per_cell, (place + 1) * per_cell)
        if effects.neutral.shape[1]:
            numbers["kl"][rows], numbers["neutral_perplexity"][rows] = effects.neutral[cell]
        if beside.known:
            score = knowledge.score(effects.logits[cell], beside.known)
            numbers["knowledge"][rows] = score.accuracy
            numbers["knowledge_questions"][rows] = len(beside.known)
            numbers["knowledge_letter_share"][rows] = score.letter_share
            numbers["knowledge_options"][rows] = len(beside.letters)
            texts["knowledge_letter"][rows] = score.letter
        for place_of, (question, order) in enumerate(beside.asked):
            row = rows.start + question * orders + order
            text, letter, repetition = _read_back(beside, question, order, effects, cell, place_of)
            texts["written"][row], texts["written_letter"][row] = text, letter
            numbers["repetition"][row] = repetition
    return frame.assign(**(numbers | texts))


def _read_back(
    beside: Beside, question: int, order: int, effects: Effects, cell: int, answer: int
) -> tuple[str, str, float]:
    """Text, letter and repetition of one written answer."""
    tokens = [int(token) for token in effects.written[cell, answer] if token != NOTHING]
    ends = end_tokens(beside.door)
    text = beside.door.loaded.tokenizer.decode(tokens, skip_special_tokens=True)
    asked = beside.questions[question]
    options = asked.options[::-1] if order else asked.options
    body = tokens[:-1] if tokens and tokens[-1] in ends else tokens
    return text, letter_of(text, options), text_figures.repetition(body)
