"""MELBO: vectors of a given norm that move a later layer most (Mack and Turner 2024).

Two variants. "study" is the corrigibility study's: independent restarts under Adam. "orthogonal"
climbs with steps that ignore the gradient's length, keeps its rows orthogonal, and gives the
rows that climb highest the first choice of direction.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.finders import MelboConfig
from engine.finders.found import (
    Found,
    check,
    prompt_tokens,
    random_displacement,
    residual_norm,
)
from engine.maths.directions import orthonormal_rows, random_directions, unit_rows
from engine.model.batches import Batches, Kind
from engine.model.edits import EditBatch
from engine.model.forward import Forward, Start
from engine.progress import Progress
from engine.store.steps import Step, Steps

ROWS = 16
"""Vectors in one batch; the graph of each holds every activation up to the target."""

Tick = Callable[[int, Tensor], None]


def find(door: Forward, config: MelboConfig, progress: Progress, steps: Steps) -> Found:
    """Find vectors from the prompts' last tokens.

    Scores: `displacement` |change at the target|, the root mean square over the prompts; `ratio`
    to the median random vector's, measured on the same prompts, so that their order is of no
    account.

    Raises:
        ConfigError: If a layer or count does not fit the model.
    """
    check(door, config)
    starts = [
        door.start(tokens, config.source_layer)
        for tokens in prompt_tokens(door, config.prompts, config.tokens)
    ]
    objective, notes = _objective(door, starts, config)
    history: list[list[float]] = []

    def tick(step: int, values: Tensor) -> None:
        history.append(values.tolist())
        progress(
            step,
            config.steps,
            f"step {step} of {config.steps}",
            best=float(values.max()),
            mean=float(values.mean()),
        )

    climb = _study if config.variant == "study" else _orthogonal
    vectors, values = climb(steps.remembering(objective), _initial(door, config), config, tick)
    null = random_displacement(
        door, starts, config.target_layer, config.tokens, config.norm, config.seed
    )
    site = Site(block=config.source_layer)
    return Found(
        vectors=vectors,
        sites=(site,) * config.vectors,
        scores={"displacement": values.tolist(), "ratio": (values / max(null, 1e-30)).tolist()},
        history={"displacement": history},
        residual_norms={site.words: residual_norm(starts[0], door)},
        notes=(*_notes(config), *notes[-1:]),
    )


def _notes(config: MelboConfig) -> tuple[str, ...]:
    notes = []
    if config.variant == "study":
        notes.append(
            "Independent restarts often reach one direction, up to sign: count directions, "
            "not vectors."
        )
    return tuple(notes)


def _initial(door: Forward, config: MelboConfig) -> Float[Tensor, "vectors hidden"]:
    return random_directions(config.vectors, door.hidden, config.seed)


def _objective(door: Forward, starts: list[Start], config: MelboConfig) -> tuple[Step, list[str]]:
    """The step that is climbed by, and what there comes to be said of memory.

    It maps vectors [vectors, hidden] to displacement [vectors] and its gradient [vectors, hidden].
    """
    site = Site(block=config.source_layer)
    bases = [
        door.states(s, EditBatch.none(1), config.target_layer, config.tokens).detach()
        for s in starts
    ]

    def measure(part: Tensor) -> tuple[Tensor, Tensor]:
        leaf = part.to(door.loaded.device).requires_grad_()
        squares = torch.zeros(len(part), device=door.loaded.device)
        for start, base in zip(starts, bases, strict=True):
            moved = door.states(
                start, EditBatch.add(site, leaf), config.target_layer, config.tokens
            )
            squares = squares + (moved - base).float().flatten(1).square().sum(1)
        values = (squares / len(starts)).sqrt()
        (gradient,) = torch.autograd.grad(values.sum(), leaf)
        return values.detach().cpu(), gradient.float().cpu()

    kind = Kind(
        job="the search",
        unit="vectors",
        keeps="graph",
        tokens=sum(len(start.tokens) for start in starts),
        blocks=config.target_layer - config.source_layer,
    )
    sizes = Batches(door.loaded, kind, ROWS)
    notes: list[str] = []

    def objective(vectors: Tensor) -> tuple[Tensor, Tensor]:
        values, gradient = torch.zeros(len(vectors)), torch.zeros(vectors.shape)

        def work(part: range) -> None:
            rows = slice(part.start, part.stop)
            values[rows], gradient[rows] = measure(vectors[rows])

        sizes.over(len(vectors), work, notes.append)
        return values, gradient

    return objective, notes


def _study(
    objective: Step, start: Tensor, config: MelboConfig, tick: Tick
) -> tuple[Tensor, Tensor]:
    """Adam at 0.1 on each vector alone, maximising the norm's eighth power, as the study did."""
    theta = (start * config.norm).requires_grad_()
    optimizer = torch.optim.Adam([theta], lr=0.1)
    best, best_values, unit = theta.detach().clone(), torch.zeros(len(start)), None
    for step in range(1, config.steps + 2):
        values, gradient = objective(theta.detach())
        # Dividing by a constant keeps Adam's path and the eighth power within float range.
        unit = values.clamp_min(1e-30) if unit is None else unit
        is_better = values > best_values
        best[is_better], best_values = theta.detach()[is_better], values.maximum(best_values)
        if step > config.steps:
            break
        theta.grad = -8 * (values / unit).pow(7)[:, None] * gradient / unit[:, None]
        optimizer.step()
        with torch.no_grad():
            theta.mul_(config.norm / theta.norm(dim=-1, keepdim=True))
        tick(step, values)
    return (best, best_values) if config.returns == "best" else (theta.detach(), values)


def _orthogonal(
    objective: Step, start: Tensor, config: MelboConfig, tick: Tick
) -> tuple[Tensor, Tensor]:
    """Fixed-point ascent v <- R g/|g|, damped where a row falls, rows orthogonal in order."""
    theta = orthonormal_rows(start)
    damping = torch.ones(len(theta))
    previous = torch.zeros(len(theta))
    best, best_values = theta, torch.zeros(len(theta))
    for step in range(1, config.steps + 2):
        values, gradient = objective(theta * config.norm)
        if values.sum() > best_values.sum():
            best, best_values = theta, values
        if step > config.steps:
            break
        if step <= max(2, config.steps // 2):
            # A row that climbs higher chooses before the others, whatever its index was.
            order = values.argsort(descending=True)
            theta, gradient, damping = theta[order], gradient[order], damping[order]
            values, previous = values[order], previous[order]
        damping = torch.where(values < previous, damping * 0.5, (damping * 1.5).clamp(max=1.0))
        theta, previous = _climbed(theta, gradient, damping), values
        tick(step, values)
    if config.returns == "last":
        best, best_values = theta, values
    order = best_values.argsort(descending=True)
    return best[order] * config.norm, best_values[order]


def _climbed(theta: Tensor, gradient: Tensor, damping: Tensor) -> Tensor:
    """One damped step; row i follows its gradient only outside the span of rows before it."""
    overlap = torch.tril(gradient @ theta.T, diagonal=-1)
    direction = unit_rows(gradient - overlap @ theta)
    return orthonormal_rows(theta * (1 - damping[:, None]) + direction * damping[:, None])
