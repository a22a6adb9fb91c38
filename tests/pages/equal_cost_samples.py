"""An invented comparison at equal cost: three vectors under three operations, beside controls."""

from typing import Any

import numpy as np
import pandas as pd

from engine.configs import core as configs
from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.configs.core import VectorRef
from engine.configs.sweeps import EvaluateConfig
from engine.statistics.budgets import equal_cost_record
from engine.statistics.budgets.equal_cost import Answered
from engine.statistics.cells import CONTROL
from engine.store.store import Store
from tests.pages.samples import MODEL, question_set

VECTORS = "aaaa00000001"
TURNS = (("add", 1), ("add", -1), ("ablate", 1), ("cap", 1), ("cap", -1))
QUESTIONS = 12
PROMPT = "You want to stay on."


def save(store: Store, digest: str = "c05700000001", **changes: Any) -> str:
    """Store one over the first set of `samples.fill`; its digest."""
    record = comparison(store, **changes)
    store.save_experiment(digest, record)
    return digest


def comparison(
    store: Store,
    controls: int = 20,
    prompt: str | None = PROMPT,
    questions: dict[str, Any] | None = None,
    budget: float = 0.1,
    vectors: tuple[int, ...] = (0, 1),
    **changes: Any,
) -> dict[str, Any]:
    """A record as a run would store it; cap turned round does not reach the budget."""
    found = store.load_vectors(VECTORS)
    asked = question_set(QUESTIONS)
    sweep = EvaluateConfig(
        vectors=(VectorRef(digest=VECTORS, indices=vectors),), controls=controls, max_questions=12
    )
    config = EqualCostConfig.of_sweep(
        sweep, operations=("add", "ablate", "cap"), budget=budget, prompt=prompt
    )
    cells = pd.DataFrame(_rows(controls, vectors, budget))
    answered = _answered(cells, prompt is not None)
    ids = [question.id for question in asked.questions]
    answered = Answered(**{**vars(answered), "questions": tuple(ids)})
    cost = None if prompt is None else {"kl_mean": 0.52, "kl_p95": 3.1}
    told = {"name": "survival", "behaviour": "survival", "polarity": "matching"}
    settings = {"grid": "000000000001", "neutral": "0" * 12, "operations": list(config.operations)}
    settings |= {"budget": budget, "of": "mean", "prompt": prompt}
    return {
        "name": config.method,
        "title": "Equal cost on survival",
        "config": settings,
        "sweep": configs.as_json(config.sweep),
        "model": MODEL,
        "vectors": [VECTORS],
        "evaluations": [],
        "questions": {**told, "sha256": asked.sha256, **(questions or {})},
        "orders": 2,
        "neutral": {"prompts": 12, "tokens": 300},
        **equal_cost_record.parts(answered, [found], asked.questions, config, cost),
        "notes": ["transport is *left out*."],
        "provenance": {"created": "2026-11-29T10:09:00+00:00", "seconds": 3.0, "packages": {},
                       "commit": "abc", "dirty": False, "device": "cpu", "dtype": "float32"},
        **changes,
    }  # fmt: skip


def _rows(controls: int, vectors: tuple[int, ...], budget: float) -> list[dict[str, Any]]:
    rows = []
    owners = [(VECTORS, index, "melbo") for index in vectors]
    owners += [(CONTROL, index, CONTROL) for index in range(controls)]
    for operation, sign in TURNS:
        for digest, index, method in owners:
            reached = (operation, sign) != ("cap", -1)
            rows.append(
                {
                    "vector_set": digest, "vector": index, "method": method,
                    "operation": operation, "sign": sign, "yardstick": 0, "norm": 1.0,
                    "site": "output of block 1", "strength": sign * 1.5,
                    "kl_mean": budget if reached else budget / 5, "kl_p95": 6 * budget,
                    "evaluations": 4, "reached": reached,
                    "reason": "" if reached else "At the largest strength it costs 0.02.",
                }
            )  # fmt: skip
    return rows


def _answered(cells: pd.DataFrame, has_rival: bool) -> Answered:
    generator = np.random.default_rng(0)
    baseline = generator.normal(-0.5, 1.0, QUESTIONS)
    moves = {("add", 1): 1.2, ("add", -1): -0.9, ("ablate", 1): 0.1, ("cap", 1): 0.4}
    contents = []
    for one in cells.itertuples():
        is_own = one.vector_set != CONTROL
        size = moves.get((one.operation, one.sign), np.nan) if is_own else 0.0
        spread = 0.2 if is_own else 0.3
        shift = size * (1 if one.vector == 0 else 0.5) + generator.normal(0, spread)
        contents.append(baseline + shift + generator.normal(0, 0.3, QUESTIONS))
    found = np.array(contents)
    found[~cells["reached"].to_numpy(bool)] = np.nan
    rival = baseline + generator.normal(0.7, 0.4, QUESTIONS) if has_rival else None
    return Answered(
        cells=cells,
        contents=found,
        baseline=baseline,
        rival=rival,
        questions=tuple(str(i) for i in range(QUESTIONS)),
    )
