"""Contrastive vectors: what separates the two poles of the same questions, at every block.

The three estimators are functions of one type. Whatever the direction, a vector's norm is the
length of the mean difference along it, so that scale 1 is the average step between the poles.
"""

from collections.abc import Callable, Sequence

import numpy as np
import scipy.linalg
import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.pairs import IN_ANSWER, ContrastiveConfig
from engine.finders.extraction import (
    States,
    Sums,
    chosen_blocks,
    halves,
    spearman_brown,
)
from engine.finders.found import Found
from engine.finders.texts import Reader, Text, check_answers, contrast_texts
from engine.maths.directions import unit_rows
from engine.model.forward import Forward
from engine.progress import Progress
from engine.questions.pairs import PairSet, load_pairs

Estimator = Callable[[Sums], Float[Tensor, "sites hidden"]]
Units = Sequence[Sequence[Text]]


def mean_difference(sums: Sums) -> Float[Tensor, "sites hidden"]:
    """Mean of the positive states minus mean of the negative ones."""
    return sums.mean


def principal_direction(sums: Sums) -> Float[Tensor, "sites hidden"]:
    """First principal direction of the pair differences, not centred, towards their mean.

    Centring would remove the mean difference, which is what is looked for.
    """
    differences = torch.cat(sums.kept).double()
    tops = [_top_right_singular(differences[:, site]) for site in range(differences.shape[1])]
    return _along_mean(torch.stack(tops), sums)


def logistic_direction(sums: Sums) -> Float[Tensor, "sites hidden"]:
    """Normal of the plane that parts the poles of all pairs, each pair centred, no intercept.

    The states are divided by their root mean square norm, so that the penalty (C = 1) means the
    same at every block.
    """
    from sklearn.linear_model import LogisticRegression

    differences = torch.cat(sums.kept).double().numpy() / 2
    labels = np.repeat([1, 0], len(differences))
    tops = []
    for site in range(differences.shape[1]):
        half = differences[:, site]
        half = half / max(float(np.sqrt((half**2).sum(-1).mean())), 1e-30)
        fitted = LogisticRegression(fit_intercept=False, max_iter=1000)
        tops.append(fitted.fit(np.concatenate([half, -half]), labels).coef_[0])
    return _along_mean(torch.from_numpy(np.stack(tops)), sums)


ESTIMATORS: dict[str, Estimator] = {
    "mean-difference": mean_difference,
    "pca": principal_direction,
    "logistic": logistic_direction,
}


def find(door: Forward, config: ContrastiveConfig, progress: Progress) -> Found:
    """Find one vector per block, or per block and template token.

    Scores: `norm`; `pair_cosine` mean cosine between two pairs' differences; `d_prime` distance
    of the poles of unseen pairs along the vector from the others, in standard deviations;
    `reliability` of the vector (split-half, Spearman-Brown); `spread` of the differences.

    Raises:
        ConfigError: If a layer or position does not exist in this model.
        DataError: If the pairs cannot be read or lack what the position needs.
    """
    blocks = chosen_blocks(door, config.layers)
    pairs = load_pairs(
        config.pairs, config.negative, config.behaviour, config.max_rows, config.seed
    )
    needs = config.contrast in ("answers", "both") or config.position in IN_ANSWER
    check_answers(config, pairs, needs)
    reader = Reader(door.loaded.prompter, config)
    units = [contrast_texts(reader, config, pair) for pair in pairs.pairs]
    texts = [text for unit in units for text in unit]
    states = States(door, blocks, config.fine_tuned, texts)
    scores: dict[str, list[float]] = {}
    if config.shuffles:
        vectors = _shuffled(states, units, config, progress)
    else:
        vectors, scores = _measured(states, units, config, progress)
    sites = [Site(block=block) for block in blocks for _ in range(states.places)]
    norms = states.residual_norms()
    return Found(
        vectors=vectors.float(),
        sites=tuple(sites) * max(config.shuffles, 1),
        scores=scores | template_tokens(states.places, len(vectors)),
        residual_norms={
            Site(block=block).words: norm for block, norm in zip(blocks, norms, strict=True)
        },
        notes=(*reading_notes(pairs, len(units)), *_notes(config), *states.notes),
    )


def template_tokens(places: int, vectors: int) -> dict[str, list[float]]:
    """Which of the template's tokens, counted from the last, where there are several."""
    if places == 1:
        return {}
    return {"template_token": [float(i % places + 1) for i in range(vectors)]}


def reading_notes(pairs: PairSet, count: int) -> tuple[str, ...]:
    """What a reader should know of the texts."""
    few = (
        (f"With {count} rows nothing can be said about reliability: use more.",)
        if count < 4
        else ()
    )
    return (f"{count} rows of {pairs.name} were read.", *few, *pairs.notes)


