"""Steered generation from the formulas: one row, the whole text anew each token, plain hooks."""

import math
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn


def blocks_of(model: nn.Module) -> nn.ModuleList:
    """The decoder blocks of a Qwen3, Llama or GPT-2 causal LM, with or without a LoRA."""
    causal = model.get_base_model() if hasattr(model, "peft_config") else model
    return causal.transformer.h if hasattr(causal, "transformer") else causal.model.layers


def reached(positions: str, prompt: int, total: int) -> list[bool]:
    """Which of `total` positions an edit reaches."""
    if positions == "all":
        return [True] * total
    if positions == "prompt":
        return [i < prompt for i in range(total)]
    last = 1 if positions == "response" else int(positions.removeprefix("last-"))
    return [i >= prompt - last for i in range(total)]


def changed(state: Tensor, change: dict) -> Tensor:
    """One position's state [hidden] after one change."""
    if change["operation"] == "add":
        after = state + change["scale"] * change["vector"]
    else:
        unit = change["vector"] / change["vector"].norm()
        after = state - change["scale"] * (state @ unit) * unit
    if change["preserve_norm"]:
        after = after * state.norm() / after.norm()
    return after


@contextmanager
def steered(model: nn.Module, changes: list[dict], prompt: int):
    """While open, every change is made at the output of its block.

    Each change: block, vector [hidden], scale, operation, positions, preserve_norm.
    """

    def hook_for(change: dict):
        def hook(_module, _args, output):
            hidden = output[0] if isinstance(output, tuple) else output
            is_reached = reached(change["positions"], prompt, hidden.shape[1])
            rows = [
                changed(state, change) if is_on else state
                for state, is_on in zip(hidden[0], is_reached, strict=True)
            ]
            whole = torch.stack(rows)[None]
            return (whole, *output[1:]) if isinstance(output, tuple) else whole

        return hook

    handles = [
        blocks_of(model)[change["block"]].register_forward_hook(hook_for(change))
        for change in changes
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def all_logits(
    model: nn.Module, tokens: list[int], changes: list[dict], prompt: int, adapter: bool = False
) -> Tensor:
    """Logits [tokens, vocab] of the whole model in one pass without a cache."""
    is_off = hasattr(model, "peft_config") and not adapter
    with (
        torch.no_grad(),
        model.disable_adapter() if is_off else nullcontext(),
        steered(model, changes, prompt),
    ):
        return model(torch.tensor([tokens]), use_cache=False).logits[0].float()


def greedy(
    model: nn.Module,
    tokens: list[int],
    changes: list[dict],
    adapter: bool,
    most: int,
    ends: set[int],
) -> list[int]:
    """The likeliest tokens after a prompt, with the one that ended the text."""
    written: list[int] = []
    while len(written) < most and not (written and written[-1] in ends):
        logits = all_logits(model, tokens + written, changes, len(tokens), adapter)
        written.append(int(logits[-1].argmax()))
    return written


def shares(logits: list[float], temperature: float, top_k: int, top_p: float) -> list[float]:
    """Probability of every token: heat, then the k likeliest, then the likeliest of share p."""
    heated = [x / temperature for x in logits]
    likeliest = sorted(range(len(heated)), key=lambda token: (-heated[token], token))
    if top_k:
        least = heated[likeliest[min(top_k, len(heated)) - 1]]
        likeliest = [token for token in likeliest if heated[token] >= least]
    weights = {token: math.exp(heated[token] - heated[likeliest[0]]) for token in likeliest}
    whole = math.fsum(weights.values())
    kept, mass = {}, 0.0
    for token in likeliest:
        if mass >= top_p:
            break
        kept[token] = weights[token] / whole
        mass += kept[token]
    return [kept.get(token, 0.0) / math.fsum(kept.values()) for token in range(len(heated))]


def sampled(
    model: nn.Module,
    tokens: list[int],
    changes: list[dict],
    draws: list[float],
    settings: tuple[float, int, float],
    ends: set[int],
) -> list[int]:
    """Tokens after a prompt: each the first at which the sum of shares passes its number."""
    written: list[int] = []
    for draw in draws:
        logits = all_logits(model, tokens + written, changes, len(tokens))[-1].double().tolist()
        total, chosen = 0.0, -1
        for token, share in enumerate(shares(logits, *settings)):
            total += share
            if share > 0 and chosen < 0 and total > draw:
                chosen = token
        written.append(chosen)
        if chosen in ends:
            break
    return written


def mean_logprob(
    model: nn.Module,
    prompt: list[int],
    answer: list[int],
    changes: list[dict] = (),
    adapter: bool = False,
) -> float:
    """Mean over the answer's tokens of log p(token | all before it)."""
    logits = all_logits(model, prompt + answer, list(changes), len(prompt), adapter)
    total = 0.0
    for place, token in enumerate(answer):
        row = logits[len(prompt) + place - 1].double()
        total += float(row[token]) - math.log(sum(math.exp(float(x)) for x in row))
    return total / len(answer)


def kl(base: Tensor, other: Tensor) -> float:
    """Sum of p (log p - log q) over the vocabulary, from logits."""
    p, q = base.double().softmax(-1), other.double().softmax(-1)
    return sum(
        float(a) * (math.log(float(a)) - math.log(float(b))) for a, b in zip(p, q, strict=True)
    )
