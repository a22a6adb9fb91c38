"""Every operation at equal cost, in the base and the fine-tuned model: likelihoods, then texts.

Of each vector under an operation the way round that moves likelihood more is the one whose texts
are written; random vectors choose theirs likewise, so that the choice gives no advantage.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from engine.configs.budgets.operators import EqualArm, OperatorsConfig
from engine.configs.grids import GenerateConfig
from engine.progress import Progress
from engine.questions import files
from engine.runs import judging
from engine.runs.engine import Engine
from engine.runs.single import opened
from engine.runs.studies import records
from engine.statistics.budgets import turned
from engine.statistics.cells import CONTROL

UNSTEERED, PROMPTED = "unsteered", "prompt"
ADDING = "add"


def run(engine: Engine, config: OperatorsConfig, digest: str, progress: Progress) -> None:
    """Compare at equal cost in both models, write texts at the same strengths, store the table.

    Raises:
        EngineError: For everything the user can mend.
        Cancelled: When `progress` raises it.
    """
    began = time.monotonic()
    rows: list[dict[str, Any]] = []
    compared: list[str] = []
    told: dict[str, Any] = {}
    for arm in config.arms():
        name = engine.run(arm.asked, progress)
        compared.append(name)
        found = _Arm(config, arm, engine.store.load_experiment(name))
        if config.texts:
            told = found.write(engine, f"{digest}-{arm.name}", progress)
        rows += found.rows()
    model = engine.load(config.model, progress).loaded.identity()
    records.save(
        engine,
        config,
        digest,
        model,
        began,
        vectors=list(dict.fromkeys(ref.digest for ref in config.vectors)),
        evaluations=[],
        comparisons=compared,
        judge=config.judge_for(engine.names) if config.texts else "none",
        judging=told,
        tables={"operators": [_plain(row) for row in rows]},
    )


@dataclass(eq=False)
class _Texts:
    """Labels of what was written, by what wrote it."""

    unsteered: list[str]
    prompted: list[str]
    steered: dict[int, list[str]]
    """By the number of the cell in its comparison."""


class _Arm:
    """One direction, from its comparison to the rows of the table."""

    def __init__(self, config: OperatorsConfig, arm: EqualArm, record: Mapping[str, Any]) -> None:
        self._config, self._arm, self._record = config, arm, record
        tables = record["tables"]
        self._vectors = turned.better_signs(pd.DataFrame(tables["cells"]), arm.sign)
        self._missed = _missed(pd.DataFrame(tables["cells"]), self._vectors)
        controls = pd.DataFrame(tables["controls"])
        self._controls = controls
        if len(controls):
            named = controls.assign(vector_set=CONTROL)
            self._controls = turned.better_signs(named, arm.sign)
        self._texts: _Texts | None = None

    def write(self, engine: Engine, name: str, progress: Progress) -> dict[str, Any]:
        """Write and label the texts; gives what the judge says of itself."""
        config, arm = self._config, self._arm
        asked = arm.asked
        questions = engine.questions(asked.sweep).questions
        sets = [engine.store.load_vectors(one) for one in asked.sweep.loaded]
        prompts = files.load_prompts(config.held_out)[: config.texts]
        with opened(engine, config, config.model, name, progress) as work:
            from engine.evaluators.equal_cost import texts

            door, units = work.door, work.units
            cells = self._written_cells()
            picks = [
                texts.Pick(row.operation, row.vector_set, int(row.vector), float(row.strength))
                for row in cells.itertuples()
            ]
            edits = texts.edits_of(door, asked, sets, questions, picks)
            usual = texts.Asked(prompts=prompts, system=config.system, most=config.max_new_tokens)
            found = texts.written(door, asked, [[], *edits], usual, progress, units)
            rival = texts.Asked(prompts=prompts, system=asked.prompt, most=config.max_new_tokens)
            found += texts.written(door, asked, [[]], rival, progress, _Apart(units))
            labels, told = _labels(engine, config, door, prompts, found, progress)
        steered = dict(zip(cells["cell"].tolist(), labels[1:-1], strict=True))
        self._texts = _Texts(labels[0], labels[-1], steered)
        return told

    def _written_cells(self) -> pd.DataFrame:
        """Cells whose texts are written: all vectors', and of the first controls of a kind."""
        if not len(self._controls):
            return self._vectors
        kinds = self._controls.groupby(["operation", "yardstick"], sort=False)
        some = kinds.head(self._config.text_controls)
        return pd.concat([self._vectors, some], ignore_index=True)

    def rows(self) -> list[dict[str, Any]]:
        """Unsteered, asked by a prompt, then every vector under every operation."""
        shared = {"arm": self._arm.name, "toward": self._arm.toward}
        rows = [shared | self._unsteered(), *(shared | row for row in self._prompted())]
        for row in self._vectors.to_dict("records"):
            rows.append(shared | self._row(row))
        return rows + [shared | _told(row) for row in self._missed.to_dict("records")]

    def _unsteered(self) -> dict[str, Any]:
        found = {"name": UNSTEERED, "operation": "none", "kl_mean": 0.0, "kl_p95": 0.0}
        if self._texts is not None:
            found |= turned.texts(self._texts.unsteered, self._arm.toward, [])
        return found

    def _prompted(self) -> list[dict[str, Any]]:
        found = []
        for row in self._record["tables"].get("prompt", []):
            told = {"name": PROMPTED, "operation": "prompt", "kl_mean": row["kl_mean"]}
            told |= {"kl_p95": row["kl_p95"]} | turned.likelihood(row, [], self._arm.sign)
            if self._texts is not None:
                told |= turned.texts(self._texts.prompted, self._arm.toward, [])
            found.append(told)
        return found

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        wanted, beside = self._arm.sign, self._beside(row)
        null = (beside["change"].astype(float) * wanted).tolist() if len(beside) else []
        found = _told(row) | turned.likelihood(row, null, wanted) | self._over_adding(row)
        if self._texts is not None:
            labels = self._texts.steered
            among = [labels[cell] for cell in beside.get("cell", []) if cell in labels]
            found |= turned.texts(labels[row["cell"]], self._arm.toward, among)
        return found

    def _over_adding(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The cell beside the same vector added; nothing where that missed the budget."""
        cells = self._vectors
        is_same = (cells["vector_set"] == row["vector_set"]) & (cells["vector"] == row["vector"])
        added = cells[is_same & (cells["operation"] == ADDING)]["cell"].tolist()
        if row["operation"] == ADDING or not added:
            return {}
        contents = self._record["contents"]["cells"]
        return turned.over_adding(contents[row["cell"]], contents[added[0]], self._arm.sign)

    def _beside(self, row: Mapping[str, Any]) -> pd.DataFrame:
        """The random vectors of one cell's operation and kind, each its better way round."""
        if not len(self._controls):
            return self._controls
        is_here = self._controls["operation"] == row["operation"]
        return self._controls[is_here & (self._controls["yardstick"] == row["yardstick"])]


class _Apart:
    """Units of another stretch of one run, under names of their own."""

    def __init__(self, units: Any) -> None:
        self._units = units

    def load_arrays(self, name: str) -> Any:
        return self._units.load_arrays(f"prompted_{name}")

    def save_arrays(self, name: str, arrays: Any) -> object:
        return self._units.save_arrays(f"prompted_{name}", arrays)


def _labels(
    engine: Engine,
    config: OperatorsConfig,
    door: Any,
    prompts: Sequence[str],
    found: Sequence[Sequence[str]],
    progress: Progress,
) -> tuple[list[list[str]], dict[str, Any]]:
    """The label of every text, row by row, and what the judge says of itself."""
    from engine.evaluators.judges.verdicts import Judged, labels_of

    judge = config.judge_for(engine.names)
    grid = GenerateConfig(
        model=config.model,
        prompts=tuple(prompts),
        system=config.system,
        judge=judge,
        rubric=config.rubric,
        judge_model=config.judge_model,
    )
    with judging.sitting(engine, grid, judge, door, progress) as sitting:
        texts = [Judged(p, t) for row in found for p, t in zip(prompts, row, strict=True)]
        verdicts = labels_of(sitting.judge, texts, lambda _: progress(0, 1, "judging"))
    labels = [one.label for one in verdicts]
    width = len(prompts)
    return [labels[i : i + width] for i in range(0, len(labels), width)], sitting.told


def _missed(cells: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """One cell of every vector and operation that met the budget neither way round."""
    keys = ["operation", "vector_set", "vector"]
    known = set(map(tuple, kept[keys].to_numpy().tolist()))
    left = [tuple(row) not in known for row in cells[keys].to_numpy().tolist()]
    return cells[left].drop_duplicates(keys)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a table says of a cell whatever it did."""
    names = (
        *("name", "vector_set", "vector", "site", "operation", "sign", "strength"),
        *("kl_mean", "kl_p95", "absent"),
    )
    return {name: row[name] for name in names}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        column.name: records.plain(row[column.name]) if column.name in row else None
        for column in turned.COLUMNS
    }
