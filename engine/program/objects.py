"""Stored records as a program meets them: a line, a table, a frame, a chart.

The charts are the dashboard's own, which is loaded only when one is asked for.
"""

import html
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import ConfigError
from engine.program import frames
from engine.program.frames import Compared
from engine.records.grids import Generation
from engine.records.records import Evaluation, VectorSet
from engine.statistics import cells as statistics
from engine.statistics import similarity, whole
from engine.statistics.whole import SweepStatistics

MOST_ROWS = 12
"""Rows of a table in a notebook; `frame()` has all."""
WIDTH = 600
"""Of a chart in pixels: the dashboard's take the width of their page."""


@dataclass(frozen=True, eq=False, repr=False)
class Shown(ABC):
    """A record with its looks."""

    record: Any

    @property
    def digest(self) -> str | None:
        """Name of the record; None for what is not stored."""
        return str(self.record.digest)

    @property
    @abstractmethod
    def words(self) -> str:
        """What it is, in a few words."""

    @abstractmethod
    def frame(self) -> pd.DataFrame:
        """Its figures, one row for each thing measured."""

    @abstractmethod
    def chart(self) -> Any:
        """It as an altair chart."""

    def _table(self) -> pd.DataFrame:
        """What a notebook shows of it."""
        return self.frame()

    def __repr__(self) -> str:
        """One line."""
        name = "" if self.digest is None else f" {self.digest}"
        return f"<{self.words}{name}>"

    def _repr_html_(self) -> str:
        """One line and a table, in which every text is escaped."""
        table = self._table()
        rows = table.head(MOST_ROWS).map(frames.short)
        body = rows.to_html(index=False, border=0, float_format="{:.3g}".format, na_rep="")
        more = len(table) - len(rows)
        note = f"<p>and {more} more rows</p>" if more else ""
        return f"<div><p>{html.escape(repr(self)[1:-1])}</p>{body}{note}</div>"


class ShownVectors(Shown):
    """Vectors that were found."""

    record: VectorSet

    @property
    def words(self) -> str:
        """Such as "MELBO: 8 vectors at output of block 1, demo"."""
        found = self.record
        sites = list(dict.fromkeys(site.words for site in found.sites))
        where = sites[0] if len(sites) == 1 else f"{len(sites)} sites"
        count = frames.count(len(found.vectors), "vector")
        return f"{frames.titled(found.method)}: {count} at {where}, {frames.model_of(found.model)}"

    def frame(self) -> pd.DataFrame:
        """One row a vector: vector (name), index, block, site, norm, and the finder's scores."""
        return frames.of_vectors(self.record)

    def chart(self, curve: str | None = None) -> Any:
        """A curve of the search, or the cosines of all vectors.

        Args:
            curve: A name in `record.history`, or "cosines"; the first curve if left out, and the
                cosines where the finder draws none.

        Raises:
            ConfigError: If there is no such curve.
        """
        from dashboard.charts import heatmaps, many_vectors
        from dashboard.frames import cosines
        from dashboard.words.inks import LIGHT

        found = self.record
        # A curve of one step is a point; some finders keep one a vector, which is no search.
        curves = [name for name, steps in found.history.items() if len(steps) > 1]
        wanted = curve or next(iter(curves), "cosines")
        if wanted in curves:
            return _wide(many_vectors.history(wanted, found.history[wanted], found.names, LIGHT))
        if wanted != "cosines":
            raise ConfigError(
                f"There is no curve {wanted!r}: use {', '.join([*curves, 'cosines'])}."
            )
        square = cosines.square([found])
        return _wide(heatmaps.everyone(square.cells, square.order, 1.0, LIGHT))


