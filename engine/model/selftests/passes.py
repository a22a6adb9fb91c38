"""One model's passes against the library's own: states of every block, logits, answers.

Knows nothing of verdicts: every function gives the largest difference as a share of the size.
"""

import copy
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from engine.configs.steering.doses import Which
from engine.model.decoding import edit_at, untouched
from engine.model.edits import Edit, EditBatch
from engine.model.forward import Forward
from engine.model.hooked import on_device
from engine.model.ways import length

LONGEST, LONGEST_ON_GPU = 640, 4200
"""Tokens of the longest prompt that a self-test runs; the second is past most windows."""
ROOM = 2**33
"""Bytes that must be free on a GPU for the longer one."""


def prompts(door: Forward, tokens: list[int]) -> list[list[int]]:
    """A prompt at several lengths, also just past every boundary that is near enough to run."""
    config = door.loaded.causal.config.get_text_config()
    longest = _longest(door.loaded.device)
    most = door.loaded.prompter.positions.at_most(longest)
    near = [edge + 9 for edge in length.boundaries(config) if edge + 9 <= most]
    wanted = sorted({7, len(tokens), min(2 * len(tokens) + 5, most), *near})
    many = tokens * (longest // len(tokens) + 1)
    return [tokens[-7:] if count < len(tokens) else many[:count] for count in wanted]


def _longest(device: torch.device) -> int:
    has_room = device.type == "cuda" and torch.cuda.mem_get_info(device)[0] > ROOM
    return LONGEST_ON_GPU if has_room else LONGEST


def past_boundaries(door: Forward, tokens: list[int]) -> list[int]:
    """The prompt, longer where there is a boundary that is near enough to run."""
    config = door.loaded.causal.config.get_text_config()
    return prompts(door, tokens)[-1] if length.boundaries(config) else tokens


def library(door: Forward, tokens: list[int], adapter: Which = True) -> Any:
    """What the library's own pass gives, without any hook; or that of the base alone."""
    ids = on_device([tokens], door.loaded.device)
    found = door.loaded.adapter(adapter)
    model = door.loaded.causal if found is None else found.peft
    with door.loaded.using(adapter), torch.no_grad():
        return model(ids, use_cache=False)


def share(one: Tensor, other: Tensor) -> float:
    """Largest difference over the size of the second; NaN where either is not a number."""
    size = other.float().abs().max().clamp_min(1e-6)
    return float((one.float() - other.float()).abs().max() / size)


def largest(differences: Iterable[float]) -> float:
    """The largest of them, NaN if one of them is: a bar passes neither."""
    return max(differences, key=lambda one: (math.isnan(one), one))


def of_rounding(door: Forward, tokens: list[int]) -> float:
    """How far logits and states move if every block's output is rounded a little differently."""
    step = torch.finfo(door.loaded.dtype).eps
    generator = torch.Generator().manual_seed(0)
    ids, found = on_device([tokens], door.loaded.device), []
    for size in (0.0, step):
        states: list[Tensor] = []

        def rounded(
            hidden: Tensor, _block: int, _first: int, size: float = size, kept: Any = states
        ) -> Tensor:
            shifts = size * (2 * torch.rand(hidden.shape, generator=generator) - 1)
            kept.append(hidden + hidden * shifts.to(hidden))
            return kept[-1]

        with door.loaded.using(True), torch.no_grad():
            logits = door.hooked.last_logits(ids, rounded)
        found.append([logits, *states[1:]])
    return largest(share(there, here) for here, there in zip(*found, strict=True))


def of_later_tokens(door: Forward, tokens: list[int]) -> float:
    """How far states at a text's tokens move when more tokens follow, at several lengths."""
    texts = [one for one in prompts(door, tokens) if len(one) >= len(tokens)]

    def states(text: list[int]) -> Tensor:
        with door.loaded.using(True), torch.no_grad():
            ids = on_device([text], door.loaded.device)
            return door.hooked.span(ids, door.blocks - 1, untouched)

    whole = states(texts[-1])
    return largest(share(states(one), whole[:, : len(one)]) for one in texts[:-1])


def of_states(door: Forward, tokens: list[int]) -> float:
    """How far the outputs of all blocks run by hand are from those in the library's own pass."""
    last = door.blocks - 1
    theirs: list[Tensor] = []

    def keep(hidden: Tensor, block: int, _first: int) -> Tensor:
        if block >= 0:
            theirs.append(hidden)
        return hidden

    # Not `output_hidden_states`: the library leaves its hooks for that on the blocks.
    with door.loaded.using(True), torch.no_grad():
        door.hooked.span(on_device([tokens], door.loaded.device), last, keep)
    found: list[float] = []

    def read(hidden: Tensor, block: int, _first: int) -> None:
        found.append(share(hidden, theirs[block].to(hidden.device)))

    door.capture_batch([tokens], read, last)
    return largest(found)


def of_logits(door: Forward, tokens: list[int]) -> float:
    """How far the logits after a prompt are from the library's."""
    own = door.next_logits(tokens, EditBatch.none(1))[0]
    return share(own, library(door, tokens).logits[0, -1].cpu())


def of_answers(
    door: Forward, tokens: list[int], rows: Sequence[Sequence[Edit]], ids: Sequence[int]
) -> float:
    """How far steered answers, with and without a kept beginning, are from a float32 reference."""
    edits = EditBatch.stack(rows)
    theirs, size = reference(door, tokens, edits, ids)
    start = door.start(tokens, 0)
    begun = door.prefill(start, edits, len(tokens) // 3)
    past = door.prefill(start, edits, 2 * len(tokens) // 3, begun)
    found = [door.answers(start, edits, ids), door.answers(start, edits, ids, past)]
    differences = [float((one.logits - theirs).abs().max()) for one in found]
    return largest(differences) / size


def reference(
    door: Forward, tokens: list[int], edits: EditBatch, ids: Sequence[int]
) -> tuple[Float[Tensor, "rows answers"], float]:
    """Logits of some tokens by the library's own pass with a float32 head; and the logits' size.

    The head is the module that stands there, LoRA and all, cut down to the rows of `ids`.
    """
    causal = door.loaded.causal
    with door.loaded.using(True), torch.no_grad():
        batch = on_device([tokens] * edits.rows, door.loaded.device)
        edit, head = edit_at(edits, len(tokens)), causal.get_output_embeddings()
        whole = door.hooked.last_logits(batch, edit)
        size = float(whole.abs().max().clamp_min(1e-6))
        if head is None or whole.isnan().any():
            return whole[:, list(ids)].cpu(), size
        try:
            causal.set_output_embeddings(_Wide(head, ids))
            return door.hooked.last_logits(batch, edit).cpu(), size
        finally:
            causal.set_output_embeddings(head)


class _Wide(nn.Module):
    """A head in float32 for some tokens only."""

    def __init__(self, head: nn.Module, ids: Sequence[int]) -> None:
        super().__init__()
        tensors = [*head.parameters(), *head.buffers()]
        vocab = max(len(one) for one in tensors if one.dim())
        cut = {id(one): _cut(one, vocab, ids) for one in tensors}
        # What is in the memo is taken as it is, so that no whole matrix is ever copied.
        self.inner = copy.deepcopy(head, cut)
        # Some models bring what they give their head to its precision.
        self.weight = torch.empty(0)

    def forward(
        self, hidden: Float[Tensor, "rows tokens hidden"]
    ) -> Float[Tensor, "rows tokens answers"]:
        return self.inner(hidden.float())


def _cut(whole: Tensor, vocab: int, ids: Sequence[int]) -> Tensor:
    if not whole.is_floating_point():
        return whole
    part = whole[list(ids)] if whole.dim() and len(whole) == vocab else whole
    wide = part.detach().float()
    return nn.Parameter(wide, requires_grad=False) if isinstance(whole, nn.Parameter) else wide