def _notes(config: ContrastiveConfig) -> tuple[str, ...]:
    notes = []
    if config.contrast == "none":
        notes.append("Nothing is contrasted: these are mean activations, not steering vectors.")
    if config.shuffles:
        notes.append("The poles were exchanged by chance: these vectors are a null, no finding.")
    if config.variant == "study":
        notes.append(
            "The deception study's way: padding is read as text and the last position is taken, "
            "whatever token stands there."
        )
    return tuple(notes)


def _chunks(indices: list[int], size: int) -> list[list[int]]:
    return [indices[begin : begin + size] for begin in range(0, len(indices), size)]


def _poles(states: States, units: Units, part: list[int]) -> tuple[Tensor, Tensor]:
    """States [pairs, sites, hidden] of the positive and of the negative texts."""
    read = states.read([units[i][pole] for pole in (0, 1) for i in part])
    return read[: len(part)], read[len(part) :]


def _measured(
    states: States, units: Units, config: ContrastiveConfig, progress: Progress
) -> tuple[Tensor, dict[str, list[float]]]:
    """The vectors of all pairs, and their scores from two halves."""
    estimate = ESTIMATORS[config.estimator]
    keep = 0 if config.estimator == "mean-difference" else len(units)
    is_mean = config.contrast == "none"
    first, second = halves(units, config.seed)
    done, sums = 0, []
    projections: tuple[list[Tensor], list[Tensor]] = ([], [])
    direction: Tensor | None = None
    for half in (first, second):
        figures: Sums | None = None
        for part in _chunks(half, states.units):
            positive, negative = _poles(states, units, part)
            if figures is None:
                figures = Sums(positive.shape[1], positive.shape[2], keep)
            figures.add((positive + negative) / 2 if is_mean else positive - negative)
            if direction is not None:
                for pole, kept in zip((positive, negative), projections, strict=True):
                    kept.append(torch.einsum("psh,sh->ps", pole.double(), direction))
            done += len(part)
            progress(done, len(units), f"read {done} of {len(units)} pairs")
        if figures is not None:
            sums.append((figures, estimate(figures)))
            direction = unit_rows(sums[0][1])
    whole = sums[0][0].plus(sums[1][0]) if len(sums) > 1 else sums[0][0]
    vectors = estimate(whole)
    halved = [estimated for _, estimated in sums]
    scores = {
        "norm": vectors.norm(dim=-1),
        "pair_cosine": whole.pair_cosine(),
        "d_prime": _d_prime(*projections, like=vectors),
        "reliability": spearman_brown(halved[0], halved[-1] if len(sums) > 1 else halved[0] * 0),
        "spread": whole.spread(),
    }
    if is_mean:
        del scores["d_prime"]
    return vectors, {name: values.tolist() for name, values in scores.items()}


def _d_prime(positive: list[Tensor], negative: list[Tensor], like: Tensor) -> Tensor:
    """Difference of the poles' means over their pooled standard deviation, per site."""
    if sum(len(part) for part in positive) < 2:
        return torch.full(like.shape[:1], float("nan"))
    poles = [torch.cat(parts) for parts in (positive, negative)]
    pooled = ((poles[0].var(0) + poles[1].var(0)) / 2).sqrt()
    return (poles[0].mean(0) - poles[1].mean(0)) / pooled


def _shuffled(
    states: States, units: Units, config: ContrastiveConfig, progress: Progress
) -> Float[Tensor, "vectors hidden"]:
    """Mean differences under random exchange of each pair's poles, draw after draw."""
    generator = torch.Generator().manual_seed(config.seed)
    signs = torch.randint(2, (config.shuffles, len(units)), generator=generator).double() * 2 - 1
    total: Tensor | None = None
    for part in _chunks(list(range(len(units))), states.units):
        positive, negative = _poles(states, units, part)
        differences = (positive - negative).double()
        flipped = torch.einsum("dp,psh->dsh", signs[:, part], differences)
        total = flipped if total is None else total + flipped
        progress(min(part[-1] + 1, len(units)), len(units), "reading pairs for the null")
    assert total is not None
    return (total / len(units)).flatten(0, 1)


def _top_right_singular(rows: Float[Tensor, "units hidden"]) -> Float[Tensor, " hidden"]:
    """The unit direction that holds most of the rows' squared length."""
    count, hidden = rows.shape
    small = (rows @ rows.T if count < hidden else rows.T @ rows).numpy()
    top = len(small) - 1
    _, vectors = scipy.linalg.eigh(small, subset_by_index=[top, top])
    found = torch.from_numpy(vectors[:, 0])
    return rows.T @ found if count < hidden else found


def _along_mean(directions: Tensor, sums: Sums) -> Tensor:
    """Each direction, towards the mean difference, with the mean difference's length along it."""
    unit = unit_rows(directions)
    return unit * (unit * sums.mean).sum(-1, keepdim=True)