class ShownEvaluation(Shown):
    """An A/B sweep."""

    record: Evaluation

    @property
    def words(self) -> str:
        """Such as "A/B sweep: 8 vectors, 7 scales, 64 controls, 100 questions of survival"."""
        summary = self.statistics.summary
        scales = frames.count(summary["scale"].nunique(), "scale")
        controls = summary.loc[summary["vector_set"] == statistics.CONTROL, "vector"].nunique()
        asked = self.record.questions
        vectors = frames.count(len(frames.names_of(self.record, summary)), "vector")
        questions = f"{frames.count(len(asked.questions), 'question')} of {asked.name}"
        named = f"{vectors}, {scales}, {frames.count(controls, 'control')}, {questions}"
        return f"A/B sweep{frames.how(self.record)}: {named}, {frames.model_of(self.record.model)}"

    @cached_property
    def statistics(self) -> SweepStatistics:
        """Every statistic of the sweep, worked out once."""
        return whole.read(self.record)

    def frame(self) -> pd.DataFrame:
        """One row for each vector at each scale, the controls and the baseline included.

        Columns: vector (name), vector_set, index, method, scale; rate (share of answers with the
        behaviour), change (of the mean logit difference) and the others of
        `engine.statistics.cells`; beyond, flag, p, q.
        """
        return frames.of_sweep(self.record, self.statistics)

    def _table(self) -> pd.DataFrame:
        return frames.strongest(self.frame())

    def chart(self, vector: int | str | None = None) -> Any:
        """The map of all vectors and scales, or the violins of one vector.

        Args:
            vector: Its place among the measured ones, or its name.

        Raises:
            ConfigError: If there is no such vector, or the sweep has none.
        """
        from dashboard.charts import many_vectors, vector_view
        from dashboard.frames import overview, sweep
        from dashboard.words.inks import LIGHT

        built = sweep.build(self.record, self.statistics)
        if not built.names:
            raise ConfigError("Only random vectors were measured: there is none to draw.")
        if vector is None:
            cells = overview.cells(built)
            return _wide(many_vectors.heat_map(cells, LIGHT, built.reading, built.steered))
        name = frames.chosen(vector, built.names)
        return _wide(vector_view.violin(built, vector_view.usual(built, name), LIGHT))


