"""Interventions by their formulas: one state at a time, float64, hooked into whole passes.

A change is a dict: block (-1 is the embedding), operation, vector, scale (0 and above, but of add,
ablate and low-rank), positions, preserve_norm, gate, and what the operation needs: target, second,
angle, gain and offset, basis. Slow and obviously right.
"""

import math
import statistics
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from tests.reference.steering import blocks_of

WITHOUT_SIGN = ("add", "ablate", "low-rank")
State = np.ndarray


def of_length_one(vector: State) -> State:
    return vector / math.sqrt(sum(x * x for x in vector))


def operated(h: State, change: dict) -> State:
    """One state [hidden] after one change, whatever its position."""
    s, operation = change["scale"], change["operation"]
    if operation == "add":
        return h + s * change["vector"]
    if operation == "transport":
        mapped = [w * x + b for w, x, b in zip(change["gain"], h, change["offset"], strict=True)]
        return (1 - s) * h + s * np.array(mapped)
    if operation == "low-rank":
        return h - s * sum((h @ row) * row for row in change["basis"])
    v = of_length_one(change["vector"])
    p = h @ v
    if operation == "ablate":
        return h - s * p * v
    if operation == "angular":
        return turned(h, v, change["second"], change["angle"], s)
    if operation == "spherical":
        return along_the_sphere(h, v, s)
    t = change["target"]
    is_held = (operation == "cap" and p <= t) or (operation == "floor" and p >= t)
    return h if is_held else h + s * (t - p) * v


def of_its_norm(after: State, before: State, change: dict) -> State:
    """The changed state, or where the change keeps norms, rescaled to the one it had."""
    if not change.get("preserve_norm"):
        return after
    return after * math.sqrt(before @ before) / math.sqrt(after @ after)


def turned(h: State, v: State, u: State, angle: float, share: float) -> State:
    """Within the plane of v and u turned by a share of the shorter way to an angle."""
    x, y = h @ v, h @ u
    own, length = math.atan2(y, x), math.hypot(x, y)
    ways = [angle - own + full for full in (-2 * math.pi, 0.0, 2 * math.pi)]
    now = own + share * min(ways, key=abs)
    return h - x * v - y * u + length * (math.cos(now) * v + math.sin(now) * u)


def along_the_sphere(h: State, v: State, share: float) -> State:
    """On the great circle through h and v, by a share of their angle nearer to v."""
    length = math.sqrt(h @ h)
    across = of_length_one(h - (h @ v) * v)
    angle = (1 - share) * math.acos(h @ v / length)
    return length * (math.cos(angle) * v + math.sin(angle) * across)


def fitted(source: np.ndarray, destination: np.ndarray) -> tuple[list[float], list[float]]:
    """Of every coordinate the least-squares line through the sorted samples: slopes, offsets."""
    slopes, offsets = [], []
    for one, other in zip(source.T, destination.T, strict=True):
        found = statistics.linear_regression(sorted(one.tolist()), sorted(other.tolist()))
        slopes.append(found.slope)
        offsets.append(found.intercept)
    return slopes, offsets


def spanned(vectors: list[State]) -> list[State]:
    """An orthonormal basis of what some independent vectors span, by Gram and Schmidt."""
    basis: list[State] = []
    for vector in vectors:
        left = vector.copy()
        for row in basis:
            left = left - (left @ row) * row
        basis.append(of_length_one(left))
    return basis


def target_of(usual: np.ndarray, vector: State, reach: float) -> float:
    """The mean projection of usual states [prompts, hidden], and so many lengths of the vector."""
    v = of_length_one(vector)
    return statistics.mean(float(h @ v) for h in usual) + reach * math.sqrt(vector @ vector)


def plane_of(usual: np.ndarray, vector: State, second: State | None, reach: float):
    """The second direction at a right angle to the vector, and the angle of the target."""
    if second is None:
        around = usual - usual.mean(0)
        values, rows = np.linalg.eigh(around.T @ around)
        second = rows[:, values.argmax()]
    v = of_length_one(vector)
    u = of_length_one(second - (second @ v) * v)
    return u, math.atan2(target_of(usual, u, 0), target_of(usual, vector, reach))


