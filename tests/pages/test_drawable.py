"""What the store takes can be drawn, or is refused in one sentence: a short walk of mutants.

`python -m tests.pages.drawable` takes the long one.
"""

from pathlib import Path

import pytest

from dashboard.session import resources
from engine.errors import StoreError
from engine.records import soundness
from engine.store.headers import read_record
from engine.store.store import Store
from tests import shipped
from tests.pages import drawable

ROOT = Path(__file__).resolve().parents[2]
SHARE = {"ab": 0.006, "generations": 0.02, "melbo": 0.05, "experiment": 0.008, "conversation": 0.03}
"""Of each kind's mutants: a few seconds in all."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return drawable.files(tmp_path_factory.mktemp("whole"))


@pytest.mark.matrix(keep=2)
@pytest.mark.parametrize("kind", SHARE)
def test_what_is_accepted_draws_and_all_else_is_refused_in_a_sentence(
    kind: str, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "engine", resources.engine)
    of_kind = {name: content for name, content in whole.items() if name.startswith(kind)}

    walked = dict(drawable.walk(of_kind, SHARE[kind], 1, with_pages=False, with_cards=False))

    assert {done: failing for done, failing in walked.items() if failing} == {}
    # It is no test if all are refused, or none.
    assert None in walked.values()
    assert [] in walked.values()


def test_whole_records_and_the_shipped_ones_are_accepted(
    whole: dict[str, bytes], tmp_path: Path
) -> None:
    for name, content in whole.items():
        assert drawable.accepted(tmp_path, name, content) is not None
    stored = Store(ROOT)
    loads = {
        "vectors": stored.load_vectors,
        "evaluation": stored.load_evaluation,
        "generation": stored.load_generation,
        "conversation": stored.load_conversation,
        "experiment": stored.load_experiment,
    }
    for info in stored.list():
        loads[info.kind](info.path)


def test_a_block_that_the_model_does_not_have_is_refused(whole: dict[str, bytes]) -> None:
    from engine.records import soundness

    record = {
        "kind": "vectors", "digest": "a", "method": "melbo", "config": {}, "scores": {},
        "model": {"short_name": "tiny", "blocks": 4}, "history": {}, "residual_norms": {},
        "sites": [{"block": 4, "kind": "block_out"}], "norms": [1.0],
        "provenance": {
            "created": "2026-11-21", "seconds": 1.0, "packages": {}, "commit": None,
            "dirty": None, "device": "cpu", "dtype": "float32",
        },
    }  # fmt: skip
    with pytest.raises(StoreError, match="in block 4 of a model with 4 blocks"):
        soundness.check(record, "x.safetensors")
    record["model"]["blocks"] = 5
    soundness.check(record, "x.safetensors")


@pytest.mark.parametrize("name", ["max_new_tokens", "seed", "layers", "positions", "operation"])
def test_a_grid_without_what_its_card_says_is_refused(name: str) -> None:
    record = read_record(Path(Store(ROOT).find(shipped.texts()).path))
    soundness.check(record, "it")
    config = record["config"]
    place = config if name in config else config["configurations"][0]
    del place[name]

    with pytest.raises(StoreError, match=name):
        soundness.check(record, "it")
