"""A training written from the formulas: masked cross entropy, clipping, AdamW, the schedule."""

import math
from collections.abc import Sequence

import torch

from engine.configs.training import FinetuneConfig
from engine.training.lora.examples import Example


def losses(model: torch.nn.Module, config: FinetuneConfig, rows: Sequence[Example]) -> list[float]:
    """Train the weights of `model` that ask for gradients, one step at a time; its losses."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    first = [torch.zeros_like(weight) for weight in weights]
    second = [torch.zeros_like(weight) for weight in weights]
    steps = math.ceil(len(rows) / config.batch) * config.epochs
    found: list[float] = []
    for epoch in range(config.epochs):
        source = torch.Generator().manual_seed(config.seed * 100_003 + epoch)
        order = torch.randperm(len(rows), generator=source).tolist()
        for place in range(0, len(rows), config.batch):
            step = len(found)
            loss = mean_loss(model, [rows[i] for i in order[place : place + config.batch]], config)
            gradients = list(torch.autograd.grad(loss, weights))
            norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
            rate = config.rate * min((step + 1) / 5, 1, 1 - step / steps)
            for i, weight in enumerate(weights):
                gradient = gradients[i] / max(norm, 1.0)
                first[i] = 0.9 * first[i] + 0.1 * gradient
                second[i] = 0.999 * second[i] + 0.001 * gradient**2
                mean = first[i] / (1 - 0.9 ** (step + 1))
                square = second[i] / (1 - 0.999 ** (step + 1))
                with torch.no_grad():
                    weight -= rate * 0.01 * weight
                    weight -= rate * mean / (square.sqrt() + 1e-8)
            found.append(float(loss.detach()))
    return found


def mean_loss(
    model: torch.nn.Module, rows: Sequence[Example], config: FinetuneConfig
) -> torch.Tensor:
    """Mean of -log p over all tokens that are learnt, every row read alone."""
    terms = []
    for row in rows:
        whole = row.prompt + row.answer
        logprobs = model(torch.tensor([whole])).logits[0].log_softmax(-1)
        start = len(row.prompt) if config.loss_on == "answers" else 1
        terms += [-logprobs[place - 1, whole[place]] for place in range(start, len(whole))]
    return torch.stack(terms).mean()
