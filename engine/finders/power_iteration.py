"""Top right singular vectors of the Jacobian from a source block to a target block.

The study's form ("study") is plain powers; "powers" adds spare columns and Rayleigh-Ritz; the
default is block Lanczos, which reaches the same residual in far fewer products.
"""

from torch import Tensor

from engine.configs.core import Site
from engine.configs.finders import PowerIterationConfig
from engine.finders.found import Found, check, prompt_tokens, residual_norm
from engine.finders.jacobian import Jacobian
from engine.maths.directions import (
    Directions,
    Gram,
    Report,
    block_lanczos,
    block_powers,
    plain_powers,
    random_directions,
)
from engine.model.forward import Forward
from engine.progress import Progress
from engine.store.steps import Steps

WIDTH = 8
"""Rows of one product: wide enough to fill a core, narrow enough for the kept graph."""
SMALL_GAP = 0.05


def find(door: Forward, config: PowerIterationConfig, progress: Progress, steps: Steps) -> Found:
    """Find the directions to which the target responds most, at first order.

    Scores: `sigma` singular value, `residual` |J^T J v - sigma^2 v| / sigma^2, `gap` to the next
    singular value; `sigma_squared` where it is asked for. The sign is fixed so that the largest
    coordinate is positive.

    Raises:
        ConfigError: If a layer or count does not fit the model.
    """
    check(door, config)
    tokens = prompt_tokens(door, config.prompts, config.tokens)
    width = min(config.vectors, WIDTH)
    jacobian = Jacobian(
        door,
        tokens,
        config.source_layer,
        config.target_layer,
        config.tokens,
        width,
        is_sum=config.across == "sum",
    )
    history: dict[str, list[list[float]]] = {"sigma": [], "residual": []}
    total = _block_products(config, width, door.hidden)

    def report(iteration: int, sigmas: Tensor, residuals: Tensor) -> None:
        history["sigma"].append(sigmas.tolist())
        history["residual"].append(residuals.tolist())
        worst = float(residuals.max()) if len(residuals) == config.vectors else float("nan")
        message = f"product {iteration} of at most {total}, residual {worst:.1e}"
        progress(iteration, total, message, sigma=float(sigmas[0]), residual=worst)

    multiply = steps.remembering(lambda rows: (jacobian.gram(rows),))
    found = _solve(config, door.hidden, width, total, lambda rows: multiply(rows)[0], report)
    squares = found.sigmas.square().tolist()
    site = Site(block=config.source_layer)
    start = door.start(tokens[0], config.source_layer)
    return Found(
        vectors=_signed(found.vectors) * config.norm,
        sites=(site,) * len(found.vectors),
        scores={
            "sigma": found.sigmas.tolist(),
            "residual": found.residuals.tolist(),
            "gap": found.gaps.tolist(),
            **({"sigma_squared": squares} if config.figure == "sigma-squared" else {}),
        },
        history=history,
        residual_norms={site.words: residual_norm(start, door)},
        notes=(*_notes(config, found), *jacobian.notes),
    )


def _block_products(config: PowerIterationConfig, width: int, hidden: int) -> int:
    if config.variant != "lanczos":
        return config.iterations
    # The same number of single products as the study's iterations of all vectors.
    budget = -(-config.iterations * config.vectors // width)
    return min(budget, -(-hidden // width))


def _solve(
    config: PowerIterationConfig,
    hidden: int,
    width: int,
    total: int,
    gram: Gram,
    report: Report,
) -> Directions:
    if config.variant == "lanczos":
        start = random_directions(width, hidden, config.seed)
        return block_lanczos(gram, start, config.vectors, total, config.tolerance, report)
    if config.variant == "powers":
        columns = min(2 * config.vectors, hidden)
        start = random_directions(columns, hidden, config.seed)
        return block_powers(gram, start, config.vectors, total, config.tolerance, report)
    start = random_directions(config.vectors, hidden, config.seed)
    return plain_powers(gram, start, config.iterations, report)


def _signed(vectors: Tensor) -> Tensor:
    largest = vectors.abs().argmax(dim=-1, keepdim=True)
    return vectors * vectors.gather(-1, largest).sign()


def _notes(config: PowerIterationConfig, found: Directions) -> tuple[str, ...]:
    notes = []
    loose = [i for i, r in enumerate(found.residuals.tolist()) if r > config.tolerance]
    if loose:
        notes.append(
            f"Not converged: vectors {_listed(loose)} have a residual above {config.tolerance:g} "
            f"after {found.products} products; allow more iterations."
        )
    close = [i for i, g in enumerate(found.gaps.tolist()) if g < SMALL_GAP]
    if close:
        notes.append(
            f"Vectors {_listed(close)} are within 5 % of the next singular value: only the "
            "subspace they span is meaningful, not each one."
        )
    return tuple(notes)


def _listed(indices: list[int]) -> str:
    return ", ".join(str(i) for i in indices)
