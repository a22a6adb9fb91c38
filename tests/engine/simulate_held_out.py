"""How often 95 % intervals cover the truth: held out, paired changes, shares.

`python -m tests.engine.simulate_held_out` prints the coverage in each setting; a short version is
in `test_held_out.py`. The data are made as a sweep's are: one content per question and cell.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from rich.console import Console
from scipy.stats import binom

from engine.maths.intervals import bootstrap_mean, wilson
from engine.statistics.cells import BASELINE
from engine.statistics.held_out import split_selection

SCALES = (-20.0, -10.0, -5.0, 5.0, 10.0, 20.0)
QUESTIONS = (20, 50, 100)
VECTORS = 40
"""In one simulated sweep; their noise is independent."""
ROUNDS = 60
TRUE = 0.8
"""Effect in sd of the outermost scale's noise, at that scale, where there is one."""


class Setting(NamedTuple):
    """A world in which the interval must hold."""

    words: str
    correlation: float
    """Of a question's noise between scales, up to sign."""
    effect: float


SETTINGS = (
    Setting("no effect, noise of scales independent", 0.0, 0.0),
    Setting("no effect, noise correlated .9", 0.9, 0.0),
    Setting("no effect, one noise for all scales", 1.0, 0.0),
    Setting("one true effect, noise correlated .9", 0.9, TRUE),
)


def sweep(setting: Setting, questions: int, rng: np.random.Generator) -> pd.DataFrame:
    """A table as `statistics.per_question` gives it, of `VECTORS` vectors and the baseline.

    The noise grows with the scale. The effect is that of the scale 20 alone.
    """
    names = [f"q{i:03d}" for i in range(questions)]
    base = rng.normal(-2.7, 4.8, questions)
    parts = [_cell(BASELINE, -1, 0.0, names, base)]
    for vector in range(VECTORS):
        shared = rng.normal(size=questions)
        for scale in SCALES:
            own = rng.normal(size=questions)
            noise = np.sign(scale) * setting.correlation * shared
            noise = noise + np.sqrt(1 - setting.correlation**2) * own
            change = abs(scale) / 10 * (noise + setting.effect * (scale == max(SCALES)))
            parts.append(_cell("abc", vector, scale, names, base + change))
    return pd.concat(parts, ignore_index=True)


def _cell(
    vector_set: str, vector: int, scale: float, names: list[str], content: np.ndarray
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "vector_set": vector_set,
            "vector": vector,
            "method": "melbo",
            "scale": scale,
            "question": names,
            "content": content,
        }
    )


def coverage(
    setting: Setting, questions: int, rounds: int = ROUNDS, seed: int = 0, resamples: int = 2000
) -> tuple[float, float]:
    """Shares of held-out intervals that lie above and below the effect of what was chosen."""
    rng = np.random.default_rng(seed)
    above, below = [], []
    for index in range(rounds):
        found = split_selection(sweep(setting, questions, rng), index, resamples=resamples).vectors
        is_true = found["scale"] == max(SCALES)
        truth = found["sign"] * is_true * setting.effect * max(SCALES) / 10
        above.append((found["low"] > truth).mean())
        below.append((found["high"] < truth).mean())
    return float(np.mean(above)), float(np.mean(below))


def mean_coverage(questions: int, kind: str, samples: int = 10_000, seed: int = 0) -> float:
    """Share of intervals of a plain mean that hold it."""
    rng = np.random.default_rng(seed)
    shape = (questions, samples)
    values = {
        "normal": lambda: rng.normal(size=shape),
        "t with 5 degrees": lambda: rng.standard_t(5, size=shape),
        "exponential": lambda: rng.exponential(size=shape) - 1,
    }[kind]()
    found = bootstrap_mean(values)
    return float(np.mean((found.low <= 0) & (found.high >= 0)))


def share_coverage(questions: int, shares: np.ndarray) -> np.ndarray:
    """Exact coverage of Wilson's interval at each true share."""
    counts = np.arange(questions + 1)
    found = wilson(counts, questions)
    holds = (found.low <= shares[:, None]) & (shares[:, None] <= found.high)
    return (binom.pmf(counts, questions, shares[:, None]) * holds).sum(axis=1)


def main() -> None:
    """Print every figure."""
    out = Console(soft_wrap=True, highlight=False)
    for questions in QUESTIONS:
        for setting in SETTINGS:
            above, below = coverage(setting, questions)
            out.print(
                f"held out, {questions} questions, {setting.words}: covers "
                f"{1 - above - below:.3f}, above {above:.3f}, below {below:.3f}"
            )
    for questions in QUESTIONS:
        for kind in ("normal", "t with 5 degrees", "exponential"):
            held = mean_coverage(questions, kind)
            out.print(f"mean, {questions} questions, {kind}: covers {held:.3f}")
        shares = share_coverage(questions, np.linspace(0.05, 0.95, 181))
        out.print(
            f"share, {questions} questions: Wilson covers {shares.mean():.3f} on average over true "
            f"shares of 5 to 95 %, at worst {shares.min():.3f}"
        )


if __name__ == "__main__":
    main()
