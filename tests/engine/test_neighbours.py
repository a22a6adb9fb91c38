"""The stored vectors that one is most like: against slow loops, a plant, and random draws."""

from dataclasses import replace

import numpy as np
import pytest

from engine.configs.core import Site
from engine.errors import ConfigError
from engine.records.records import VectorSet
from engine.statistics.reads import neighbours
from tests.pages.samples import MODEL, provenance
from tests.reference import neighbours_reference as slow

HIDDEN = 24


def a_set(digest: str, vectors: np.ndarray, sites: list[Site]) -> VectorSet:
    return VectorSet(
        digest=digest, method="melbo", vectors=vectors.astype(np.float32), sites=tuple(sites),
        scores={}, history={}, config={}, model=MODEL, residual_norms={},
        provenance=provenance(),
    )  # fmt: skip


def world() -> list[VectorSet]:
    """Three sets over few blocks, with directions that stand in several of them."""
    draw = np.random.default_rng(5)
    first, second, third = (draw.standard_normal((9, HIDDEN)) for _ in range(3))
    second[3] = -2.5 * first[4]
    third[1] = 0.01 * first[4]
    third[2] = first[0] + 0.2 * draw.standard_normal(HIDDEN)
    third[5] = second[5]
    second[7] = 0
    sites = [Site(block=i % 3) for i in range(9)]
    kinds = [Site(block=1, kind="block_in"), *sites[1:8], Site(block=2, kind="mlp_out")]
    return [
        a_set("aaaa00000001", first, sites),
        a_set("bbbb00000002", second, kinds),
        a_set("cccc00000003", third, sites),
    ]


@pytest.mark.parametrize("index", range(9))
def test_neighbours_are_those_of_slow_loops(index) -> None:
    sets = world()

    found = neighbours.of_vector(sets[0], index, sets)

    expected = slow.of_vector(sets[0], index, sets)
    keys = [(row.vector_set, row.vector) for row in found.itertuples()]
    assert sorted(keys) == sorted(key for key, *_ in expected)
    told = {key: rest for key, *rest in expected}
    for key, row in zip(keys, found.to_dict("records"), strict=True):
        cosine, is_here, same = told[key]
        assert row["cosine"] == pytest.approx(cosine, abs=1e-9)
        assert row["is_here"] == is_here
        assert row["is_copy"] == (abs(cosine) >= 0.9)
        assert row["z"] == pytest.approx(cosine * HIDDEN**0.5, abs=1e-7)
        assert set(row["same"].split()) == {f"{digest}:{place}" for digest, place in same}
    assert found["cosine"].abs().is_monotonic_decreasing


def test_a_planted_direction_is_the_nearest_and_stands_once() -> None:
    sets = world()

    found = neighbours.of_vector(sets[0], 4, sets)

    top = found.iloc[0]
    # At block 1 it stands in the third set; at block 0 of the second one, turned and longer.
    assert {(top.vector_set, top.vector), (found.iloc[1].vector_set, found.iloc[1].vector)} == {
        ("cccc00000003", 1), ("bbbb00000002", 3),
    }  # fmt: skip
    assert top["is_copy"]
    assert abs(top["cosine"]) == pytest.approx(1.0)
    assert abs(found.iloc[2]["cosine"]) < 0.9


def test_a_vector_of_no_set_or_of_another_model_is_refused() -> None:
    sets = world()
    other = replace(sets[1], model={**MODEL, "fingerprint": "beef"})

    with pytest.raises(ConfigError, match="vectors 0 to 8, not 9"):
        neighbours.of_vector(sets[0], 9, sets)
    with pytest.raises(ConfigError, match="weights differ"):
        neighbours.of_vector(sets[0], 0, [other])


def test_the_largest_of_many_random_cosines_stays_below_its_bound_in_95_of_100_draws() -> None:
    draw, hidden, count, times = np.random.default_rng(0), 24, 40, 600
    bound = neighbours.largest_of_random(hidden, count)

    others = draw.standard_normal((times, count, hidden), dtype=np.float32)
    largest = np.abs(others[..., 0] / np.linalg.norm(others, axis=2)).max(axis=1)

    assert np.mean(largest < bound) == pytest.approx(0.95, abs=0.025)
    assert neighbours.largest_of_random(hidden, 1) < bound


def test_what_is_told_counts_what_lies_beyond_random_pairs() -> None:
    sets = world()
    found = neighbours.of_vector(sets[0], 4, sets)
    beyond = (found["cosine"].abs() > 1.96 / HIDDEN**0.5).sum()

    told = neighbours.told(found, HIDDEN)

    assert told.startswith(f"{beyond} of {len(found)} vectors lie beyond \u00b10.400")
    assert f"{neighbours.largest_of_random(HIDDEN, len(found)):.3f} in 95 %" in told
    assert "No other vector" in neighbours.told(found.iloc[:0], HIDDEN)
