"""How likely a steered model finds a given answer: one whole pass, log-softmax, gather, add up."""

import torch
from torch import Tensor, nn

from tests.reference.whole_pass import added


def logprobs(
    model: nn.Module, block: nn.Module, vector: Tensor | None, prompt: list[int], answer: list[int]
) -> Tensor:
    """Log-probability [tokens] of every token of the answer, the vector added at all positions."""
    ids = torch.tensor([prompt + answer])
    with torch.no_grad(), added(block, vector):
        logits = model(input_ids=ids, use_cache=False).logits[0].double()
    before = logits[len(prompt) - 1 : -1].log_softmax(-1)
    return before.gather(-1, torch.tensor(answer)[:, None])[:, 0]
