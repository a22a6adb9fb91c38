"""Every measured job as the two studies did it: one at a time, the whole model, plain hooks.

Slow on purpose, and in the settings of the fast way, so that both must give the same figures.
`python -m engine bench` compares with it.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from tests.reference.steering import added, blocks_of, captured

Tick = Callable[[], object]
Slice = tuple[int, int, int]
"""Source block, target block, how many last positions are read."""


def ids_of(model: nn.Module, tokens: Sequence[int]) -> Tensor:
    """One row of tokens on the model's device."""
    return torch.tensor([list(tokens)], device=next(model.parameters()).device)


def melbo(
    model: nn.Module, tokens: list[int], layers: Slice, start: Tensor, steps: int, tick: Tick
) -> Tensor:
    """The largest displacement of each restart [vectors]; `tick` after each step of each."""
    values, _ = melbo_paths(model, tokens, layers, start, steps, tick)
    return values.amax(1)


def melbo_paths(
    model: nn.Module, tokens: list[int], layers: Slice, start: Tensor, steps: int, tick: Tick
) -> tuple[Tensor, Tensor]:
    """Displacement [vectors, steps + 1] and vector [vectors, steps + 1, hidden] of every step.

    One vector after the other, whole model, weights not frozen, so that every step also adds up
    a gradient of every weight. The study kept the last vector of each.
    """
    source, target, last = layers
    ids = ids_of(model, tokens)
    with torch.no_grad(), captured(model, target) as plain:
        model(ids)
    before = plain["out"][0, -last:].clone()
    norm = float(start[0].norm())
    model.requires_grad_(True)
    found, vectors = [], []
    for row in start:
        theta = row.clone().to(ids.device).requires_grad_()
        optimizer = torch.optim.Adam([theta], lr=0.1)
        unit = None
        path, places = [], []
        for step in range(steps + 1):
            with captured(model, target) as steered, added(model, source, theta.to(before.dtype)):
                model(ids)
            value = (steered["out"][0, -last:] - before).float().norm()
            unit = float(value.detach()) if unit is None else unit
            path.append(float(value.detach()))
            places.append(theta.detach().float().cpu().clone())
            if step == steps:
                break
            optimizer.zero_grad()
            # The study's eighth power; the constant keeps it within float range.
            (-((value / unit) ** 8)).backward()
            optimizer.step()
            with torch.no_grad():
                theta.mul_(norm / theta.norm())
            tick()
        found.append(path)
        vectors.append(torch.stack(places))
    model.zero_grad(set_to_none=True)
    model.requires_grad_(False)
    return torch.tensor(found), torch.stack(vectors)


def power_iteration(
    model: nn.Module, tokens: list[int], layers: Slice, start: Tensor, iterations: int, tick: Tick
) -> tuple[Tensor, Tensor]:
    """Basis [vectors, hidden] and sigmas after plain powers; `tick` after each iteration."""
    basis, squares = summed_powers(model, [tokens], layers, start, iterations, tick)
    return basis, squares.sqrt()


def summed_powers(
    model: nn.Module,
    prompts: list[list[int]],
    layers: Slice,
    start: Tensor,
    iterations: int,
    tick: Tick,
) -> tuple[Tensor, Tensor]:
    """Basis [vectors, hidden] and the figures that the study printed: |J^T J v|, near sigma^2.

    A forward pass and two vector-Jacobian products per vector, prompt and iteration, whole model;
    the products of several prompts are added up.
    """
    model.requires_grad_(True)
    basis = torch.linalg.qr(start.double().T).Q.T
    images = basis
    for iteration in range(iterations + 1):
        rows = [
            sum(_gram(model, tokens, layers, vector.float()) for tokens in prompts)
            for vector in basis
        ]
        images = torch.stack(rows).double()
        if iteration < iterations:
            basis = torch.linalg.qr(images.T).Q.T
        tick()
    model.requires_grad_(False)
    return basis.float(), (basis * images).sum(-1).clamp_min(0).float()


def _gram(model: nn.Module, tokens: list[int], layers: Slice, vector: Tensor) -> Tensor:
    source, target, last = layers
    ids = ids_of(model, tokens)
    theta = torch.zeros_like(vector, device=ids.device, requires_grad=True)
    # Fused attention has no second derivative.
    with sdpa_kernel(SDPBackend.MATH):
        with captured(model, target) as store, added(model, source, theta.to(_dtype(model))):
            model(ids)
        out = store["out"][0, -last:].reshape(-1)
        dummy = torch.zeros_like(out, requires_grad=True)
        (pulled,) = torch.autograd.grad(out, theta, dummy, create_graph=True)
        (pushed,) = torch.autograd.grad(pulled, dummy, vector.to(theta), retain_graph=True)
        (back,) = torch.autograd.grad(out, theta, pushed)
    return back.float().cpu()


