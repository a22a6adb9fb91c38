"""The A/B sweep: every vector at every scale, asked every question, in one order or in both."""

from typing import Literal

import numpy as np
import torch

from engine.bench.arithmetic import Portion, distinct
from engine.bench.setting import Job, Outcome, Setting
from engine.bench.timing import MOST_ROWS, Laps
from engine.configs.core import Site
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import ab
from engine.evaluators.rows import SweepRow
from engine.finders.found import residual_norm
from engine.maths.directions import random_directions
from engine.model.edits import Edit
from engine.progress import silent
from engine.records.records import Question
from engine.statistics.cells import BASELINE

MOST_LOGITS = 256
"""Rows of a product with the head beyond which none gets faster."""
Orders = Literal["both", "as-given"]


def one_order(setting: Setting) -> Job:
    """Questions as given, as the study asked them."""
    return _sweep(setting, "as-given")


def both_orders(setting: Setting) -> Job:
    """Every question also with its options exchanged."""
    return _sweep(setting, "both")


def rows_of(setting: Setting, vectors: int, scales: tuple[float, ...]) -> list[SweepRow]:
    """The baseline, then random vectors at every scale but 0, in residual norms."""
    door, site = setting.door, Site(block=setting.source)
    norm = residual_norm(door.start(setting.prompt, setting.source), door)
    rows = [_row(BASELINE, -1, 0.0, site, torch.zeros(door.hidden))]
    for index, vector in enumerate(random_directions(vectors, door.hidden, setting.seed + 1)):
        deltas = [(scale, scale * norm * vector) for scale in scales if scale != 0]
        rows += [_row("random", index, scale, site, delta) for scale, delta in deltas]
    return rows


def _row(method: str, index: int, scale: float, site: Site, delta: torch.Tensor) -> SweepRow:
    return SweepRow(
        vector_set=method,
        vector=index,
        method=method,
        scale=scale,
        relative=scale,
        site=site,
        norm=float(index >= 0),
        hidden=len(delta),
        edits=(Edit(site=site, vector=delta, scale=1.0),) if index >= 0 else (),
    )


def forget(_name: str, _arrays: dict[str, np.ndarray]) -> None:
    """Keep nothing of a finished unit."""


def measured(
    setting: Setting, questions: list[Question], rows: list[SweepRow], orders: Orders
) -> np.ndarray:
    """Logit of A less logit of B, by row, question and order."""
    config = EvaluateConfig(model=setting.door.loaded.config, orders=orders, controls=1)
    sweep = ab.prepare(setting.door, questions, config, setting.source)
    found = ab.measure(sweep, rows, silent, lambda _: None, forget)
    return found.logits[..., 0] - found.logits[..., 1]


def _sweep(setting: Setting, orders: Orders) -> Job:
    sizes, door = setting.sizes, setting.door
    questions = setting.questions(sizes.questions)
    rows = rows_of(setting, sizes.steered, sizes.scales)
    config = EvaluateConfig(model=door.loaded.config, orders=orders, controls=1)
    sweep = ab.prepare(door, questions, config, setting.source)
    # The study runs scale 0 for every vector anew.
    steered = iter(range(1, len(rows)))
    places = [0 if s == 0 else next(steered) for _ in range(sizes.steered) for s in sizes.scales]

    def ours() -> Outcome:
        return Outcome(measured(setting, questions, rows, orders)[places])

    def study() -> Outcome:
        laps, found = Laps(door.loaded.device), []
        ids = (sweep.answers.a, sweep.answers.b)
        deltas = [rows[place].delta for place in places]
        laps.mark()
        for texts in sweep.tokens[: sizes.study_questions]:
            asked = [
                setting.study.answers(setting.causal, tokens, setting.source, deltas, ids)
                for tokens in texts
            ]
            found.append(torch.stack(asked))
            laps.mark()
        # [questions, orders, cells] -> [cells, questions, orders]
        values = torch.stack(found).permute(2, 0, 1).numpy()
        return Outcome(values, laps.typical * len(questions))

    def difference(mine: np.ndarray, other: np.ndarray) -> float:
        return float(np.abs(mine[:, : other.shape[1]] - other).max())

    words = "both orders" if orders == "both" else "one order"
    return Job(
        name="ab-both" if orders == "both" else "ab-one",
        title=f"A/B sweep in {words}, {sizes.steered} vectors x {len(sizes.scales)} scales x "
        f"{len(questions)} questions",
        study=study,
        ours=ours,
        flops=lambda _: flops(setting, sweep, len(rows)),
        difference=difference,
        unit="logits",
        tolerance=1e-4,
    )


def flops(setting: Setting, sweep: ab.Sweep, rows: int) -> list[Portion]:
    """Blocks to the source once a question; all others for every row, what prompts share once."""
    dimensions = setting.dimensions
    texts = [tokens for orders in sweep.tokens for tokens in orders]
    whole = distinct(texts)
    last = distinct(texts, [len(text) - 1 for text in texts])
    below = dimensions.span(setting.source + 1, whole)
    above = dimensions.span(dimensions.blocks - setting.source - 1, whole, last)
    return [
        Portion(below.forward, whole.count // len(texts)),
        Portion(rows * above.forward, MOST_ROWS),
        Portion(rows * dimensions.head(len(texts)), min(rows, MOST_LOGITS), is_head=True),
    ]
