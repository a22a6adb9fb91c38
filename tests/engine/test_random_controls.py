"""Random directions: uniform, or spread as the residual stream is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import finders
from engine.configs.finders import RandomConfig
from engine.configs.registry import from_json
from engine.evaluators import side_effects, sweeps
from engine.finders.random_control import spread_states
from engine.maths.directions import covariance_directions
from engine.progress import silent
from engine.runs.engine import Engine
from engine.statistics.cells import CONTROL
from engine.store.store import Store
from tests import tiny
from tests.engine.test_ab import QUESTIONS, config, vector_set

ROOT = Path(__file__).resolve().parents[2]


def test_directions_have_the_covariance_of_the_states() -> None:
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(50, 4, generator=generator) * torch.tensor([5.0, 2.0, 1.0, 0.0]) + 9.0

    found = covariance_directions(states, 20000, seed=1)

    # By the book: the square root of the covariance matrix times normal numbers.
    values, basis = torch.linalg.eigh(torch.cov(states.double().T))
    root = basis @ torch.diag(values.clamp_min(0).sqrt()) @ basis.T
    drawn = torch.randn(20000, 4, generator=generator, dtype=torch.float64) @ root
    expected = torch.cov((drawn / drawn.norm(dim=1, keepdim=True)).T)
    torch.testing.assert_close(torch.cov(found.double().T), expected, atol=0.02, rtol=0)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(20000))
    assert found.mean(dim=0).abs().max() < 0.02


def test_states_that_do_not_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="no covariance"):
        covariance_directions(torch.ones(5, 3), 2, seed=0)


def rows_of(kind: str) -> sweeps.Opened:
    settings = config(control_kind=kind, controls=3)
    return sweeps.open_sweep(tiny.door("qwen3"), settings, [vector_set()], QUESTIONS)


def test_covariance_controls_keep_length_sign_and_site_and_lie_where_states_spread() -> None:
    plain, opened = rows_of("isotropic"), rows_of("covariance")

    prompts = [orders[0] for orders in opened.sweep.tokens]
    for before, after in zip(plain.rows, opened.rows, strict=True):
        if before.vector_set != CONTROL:
            assert torch.equal(after.delta, before.delta)
            continue
        assert after.site == before.site
        assert after.delta.norm() == pytest.approx(float(before.delta.norm()), rel=1e-5)
        states = spread_states(opened.sweep.door, prompts, after.site).double()
        basis = torch.linalg.qr((states - states.mean(dim=0)).T).Q
        inside = basis @ (basis.T @ after.delta.double())
        torch.testing.assert_close(inside, after.delta.double(), atol=1e-4, rtol=0)
    one = [r.delta for r in opened.rows if r.vector_set == CONTROL and r.vector == 0]
    cosines = [float(torch.cosine_similarity(one[0], other, dim=0)) for other in one]
    assert np.abs(cosines) == pytest.approx(np.ones(len(one)), abs=1e-5)
    scales = [r.scale for r in opened.rows if r.vector_set == CONTROL and r.vector == 0]
    assert np.sign(cosines).tolist() == np.sign(np.array(scales) * scales[0]).tolist()


def test_a_sweep_runs_with_either_kind_and_they_differ() -> None:
    door, frames = tiny.door("qwen3"), []
    for kind in ("isotropic", "covariance"):
        settings = config(control_kind=kind)
        result = sweeps.run(door, settings, [vector_set()], QUESTIONS, silent, NoUnits())
        frames.append(result.frame)

    is_control = frames[0]["vector_set"] == CONTROL
    same = [frame.loc[~is_control, "difference"] for frame in frames]
    np.testing.assert_array_equal(*same)
    assert not np.allclose(*(frame.loc[is_control, "difference"] for frame in frames))
    np.testing.assert_allclose(*(frame["relative"] for frame in frames))


class NoUnits:
    """Keeps nothing."""

    def load_arrays(self, name: str) -> None:
        """Nothing is kept."""

    def save_arrays(self, name: str, arrays: dict) -> None:
        """Nothing is kept."""


def test_the_finder_draws_spread_vectors_of_the_norm_and_says_what_they_span() -> None:
    door = tiny.door("llama")

    found = finders.find(
        door, RandomConfig(source_layer=1, vectors=3, norm=4.0, kind="covariance"), silent
    )

    plain = finders.find(door, RandomConfig(source_layer=1, vectors=3, norm=4.0), silent)
    torch.testing.assert_close(found.vectors.norm(dim=1), torch.full((3,), 4.0))
    assert "span at most" in found.notes[0]
    assert plain.notes == ()
    assert not torch.allclose(found.vectors, plain.vectors)


def test_shipped_records_keep_their_names_and_another_kind_has_its_own() -> None:
    engine = Engine(Store(ROOT), keep_jobs=False)
    infos = [i for i in engine.store.list() if i.kind == "evaluation" or i.method == "random"]
    assert infos, "the repository ships evaluations"
    for info in infos:
        load = (
            engine.store.load_evaluation if info.kind == "evaluation" else engine.store.load_vectors
        )
        method = "ab" if info.kind == "evaluation" else "random"
        values = load(info.digest).config
        field = "control_kind" if method == "ab" else "kind"
        assert engine.digest(from_json(method, values)) == info.digest
        other = from_json(method, {**values, field: "covariance"})
        assert engine.digest(other) != info.digest


def test_what_is_added_is_as_long_and_where_as_for_the_vectors_of_its_kind() -> None:
    rows, settings = rows_of("isotropic").rows, config(controls=3)

    own = {
        (r.site, r.scale, round(float(r.delta.norm()), 4)) for r in rows if r.vector_set == "abc"
    }
    controls = [r for r in rows if r.vector_set == CONTROL]
    drawn = [(r.site, r.scale, round(float(r.delta.norm()), 4)) for r in controls]
    # Two vectors of two norms, each with its own controls at both scales.
    assert len(own) == 4
    assert {place: drawn.count(place) for place in own} == dict.fromkeys(own, settings.controls)
    measured = side_effects.measured_rows(rows, replace(settings, effect_controls=1))
    kept = [rows[i] for i in measured if rows[i].vector_set == CONTROL]
    assert len({r.norm for r in kept}) == len({r.vector for r in kept}) == 2