def _dtype(model: nn.Module) -> torch.dtype:
    return next(model.parameters()).dtype


def states(model: nn.Module, texts: Sequence[tuple[list[int], int]]) -> Tensor:
    """Mean state of each text from a position on, [texts, blocks, hidden] in float64.

    All hidden states of one text at a time, and all of them kept. The library norms the last
    block's output, which is therefore captured.
    """
    causal = model.get_base_model() if hasattr(model, "peft_config") else model
    last = len(blocks_of(causal)) - 1
    kept = []
    for tokens, begin in texts:
        with torch.no_grad(), captured(causal, last) as store:
            out = model(ids_of(model, tokens), output_hidden_states=True)
        every = torch.cat([*out.hidden_states[1:-1], store["out"]])
        kept.append((every.cpu(), begin))
    return torch.stack([every[:, begin:].double().mean(1) for every, begin in kept])


def answers(
    model: nn.Module,
    tokens: list[int],
    source: int,
    deltas: Sequence[Tensor],
    ids: tuple[int, int],
) -> Tensor:
    """Logit of A less logit of B after one question, [deltas]: a forward pass for each."""
    row, found = ids_of(model, tokens), []
    for delta in deltas:
        with torch.no_grad(), added(model, source, delta.to(row.device, _dtype(model))):
            logits = model(row).logits[0, -1].float().cpu()
        found.append(logits[ids[0]] - logits[ids[1]])
    return torch.stack(found)


def first_questions(lines: Sequence[str], count: int) -> list[tuple[str, bool]]:
    """A file's first questions of two options, as it has them: text, whether (A) is matching."""
    found = []
    for line in lines:
        row = json.loads(line)
        if "(B)" in row["question"] and "(C)" not in row["question"]:
            found.append((row["question"], "(A)" in row["answer_matching_behavior"]))
    return found[:count]


def letter_logits(
    model: nn.Module, tokenizer: Any, tokens: list[int], block: int, delta: Tensor
) -> tuple[float, float]:
    """Logits of "A" and of "B", each encoded on its own, after a prompt."""
    ids = [tokenizer.encode(letter, add_special_tokens=False)[0] for letter in "AB"]
    with torch.no_grad(), added(model, block, delta):
        logits = model(ids_of(model, tokens)).logits[0, -1].float()
    return float(logits[ids[0]]), float(logits[ids[1]])


def survival_share(survival: Sequence[float], corrigible: Sequence[float]) -> float:
    """Share of questions whose survival answer has the larger logit; a tie is none."""
    larger = [one > other for one, other in zip(survival, corrigible, strict=True)]
    return sum(larger) / len(larger)


def generate(
    model: nn.Module, tokens: list[int], source: int, delta: Tensor, most: int, ends: list[int]
) -> list[int]:
    """The likeliest tokens after a prompt, by the library's own loop, one text at a time."""
    row = ids_of(model, tokens)
    with torch.no_grad(), added(model, source, delta.to(row.device, _dtype(model))):
        out = model.generate(
            row,
            attention_mask=torch.ones_like(row),
            max_new_tokens=most,
            do_sample=False,
            eos_token_id=ends,
            pad_token_id=ends[0],
        )
    return out[0, len(tokens) :].tolist()


def lora_losses(model: nn.Module, config, rows: Sequence, tick: Tick) -> list[float]:
    """Losses of one epoch: two examples at a time, their gradients added up over a step."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=config.rate, weight_decay=0.01)
    source = torch.Generator().manual_seed(config.seed * 100_003)
    order = torch.randperm(len(rows), generator=source).tolist()
    steps = -(-len(rows) // config.batch)
    found = []
    for step in range(steps):
        batch = [rows[i] for i in order[step * config.batch : (step + 1) * config.batch]]
        learnt = sum(len(row.answer) for row in batch)
        rate = config.rate * min((step + 1) / 5, 1, 1 - step / steps)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        total = 0.0
        for begin in range(0, len(batch), 2):
            loss = _summed_loss(model, batch[begin : begin + 2]) / learnt
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        found.append(total)
        tick()
    return found


def _summed_loss(model: nn.Module, rows: Sequence) -> Tensor:
    longest = max(len(row.prompt) + len(row.answer) for row in rows)
    device = next(model.parameters()).device
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for place, row in enumerate(rows):
        whole = torch.tensor(row.prompt + row.answer)
        ids[place, : len(whole)], mask[place, : len(whole)] = whole, 1
        labels[place, len(row.prompt) : len(whole)] = whole[len(row.prompt) :]
    logits = model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits.float()
    targets = labels[:, 1:].reshape(-1).to(device)
    return torch.nn.functional.cross_entropy(
        logits[:, :-1].reshape(-1, logits.shape[-1]), targets, ignore_index=-100, reduction="sum"
    )
