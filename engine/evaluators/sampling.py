"""How the next token is chosen: temperature, then top-k, then top-p, then one uniform number.

Knows nothing of models or texts. The steps and their order are those of the library's warpers
(`TemperatureLogitsWarper`, `TopKLogitsWarper`, `TopPLogitsWarper`). A row's token depends on its
logits and its number alone, whatever stands beside it.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

MOST_LIKELY = 256
"""Tokens among which the likeliest are sought first: sorting a whole vocabulary takes longer."""


def warped(
    logits: Float[Tensor, "rows vocab"], temperature: float, top_k: int = 0, top_p: float = 1.0
) -> Float[Tensor, "rows vocab"]:
    """Float64 probabilities of every token, 0 for those that are left out.

    Args:
        logits: Of the model.
        temperature: Above 0; logits are divided by it.
        top_k: How many likeliest tokens stay, with those that equal the last of them; 0 for all.
        top_p: The fewest likeliest tokens stay whose probabilities reach it together; 1 for all.
            Of equally likely ones the first of the vocabulary stay.
    """
    # From the largest, so that no temperature is too small for it.
    scores = (logits.double() - logits.double().amax(-1, keepdim=True)) / temperature
    if 0 < top_k < scores.shape[-1]:
        least = scores.topk(top_k).values[:, -1:]
        scores = scores.masked_fill(scores < least, -torch.inf)
    chances = scores.softmax(-1)
    return chances if top_p >= 1 else chances.masked_fill(~_nucleus(chances, top_p), 0.0)


def _nucleus(chances: Float[Tensor, "rows vocab"], top_p: float) -> Bool[Tensor, "rows vocab"]:
    vocab = chances.shape[-1]
    ordered = chances.topk(min(MOST_LIKELY, vocab)).values
    kept, least = _last(ordered, top_p)
    flat = ordered.sum(-1) < top_p
    if bool(flat.any()):
        kept[flat], least[flat] = _last(chances[flat].topk(vocab).values, top_p)
    tied = chances == least
    room = kept - (chances > least).sum(-1, keepdim=True)
    return (chances > least) | (tied & (tied.cumsum(-1) <= room))


def _last(
    ordered: Float[Tensor, "rows some"], top_p: float
) -> tuple[Int[Tensor, "rows one"], Float[Tensor, "rows one"]]:
    """How many of the likeliest reach `top_p` together, and the probability of the last of them."""
    kept = (ordered.cumsum(-1) - ordered < top_p).sum(-1, keepdim=True).clamp_min(1)
    return kept, ordered.gather(-1, kept - 1)


def choose(
    logits: Float[Tensor, "rows vocab"],
    draws: list[float],
    temperature: float,
    top_k: int = 0,
    top_p: float = 1.0,
) -> list[int]:
    """The next token of each row.

    Args:
        logits: Of the model.
        draws: One uniform number per row.
        temperature: 0 takes the likeliest token.
        top_k: As for `warped`.
        top_p: As for `warped`.
    """
    if temperature == 0:
        return logits.argmax(-1).tolist()
    # Inverse distribution function: the same number gives the same token in any batch.
    sums = warped(logits, temperature, top_k, top_p).cumsum(-1)
    places = torch.tensor(draws, dtype=torch.float64)[:, None] * sums[:, -1:]
    found = torch.searchsorted(sums, places, right=True)[:, 0]
    return found.clamp_max(logits.shape[-1] - 1).tolist()
