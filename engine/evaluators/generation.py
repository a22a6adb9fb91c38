"""The generation grid: prompts x configurations x samples, many rows at a time.

A cell is one text. Columns with the same effect share their cells, so scale 0 is the baseline
itself. A cell's random numbers come from the seed and what the cell is, never from its batch.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from torch import Tensor

from engine.configs.grids import Configuration, GenerateConfig
from engine.configs.steering.doses import Which
from engine.evaluators import lockstep, sampling
from engine.evaluators import text_figures as side_effects
from engine.evaluators.cells import Cell, draws_of, end_tokens, key_of
from engine.evaluators.judges.nobody import Nobody
from engine.evaluators.judges.verdicts import Judge, Judged, labels_of
from engine.evaluators.steering.columns import Columns, foreign_notes
from engine.evaluators.steering.kept import NORM_PROMPTS as NORM_PROMPTS
from engine.evaluators.text_figures import Arm, Neutral, Scored
from engine.maths import repeats
from engine.model.edits import Edit, first_edited
from engine.model.forward import Forward
from engine.progress import Progress
from engine.questions import files
from engine.records.grids import LIVE, Frames
from engine.records.records import VectorSet
from engine.store.writer import Stream

LIVE_SECONDS = 0.5
"""How often the texts in flight are written for those who watch, at most."""
LIVE_SHARE = 0.05
"""Most of the time that may be spent on writing them: a large grid is shown less often."""
TEXTS = "texts-"
SCORES = "scores-"


@dataclass(frozen=True, kw_only=True, eq=False)
class GridResult:
    """What a grid gave."""

    frame: pd.DataFrame
    """Columns: `records.grids.GENERATION_COLUMNS`."""
    side_effects: dict[str, dict[str, float]]
    notes: tuple[str, ...]


def run(
    door: Forward,
    config: GenerateConfig,
    sets: Mapping[str, VectorSet],
    progress: Progress,
    units: Frames,
    judge: Judge | None = None,
) -> GridResult:
    """Write every cell of a grid and measure it.

    Args:
        door: The model.
        config: The grid.
        sets: The stored vector sets by the digests that the config names.
        progress: Called after every token of a batch; may raise to stop.
        units: Keeps finished texts, so that a stopped grid goes on.
        judge: Who labels the texts; None for nobody.

    Raises:
        ConfigError: If a vector or a layer does not fit the model.
    """
    return Grid(door, config, sets, progress, units, judge).run()


class Grid:
    """One grid while it is worked on."""

    def __init__(
        self,
        door: Forward,
        config: GenerateConfig,
        sets: Mapping[str, VectorSet],
        progress: Progress,
        units: Frames,
        judge: Judge | None = None,
    ) -> None:
        """Lay out the cells; nothing is written yet."""
        self.door, self.config, self._units = door, config, units
        self._judge = judge or Nobody()
        self._progress, self._done, self._notes = progress, 0, []
        self._ends = end_tokens(door)
        self._show_next = 0.0
        self._save: Callable[..., object] = units.save_unit
        self._made = Columns(door, config.configurations, sets, config.system)
        neutral = self._neutral_prompts(config.system)
        self._made.measure(neutral[:NORM_PROMPTS])
        self.columns = {c.effect: (c, self._made.edits(c)) for c in config.configurations}
        self._tokens = {c.system: self._prompts(c.system) for c in config.configurations}
        self._tokens[None] = self._prompts(None)
        self.cells = {
            (prompt, effect, sample): Cell(
                key_of(config, config.prompts[prompt], effect, sample),
                prompt,
                sample,
                self._tokens[column.system][prompt],
                column,
                edits,
                column.which(tuple(config.model.adapters)),
            )
            for prompt in range(len(config.prompts))
            for effect, (column, edits) in self.columns.items()
            for sample in range(config.samples)
        }
        self._notes += foreign_notes(door, sets, config.configurations)
        self._neutral = neutral[: config.neutral]
        measured = len(self._neutral) * (len(self.columns) + 2) * side_effects.NEUTRAL_TOKENS
        self._total = 2 * len(self.cells) * config.max_new_tokens + measured

    def _prompts(self, system: str | None) -> list[list[int]]:
        """The grid's prompts under a column's own system prompt, or None for the grid's."""
        prompter, most = self.door.loaded.prompter, self.config.max_new_tokens
        own = self.config.system if system is None else system or None
        return [prompter.tokens(p, own, more=most) for p in self.config.prompts]

    def _neutral_prompts(self, system: str | None) -> list[list[int]]:
        prompter, most = self.door.loaded.prompter, side_effects.NEUTRAL_TOKENS
        prompts = files.load_prompts(self.config.neutral_prompts)
        return [prompter.tokens(p, system, more=most) for p in prompts]

    def run(self) -> GridResult:
        """Write, score, measure."""
        self._recall()
        left = [c for c in self.cells.values() if not c.is_over]
        with Stream(self._units.save_unit) as self._save:
            self._write_all(left)
            self._score()
            effects = self._side_effects()
        return GridResult(
            frame=self._frame(), side_effects=effects, notes=tuple(dict.fromkeys(self._notes))
        )

    # Texts

    def _recall(self) -> None:
        """Take over the texts that an earlier run finished."""
        by_key = {cell.key: cell for cell in self.cells.values()}
        for name in sorted(self._units.units()):
            unit = self._units.load_unit(name) if name.startswith((TEXTS, SCORES)) else None
            for row in [] if unit is None else unit.to_dict("records"):
                cell = by_key.get(row["key"])
                if cell is not None and name.startswith(TEXTS):
                    cell.written = [int(token) for token in row["written"]]
                    cell.finished, cell.is_over = bool(row["finished"]), True
                elif cell is not None:
                    cell.mean_logprob = float(row["mean_logprob"])

    def _write_all(self, cells: list[Cell]) -> None:
        self._done = (len(self.cells) - len(cells)) * self.config.max_new_tokens
        groups: dict[tuple[int, Which], list[Cell]] = {}
        for cell in cells:
            groups.setdefault((len(cell.tokens), cell.which), []).append(cell)
        for (length, _), members in groups.items():
            # Side by side, rows share what lies before their first edit.
            members.sort(key=lambda cell: (first_edited(cell.edits), cell.prompt))

            def work(part: range, members: list[Cell] = members) -> None:
                self._write([members[i] for i in part if not members[i].is_over])

            lockstep.in_batches(
                self.door,
                len(members),
                length + self.config.max_new_tokens,
                work,
                self._notes.append,
            )
        self._show(is_last=True)

    def _write(self, cells: list[Cell]) -> None:
        if not cells:
            return
        for cell in cells:
            cell.written = []
        before = self._done
        draws = [draws_of(cell.key, self.config) for cell in cells]

        def pick(going: list[int], logits: Tensor) -> list[int | None]:
            step = len(cells[going[0]].written)
            asked, numbers = self.config, [draws[row][step] for row in going]
            chosen = sampling.choose(logits, numbers, asked.temperature, asked.top_k, asked.top_p)
            tokens = [
                self._append(cells[row], token) for row, token in zip(going, chosen, strict=True)
            ]
            over = sum(cell.is_over for cell in cells)
            limit = self.config.max_new_tokens
            self._done = before + over * limit + (len(cells) - over) * (step + 1)
            self._report(f"{self._count_over()} of {len(self.cells)} texts")
            return tokens

        try:
            lockstep.run(
                self.door,
                [c.tokens for c in cells],
                [c.edits for c in cells],
                cells[0].which,
                pick,
            )
        except BaseException:
            self._show(is_last=True)
            raise
        finally:
            # Also when the job is stopped: what is finished need not be written again.
            self._keep(TEXTS, [c for c in cells if c.is_over], ("written", "finished"))

    def _append(self, cell: Cell, token: int) -> int | None:
        cell.written.append(token)
        cell.finished = token in self._ends
        cell.is_over = cell.finished or len(cell.written) == self.config.max_new_tokens
        return None if cell.is_over else token

    def _count_over(self) -> int:
        return sum(cell.is_over for cell in self.cells.values())

    def _report(self, message: str) -> None:
        self._show()
        self._progress(min(self._done, self._total), self._total, message)

    def _keep(self, kind: str, cells: list[Cell], names: Sequence[str]) -> None:
        if cells:
            frame = pd.DataFrame(
                [{"key": c.key, **{name: getattr(c, name) for name in names}} for c in cells]
            )
            whole = hashlib.sha256("".join(c.key for c in cells).encode()).hexdigest()[:16]
            self._save(kind + whole, frame)

    def _show(self, is_last: bool = False) -> None:
        """Write all texts so far for those who watch."""
        began = time.monotonic()
        if began < self._show_next and not is_last:
            return
        rows = [
            {
                "prompt": self.config.prompts[cell.prompt],
                "configuration": column.name,
                "sample": cell.sample,
                "text": self._text(cell),
                "finished": cell.is_over,
            }
            for column, cell in self._laid_out()
            if cell.written
        ]
        if rows:
            self._save(LIVE, pd.DataFrame(rows))
        now = time.monotonic()
        self._show_next = now + max(LIVE_SECONDS, (now - began) / LIVE_SHARE)

    # Measures

    def _tick(self, count: int) -> None:
        self._done += count
        self._report("side effects")

    def _score(self) -> None:
        """Mean log-probability of every text under the unsteered base model, each text once."""
        limit = self.config.max_new_tokens
        self._done = len(self.cells) * limit
        twins: dict[tuple[int, tuple[int, ...]], list[Cell]] = {}
        for cell in self.cells.values():
            if cell.mean_logprob is None:
                twins.setdefault((cell.prompt, tuple(cell.written)), []).append(cell)
        # Under the usual system prompt, also what was written under another one.
        usual = self._tokens[None]
        texts = [Scored(usual[c[0].prompt], c[0].written) for c in twins.values()]
        readings = side_effects.read(self.door, texts, self._tick, self._notes.append)
        for reading, cells in zip(readings, twins.values(), strict=True):
            for cell in cells:
                cell.mean_logprob = reading.mean
        self._keep(SCORES, [c for cells in twins.values() for c in cells], ("mean_logprob",))
        self._done = 2 * len(self.cells) * limit

    def _side_effects(self) -> dict[str, dict[str, float]]:
        found = {effect: self._size(*column) for effect, column in self.columns.items()}
        if self._neutral:
            columns = [self._arm(*column) for column in self.columns.values()]
            most = side_effects.NEUTRAL_TOKENS
            answers = side_effects.greedy(
                self.door, self._neutral, self._ends, most, self._tick, note=self._notes.append
            )
            neutral = Neutral(self._neutral, answers)
            figures = side_effects.on_neutral(
                self.door, neutral, columns, self._tick, self._notes.append
            )
            for one, more in zip(found.values(), figures, strict=True):
                one |= more
        self._progress(self._total, self._total, "done")
        return {c.name: found[c.effect] for c in self.config.configurations}

    def _arm(self, column: Configuration, edits: list[Edit]) -> Arm:
        own = None
        if column.system is not None:
            own = self._neutral_prompts(column.system or None)[: len(self._neutral)]
        return Arm(edits, column.which(tuple(self.config.model.adapters)), own)

    def _size(self, column: Configuration, edits: list[Edit]) -> dict[str, float]:
        size = self._made.relative_size(column, edits)
        return {} if size is None else {"relative": size}

    # The record

    def _laid_out(self) -> list[tuple[Configuration, Cell]]:
        """Every row of the frame in order, with its column and cell."""
        return [
            (column, self.cells[prompt, column.effect, sample])
            for prompt in range(len(self.config.prompts))
            for column in self.config.configurations
            for sample in range(self.config.samples)
        ]

    def _text(self, cell: Cell) -> str:
        if cell.text is not None:
            return cell.text
        text = self.door.loaded.tokenizer.decode(cell.written, skip_special_tokens=True)
        cell.text = text if cell.is_over else None
        return text

    def _frame(self) -> pd.DataFrame:
        rows, laid_out = [], self._laid_out()
        texts = [Judged(self.config.prompts[c.prompt], self._text(c)) for _, c in laid_out]
        verdicts = labels_of(self._judge, texts, lambda _: self._report("judging"))
        for (column, cell), (prompt, text), verdict in zip(laid_out, texts, verdicts, strict=True):
            tokens = cell.written[:-1] if cell.finished else cell.written
            rows.append(
                {
                    "prompt": prompt,
                    "configuration": column.name,
                    "sample": cell.sample,
                    "text": text,
                    "tokens": len(tokens),
                    "finished": cell.finished,
                    "label": verdict.label,
                    "judge_score": verdict.score,
                    "repetition": repeats.repetition(tokens),
                    "unique_tokens": side_effects.unique_tokens(tokens),
                    "mean_logprob": cell.mean_logprob,
                    "adapter": bool(column.adapter),
                    "scale": 0.0 if column.is_baseline else float(column.scale),
                }
            )
        return pd.DataFrame(rows)
