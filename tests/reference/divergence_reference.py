"""KL(unsteered || steered) by the formula: whole passes of the library, one edit of one row a time.

Positions are counted from the front of the text: "prompt" ends before the answer, "response" begins
with the prompt's last token, "last-K" with its K-th last one.
"""

import torch
from torch import Tensor, nn


def logits(
    model: nn.Module, block: nn.Module, added: Tensor | None, where: slice, tokens: list[int]
) -> Tensor:
    """Logits [tokens, vocab] in float64, with a vector added to a block's output at some places."""

    def hook(_module, _args, output):
        hidden = (output[0] if isinstance(output, tuple) else output).clone()
        hidden[:, where] += added
        return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

    handle = block.register_forward_hook(hook) if added is not None else None
    try:
        with torch.no_grad():
            return model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0].double()
    finally:
        if handle is not None:
            handle.remove()


def places(positions: str, prompt_length: int) -> slice:
    """Which positions an edit reaches."""
    if positions == "all":
        return slice(0, None)
    if positions == "prompt":
        return slice(0, prompt_length)
    last = 1 if positions == "response" else int(positions.removeprefix("last-"))
    return slice(max(0, prompt_length - last), None)


def divergence(
    model: nn.Module,
    block: nn.Module,
    added: Tensor,
    positions: str,
    prompt: list[int],
    answer: list[int],
) -> list[float]:
    """KL(unsteered || steered) in nats before every token of the answer."""
    where = places(positions, len(prompt))
    text = prompt + answer
    p = logits(model, block, None, where, text).softmax(-1)
    q = logits(model, block, added, where, text).softmax(-1)
    return [
        float(sum(p[i] * (p[i].log() - q[i].log()))) for i in range(len(prompt) - 1, len(text) - 1)
    ]


def greedy(model: nn.Module, prompt: list[int], most: int, ends: set[int]) -> list[int]:
    """The likeliest token time and again, with the one that ends the answer."""
    answer: list[int] = []
    while len(answer) < most and not ends & set(answer):
        with torch.no_grad():
            found = model(input_ids=torch.tensor([prompt + answer]), use_cache=False).logits[0, -1]
        answer.append(int(found.argmax()))
    return answer
