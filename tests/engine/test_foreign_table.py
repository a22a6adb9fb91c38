"""Every shared file of vectors: its values, layers, sites, operation and names, or why it is none.

Values are loaded apart from the readers. The files are not part of the repository.
"""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import safetensors.torch
import torch

from engine.configs.core import Site, SiteKind
from engine.errors import DataError
from engine.foreign import formats
from engine.foreign.formats import ForeignVectors, Given, MissingFactsError

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
CASES, DATA = SHARED / "cases" / "files", SHARED / "data"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the shared test files are absent")
TEN = Given(depth=10, width=64)
STUDY = "Qwen/Qwen3-14B"


class Right(NamedTuple):
    """What a file truly holds."""

    file: str
    load: Callable[[Path], Any]
    """Its vectors, loaded without the readers."""
    sites: list[Site | None]
    operation: str
    first: str
    """Name of the first vector."""
    given: Given = Given()
    model: str | None = None
    asks: tuple[str, ...] = ()
    said: str = "file"
    """Who says the layer."""


def at(*blocks: int, kind: SiteKind = "block_out") -> list[Site | None]:
    return [Site(block=block, kind=kind) for block in blocks]


def opened(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


def under(*keys: str) -> Callable[[Path], Any]:
    def load(path: Path) -> Any:
        value = opened(path)
        for key in keys:
            value = value[key]
        return value

    return load


def listed(path: Path) -> Any:
    """All values of a dictionary or a list, in their order."""
    whole = opened(path)
    parts = list(whole.values()) if isinstance(whole, dict) else whole
    return torch.stack([one.squeeze(0) for one in parts])


def raw_floats(path: Path) -> Any:
    """The numbers of a NumPy array that torch pickled: the longest text within, as bytes."""
    import pickletools

    with zipfile.ZipFile(path) as archive:
        name = next(one for one in archive.namelist() if one.endswith("data.pkl"))
        found = [a for _, a, _ in pickletools.genops(archive.read(name)) if isinstance(a, str)]
    return np.frombuffer(max(found, key=len).encode("latin1"), "<f4")


def directions(path: Path) -> Any:
    gguf = pytest.importorskip("gguf")
    tensors = {int(t.name.split(".")[1]): np.array(t.data) for t in gguf.GGUFReader(path).tensors}
    return np.stack([tensors[block] for block in sorted(tensors)])


def rows(path: Path, key: str, index: list[int]) -> Any:
    return safetensors.torch.load_file(path)[key][index].float()


FOREIGN = "foreign_vectors"
REFUSAL = f"{FOREIGN}/refusal_direction/gemma-2b-it"
RIGHT = [
    Right("axis_a/assistant_axis.pt", opened, at(*range(10)), "not stated", "row 0"),
    Right("axis_a/assistant_axis.pt", opened, [None] * 10, "not stated", "row 0",
          Given(depth=12, width=64), asks=("layer",)),
    Right("dct.pt", lambda p: opened(p)["V"].T, [None] * 16, "not stated", "V 0", TEN,
          asks=("layer",)),
    Right("dct.pt", lambda p: opened(p)["V"].T[[3, 5]], at(4, 4), "not stated", "V 3",
          Given(depth=10, width=64, index=(3, 5), layer=4), said="user"),
    Right("deception_batched.pt", listed, [None] * 11, "not stated", "layer 0", asks=("site",)),
    Right("deception_batched.pt", listed, [*at(*range(10), kind="block_in"), None], "subtract",
          "hidden state 0", TEN),
    Right("early_source_layer_idx.pt", under("vectors"), at(10, 10, 10, 10), "add", "melbo_00",
          model=STUDY),
    Right("f8.safetensors", lambda p: rows(p, "v", [0, 1]), [None] * 2, "not stated", "v 0",
          asks=("layer",)),
    Right("glp_project.gguf", directions, [None], "ablate", "direction.5", model=STUDY,
          asks=("site",)),
    Right("glp_project.gguf", directions, at(5, kind="block_out"), "ablate", "direction.5",
          Given(site="block_out"), model=STUDY),
    Right("home_hf_names.pt", listed, at(*range(10)), "not stated", "model.layers.0"),
    Right("home_int_to_tensor.pt", listed, [None] * 10, "not stated", "layer 0", TEN,
          asks=("site",)),
    Right("home_int_to_tensor.pt", listed, at(*range(10)), "add", "layer 0",
          Given(site="block_out", operation="add")),
    Right("home_layer_dir.pt", under("direction"), at(5), "not stated", "direction", model=STUDY),
    Right("list_of_tensors.pt", listed, [None] * 10, "not stated", "row 0", asks=("layer",)),
    Right("list_of_tensors.pt", listed, at(*range(10)), "not stated", "row 0",
          Given(layer="rows"), said="user"),
    Right("neuronpedia.json", lambda p: json.loads(p.read_text())["vector"], at(5), "not stated",
          "calm"),
    Right("numpy_in_pt.pt", raw_floats, at(5, 5, 5), "not stated", "unknown_00"),
    Right("original_melbo_loss_curves.pt", under("vectors", "src7_tgt32", "vectors"),
          at(7, 7, 7, 7), "add", "src7_tgt32 0", model=STUDY),
    Right("sae_weights.safetensors", lambda p: rows(p, "W_dec", [3, 17]), [None] * 2,
          "not stated", "feature 3", Given(index=(3, 17)), asks=("layer",)),
    Right("tl_hook_post.pt", listed, at(*range(10)), "not stated", "blocks.0.hook_resid_post"),
    Right(f"{FOREIGN}/gguf/diffmean-1.gguf", directions, at(*range(28)), "add", "direction.0"),
    Right(f"{FOREIGN}/gguf/happy_diffmean.gguf", directions, at(*range(28)), "add", "direction.0"),
    Right(f"{FOREIGN}/gguf/style-probe.gguf", directions, at(*range(28)), "add", "direction.0"),
    Right(f"{FOREIGN}/plain/james.pt", raw_floats, [None], "not stated", "james", asks=("layer",)),
    Right(f"{FOREIGN}/plain/task_vector_layer-10.npy", np.load, at(10), "not stated",
          "task_vector_layer-10", said="path"),
    Right(f"{FOREIGN}/plain/vec_ep20_layer15.pt", opened, at(15), "not stated",
          "vec_ep20_layer15", said="path"),
    Right(f"{REFUSAL}/direction.pt", opened, at(10, kind="block_in"), "ablate", "direction",
          said="sidecar"),
    Right(f"{REFUSAL}/mean_diffs.pt", lambda p: opened(p).reshape(90, -1),
          at(*range(18), kind="block_in") * 5, "ablate", "position -5, layer 0"),
    *(
        Right(f"seed_vectors/{name}", under("vectors"), at(*[7] * count), "add", first,
              model=STUDY)
        for name, count, first in (
            ("melbo_Qwen3-14B_20260126_213150.pt", 12, "melbo_00"),
            ("melbo_Qwen3-14B_20260128_024257.pt", 12, "melbo_00"),
            ("power_iter_Qwen3-14B_20260126_213240.pt", 8, "power-iteration_00"),
            ("power_iter_Qwen3-14B_20260128_024332.pt", 12, "power-iteration_00"),
            ("power_iter_multi_Qwen3-14B_20260127_165614.pt", 12, "power-iteration_00"),
        )
    ),
    Right("seed_vectors/caa_Qwen3-14B_layer7_20260127_033200.pt", under("vector"), at(7), "add",
          "contrastive", model=STUDY),
]  # fmt: skip
REFUSED = [
    ("dct.pt", Given(), r"V of 64 x 16: name its model"),
    ("dct.pt", Given(width=128), r"V of 64 x 16, but the model has width 128"),
    ("sae_weights.safetensors", Given(), r"128 directions .* choose some, as --index 3,17"),
    ("sae_weights.safetensors", Given(index=(128,)), "has rows 0 to 127"),
    ("sae_weights.safetensors", Given(width=128), "is of a model of width 64, but the model has"),
    ("dspark.gguf", Given(), "dspark, older than GLP"),
    ("nnterp_logits.pt", Given(), "states of texts"),
    ("tl_hook_post.pt", Given(layer=5), "says layers 0 to 9 itself, but layer 5 was stated"),
    ("tl_hook_post.pt", Given(site="block_in"), "itself says the output"),
    ("glp_project.gguf", Given(operation="add"), "was made to ablate, but add was stated"),
    ("home_layer_dir.pt", Given(layer=3), "says layer 5 itself, but layer 3 was stated"),
    (f"{FOREIGN}/gguf/lfs-pointer.gguf", Given(), "git-lfs pointer"),
    (f"{FOREIGN}/gguf/vocabulary-not-a-vector.gguf", Given(), "'llama' model"),
]
TEXTS = (".jsonl", ".csv")
NOT_VECTORS = (
    "alpaca.json", "sharegpt.json", "steering_vectors_pairs.json", "sweep_letter_implied.json",
    "sweep_without_logits.json", "direction_metadata.json", "direction_evaluations.json",
)  # fmt: skip
"""Data, sweeps and sidecars: tests of their own readers hold them."""


def located(file: str) -> Path:
    return next(place / file for place in (CASES, DATA) if (place / file).exists())


@pytest.mark.parametrize("right", RIGHT, ids=lambda one: f"{one.file}-{len(one.asks)}-{one.said}")
def test_a_file_gives_its_true_vectors_and_what_it_says_of_them(right: Right) -> None:
    path = located(right.file)

    found = formats.read(path, right.given)

    assert isinstance(found, ForeignVectors)
    values = np.asarray(torch.as_tensor(right.load(path)).float())
    assert np.array_equal(found.vectors, values.reshape(len(right.sites), -1))
    assert list(found.sites) == right.sites
    assert (found.operation, found.names[0]) == (right.operation, right.first)
    assert (found.model, found.asks) == (right.model, right.asks)
    assert found.said["layer"] == right.said
    assert len(set(found.names)) == len(found.names)


@pytest.mark.parametrize(("file", "given", "reason"), REFUSED)
def test_a_file_that_cannot_be_told_is_refused_with_the_true_reason(file, given, reason) -> None:
    with pytest.raises(DataError, match=reason) as told:
        formats.read(located(file), given)

    assert "damaged" not in str(told.value)


def test_the_table_covers_every_file() -> None:
    places = [CASES, DATA / FOREIGN, DATA / "seed_vectors"]
    every = {
        str(path.relative_to(CASES if place == CASES else DATA))
        for place in places
        for path in place.rglob("*")
        if path.is_file() and path.suffix not in TEXTS and path.name not in NOT_VECTORS
    }

    assert every == {one.file for one in RIGHT} | {file for file, *_ in REFUSED}


def test_curves_of_losses_are_kept_and_their_last_is_the_loss() -> None:
    found = formats.read(CASES / "original_melbo_loss_curves.pt")
    early = formats.read(CASES / "early_source_layer_idx.pt")

    assert found.scores["loss"] == [-3.0] * 4
    assert found.history["loss"] == [[-1.0] * 4, [-2.0] * 4, [-3.0] * 4]
    assert early.scores["loss"] == [-2.0] * 4


def test_the_candidates_of_the_refusal_direction_have_their_scores() -> None:
    found = formats.read(DATA / REFUSAL / "mean_diffs.pt")
    told = json.loads((DATA / REFUSAL / "direction_evaluations.json").read_text())
    one = told[40]

    place = found.names.index(f"position {one['position']}, layer {one['layer']}")
    assert found.scores["refusal_score"][place] == one["refusal_score"]
    assert set(found.scores) == {"refusal_score", "steering_score", "kl_div_score"}


def test_what_is_missing_is_named_for_a_form() -> None:
    with pytest.raises(MissingFactsError) as told:
        formats.read(CASES / "sae_weights.safetensors")

    assert told.value.asks == ("index",)
