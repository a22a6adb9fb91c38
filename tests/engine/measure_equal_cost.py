"""In how many tries the strength is found at which stored vectors cost a budget.

`python -m tests.engine.measure_equal_cost demo` (or smollm2; a number behind it is how many neutral
texts) prints, per figure and budget, the tries of every cell, the largest miss and the time; a
short version is in `test_equal_cost.py`. The vectors are added: contrastive, MELBO and random ones
of the first stored sets, both signs, with the adapter on.
"""

import functools
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from rich.console import Console

from engine import ROOT
from engine.configs.core import ModelConfig, Site
from engine.evaluators.equal_cost import divergence, solving
from engine.evaluators.equal_cost.solving import CostedCell, CostedStrength, Of
from engine.model import loading
from engine.model.edits import Edit
from engine.model.forward import Forward
from engine.progress import silent
from engine.questions.files import load_prompts
from engine.store.store import Store

METHODS = ("contrastive", "melbo", "random")
VECTORS = 2
"""Of each set."""
BUDGETS = (0.01, 0.1, 0.5)


class Stored(NamedTuple):
    """One stored vector."""

    site: Site
    vector: torch.Tensor
    residual: float
    """Median norm of the residual stream there."""


def stored(model: str, count: int = VECTORS) -> list[Stored]:
    """The first vectors of the first set of every method."""
    found, store = [], Store(ROOT)
    for method in METHODS:
        path = min((ROOT / "vectors").glob(f"{method}_{model}_*.safetensors"))
        own = store.load_vectors(path)
        for site, vector in zip(own.sites[:count], own.vectors[:count], strict=True):
            residual = own.residual_norms[site.words]
            found.append(Stored(site, torch.from_numpy(np.array(vector)).float(), residual))
    return found


def edits_at(one: Stored, strength: float) -> list[Edit]:
    """A multiple of the vector, added at its own site."""
    return [Edit(site=one.site, vector=one.vector, scale=strength)]


def cells(vectors: Sequence[Stored], budget: float, of: Of) -> list[CostedCell]:
    """Every vector, both ways round."""
    return [
        CostedCell(
            edits_at=functools.partial(edits_at, one),
            budget=budget,
            start=solving.RELATIVE_START * one.residual / float(one.vector.norm()),
            of=of,
            adapter=True,
            sign=sign,
        )
        for one in vectors
        for sign in (1, -1)
    ]


def missed(found: Sequence[CostedStrength], budget: float, of: Of) -> float:
    """The largest |cost / budget - 1|."""
    costs = [one.kl_mean if of == "mean" else one.kl_p95 for one in found]
    return max(abs(cost / budget - 1) for cost in costs)


def main() -> None:
    """Print one line per figure and budget."""
    model = sys.argv[1] if len(sys.argv) > 1 else "demo"
    texts = int(sys.argv[2]) if len(sys.argv) > 2 else None
    door, console = Forward(loading.load(ModelConfig(model=model, adapter=model), ROOT)), Console()
    prompts = load_prompts("data/prompts/neutral.txt")[:texts]
    neutral, vectors = divergence.prepare(door, prompts, True), stored(model)
    console.print(f"{model}: {neutral.texts} neutral texts with {neutral.tokens} tokens")
    for of in ("mean", "p95"):
        for budget in BUDGETS:
            asked, begun = cells(vectors, budget, of), time.perf_counter()
            found = solving.solve({True: neutral}, asked, silent, console.print)
            each = (time.perf_counter() - begun) / len(asked)
            tries = [one.evaluations for one in found]
            console.print(
                f"{of} {budget:g}: {sum(one.reached for one in found)} of {len(found)} reached, "
                f"tries {np.mean(tries):.2f} in the mean and {max(tries)} at most, largest miss "
                f"{missed(found, budget, of):.1%}, {each:.2f} s a cell",
                soft_wrap=True,
            )


if __name__ == "__main__":
    main()