def gate_of(block: int, vector: State, level: float, is_above: bool, samples: np.ndarray) -> dict:
    """A gate whose z is told by the projections of usual states [samples, hidden]."""
    v = of_length_one(vector)
    along = [float(h @ v) for h in samples]
    usual = {"mean": statistics.mean(along), "sd": statistics.stdev(along)}
    return {"block": block, "unit": v, "level": level, "is_above": is_above, **usual}


def opens(h: State, gate: dict) -> bool:
    z = (h @ gate["unit"] - gate["mean"]) / gate["sd"]
    return z > gate["level"] if gate["is_above"] else z < gate["level"]


def reached(positions: str, prompt: int, at: int) -> bool:
    """Whether an edit reaches a position, counted from 0."""
    if positions == "all":
        return True
    if positions == "prompt":
        return at < prompt
    if positions.startswith("answer-"):
        first, last = (int(x) for x in positions.removeprefix("answer-").split(":"))
        # The state that writes the answer's token n, from 1 on, lies one position before it.
        return max(0, prompt + first - 2) <= at <= max(0, prompt + first - 2) + last - first
    count = 1 if positions == "response" else int(positions.removeprefix("last-"))
    return at >= prompt - count


def states(model: nn.Module, tokens: list[int]) -> np.ndarray:
    """Unsteered states [1 + blocks, tokens, hidden]: the embedding, then every block's output."""
    return _pass(model, tokens, [], 0)[1]


def logits(model: nn.Module, tokens: list[int], changes: list[dict], prompt: int) -> torch.Tensor:
    """Logits [tokens, vocab] in float64 of one row, all of it, with some changes made."""
    return _pass(model, tokens, decided(model, tokens[:prompt], changes), prompt)[0]


def decided(model: nn.Module, prompt: list[int], changes: list[dict]) -> list[dict]:
    """The changes that act, once gates that a prompt decides are decided, and without these."""
    acting = []
    for change in changes:
        gate = change.get("gate")
        if gate is None or not gate.get("is_pooled"):
            acting.append(change)
        elif opens(pooled(states(model, prompt)[1 + gate["block"]]), gate):
            acting.append({**change, "gate": None})
    return acting


def pooled(rows: np.ndarray) -> State:
    """The mean over all tokens of a prompt but its first."""
    return rows[1:].mean(0)


def _pass(model: nn.Module, tokens: list[int], changes: list[dict], prompt: int):
    kept: list[np.ndarray] = []
    with hooked(model, changes, prompt, kept), torch.no_grad():
        out = model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0].double()
    return out, np.stack(kept)


@contextmanager
def hooked(model: nn.Module, changes: list[dict], prompt: int, kept: list[np.ndarray]):
    """While open, changes are made in their order; `kept` gets every block's output before them."""
    is_open: dict[int, list[bool]] = {}

    def changed(hidden: torch.Tensor, block: int) -> torch.Tensor:
        rows = list(hidden[0].double().numpy())
        kept.append(np.stack(rows))
        for number, change in enumerate(changes):
            gate = change.get("gate")
            if gate is not None and gate["block"] == block:
                is_open[number] = [opens(h, gate) for h in rows]
        here = [(n, change) for n, change in enumerate(changes) if change["block"] == block]
        for number, change in here:
            for at, h in enumerate(rows):
                is_let = number not in is_open or is_open[number][at]
                if is_let and reached(change["positions"], prompt, at):
                    rows[at] = of_its_norm(operated(h, change), h, change)
        return torch.from_numpy(np.stack(rows)).to(hidden)[None] if here else hidden

    def before(_module, args, kwargs):
        if args:
            return (changed(args[0], -1), *args[1:]), kwargs
        return args, {**kwargs, "hidden_states": changed(kwargs["hidden_states"], -1)}

    def after(block: int):
        def hook(_module, _args, output):
            if isinstance(output, tuple):
                return changed(output[0], block), *output[1:]
            return changed(output, block)

        return hook

    blocks = blocks_of(model)
    handles = [blocks[0].register_forward_pre_hook(before, with_kwargs=True)]
    handles += [one.register_forward_hook(after(i)) for i, one in enumerate(blocks)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
