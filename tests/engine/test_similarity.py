"""Cosines, bands, duplicates and subspaces, on planted vectors and on the study's own."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.configs.core import Site
from engine.errors import ConfigError
from engine.records.records import Provenance, VectorSet
from engine.statistics import similarity

SEEDS = Path(__file__).resolve().parents[3] / "shared/data/seed_vectors"


def made(
    vectors: np.ndarray,
    digest: str = "aaaaaaaaaaaa",
    blocks: list[int] | None = None,
    scores: dict[str, list[float]] | None = None,
    **model,
) -> VectorSet:
    """A set of vectors, one a block unless told otherwise."""
    blocks = list(range(len(vectors))) if blocks is None else blocks
    return VectorSet(
        digest=digest,
        method="contrastive",
        vectors=vectors.astype(np.float32),
        sites=tuple(Site(block=block) for block in blocks),
        scores=scores or {},
        history={},
        config={},
        model={"short_name": "toy", "fingerprint": "f", **model},
        residual_norms={},
        provenance=Provenance(
            created="", seconds=0.0, packages={}, commit=None, dirty=None, device="", dtype=""
        ),
    )


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def test_cosine_and_distance_by_layer_equal_the_formulas() -> None:
    first, second = normal(4, 16), normal(4, 16, seed=1)

    frame = similarity.by_layer(made(first), made(second[[2, 3, 0]], blocks=[2, 3, 0]))

    assert frame["block"].tolist() == [0, 2, 3]
    for row in frame.to_dict("records"):
        a, b = first[row["block"]], second[row["block"]]
        cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
        assert row["cosine"] == pytest.approx(cosine, abs=1e-6)
        assert row["distance"] == pytest.approx(np.linalg.norm(a - b), rel=1e-6)
        assert row["norm_second"] == pytest.approx(np.linalg.norm(b), rel=1e-6)
    whole = similarity.cosine_map(made(first), made(second))
    assert whole.shape == (4, 4)
    assert whole[1, 2] == pytest.approx(
        first[1] @ second[2] / np.linalg.norm(first[1]) / np.linalg.norm(second[2]), abs=1e-6
    )


def test_the_input_of_a_block_is_matched_with_the_output_before_it() -> None:
    first = made(normal(1, 8), blocks=[3])
    second = made(normal(1, 8, seed=1))
    fields = {name: getattr(second, name) for name in second.__dataclass_fields__}
    second = VectorSet(**{**fields, "sites": (Site(block=4, kind="block_in"),)})

    assert len(similarity.by_layer(first, second)) == 1


def test_the_random_band_holds_ninety_five_of_a_hundred_random_cosines() -> None:
    cosines = (similarity.unit(normal(4000, 256)) * similarity.unit(normal(4000, 256, seed=1))).sum(
        axis=1
    )

    inside = (np.abs(cosines) < similarity.random_band(256)).mean()

    assert inside == pytest.approx(0.95, abs=0.015)


def test_noise_is_corrected_by_the_reliabilities() -> None:
    vectors = normal(2, 32)
    first = made(vectors, scores={"reliability": [0.5, -0.2]})
    second = made(vectors + 2 * normal(2, 32, seed=1), scores={"reliability": [0.5, -0.9]})

    frame = similarity.by_layer(first, second)

    assert frame["attainable"][0] == pytest.approx(0.5)
    assert frame["corrected"][0] == pytest.approx(min(1.0, frame["cosine"][0] / 0.5))
    assert math.isnan(frame["corrected"][1])
    assert similarity.corrected(0.3, 0.36, 1.0) == pytest.approx(0.5)
    assert similarity.corrected(0.9, 0.25, 1.0) == 1.0
    assert math.isnan(similarity.corrected(0.3, 0.0, 1.0))


def test_a_shuffled_label_null_gives_a_band_that_a_true_likeness_leaves() -> None:
    shared = normal(1, 64)
    first, second = made(shared), made(shared + 0.3 * normal(1, 64, seed=1))
    null = made(normal(200, 64, seed=2), blocks=[0] * 200)

    frame = similarity.by_layer(first, second, [null])

    low, high = frame["null_low"][0], frame["null_high"][0]
    assert low < 0 < high < frame["cosine"][0]
    assert high == pytest.approx(similarity.random_band(64), abs=0.06)


def test_duplicates_are_found_whatever_their_sign() -> None:
    two = normal(2, 64)
    copies = np.stack([two[i % 2] * (-1) ** (i // 2) for i in range(7)]) + 0.01 * normal(
        7, 64, seed=1
    )
    shuffled = np.concatenate([copies, normal(1, 64, seed=5)])

    found = similarity.clusters(shuffled)

    assert found.sizes == (4, 3, 1)
    assert found.labels.tolist() == [0, 1, 0, 1, 0, 1, 0, 2]
    assert found.words == "8 vectors, 3 directions: 4 + 3 + 1 copies"
    in_order = found.labels[list(found.order)].tolist()
    assert sum(a != b for a, b in zip(in_order, in_order[1:], strict=False)) == 2
    assert similarity.clusters(normal(3, 64)).words == "3 vectors, 3 directions"
    assert similarity.clusters(normal(1, 64)).words == "1 vector, 1 direction"


def test_effective_rank_counts_directions_not_lengths() -> None:
    orthogonal = np.linalg.qr(normal(16, 4))[0].T * np.array([[1.0], [10.0], [0.1], [3.0]])

    assert similarity.effective_rank(orthogonal) == pytest.approx(4.0)
    assert similarity.effective_rank(np.stack([orthogonal[0]] * 3)) == pytest.approx(1.0)


def test_a_vector_is_taken_apart_by_a_subspace_that_need_not_be_orthogonal() -> None:
    space = normal(3, 16)
    inside = normal(2, 3, seed=1) @ space
    outside = normal(2, 16, seed=2)
    outside -= outside @ np.linalg.pinv(space) @ space

    found = similarity.split(inside + outside, np.concatenate([space, space[:1]]))

    np.testing.assert_allclose(found.linear, inside, atol=1e-8)
    np.testing.assert_allclose(found.residual, outside, atol=1e-8)
    expected = (inside**2).sum(1) / ((inside + outside) ** 2).sum(1)
    np.testing.assert_allclose(found.share, expected)


def test_removing_a_shared_mean_uncovers_what_the_rest_says() -> None:
    mean = 20 * normal(1, 64)
    parts = normal(2, 64, seed=1)
    first, second = made(mean + parts[:1]), made(mean + parts[1:])
    removed = made(mean)

    before = similarity.by_layer(first, second)["cosine"][0]
    less = [similarity.without(one, removed) for one in (first, second)]
    after = similarity.by_layer(*less)["cosine"][0]

    assert before > 0.98
    assert abs(after) < 0.4
    assert abs(float(less[0].vectors[0] @ removed.vectors[0])) < 1e-2


def test_vectors_of_different_models_are_refused_in_words() -> None:
    first = made(normal(1, 8))
    with pytest.raises(ConfigError, match="width 8 .toy. and bbbbbbbbbbbb of width 16 .large."):
        similarity.by_layer(
            first, made(normal(1, 16), "bbbbbbbbbbbb", short_name="large", fingerprint="g")
        )
    with pytest.raises(ConfigError, match="weights differ.*says nothing"):
        similarity.cosine_map(first, made(normal(1, 8), fingerprint="g"))
    with pytest.raises(ConfigError, match="no site in common: output of block 0 against"):
        similarity.by_layer(first, made(normal(1, 8), blocks=[4]))


def test_the_corrigibility_studys_twelve_vectors_are_two_directions() -> None:
    path = SEEDS / "melbo_Qwen3-14B_20260126_213150.pt"
    if not path.is_file():
        pytest.skip("the study's vectors are not here")
    stored = torch.load(path, weights_only=True, map_location="cpu")["vectors"]
    vectors = stored.float().numpy()

    found = similarity.clusters(vectors)

    assert found.words == "12 vectors, 2 directions: 7 + 5 copies"
    assert np.flatnonzero(found.labels == 0).tolist() == [0, 2, 4, 6, 8, 9, 11]
    assert similarity.effective_rank(vectors) == pytest.approx(1.96, abs=0.005)


def test_the_share_of_a_random_direction_in_a_span_is_as_stated() -> None:
    space = normal(5, 40)
    random = normal(4000, 40, seed=3)
    found = np.concatenate([space[:1] + space[1:2], random])

    frame = similarity.span_shares(made(found), made(np.concatenate([space, space[:2]])))

    assert frame["share"][0] == pytest.approx(1.0, abs=1e-6)
    assert frame["random"][0] == pytest.approx(5 / 40)
    shares = frame["share"][1:]
    assert shares.mean() == pytest.approx(frame["random"][0], abs=0.005)
    assert (shares > frame["random_high"][0]).mean() == pytest.approx(0.025, abs=0.01)
    squares = frame["linear"] ** 2 + frame["residual"] ** 2
    np.testing.assert_allclose(squares, (found**2).sum(1), rtol=1e-5)


def test_a_space_that_is_everything_leaves_nothing_outside() -> None:
    frame = similarity.span_shares(made(normal(2, 8)), made(normal(9, 8, seed=1)))

    np.testing.assert_allclose(frame["share"], 1.0)
    assert frame["random_high"].tolist() == [1.0, 1.0]
