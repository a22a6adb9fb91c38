"""Tensor maths on directions. Knows nothing of models, prompts, files or screens."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

Gram = Callable[[Tensor], Tensor]
"""Maps directions `[vectors, hidden]` to (J^T J) of each row, same shape."""


class Directions(NamedTuple):
    """The top eigenvectors of J^T J that were found, and how far they can be trusted."""

    vectors: Float[Tensor, "vectors hidden"]
    """Unit norm, by falling sigma; the sign is arbitrary."""
    sigmas: Float[Tensor, " vectors"]
    """Singular values of J."""
    residuals: Float[Tensor, " vectors"]
    """|J^T J v - sigma^2 v| / sigma^2; an eigenpair has 0."""
    gaps: Float[Tensor, " vectors"]
    """(sigma_i - sigma_(i+1)) / sigma_i; below 0.05 only the subspace is meaningful."""
    products: int
    """Single-vector multiplications by J^T J that were spent."""


Report = Callable[[int, Tensor, Tensor], None]
"""(iteration, sigmas, residuals) after each block multiplication; may raise to stop."""


def unit_rows(vectors: Float[Tensor, "vectors hidden"]) -> Float[Tensor, "vectors hidden"]:
    """Each row divided by its norm."""
    return vectors / vectors.norm(dim=-1, keepdim=True).clamp_min(1e-30)


def orthonormal_rows(vectors: Float[Tensor, "vectors hidden"]) -> Float[Tensor, "vectors hidden"]:
    """Rows made orthonormal in order: row i stays in the span of rows 0...i, with its sign."""
    q, r = torch.linalg.qr(vectors.double().T)
    signs = torch.where(r.diagonal() < 0, -1.0, 1.0).to(q.dtype)
    return (q * signs).T.to(vectors.dtype)


def random_directions(vectors: int, hidden: int, seed: int) -> Float[Tensor, "vectors hidden"]:
    """Unit vectors uniform on the sphere, float32 on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    return unit_rows(torch.randn(vectors, hidden, generator=generator))


def covariance_directions(
    states: Float[Tensor, "states hidden"], vectors: int, seed: int
) -> Float[Tensor, "vectors hidden"]:
    """Unit vectors along draws from a normal distribution with the states' covariance.

    A normal mixture of the centred states has exactly their covariance, so that no
    `hidden x hidden` matrix is formed. The draws span no more than the states do.

    Raises:
        ValueError: If the states do not differ.
    """
    centred = states.double() - states.double().mean(dim=0)
    if not bool((centred != 0).any()):
        raise ValueError("The states do not differ: they have no covariance.")
    generator = torch.Generator().manual_seed(seed)
    mixture = torch.randn(vectors, len(centred), generator=generator, dtype=torch.float64)
    return unit_rows(mixture @ centred).float()


def rayleigh_ritz(
    basis: Float[Tensor, "basis hidden"], images: Float[Tensor, "basis hidden"], wanted: int
) -> tuple[Float[Tensor, "wanted hidden"], Float[Tensor, " wanted"], Float[Tensor, " wanted"]]:
    """The best eigenpairs within a subspace: vectors, eigenvalues, relative residuals.

    Args:
        basis: Orthonormal rows.
        images: J^T J of each row.
        wanted: How many pairs, from the largest eigenvalue.
    """
    small = basis @ images.T
    values, rotation = torch.linalg.eigh((small + small.T) / 2)
    order = values.argsort(descending=True)[:wanted]
    values, rotation = values[order], rotation[:, order].T
    vectors, applied = rotation @ basis, rotation @ images
    scale = values.clamp_min(1e-30)
    residuals = (applied - values[:, None] * vectors).norm(dim=-1) / scale
    return vectors, values, residuals


