"""Whether a judge agrees with people: Cohen's kappa and the share of equal labels, with intervals.

kappa = (p_o - p_e) / (1 - p_e), p_o the share of equal labels, p_e what two judges with these
margins share by chance (Cohen 1960; computed by statsmodels). Its interval is Wilson's for p_o, put
through the same formula at the p_e seen: the usual standard error is 0 where all labels are equal,
and at 40 texts its interval covers a true .95 in 46 to 73 % of draws, this one in 93 to 96 %
(`python -m tests.engine.simulate_judges`).

Below `ENOUGH` labels no figure is given. Knows nothing of models and of how a judge reads.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.maths.intervals import wilson

ENOUGH = 40
"""Labels by people from which a judge's agreement is told."""
SEED = 0
"""Of the texts that people are asked to rate, and of their order."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Of a judge with people."""

    n: int
    """Different texts that both labelled."""
    same: int
    """Of those, with one label."""
    share: float
    share_low: float
    share_high: float
    """95 %, Wilson."""
    kappa: float
    """NaN where all labels of both are one and the same: chance agrees as well."""
    kappa_low: float
    kappa_high: float

    @property
    def is_enough(self) -> bool:
        """Whether there are labels enough to say."""
        return self.n >= ENOUGH


def agreement(judge: Sequence[str], people: Sequence[str]) -> Agreement:
    """How far two lists of labels of the same texts agree.

    Args:
        judge: One label per text; an empty one agrees with no label of a person.
        people: Theirs.
    """
    n = len(judge)
    same = sum(a == b for a, b in zip(judge, people, strict=True))
    low, high = (float(bound) for bound in wilson(same, n))
    share = same / n if n else math.nan
    kappa, chance = _kappa(judge, people)
    rest = 1 - chance
    return Agreement(
        n=n,
        same=same,
        share=share,
        share_low=low,
        share_high=high,
        kappa=kappa,
        kappa_low=(low - chance) / rest if rest else math.nan,
        kappa_high=(high - chance) / rest if rest else math.nan,
    )


def _kappa(judge: Sequence[str], people: Sequence[str]) -> tuple[float, float]:
    """Kappa and the agreement by chance; NaN and 1 where there is nothing to tell apart."""
    names = sorted({*judge, *people})
    if len(names) < 2:
        return math.nan, 1.0
    from statsmodels.stats.inter_rater import cohens_kappa

    place = {name: i for i, name in enumerate(names)}
    table = np.zeros((len(names), len(names)))
    for one, other in zip(judge, people, strict=True):
        table[place[one], place[other]] += 1
    margins = table / table.sum()
    chance = float(margins.sum(axis=0) @ margins.sum(axis=1))
    return float(cohens_kappa(table, return_results=False)), chance


Labelled = tuple[pd.DataFrame, Mapping[int, str]]
"""A grid's frame, and the labels that people gave its rows."""


def of_grids(grids: Iterable[Labelled]) -> Agreement:
    """Agreement over the texts of grids that people labelled, equal texts once.

    Of texts that stand in several rows the label given last counts.
    """
    both: dict[tuple[str, str], tuple[str, str]] = {}
    for frame, given in grids:
        known = frame.loc[[row for row in given if row in frame.index]]
        for row, prompt, text, label in zip(
            known.index, known.prompt, known.text, known.label, strict=True
        ):
            both[str(prompt), str(text)] = str(label), given[int(row)]
    return agreement([one for one, _ in both.values()], [other for _, other in both.values()])


def to_rate(frame: pd.DataFrame, count: int = ENOUGH, seed: int = SEED) -> list[int]:
    """Rows of a grid that people are asked to label, in the order in which they are shown.

    A simple random sample of its different texts, whatever wrote them; all where there are fewer.
    """
    filled = frame[frame.text.str.strip() != ""]
    rows = filled.drop_duplicates(["prompt", "text"]).index.to_numpy()
    return [int(row) for row in np.random.default_rng(seed).permutation(rows)[:count]]
