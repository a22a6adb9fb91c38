"""How an A/B sweep's time grows with each of its sizes, doubled three times."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.jobs.sweep import measured, rows_of
from engine.bench.setting import Setting
from engine.bench.shapes import of_config
from engine.bench.timing import now
from engine.model.forward import Forward
from engine.progress import Progress

DOUBLINGS = 3
ROUNDS = 2
VECTORS = 3
SCALES = (0.25, 0.5)
QUESTIONS = 2
TOKENS = 48
BLOCKS = 4

Run = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Series:
    """One size doubled, all others as they were."""

    name: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    """The least of `ROUNDS`."""

    @property
    def slope(self) -> float:
        """Exponent of the growth between the two largest: 1 is twice the time for twice the size.

        Smaller sizes are ruled by what every sweep costs once.
        """
        return math.log2(self.seconds[-1] / self.seconds[-2])


def scaling(setting: Setting, root: Path, progress: Progress) -> tuple[Series, ...]:
    """Time sweeps of growing size on this model, and on random ones of growing depth.

    Args:
        setting: The model; its own sizes are not used.
        root: Repository root.
        progress: Called before every size; may raise to stop.
    """
    plans: dict[str, tuple[int, Callable[[int], Run]]] = {
        "vectors": (VECTORS, lambda n: _sweep(setting, vectors=n)),
        "scales": (len(SCALES), lambda n: _sweep(setting, scales=n)),
        "questions": (QUESTIONS, lambda n: _sweep(setting, questions=n)),
        "prompt tokens": (TOKENS, lambda n: _sweep(setting, tokens=n)),
        "blocks": (BLOCKS, lambda n: _sweep(_deep(setting, n, root))),
    }
    found = []
    for place, (name, (first, make)) in enumerate(plans.items()):
        sizes = tuple(first * 2**i for i in range(DOUBLINGS + 1))
        seconds = []
        for step, size in enumerate(sizes):
            done = place * len(sizes) + step
            progress(done, len(plans) * len(sizes), f"{size} {name}")
            seconds.append(_least(make(size), setting))
        found.append(Series(name=name, sizes=sizes, seconds=tuple(seconds)))
    return tuple(found)


def _sweep(
    setting: Setting,
    vectors: int = VECTORS,
    scales: int = len(SCALES),
    questions: int = QUESTIONS,
    tokens: int = 2 * TOKENS,
) -> Run:
    sized = dataclasses.replace(
        setting, sizes=dataclasses.replace(setting.sizes, question_tokens=tokens)
    )
    asked = sized.questions(questions)
    steps = tuple(float(s) for s in np.linspace(-1, 1, scales + 1 + scales % 2) if s != 0)[:scales]
    rows = rows_of(sized, vectors, steps)
    return lambda: measured(sized, asked, rows, "as-given")


def _deep(setting: Setting, blocks: int, root: Path) -> Setting:
    """Random weights of the model's own widths, in so many blocks, steered after the first."""
    loaded = setting.door.loaded
    config: Any = type(loaded.causal.config)(
        **{
            **loaded.causal.config.to_dict(),
            "num_hidden_layers": blocks,
            "layer_types": ["full_attention"] * blocks,
        }
    )
    made = of_config("random", config, loaded.device, loaded.dtype, root)
    return dataclasses.replace(setting, door=Forward(made), source=0, target=blocks - 1)


def _least(run: Run, setting: Setting) -> float:
    device, seconds = setting.door.loaded.device, []
    run()
    for _ in range(ROUNDS):
        begun = now(device)
        run()
        seconds.append(now(device) - begun)
    return min(seconds)