def block_lanczos(
    gram: Gram,
    start: Float[Tensor, "width hidden"],
    wanted: int,
    iterations: int,
    tolerance: float,
    report: Report,
) -> Directions:
    """Top directions by block Lanczos with every block kept and reorthogonalised twice.

    Golub and Underwood (1977). The kept basis is small: iterations x width x hidden numbers in
    float64. Stops when the residuals of all wanted vectors fall below `tolerance`.

    Args:
        gram: Multiplies rows by J^T J; called with float32 rows.
        start: Starting directions, as many rows as one multiplication takes.
        wanted: How many directions to return, at most width x iterations.
        iterations: Block multiplications at most.
        tolerance: Largest relative residual to accept.
        report: Called after each multiplication.
    """
    width, hidden = start.shape
    basis = torch.zeros(0, hidden, dtype=torch.float64)
    images = torch.zeros(0, hidden, dtype=torch.float64)
    block = orthonormal_rows(start.double())
    products = 0
    for iteration in range(1, iterations + 1):
        image = gram(block.float()).double()
        products += len(block)
        basis, images = torch.cat([basis, block]), torch.cat([images, image])
        vectors, values, residuals = rayleigh_ritz(basis, images, wanted + 1)
        sigmas = values.clamp(min=0).sqrt()
        report(iteration, sigmas[:wanted].float(), residuals[:wanted].float())
        if len(vectors) >= wanted and bool((residuals[:wanted] < tolerance).all()):
            break
        block = _next_block(image, basis, hidden)
        if len(block) == 0:
            break
    return _directions(vectors, sigmas, residuals, wanted, products)


def _next_block(image: Tensor, basis: Tensor, hidden: int) -> Tensor:
    room = min(len(image), hidden - len(basis))
    if room <= 0:
        return image[:0]
    rest = image
    for _ in range(2):
        rest = rest - (rest @ basis.T) @ basis
    block = orthonormal_rows(rest[:room])
    # A block that has converged leaves rounding noise, which must be cleaned once more.
    block = block - (block @ basis.T) @ basis
    return orthonormal_rows(block)


def block_powers(
    gram: Gram,
    start: Float[Tensor, "width hidden"],
    wanted: int,
    iterations: int,
    tolerance: float,
    report: Report,
) -> Directions:
    """Top directions by orthogonal iteration with extra columns and Rayleigh-Ritz."""
    basis = orthonormal_rows(start.double())
    for iteration in range(1, iterations + 1):
        images = gram(basis.float()).double()
        vectors, values, residuals = rayleigh_ritz(basis, images, wanted + 1)
        sigmas = values.clamp(min=0).sqrt()
        report(iteration, sigmas[:wanted].float(), residuals[:wanted].float())
        if bool((residuals[:wanted] < tolerance).all()):
            break
        basis = orthonormal_rows(images)
    return _directions(vectors, sigmas, residuals, wanted, iteration * len(start))


def plain_powers(
    gram: Gram, start: Float[Tensor, "vectors hidden"], iterations: int, report: Report
) -> Directions:
    """The corrigibility study's form: powers and Gram-Schmidt, no extra columns, no stopping.

    What it returns spans a subspace; its single rows are not singular vectors unless converged.
    """
    basis = orthonormal_rows(start.double())
    for iteration in range(iterations + 1):
        images = gram(basis.float()).double()
        values = (basis * images).sum(-1).clamp_min(0)
        residuals = (images - values[:, None] * basis).norm(dim=-1) / values.clamp_min(1e-30)
        report(iteration, values.sqrt().float(), residuals.float())
        if iteration < iterations:
            # Gram-Schmidt order keeps the study's vectors: they are not sorted or rotated.
            basis = orthonormal_rows(images)
    return _directions(basis, values.sqrt(), residuals, len(basis), (iterations + 1) * len(start))


def _directions(
    vectors: Tensor, sigmas: Tensor, residuals: Tensor, wanted: int, products: int
) -> Directions:
    following = torch.cat([sigmas[1:], sigmas.new_zeros(1)])[:wanted]
    gaps = (sigmas[:wanted] - following) / sigmas[:wanted].clamp_min(1e-30)
    if len(sigmas) <= wanted:
        gaps[-1] = float("nan")  # The vector that follows the last one was not estimated.
    return Directions(
        vectors=vectors[:wanted].float(),
        sigmas=sigmas[:wanted].float(),
        residuals=residuals[:wanted].float(),
        gaps=gaps.float(),
        products=products,
    )
