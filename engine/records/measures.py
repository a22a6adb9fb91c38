"""Every measure taken beside the questions of a sweep: what does the work, and its columns.

A new measure is a file in `engine.evaluators` and a line in `MEASURES`. The sweep, the store and
the statistics of a cell read it. Knows nothing of models: what does the work is named, and imported
when a sweep measures.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from engine.records import readings
from engine.records.columns import Column, Columns
from engine.records.records import EVALUATION_COLUMNS, LIKELIHOOD_COLUMNS, TIE

UNKNOWN = math.nan
"""Default of a number that a record is too old to have; of a text it is None."""
FIRST = "2026-11-21"
"""When side effects were first measured."""


@dataclass(frozen=True)
class Measure:
    """One measure."""

    module: str
    """Its `prepare(setting)` gives what measures a batch of cells; see `evaluators.measuring`."""
    unit: str
    """Name of its array in the finished units of a sweep that is not over."""
    columns: Columns
    """What it adds to an evaluation's frame."""

    def __post_init__(self) -> None:
        """Refuse a default that claims something where nothing was measured."""
        for column in self.columns:
            if column.default is not None and column.default is not UNKNOWN:
                raise ValueError(
                    f"Column {column.name} of a measure: its default is UNKNOWN or None."
                )


MEASURES: list[Measure] = [
    Measure(
        "engine.evaluators.neutral",
        "neutral",
        (
            Column(
                "kl",
                "KL(unsteered || steered) of the next token after neutral prompts, mean, in nats",
                FIRST,
                UNKNOWN,
            ),
            Column(
                "neutral_perplexity",
                "perplexity, under the steered model, of the unsteered one's answers",
                FIRST,
                UNKNOWN,
            ),
        ),
    ),
    Measure(
        "engine.evaluators.knowledge",
        "logits",
        (
            Column(
                "knowledge", "share of rotated knowledge questions answered right", FIRST, UNKNOWN
            ),
            Column(
                "knowledge_questions",
                "how many knowledge questions, each asked in every rotation",
                FIRST,
                UNKNOWN,
            ),
            Column("knowledge_options", "options of each; chance is 1 / this", FIRST, UNKNOWN),
            Column(
                "knowledge_letter_share",
                "share of those answers that name the favourite letter",
                FIRST,
                UNKNOWN,
            ),
            Column("knowledge_letter", "the letter chosen most often", FIRST, None),
        ),
    ),
    Measure(
        "engine.evaluators.written",
        "written",
        (
            Column(
                "repetition",
                "share of 3-grams that stood before in the written answer",
                FIRST,
                UNKNOWN,
            ),
            Column(
                "written", "what the model wrote, on the rows that were written out", FIRST, None
            ),
            Column(
                "written_letter", "the letter that it names; empty for none, or two", FIRST, None
            ),
        ),
    ),
]
"""All measures, in the order of their columns."""


def added() -> Columns:
    """The columns of all measures as they stand in a frame: numbers, then texts."""
    every = [column for measure in MEASURES for column in measure.columns]
    return tuple(sorted(every, key=lambda column: column.is_text))


def is_measured(present: Iterable[str]) -> bool:
    """Whether a frame with these columns is of a sweep that measured side effects."""
    return not {column.name for column in added()}.isdisjoint(present)


def columns_of(present: Iterable[str]) -> Columns:
    """What an evaluation's frame with these columns should hold, were it written today."""
    present = list(present)
    own = LIKELIHOOD_COLUMNS if readings.is_likelihood(present) else EVALUATION_COLUMNS
    ties = (TIE,) if TIE.name in present else ()
    return own + ties + (added() if is_measured(present) else ())
