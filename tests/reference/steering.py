"""Steering from the formulas: one row, the whole model, plain hooks. Slow and obviously right."""

from contextlib import contextmanager

import torch
from torch import Tensor, nn


def blocks_of(model: nn.Module) -> nn.ModuleList:
    """The decoder blocks of a Qwen3, Llama or GPT-2 causal LM."""
    return model.model.layers if hasattr(model, "model") else model.transformer.h


@contextmanager
def added(model: nn.Module, block: int, vector: Tensor):
    """While open, `vector` [hidden] is added to the output of `block` at every position."""

    def hook(_module, _args, output):
        return (output[0] + vector, *output[1:]) if isinstance(output, tuple) else output + vector

    handle = blocks_of(model)[block].register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def captured(model: nn.Module, block: int):
    """While open, the output of `block` of the latest pass is in the yielded dict at "out"."""
    store: dict[str, Tensor] = {}

    def hook(_module, _args, output):
        store["out"] = output[0] if isinstance(output, tuple) else output

    handle = blocks_of(model)[block].register_forward_hook(hook)
    try:
        yield store
    finally:
        handle.remove()


def logits(model: nn.Module, tokens: list[int], block: int, vector: Tensor) -> Tensor:
    """Logits [vocab] after the last token with `vector` added at `block`."""
    with torch.no_grad(), added(model, block, vector):
        return model(torch.tensor([tokens])).logits[0, -1].float()


def displacement(
    model: nn.Module, tokens: list[int], source: int, target: int, last: int, vector: Tensor
) -> Tensor:
    """Norm of the change of the target block's output over the last positions (MELBO, p = 2)."""
    ids = torch.tensor([tokens])
    with captured(model, target) as plain, torch.no_grad():
        model(ids)
    before = plain["out"][0, -last:].clone()
    with captured(model, target) as steered, added(model, source, vector):
        model(ids)
    return (steered["out"][0, -last:] - before).norm()


def jacobian(model: nn.Module, tokens: list[int], source: int, target: int, last: int) -> Tensor:
    """The explicit Jacobian [last * hidden, hidden] of the target with respect to the vector."""
    hidden = model.config.hidden_size

    def steered(vector: Tensor) -> Tensor:
        with captured(model, target) as store, added(model, source, vector):
            model(torch.tensor([tokens]))
        return store["out"][0, -last:].reshape(-1)

    return torch.autograd.functional.jacobian(steered, torch.zeros(hidden))


def principal_cosines(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Cosines of the principal angles between two row spaces, falling; 1 is a shared direction."""
    bases = [torch.linalg.qr(rows.double().T).Q for rows in (first, second)]
    return torch.linalg.svdvals(bases[0].T @ bases[1])
