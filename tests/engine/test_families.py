"""Files in other programs' true layouts (FORMATS 2): values, layers, sites, operation and names."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import safetensors.numpy
import torch

from engine.configs.core import Site
from engine.foreign import formats
from engine.foreign.formats import ForeignVectors, Given

ROWS = np.random.default_rng(0).standard_normal((6, 8)).astype(np.float32)


class Family(NamedTuple):
    """One file as its program lays it, and what it holds."""

    file: str
    write: Callable[[Path], object]
    vectors: np.ndarray
    sites: list[Site | None]
    operation: str
    names: list[str]
    said: str = "file"
    given: Given = Given()
    method: str = "unknown"


def tensor(values: np.ndarray) -> Callable[[Path], object]:
    return lambda path: torch.save(torch.from_numpy(values.copy()), path)


def whole(**values: np.ndarray) -> Callable[[Path], object]:
    tensors = {key: torch.from_numpy(value.copy()) for key, value in values.items()}
    return lambda path: torch.save(tensors, path)


def mean_of_adl(path: Path) -> None:
    tensor(ROWS[0])(path)
    told = {"count": 9, "activation_dim": 8, "position": 2, "token_id": None}
    path.with_suffix(".meta").write_text(json.dumps(told))


def aisteer(path: Path) -> None:
    told = {"2": [ROWS[0].tolist()], "10": [ROWS[1].tolist()]}
    values = {
        "model_type": "llama",
        "directions": told,
        "explained_variances": {"2": 0.5, "10": 0.25},
    }
    path.write_text(json.dumps(values))


def psyctl(path: Path) -> None:
    told = {"model": "org/m", "method": "mean_difference", "layer_names": "model.layers.1"}
    path.write_bytes(
        safetensors.numpy.save({"layer_1": ROWS[0].copy(), "layer_3": ROWS[1].copy()}, told)
    )


def at(*blocks: int) -> list[Site | None]:
    return [Site(block=block) for block in blocks]


FAMILIES = [
    Family("vectors/sycophancy/vec_layer_13_Llama-2-7b-chat-hf.pt", tensor(ROWS[0]), ROWS[:1],
           at(13), "add", ["sycophancy"], "path", method="contrastive"),
    Family("vectors/vec_layer_9.pt", tensor(ROWS[0]), ROWS[:1], at(9), "add", ["contrastive"],
           "path", method="contrastive"),
    Family("out/safety/caa_vector/layer_17.pt", tensor(ROWS[0]), ROWS[:1], at(17), "add", ["caa"],
           "path"),
    Family("results/m/organism/layer_13/fineweb/mean_pos_2.pt", mean_of_adl, ROWS[:1], at(13),
           "add", ["position 2"], "path", method="finetune-diff"),
    Family("a.svec", aisteer, ROWS[:2], at(2, 10), "add", ["block 2", "block 10"]),
    Family("steering.safetensors", psyctl, ROWS[:2], at(1, 3), "not stated",
           ["layer_1", "layer_3"], method="mean_difference"),
    Family("evil_response_avg_diff.pt", tensor(ROWS), ROWS, [None, *at(0, 1, 2, 3), None], "add",
           [f"evil {row}" for row in range(6)], given=Given(depth=5, width=8),
           method="contrastive"),
    Family("axis.pt", whole(axis=ROWS), ROWS, at(0, 1, 2, 3, 4, 5), "not stated",
           [f"row {row}" for row in range(6)], given=Given(depth=6), method="contrastive"),
    Family("dct.pt", whole(U=ROWS.T, V=ROWS.T), ROWS[[4, 1]], at(2, 2), "not stated",
           ["V 4", "V 1"], "user", Given(width=8, index=(4, 1), layer=2)),
    Family("sae.pt", whole(W_dec=ROWS, b_dec=ROWS[0]), ROWS[[5]], at(3), "not stated",
           ["feature 5"], "user", Given(index=(5,), layer=3)),
]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.file)
def test_a_programs_file_gives_its_vectors_and_what_they_are_for(family, tmp_path: Path) -> None:
    path = tmp_path / family.file
    path.parent.mkdir(parents=True, exist_ok=True)
    family.write(path)

    found = formats.read(path, family.given)

    assert isinstance(found, ForeignVectors)
    np.testing.assert_array_equal(found.vectors, family.vectors)
    assert list(found.sites) == family.sites
    assert (found.operation, list(found.names)) == (family.operation, family.names)
    assert (found.said["layer"], found.method) == (family.said, family.method)
    assert found.asks == ()


def test_figures_and_model_of_a_file_stay_with_its_vectors(tmp_path: Path) -> None:
    aisteer(tmp_path / "a.svec")
    psyctl(tmp_path / "b.safetensors")

    svec, named = (formats.read(tmp_path / name) for name in ("a.svec", "b.safetensors"))

    assert isinstance(svec, ForeignVectors)
    assert isinstance(named, ForeignVectors)
    assert svec.scores == {"explained_variance": [0.5, 0.25]}
    assert svec.hint == "llama"
    assert named.model == "org/m"