class ShownTexts(Shown):
    """A grid of texts."""

    record: Generation

    @property
    def words(self) -> str:
        """Such as "Texts: 1 prompt, 5 configurations, 5 texts, demo"."""
        frame = self.record.frame
        prompts = frames.count(frame["prompt"].nunique(), "prompt")
        columns = frames.count(frame["configuration"].nunique(), "configuration")
        texts = frames.count(len(frame), "text")
        return f"Texts: {prompts}, {columns}, {texts}, {frames.model_of(self.record.model)}"

    def frame(self) -> pd.DataFrame:
        """One row a text; the columns are those of `GENERATION_COLUMNS`."""
        return self.record.frame.copy()

    def _table(self) -> pd.DataFrame:
        return self.frame()[["prompt", "configuration", "text", "label"]]

    def chart(self) -> Any:
        """Refuses: texts are read.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError("Texts are not drawn: read them in frame(), one row a text.")


class ShownStudy(Shown):
    """A study, an adaptive sweep, or the evidence for a set: a record of tables."""

    record: dict[str, Any]

    @property
    def digest(self) -> str:
        """Name of the record."""
        return str(self.record["digest"])

    @property
    def words(self) -> str:
        """Its title and model."""
        return f"{self.record.get('title', 'Experiment')}, {frames.model_of(self.record['model'])}"

    @property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Its tables by name; those of each question file by the file and the table."""
        return frames.of_study(self.record)

    def frame(self, table: str | None = None) -> pd.DataFrame:
        """One of its tables.

        Args:
            table: Its name in `tables`; what each arm or vector did if left out.

        Raises:
            ConfigError: If there is none of that name.
        """
        known = self.tables
        usual = [name for name in known if name.rpartition(" ")[2] in frames.USUAL]
        wanted = table or next(iter([*usual, *known]), "")
        if wanted not in known:
            raise ConfigError(f"There is no table {wanted!r}: use {', '.join(known) or 'none'}.")
        return pd.DataFrame(known[wanted])

    def _table(self) -> pd.DataFrame:
        return self.frame() if self.tables else pd.DataFrame()

    def chart(self, part: str | int | None = None) -> Any:
        """A chart of its page.

        Args:
            part: Of a deception study: "arms", "cosines", or the name of an arm for its sweep. Of
                a corrigibility study: which question file, 0 if left out.

        Raises:
            ConfigError: If there is no such part, or no chart of such a record.
        """
        name, found = self.record["name"], self.record.get("tables", {})
        from dashboard.charts import adaptive, blends, studies
        from dashboard.words.inks import LIGHT

        if name in ("screening", "blend"):
            drawn = adaptive if name == "screening" else blends
            return _wide(drawn.of_record(self.record, LIGHT))
        if name == "deception":
            return self._deception(found, part or "arms")
        if name == "corrigibility":
            names = [str(table["questions"]) for table in found]
            place = names.index(frames.chosen(part or 0, names))
            return _wide(studies.methods(found[place], LIGHT))
        known = ", ".join(self.tables) or "none"
        raise ConfigError(f"There is no chart of such a record: read its tables ({known}).")

    def _deception(self, found: dict[str, Any], part: str | int) -> Any:
        from dashboard.charts import studies
        from dashboard.words.inks import LIGHT

        arms = {row["arm"]: row for row in found["arms"] if row["block"] is not None}
        if part == "arms" and arms:
            return _wide(studies.arms(frames.turned(found), LIGHT))
        if part == "cosines":
            return _wide(studies.cosines(*studies.readings_of(found), LIGHT))
        if part not in arms:
            known = ", ".join([*(["arms"] if arms else []), "cosines", *arms])
            raise ConfigError(f"There is no part {part!r}: use {known}.")
        row = arms[str(part)]
        cell, noun = (int(row["block"]), float(row["scale"])), studies.strength_noun(row)
        return _wide(studies.sweep(found["sweep"], str(part), cell, LIGHT, noun))


class ShownSimilarity(Shown):
    """How alike two sets are."""

    record: Compared

    @property
    def digest(self) -> None:
        """None: it is worked out anew."""

    @property
    def words(self) -> str:
        """Such as "MELBO 4ef5 and Power iteration eef0: largest |cosine| 0.93"."""
        first, second = (
            f"{frames.titled(one.method)} {one.digest[:4]}"
            for one in (self.record.first, self.record.second)
        )
        largest = float(np.abs(self.record.cosines).max())
        rank = self.record.effective_rank
        return f"{first} and {second}: largest |cosine| {largest:.2f}, effective rank {rank:.1f}"

    def frame(self) -> pd.DataFrame:
        """One row for each two vectors at the same place in the model.

        Columns: those of `engine.statistics.similarity.by_layer`.

        Raises:
            ConfigError: If the sets have no site in common.
        """
        return similarity.by_layer(self.record.first, self.record.second, self.record.null)

    def _table(self) -> pd.DataFrame:
        return frames.of_pairs(self.record)

    def chart(self, same_layer: bool = False) -> Any:
        """The cosine of every vector with every other.

        Args:
            same_layer: Those at the same block instead, with what chance gives.

        Raises:
            ConfigError: If no block is in both sets and those were asked for.
        """
        from dashboard.charts import heatmaps
        from dashboard.frames import cosines
        from dashboard.words.inks import LIGHT

        if same_layer:
            return _wide(heatmaps.same_layer(self.frame(), LIGHT))
        first, second = self.record.first, self.record.second
        cells = cosines.cells(first, second)
        titles = (frames.axis(first), frames.axis(second))
        return _wide(
            heatmaps.layers(cells, titles, cosines.colour_limit(cells["cosine"]), LIGHT, None)
        )


def _wide(drawing: Any) -> Any:
    return drawing.properties(width=WIDTH)
