"""A logistic fit that tells two classes of states apart, and its nulls.

Every fit learns from the training pairs alone. Knows nothing of texts and records.
"""

import warnings

import numpy as np
from jaxtyping import Float, Int

from engine.statistics.reads import probes

ITERATIONS = 1000

Rows = Float[np.ndarray, "units hidden"]


class Fit:
    """Training states of two classes at one block, standardised once for all fits."""

    def __init__(self, positive: Rows, negative: Rows, penalty: float) -> None:
        """Standardise over both classes.

        Args:
            positive: States of the units.
            negative: States of the same units.
            penalty: C of scikit-learn's logistic regression, which penalises the squared norm.
        """
        both = np.concatenate([positive, negative])
        spread = both.std(axis=0)
        self._spread = np.where(spread > 0, spread, 1.0)
        standard = (both - both.mean(axis=0)) / self._spread
        # The squared norm does not change with a rotation, so fewer axes than states suffice.
        self._axes = _axes(standard)
        self._rows = standard if self._axes is None else standard @ self._axes
        self._units, self._penalty = len(positive), penalty

    def direction(self, is_swapped: np.ndarray | None = None) -> Float[np.ndarray, " hidden"]:
        """Direction in the states' own units along which the positive class lies higher.

        Args:
            is_swapped: Units whose classes are exchanged.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        swapped = np.zeros(self._units, dtype=bool) if is_swapped is None else is_swapped
        labels = np.concatenate([~swapped, swapped]).astype(int)
        with warnings.catch_warnings():
            # A fit that is not quite at its optimum is judged by what it reads, as all are.
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = LogisticRegression(C=self._penalty, max_iter=ITERATIONS).fit(
                self._rows, labels
            )
        found = fitted.coef_[0] if self._axes is None else self._axes @ fitted.coef_[0]
        return found / self._spread

    def shuffled(
        self, questions: Int[np.ndarray, " units"], draws: int, seed: list[int]
    ) -> Float[np.ndarray, "draws hidden"]:
        """Directions learnt from labels that say nothing: classes exchanged question by question.

        Args:
            questions: A label per unit.
            draws: How many fits.
            seed: Of the exchanges.
        """
        labels, member = np.unique(questions, return_inverse=True)
        swaps = np.random.default_rng(seed).integers(2, size=(draws, len(labels))).astype(bool)
        return np.stack([self.direction(swap[member]) for swap in swaps])


def _axes(rows: Float[np.ndarray, "rows hidden"]) -> Float[np.ndarray, "hidden rank"] | None:
    """Axes that span the rows, where there are fewer rows than coordinates."""
    if len(rows) >= rows.shape[1]:
        return None
    return np.linalg.svd(rows, full_matrices=False)[2].T


def chosen(
    directions: Float[np.ndarray, "directions hidden"], positive: Rows, negative: Rows
) -> Float[np.ndarray, " hidden"]:
    """The direction that tells the training classes apart best, with the sign that does.

    What choosing among random directions is worth on other pairs: the fit's plainest rival.
    """
    figures = probes.auroc(directions @ positive.T, directions @ negative.T)
    best = int(probes.strength(figures).argmax())
    return directions[best] * (1.0 if figures[best] >= 0.5 else -1.0)
