"""All that is read from one A/B sweep, worked out once: what a page or a report draws from.

Knows nothing of files or charts.
"""

from dataclasses import dataclass

import pandas as pd

from engine.questions import repeats
from engine.records import steered
from engine.records.records import Evaluation
from engine.statistics import (
    badges,
    content_and_letter,
    doses,
    flags,
    flips,
    nulls,
    power,
    side_effects,
    usable,
    yardsticks,
)
from engine.statistics import (
    cells as statistics,
)
from engine.statistics import (
    held_out as selection,
)
from engine.statistics.cells import VECTOR
from engine.statistics.held_out import Selection
from engine.statistics.power import Spread

SEED = 0
"""Of every bootstrap and of the halves of the questions."""
RESAMPLES = 2000


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepStatistics:
    """Statistics of one evaluation. Every interval is of 95 % and comes from `SEED`."""

    summary: pd.DataFrame
    """`statistics.summarise`, near-duplicate questions drawn together, and each vector's
    `yardsticks.YARDSTICK`."""
    band: pd.DataFrame
    """`nulls.control_band`."""
    cells: pd.DataFrame
    """Steered cells: p, q of `nulls.p_values` (vectors only), gained, lost, flips_p, flips_q of
    `flips.flips`, and `flips.flags`."""
    vectors: pd.DataFrame
    """One row a vector: `badges.badges`, `doses.steerability`, shape, `usable.ranges`."""
    tests: pd.DataFrame
    """`nulls.max_t`."""
    selection: Selection
    spread: Spread | None
    groups: dict[str, str]
    """`repeats.question_groups`."""
    yardsticks: pd.DataFrame
    """`yardsticks.Yardsticks.table`: what each number of a yardstick stands for."""
    part_bands: pd.DataFrame
    """`content_and_letter.control_bands`."""
    nothing_moved: bool
    """`statistics.is_no_op`."""
    flags: tuple[str, ...]
    """`flags.of_answers`."""

    @property
    def repeated(self) -> int:
        """Questions that repeat another one."""
        return repeats.repeated(self.groups)


def read(evaluation: Evaluation) -> SweepStatistics:
    """Every statistic of an evaluation, in a second or two."""
    asked, how = evaluation.questions.questions, steered.of_config(evaluation.config)
    groups = repeats.question_groups(asked)
    kinds = yardsticks.of_run(evaluation)
    questions = yardsticks.labelled(statistics.per_question(evaluation.frame), kinds)
    summary = statistics.summarise_questions(questions, RESAMPLES, SEED, groups)
    summary = yardsticks.labelled(summary, kinds)
    moved = flips.moves(evaluation.frame)
    band, tests = nulls.control_band(summary), nulls.max_t(summary)
    vectors, effects = badges.badges(summary, tests), side_effects.by_cell(evaluation.frame)
    own = yardsticks.labelled(content_and_letter.by_question(evaluation.frame), kinds)
    for table in (
        doses.steerability(questions, RESAMPLES, SEED, groups, how.adds),
        doses.shapes(questions, summary, moved),
        usable.ranges(summary, effects),
    ):
        vectors = vectors.merge(table, on=VECTOR, how="left")
    return SweepStatistics(
        summary=summary,
        band=band,
        cells=_cells(questions, summary, band, moved),
        vectors=vectors,
        tests=tests,
        selection=selection.split_selection(questions, SEED, groups, RESAMPLES),
        spread=power.spread_of(questions, f"{evaluation.questions.name} on {_model(evaluation)}"),
        groups=groups,
        yardsticks=kinds.table,
        part_bands=content_and_letter.control_bands(
            own, own[own["vector_set"] == statistics.BASELINE]
        ),
        nothing_moved=statistics.is_no_op(evaluation.frame),
        flags=flags.of_answers(evaluation.frame, effects),
    )


def _model(evaluation: Evaluation) -> str:
    return str(evaluation.model.get("short_name", "the same model"))


def _cells(
    questions: pd.DataFrame, summary: pd.DataFrame, band: pd.DataFrame, moved: pd.DataFrame
) -> pd.DataFrame:
    flipped = flips.flips(questions).rename(columns={"p": "flips_p", "q": "flips_q"})
    tested = nulls.p_values(summary)[[*statistics.CELL, "p", "q"]]
    found = flips.flags(summary, band, moved)
    for table in (flipped, tested):
        found = found.merge(table, on=statistics.CELL, how="left")
    return found
