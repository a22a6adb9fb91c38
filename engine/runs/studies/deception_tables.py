"""The tables of the deception study: how alike the two families are, and what each arm did."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from engine.records.records import VectorSet
from engine.runs.studies.records import plain
from engine.statistics import similarity

HONEST, DECEPTIVE = "honest", "deceptive"

Families = Sequence[VectorSet]
"""(contrastive, fine-tune difference)"""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One of the study's four interventions."""

    name: str
    family: int
    """0 contrastive, 1 fine-tune difference."""
    adapter: bool
    sign: float
    before: str
    """Label of the answers that should change."""
    after: str
    """Label they should change to."""

    @property
    def baseline(self) -> str:
        """The configuration that is not steered."""
        return "fine-tuned" if self.adapter else "base"


ARMS = (
    Arm(name="base + contrastive", family=0, adapter=False, sign=1.0, before=HONEST,
        after=DECEPTIVE),
    Arm(name="base + fine-tune difference", family=1, adapter=False, sign=1.0, before=HONEST,
        after=DECEPTIVE),
    Arm(name="fine-tuned - contrastive", family=0, adapter=True, sign=-1.0, before=DECEPTIVE,
        after=HONEST),
    Arm(name="fine-tuned - fine-tune difference", family=1, adapter=True, sign=-1.0,
        before=DECEPTIVE, after=HONEST),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Where an arm steers: a vector of its family and a multiple of it."""

    index: int
    block: int
    scale: float


def column_of(arm: Arm, cell: Cell) -> str:
    """Name of a cell's configuration in the sweep."""
    return f"{arm.name} | block {cell.block} | {cell.scale:g}"


def random_column(arm: Arm, index: int) -> str:
    """Name of a control's configuration in the report."""
    return f"{arm.name} | random {index}"


def converted(frame: pd.DataFrame, arm: Arm, column: str) -> float:
    """Share of the answers that were `before` in the arm's baseline and are `after` in a column."""
    labels = frame.pivot(index="prompt", columns="configuration", values="label")
    baseline = labels[arm.baseline] == arm.before
    if not baseline.any():
        return float("nan")
    return float((labels.loc[baseline, column] == arm.after).mean())


def sweep_rows(frame: pd.DataFrame, arm: Arm, cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """What an arm did at every layer and scale that was tried."""
    return [
        {
            "arm": arm.name,
            **asdict(cell),
            "converted": plain(converted(frame, arm, column_of(arm, cell))),
        }
        for cell in cells
    ]


def arm_row(arm: Arm, cell: Cell, frame: pd.DataFrame, controls: int) -> dict[str, Any]:
    """What an arm did where it was chosen to, on other questions, beside its random vectors."""
    own = frame[frame.configuration == arm.name]
    baseline = frame[frame.configuration == arm.baseline]
    null = [converted(frame, arm, random_column(arm, i)) for i in range(controls)]
    share = converted(frame, arm, arm.name)
    above = sum(value >= share for value in null)
    return {
        "arm": arm.name,
        **asdict(cell),
        "from": arm.before,
        "to": arm.after,
        "converted": plain(share),
        "random_high": plain(max(null, default=float("nan"))),
        "p": (1 + above) / (1 + len(null)) if null else None,
        "labels": own.label.value_counts().to_dict(),
        "baseline_labels": baseline.label.value_counts().to_dict(),
        "repetition": plain(own.repetition.mean()),
        "mean_logprob": plain(own.mean_logprob.mean()),
        "baseline_mean_logprob": plain(baseline.mean_logprob.mean()),
    }


def cosine_rows(found: Mapping[str, Families]) -> list[dict[str, Any]]:
    """Cosine of the two families per block, by each way of reading them.

    Where the same tokens were read and the study's way was tried too, `contrastive_moved` and
    `difference_moved` are the cosine of a family with itself under the two ways: how far the
    way of reading alone turns it.
    """
    columns = {way: _by_block(*families) for way, families in found.items()}
    if {"same tokens", "study"} <= set(found):
        for name, family in (("contrastive_moved", 0), ("difference_moved", 1)):
            columns[name] = _by_block(found["same tokens"][family], found["study"][family])
    table = pd.DataFrame(columns)
    return [
        {"block": int(block), **{name: plain(value) for name, value in row.items()}}
        for block, row in table.iterrows()
    ]


def _by_block(first: VectorSet, second: VectorSet) -> pd.Series:
    return similarity.by_layer(first, second).set_index("block").cosine
