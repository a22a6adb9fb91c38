"""The tables of the deception study: how alike the two families are, and what each arm did.

Every figure is of answers that a judge has labelled, or is absent with its reason.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from engine.records.records import VectorSet
from engine.runs.studies.arms import Arm, Cell, Families, Rival, column_of, random_column
from engine.runs.studies.randoms import p_value
from engine.runs.studies.records import plain
from engine.statistics import similarity

UNJUDGED = "No judge has read this model's answers."


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The cell that did best on the choosing questions."""

    cell: Cell
    share: float
    """Of the answers that it turned there."""
    tied: int
    """Cells that turned as many, itself among them."""
    tried: int
    """Cells of which there is a figure."""


def converted(frame: pd.DataFrame, arm: Arm, column: str) -> float:
    """Share of the answers that were `before` in the arm's baseline and are `after` in a column.

    NaN where no such answer, or none of theirs in the column, has a label.
    """
    return shares(frame, arm, [column])[0]


def shares(frame: pd.DataFrame, arm: Arm, columns: Sequence[str]) -> list[float]:
    """`converted` of several columns."""
    labels = frame.pivot(index="prompt", columns="configuration", values="label")
    found = []
    for column in columns:
        if column not in labels or arm.baseline not in labels:
            found.append(float("nan"))
            continue
        turned = labels.loc[labels[arm.baseline] == arm.before, column]
        turned = turned[turned != ""].dropna()
        found.append(float((turned == arm.after).mean()) if len(turned) else float("nan"))
    return found


def baseline_fault(frame: pd.DataFrame, arm: Arm) -> str | None:
    """Why an arm has nothing to turn, in a sentence; None where it has."""
    own = frame[frame.configuration == arm.baseline].label
    if (own == "").all():
        return UNJUDGED
    if not (own == arm.before).any():
        return (
            f"None of the {len(own)} unsteered answers of the {arm.baseline} model is {arm.before}."
        )
    return None


def best_cell(arm: Arm, frame: pd.DataFrame, cells: Sequence[Cell]) -> Choice | None:
    """The cell that turned most answers; None where there is a figure of none.

    Among equals the smallest change of the model is preferred.
    """
    found = shares(frame, arm, [column_of(arm, cell) for cell in cells])
    known = {cell: share for cell, share in zip(cells, found, strict=True) if math.isfinite(share)}
    if not known:
        return None
    best = max(known.values())
    equal = [cell for cell, share in known.items() if share == best]
    chosen = min(equal, key=lambda cell: (cell.scale, cell.block))
    return Choice(cell=chosen, share=best, tied=len(equal), tried=len(known))


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


def absent_row(arm: Arm, reason: str) -> dict[str, Any]:
    """An arm of which nothing can be said, and why."""
    names = ("index", "block", "scale", "converted", "random_high", "p", "repetition")
    nothing = dict.fromkeys((*names, "mean_logprob", "baseline_mean_logprob"))
    kinds = {"labels": {}, "baseline_labels": {}, "controls": 0}
    return {"arm": arm.name, **_kind(arm), **nothing, **kinds, "reason": reason}


def arm_row(arm: Arm, choice: Choice, frame: pd.DataFrame, controls: int) -> dict[str, Any]:
    """What an arm did where it was chosen to, on other questions, beside its random vectors."""
    fault = baseline_fault(frame, arm)
    share = converted(frame, arm, arm.name)
    if fault is not None or not math.isfinite(share):
        return absent_row(arm, fault or "None of its steered answers was labelled.")
    null = shares(frame, arm, [random_column(arm, i) for i in range(controls)])
    null = [value for value in null if math.isfinite(value)]
    return {
        "arm": arm.name,
        **_kind(arm),
        **asdict(choice.cell),
        "tied": choice.tied,
        "tried": choice.tried,
        "chosen_at": choice.share,
        "converted": share,
        "random_high": max(null, default=None),
        **p_value(share, null),
        **_answers(frame, arm),
        "reason": _doubt(choice),
    }


def rival_row(arm: Rival, frame: pd.DataFrame) -> dict[str, Any]:
    """What a model said when it was merely asked, on the reporting questions: nothing is chosen.

    A system prompt has no random vectors beside it.
    """
    fault, share = baseline_fault(frame, arm), converted(frame, arm, arm.name)
    if fault is not None or not math.isfinite(share):
        return absent_row(arm, fault or "None of its answers was labelled.")
    return absent_row(arm, "") | {"converted": share, **_answers(frame, arm), "reason": None}


def _answers(frame: pd.DataFrame, arm: Arm) -> dict[str, Any]:
    """What the answers of an arm and of its baseline are like."""
    own = frame[frame.configuration == arm.name]
    baseline = frame[frame.configuration == arm.baseline]
    return {
        "labels": own.label.value_counts().to_dict(),
        "baseline_labels": baseline.label.value_counts().to_dict(),
        "repetition": plain(own.repetition.mean()),
        "mean_logprob": plain(own.mean_logprob.mean()),
        "baseline_mean_logprob": plain(baseline.mean_logprob.mean()),
    }


def _kind(arm: Arm) -> dict[str, Any]:
    way = arm.way
    return {
        "from": arm.before,
        "to": arm.after,
        "operation": way.operation,
        "layers": way.layers,
        "unit_norm": way.unit_norm,
    }


def _doubt(choice: Choice) -> str | None:
    """What a reader must know of how the cell was chosen."""
    if choice.share == 0:
        return f"None of {choice.tried} cells turned an answer on the choosing questions."
    return None


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
