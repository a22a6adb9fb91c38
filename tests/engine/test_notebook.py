"""The page "In a notebook": its code runs in an empty folder, and shows what the page says."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import engine
from engine import ROOT
from engine.errors import ConfigError, DataError
from engine.statistics.cells import CONTROL

PAGE = ROOT / "docs" / "notebook.md"
MOST_LINES = 20
"""Of a study, lines with code in them."""


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> SimpleNamespace:
    """All that the page's code names, after one cell after the other was run."""
    folder, names = tmp_path_factory.mktemp("empty"), {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("VECTORSCOPE_STORE", raising=False)
        for number, block in enumerate(blocks()):
            exec(compile(block, f"notebook.md, block {number}", "exec"), names)
    return SimpleNamespace(**names | {"folder": folder, "folder_of_model": names["folder"]})


def test_a_study_takes_twenty_lines() -> None:
    for block in blocks():
        assert len([line for line in block.splitlines() if line.strip()]) <= MOST_LINES


def test_only_public_names_of_the_engine_are_used() -> None:
    used = re.findall(
        r"^\s*(?:from|import) (engine\S*)(?: import (.+))?", "\n".join(blocks()), re.M
    )

    assert used
    assert {module for module, _ in used} == {"engine"}
    assert {name.strip() for _, names in used for name in names.split(",")} <= {*engine.__all__}


def test_records_lie_in_the_folder_it_was_run_in(page) -> None:
    assert page.engine.store.root == page.folder.resolve()
    assert {"vectors", "results", "map.html", "violin.html"} <= {
        one.name for one in page.folder.iterdir()
    }


def test_study_a_measures_beside_random_vectors(page) -> None:
    counts = page.table.groupby("method")["vector"].nunique()
    random = page.table[page.table["vector_set"] == CONTROL]

    assert counts["melbo"] == counts["power-iteration"] == 2
    assert random["vector"].nunique() == 8
    assert page.table["rate"].between(0, 1).all()
    assert page.table.query("method == 'melbo'")["p"].isna().all(), "8 controls allow no p"


def test_study_b_has_a_cosine_for_every_block(page) -> None:
    first, second = page.contrastive.record, page.difference.record
    a, b = first.vectors[4], second.vectors[4]
    row = page.layers.query("block == @first.sites[4].block").iloc[0]

    assert list(page.layers["block"]) == [site.block for site in first.sites]
    assert row["cosine"] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-5)


def test_study_b_writes_texts_unsteered_and_steered(page) -> None:
    assert len(page.texts.frame()) == 5
    assert page.texts.frame()["text"].nunique() > 1


def test_a_model_of_one_s_own_is_as_before_after_steering(page) -> None:
    with torch.no_grad():
        after = page.model(**page.inputs).logits

    assert page.logits.shape == after.shape
    assert not torch.equal(page.logits, after)
    fresh = page.AutoModelForCausalLM.from_pretrained(page.folder_of_model)
    with torch.no_grad():
        assert torch.equal(fresh(**page.inputs).logits, after)


def test_a_foreign_vector_steers_as_the_one_it_came_from(page) -> None:
    own = page.texts.frame().query("configuration.str.contains('finetune-diff') and scale == 2")
    foreign = page.again.frame().query("scale == 2")

    assert np.array_equal(page.theirs.record.vectors[0], page.difference.record.vectors[4])
    assert page.theirs.record.sites[0] == page.difference.record.sites[4]
    assert list(foreign["text"]) == list(own["text"])


@pytest.mark.parametrize(
    ("stated", "error", "words"),
    [
        ({}, DataError, "model"),
        ({"model": "demo"}, DataError, "layer"),
        ({"model": 3}, ConfigError, "model is 3, but must be a text"),
        ({"model": "demo", "layer": "4"}, ConfigError, "layer is '4', but must be a whole number"),
        ({"model": "demo", "layer": 4, "site": "here"}, ConfigError, "site 'here' is not known"),
        ({"model": "demo", "index": "one"}, ConfigError, "index is 'one'"),
    ],
)
def test_what_is_missing_or_wrong_is_asked_for(page, stated, error, words) -> None:
    with pytest.raises(error, match=words):
        page.engine.take_in(page.folder / "theirs.npy", **stated)
