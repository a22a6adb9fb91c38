"""Solvers against matrices whose singular vectors are known."""

import pytest
import torch

from engine.maths.directions import (
    block_lanczos,
    block_powers,
    orthonormal_rows,
    plain_powers,
    random_directions,
    rayleigh_ritz,
)
from tests.reference import steering
from tests.tiny import seeded

SIGMAS = torch.tensor([9.0, 7.0, 6.9, 5.0, 3.0, 2.0, 1.5, 1.0] + [0.5] * 24)
RIGHT = torch.linalg.qr(seeded(32, 32)).Q
GRAM = (RIGHT * SIGMAS**2) @ RIGHT.T


def gram(rows: torch.Tensor) -> torch.Tensor:
    return rows @ GRAM


def ignore(iteration, sigmas, residuals) -> None:
    """Report to nobody."""


def test_block_lanczos_finds_vectors_values_and_gaps() -> None:
    found = block_lanczos(gram, seeded(4, 32, seed=1), 4, 8, 1e-5, ignore)

    torch.testing.assert_close(found.sigmas, SIGMAS[:4], rtol=1e-4, atol=0)
    cosines = (found.vectors * RIGHT.T[:4]).sum(-1).abs()
    torch.testing.assert_close(cosines, torch.ones(4), atol=1e-4, rtol=0)
    gaps = 1 - SIGMAS[1:5] / SIGMAS[:4]
    torch.testing.assert_close(found.gaps, gaps, atol=1e-3, rtol=0)
    assert found.residuals.max() < 1e-4


def test_block_lanczos_can_fill_the_whole_space() -> None:
    found = block_lanczos(gram, seeded(5, 32, seed=1), 5, 100, 1e-30, ignore)

    torch.testing.assert_close(found.sigmas, SIGMAS[:5], rtol=1e-4, atol=0)
    assert found.products <= 32


def test_a_repeated_singular_value_gives_the_right_subspace() -> None:
    values = SIGMAS.clone()
    values[2] = values[1]
    twin = (RIGHT * values**2) @ RIGHT.T

    found = block_lanczos(lambda v: v @ twin, seeded(4, 32, seed=1), 3, 8, 1e-5, ignore)

    assert steering.principal_cosines(found.vectors, RIGHT.T[:3]).min() > 0.9999


def test_oversampled_powers_agree_with_lanczos() -> None:
    found = block_powers(gram, seeded(8, 32, seed=1), 4, 300, 1e-4, ignore)

    torch.testing.assert_close(found.sigmas, SIGMAS[:4], rtol=1e-3, atol=0)


def test_too_few_plain_powers_show_it_in_their_residuals() -> None:
    few = plain_powers(gram, seeded(4, 32, seed=1), 1, ignore)
    many = plain_powers(gram, seeded(4, 32, seed=1), 400, ignore)

    assert few.residuals.max() > 0.05
    assert many.residuals.max() < 0.05


def test_rayleigh_ritz_is_exact_on_an_invariant_subspace() -> None:
    mixed = orthonormal_rows(seeded(3, 3) @ RIGHT.T[:3])

    vectors, values, residuals = rayleigh_ritz(mixed.double(), gram(mixed).double(), 3)

    torch.testing.assert_close(values.float(), SIGMAS[:3] ** 2, rtol=1e-4, atol=0)
    assert residuals.max() < 1e-4
    assert ((vectors.float() @ RIGHT)[:, :3].abs().max(dim=1).values > 0.999).all()


def test_orthonormal_rows_keep_their_order_and_sign() -> None:
    rows = seeded(4, 32)

    basis = orthonormal_rows(rows)

    torch.testing.assert_close(basis @ basis.T, torch.eye(4), atol=1e-6, rtol=0)
    products = rows @ basis.T
    assert (products.diagonal() > 0).all()
    assert products.triu(1).abs().max() < 1e-5


@pytest.mark.parametrize("seed", [0, 7])
def test_random_directions_are_unit_and_seeded(seed: int) -> None:
    first = random_directions(3, 50, seed)

    torch.testing.assert_close(first.norm(dim=-1), torch.ones(3))
    assert torch.equal(first, random_directions(3, 50, seed))
    assert not torch.equal(first, random_directions(3, 50, seed + 1))
