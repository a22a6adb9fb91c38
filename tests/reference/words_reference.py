"""Vectors in words from the formulas: whole plain passes, a whole Jacobian, one word at a time."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from tests.reference import steering


def log_chances(model: nn.Module, tokens: list[int], block: int, vector: Tensor) -> Tensor:
    """Log-probability of every word after the last token, `vector` added at every position."""
    return steering.logits(model, tokens, block, vector).double().log_softmax(-1)


def residual(model: nn.Module, prompts: list[list[int]], block: int) -> float:
    """Median norm of the block's output over all tokens of all prompts."""
    norms = []
    for tokens in prompts:
        with steering.captured(model, block) as store, torch.no_grad():
            model(torch.tensor([tokens]))
        norms += [float(state.norm()) for state in store["out"][0]]
    # Of an even number the lower middle one, as torch has it.
    return sorted(norms)[(len(norms) - 1) // 2]


def effect(
    model: nn.Module, prompts: list[list[int]], block: int, vector: Tensor, epsilon: float
) -> Tensor:
    """[log p(w | + d) - log p(w | - d)] / 2 epsilon, d = epsilon R v / |v|, mean over prompts."""
    step = vector / vector.norm() * residual(model, prompts, block) * epsilon
    each = [
        (log_chances(model, p, block, step) - log_chances(model, p, block, -step)) / (2 * epsilon)
        for p in prompts
    ]
    return sum(each) / len(each)


def moved(
    model: nn.Module, prompts: list[list[int]], block: int, vector: Tensor, first: list[int]
) -> Tensor:
    """Mean over prompts of sum over targets, mean over sources, of dh_target/dh_source v.

    Args:
        model: A causal LM.
        prompts: Token ids.
        block: At whose output the sources stand.
        vector: [hidden].
        first: Of each prompt, its first source.
    """
    layers = steering.blocks_of(model)
    total = torch.zeros_like(vector)
    for tokens, begin in zip(prompts, first, strict=True):

        def last_states(added: Tensor, tokens: list[int] = tokens) -> Tensor:
            def hook(_module, _args, output):
                is_tuple = isinstance(output, tuple)
                changed = (output[0] if is_tuple else output) + added[None]
                return (changed, *output[1:]) if is_tuple else changed

            handle = layers[block].register_forward_hook(hook)
            try:
                with steering.captured(model, len(layers) - 1) as store:
                    model(torch.tensor([tokens]))
            finally:
                handle.remove()
            return store["out"][0]

        still = torch.zeros(len(tokens), len(vector))
        whole = torch.autograd.functional.jacobian(last_states, still)
        pairs = [
            whole[target, :, source] @ vector
            for source in range(begin, len(tokens))
            for target in range(source, len(tokens))
        ]
        total = total + sum(pairs) / (len(tokens) - begin) / len(prompts)
    return total


def read(model: nn.Module, state: Tensor) -> Tensor:
    """W (g * x / rms(x)) for every word, less the mean: the last norm, RMSNorm, and the head."""
    rms = math.sqrt(float((state.double() ** 2).mean()))
    normed = model.model.norm.weight.double() * state.double() / rms
    return less_mean(model.lm_head.weight.double() @ normed)


def less_mean(logits: Tensor) -> Tensor:
    """Logits whose shared part, which moves no probability, is taken off."""
    return logits - sum(logits) / len(logits)


def read_with_biases(model: nn.Module, state: Tensor) -> Tensor:
    """W (g * (x - mean) / sd), without the bias of LayerNorm, as GPT-2 has it."""
    centred = state.double() - state.double().mean()
    normed = model.transformer.ln_f.weight.double() * centred / centred.pow(2).mean().sqrt()
    return less_mean(model.lm_head.weight.double() @ normed)


def starred(
    readings: dict[str, tuple[np.ndarray, np.ndarray]], level: float
) -> dict[str, list[bool]]:
    """Whether each word is beyond chance, one at a time.

    Its t is its value over its root mean square, over the vector and the random ones. p is the
    share of all of them, the vector itself among them, that have any word with as large a t.
    """
    count = len(next(iter(readings.values()))[1])
    best = [0.0] * count
    own: dict[str, list[float]] = {}
    for name, (values, random) in readings.items():
        own[name] = []
        for word, value in enumerate(values):
            pooled = [value, *random[:, word]]
            size = math.sqrt(sum(float(x) ** 2 for x in pooled) / len(pooled))
            own[name].append(abs(value) / size if size else 0.0)
            for one, x in enumerate(random[:, word]):
                best[one] = max(best[one], abs(x) / size if size else 0.0)
    return {
        name: [
            (1 + sum(one >= t for one in best)) / (count + 1) <= level
            and abs(values[word]) > max(abs(x) for x in random[:, word])
            for word, t in enumerate(own[name])
        ]
        for name, (values, random) in readings.items()
    }
