"""What a direction reads, from the definitions: counting, sorting, and plain hidden states."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Share of couples ranked rightly, one by one; ties count one half."""
    wins = 0.0
    for one in positive:
        for other in negative:
            wins += 1.0 if one > other else 0.5 if one == other else 0.0
    return wins / (len(positive) * len(negative))


def ranked(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Share of units whose positive score is above their own negative one."""
    wins = 0.0
    for one, other in zip(positive, negative, strict=True):
        wins += 1.0 if one > other else 0.5 if one == other else 0.0
    return wins / len(positive)


def recall(positive: Sequence[float], neutral: Sequence[float], rate: float) -> float:
    """Best share of positives above any threshold that no more neutral scores exceed."""
    best = 0.0
    for threshold in [*neutral, *positive]:
        false = sum(one > threshold for one in neutral) / len(neutral)
        if false <= rate:
            best = max(best, sum(one > threshold for one in positive) / len(positive))
    return best


def resampled(
    positive: np.ndarray, negative: np.ndarray, questions: np.ndarray, counts: np.ndarray
) -> list[float]:
    """The AUROC of every resample, its questions written out as often as they were drawn."""
    labels = np.unique(questions)
    found = []
    for row in counts:
        times = dict(zip(labels.tolist(), row.tolist(), strict=True))
        units = [u for u, label in enumerate(questions.tolist()) for _ in range(times[label])]
        found.append(auroc(positive[units].tolist(), negative[units].tolist()))
    return found


def states(model: nn.Module, tokens: list[int], block: int) -> np.ndarray:
    """Output of a block but the last, [tokens, hidden], of one text alone.

    What the model gives after its last block is normed already.
    """
    with torch.no_grad():
        out = model(input_ids=torch.tensor([tokens]), output_hidden_states=True, use_cache=False)
    assert block + 2 < len(out.hidden_states)
    return out.hidden_states[block + 1][0].double().numpy()
