"""The store: what is written comes back, and nothing half-written is ever seen."""

import dataclasses
import json
import os
import threading
import time

import numpy as np
import pandas as pd
import pytest

from engine.configs.core import Site, as_json
from engine.configs.finders import MelboConfig
from engine.errors import StoreError
from engine.records import provenance
from engine.records.columns import names
from engine.records.records import (
    EVALUATION_COLUMNS,
    DroppedRow,
    Evaluation,
    Provenance,
    Question,
    QuestionSet,
    VectorSet,
)
from engine.store.store import Store
from engine.store.units import Partial

MODEL = {"short_name": "demo", "id": "data/demo/model", "hidden_size": 16, "adapter": None}
MADE = Provenance(
    created="2026-11-21T10:00:00.000+00:00",
    seconds=1.5,
    packages={"torch": "2.13.0"},
    commit="a" * 40,
    dirty=False,
    device="cpu",
    dtype="float32",
)


def vector_set(digest: str = "0123456789ab", **changes) -> VectorSet:
    fields = {
        "digest": digest,
        "method": "melbo",
        "vectors": np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32),
        "sites": (Site(block=1), Site(block=1), Site(block=2, kind="mlp_out")),
        "scores": {"displacement": [0.1, 0.2, 1 / 3]},
        "history": {"loss": [[1.0, 2.0, 3.0], [0.5, 1.0, 1.5]]},
        "config": as_json(MelboConfig(source_layer=1, target_layer=7)),
        "model": MODEL,
        "residual_norms": {"output of block 1": 4.25},
        "provenance": MADE,
        "notes": ("Two of three vectors agree.", "ünïcode"),
    }
    return VectorSet(**(fields | changes))


def evaluation(digest: str = "ba9876543210") -> Evaluation:
    question = Question(id="q1", stem="Stop?", options=("Yes", "No"), behaviour_letter="B")
    frame = pd.DataFrame(
        {
            "vector_set": ["baseline", "0123456789ab", "control"],
            "vector": [-1, 0, 1],
            "method": pd.Categorical(["baseline", "melbo", "control"]),
            "scale": [0.0, -20.0, 20.0],
            "relative": [0.0, -0.5, 0.5],
            "question": ["q1", "q1", "q1"],
            "order": ["given", "swapped", "given"],
            "logit_a": np.array([1.5, 2.5, np.nan], dtype=np.float32),
            "logit_b": np.array([0.5, 1.0, 2.0], dtype=np.float32),
            "answer_mass": [0.9, 0.8, 0.7],
            "behaviour_letter": ["B", "A", "B"],
            "difference": [-1.0, 1.5, 0.25],
        }
    )
    return Evaluation(
        digest=digest,
        frame=frame,
        questions=QuestionSet(
            name="survival",
            path="data/questions/survival.jsonl",
            sha256="f" * 64,
            behaviour="survival",
            polarity="matching",
            questions=(question,),
            dropped=(DroppedRow(line=4, reason="three options"),),
            notes=("All answers are (B).",),
        ),
        config={"scales": [-20.0, 0.0, 20.0], "controls": 1},
        model=MODEL,
        vector_names={"0123456789ab": {"method": "melbo", "names": ["melbo_00"], "norms": [1.0]}},
        provenance=MADE,
        notes=("A note.",),
    )


def assert_same(loaded, saved, data: str) -> None:
    for field in dataclasses.fields(saved):
        if field.name != data:
            assert getattr(loaded, field.name) == getattr(saved, field.name), field.name


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path)


def test_vectors_come_back_as_they_were(store) -> None:
    saved = vector_set()

    path = store.save_vectors(saved)
    loaded = store.load_vectors("0123456789ab")

    assert path == store.root / "vectors" / "melbo_demo_0123456789ab.safetensors"
    np.testing.assert_array_equal(loaded.vectors, saved.vectors)
    assert loaded.vectors.dtype == np.float32
    assert_same(loaded, saved, "vectors")


def test_vectors_seen_as_a_transposed_view_come_back_as_they_were(store) -> None:
    saved = vector_set(vectors=np.arange(48, dtype=np.float32).reshape(16, 3).T)

    store.save_vectors(saved)

    np.testing.assert_array_equal(store.load_vectors(saved.digest).vectors, saved.vectors)


def test_the_header_names_everything_a_reader_needs(store) -> None:
    path = store.save_vectors(vector_set())

    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    record = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["record"])

    names = "schema_version kind digest method config model sites scores history residual_norms"
    assert set(record) == {*names.split(), "norms", "provenance", "notes", "seal"}
    np.testing.assert_allclose(
        record["norms"], np.linalg.norm(vector_set().vectors, axis=1), rtol=1e-6
    )


def test_an_evaluation_comes_back_as_it_was(store) -> None:
    saved = evaluation()

    path = store.save_evaluation(saved)
    loaded = store.load_evaluation("ba98")

    assert path == store.root / "results" / "ab_demo_ba9876543210.parquet"
    pd.testing.assert_frame_equal(loaded.frame, saved.frame)
    assert list(loaded.frame) == names(EVALUATION_COLUMNS)
    assert_same(loaded, saved, "frame")


def test_an_experiment_comes_back_with_its_header(store) -> None:
    record = {
        "name": "curiosity", "title": "A study", "config": {}, "tables": [], "model": MODEL,
        "provenance": dataclasses.asdict(MADE), "steps": [{"digest": "aa"}], "verdict": None,
    }  # fmt: skip

    path = store.save_experiment("c0ffee", record)

    assert path == store.root / "results" / "experiment_demo_c0ffee.json"
    header = {"schema_version": 1, "kind": "experiment", "digest": "c0ffee"}
    assert store.load_experiment(path) == record | header
    assert store.find("c0f").method == "curiosity"


def test_a_record_is_loaded_by_its_file_wherever_it_lies(store, tmp_path) -> None:
    path = store.save_vectors(vector_set())
    moved = path.rename(tmp_path / "mailed.safetensors")

    assert store.load_vectors(moved).digest == "0123456789ab"
    assert store.load_vectors(str(moved)).digest == "0123456789ab"
    assert store.load_vectors("mailed.safetensors").digest == "0123456789ab"
    assert not store.has("0123456789ab")


def test_the_list_is_newest_first_and_says_what_each_record_is(store) -> None:
    store.save_vectors(vector_set())
    later = dataclasses.replace(MADE, created="2026-11-22T10:00:00.000+00:00")
    store.save_evaluation(dataclasses.replace(evaluation(), provenance=later))

    first, second = store.list()

    assert (first.digest, first.kind, first.method) == ("ba9876543210", "evaluation", "ab")
    assert first.summary == "1 vector, 1 question, 3 scales"
    assert (second.digest, second.kind, second.model) == ("0123456789ab", "vectors", "demo")
    assert second.summary == "3 vectors, block 1 to 7"
    assert store.has(first.digest)
    assert not store.has("0123")


def test_five_hundred_records_are_listed_within_two_seconds(store) -> None:
    for i in range(500):
        store.save_vectors(vector_set(f"{i:012x}"))

    start = time.perf_counter()
    infos = Store(store.root).list()

    assert time.perf_counter() - start < 2
    assert len({info.digest for info in infos}) == 500


def test_a_changed_file_is_described_anew(store) -> None:
    store.save_vectors(vector_set())
    store.list()

    store.save_vectors(vector_set(method="melbo", sites=(Site(block=3),) * 3, config={}))

    assert [info.summary for info in store.list()] == ["3 vectors"]


def test_a_missing_digest_names_the_nearest(store) -> None:
    with pytest.raises(StoreError, match="There is no record 'ffff': the store is empty"):
        store.find("ffff")
    store.save_vectors(vector_set())
    store.save_vectors(vector_set("ffeeffeeffee"))

    with pytest.raises(StoreError, match="Nearest: ffeeffeeffee \\(melbo of demo"):
        store.load_vectors("ffff")


def test_an_ambiguous_digest_lists_the_candidates(store) -> None:
    store.save_vectors(vector_set("aabbaabbaabb"))
    store.save_vectors(vector_set("aaccaaccaacc"))

    with pytest.raises(StoreError, match="2 records begin with 'aa': .*aa..aa..aa.*; aa"):
        store.find("aa")
    assert store.find("aab").digest == "aabbaabbaabb"


def test_a_whole_digest_wins_over_longer_ones(store) -> None:
    store.save_vectors(vector_set("aabb"))
    store.save_vectors(vector_set("aabbcc"))

    assert store.find("aabb").digest == "aabb"


def test_a_record_of_another_kind_is_refused(store) -> None:
    store.save_vectors(vector_set())
    path = store.save_evaluation(evaluation())

    with pytest.raises(StoreError, match="is a set of vectors, not an evaluation"):
        store.load_evaluation("0123456789ab")
    with pytest.raises(StoreError, match="is an evaluation, not a set of vectors"):
        store.load_vectors(path)


def test_vectors_that_are_not_finite_are_neither_written_nor_read(store) -> None:
    saved = vector_set()
    bad = saved.vectors.copy()
    bad[1, 3] = np.nan
    with pytest.raises(StoreError, match="not finite in vector 1"):
        store.save_vectors(vector_set(vectors=bad))
    path = store.save_vectors(saved)
    path.write_bytes(path.read_bytes()[: -bad.nbytes] + bad.tobytes())

    with pytest.raises(StoreError, match="melbo_demo_0123456789ab.*not finite in vector 1"):
        store.load_vectors(path)


def test_a_record_of_another_version_is_refused(store) -> None:
    path = store.save_experiment("c0ffee", {"model": MODEL})
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 9'))

    with pytest.raises(StoreError, match="a record of version 9, but this Vectorscope reads ver"):
        store.load_experiment(path)


def test_a_foreign_file_is_refused_with_a_way_out(store, tmp_path) -> None:
    foreign = tmp_path / "vectors" / "theirs.safetensors"
    foreign.parent.mkdir()
    header = b"{}      "
    foreign.write_bytes(len(header).to_bytes(8, "little") + header)

    with pytest.raises(StoreError, match="no Vectorscope record.*python -m engine audit"):
        store.load_vectors(foreign)
    with pytest.raises(StoreError, match="There is no file gone.safetensors"):
        store.load_vectors("gone.safetensors")
    with pytest.raises(StoreError, match="records end in .safetensors, .parquet, .json"):
        store.load_vectors(__file__)


@pytest.mark.parametrize("keep", [0, 5, 200, -1])
def test_cut_off_files_are_skipped_and_named(store, keep) -> None:
    vectors = store.save_vectors(vector_set())
    frame = store.save_evaluation(evaluation())
    study = store.save_experiment("c0ffee", {"model": MODEL, "filler": "x" * 400})
    for path in (vectors, frame, study):
        path.write_bytes(path.read_bytes()[:keep])

    assert store.list() == []
    assert {path for path, _ in store.damaged()} == {vectors, frame, study}
    assert all(sentence.endswith(".") for _, sentence in store.damaged())
    with pytest.raises(StoreError, match="damaged"):
        store.find("ba9876543210")


def test_a_record_without_a_field_is_called_damaged(store) -> None:
    path = store.save_experiment("c0ffee", {"model": MODEL})
    path.write_text('{"schema_version": 1, "kind": "experiment", "digest": "c0ffee"}')

    assert store.list() == []
    assert "KeyError: 'model'" in store.damaged()[0][1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_killed_writer_leaves_no_half_record(store, monkeypatch, error) -> None:
    def refuse(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises((KeyboardInterrupt, StoreError)) as raised:
            store.save_vectors(vector_set())

    if raised.type is StoreError:
        assert "could not be written" in str(raised.value)
        assert "No space left on device" in str(raised.value)
    assert list((store.root / "vectors").iterdir()) == []
    assert store.list() == []


def test_concurrent_writers_of_one_digest_leave_one_whole_record(store, monkeypatch) -> None:
    saved = vector_set()
    failures = []
    # A slow disk: the writers are sure to overlap.
    monkeypatch.setattr(os, "fsync", lambda _: time.sleep(0.005))

    def write_and_read() -> None:
        for _ in range(10):
            try:
                Store(store.root).save_vectors(saved)
                Store(store.root).load_vectors(saved.digest)
            except StoreError as error:
                failures.append(error)

    threads = [threading.Thread(target=write_and_read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(list((store.root / "vectors").iterdir())) == 1


def test_names_from_elsewhere_stay_inside_the_store(store) -> None:
    model = MODEL | {"short_name": "../../etc/pass_wd"}

    path = store.save_vectors(vector_set(model=model))

    assert path.parent == store.root / "vectors"
    assert path.name == "melbo_-..-etc-pass-wd_0123456789ab.safetensors"


def test_finished_units_come_back(store) -> None:
    frame = evaluation().frame
    arrays = {"basis": np.eye(3, dtype=np.float64)[:, ::-1], "step": np.array(7)}

    store.partial("d1").save_unit("question/1 of 2", frame)
    store.partial("d1").save_arrays("state", arrays)

    partial = store.partial("d1")
    assert partial.units() == {"question/1 of 2", "state"}
    pd.testing.assert_frame_equal(partial.load_unit("question/1 of 2"), frame)
    loaded = partial.load_arrays("state")
    assert {key: value.dtype for key, value in loaded.items()} == {
        key: value.dtype for key, value in arrays.items()
    }
    np.testing.assert_array_equal(loaded["basis"], arrays["basis"])
    assert loaded["step"] == 7
    assert store.partial("d2").units() == set()
    assert store.list() == []


def damage(path, how: str) -> None:
    data = path.read_bytes()
    middle = len(data) * 3 // 4 if path.suffix == ".safetensors" else 20
    changed = {
        "empty": b"",
        "cut off": data[: len(data) // 2],
        "zeros": bytes(len(data)),
        "one byte": data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :],
    }
    path.write_bytes(changed[how])


@pytest.mark.parametrize("how", ["empty", "cut off", "zeros", "one byte"])
def test_a_damaged_unit_counts_as_absent(store, how) -> None:
    partial = store.partial("d1")
    partial.save_unit("frame", evaluation().frame)
    partial.save_arrays("arrays", {"x": np.arange(1000.0)})
    partial.save_unit("sound", evaluation().frame)

    damage(partial.folder / "frame.parquet", how)
    damage(partial.folder / "arrays.safetensors", how)

    assert partial.load_unit("frame") is None
    assert partial.load_arrays("arrays") is None
    assert partial.units() == {"sound"}


def test_discarding_removes_the_units_and_is_harmless_twice(tmp_path) -> None:
    partial = Partial(tmp_path / "d1")
    partial.save_arrays("x", {"x": np.zeros(1)})

    partial.discard()
    partial.discard()

    assert partial.units() == set()
    assert not (tmp_path / "d1").exists()


def test_provenance_names_versions_but_no_place_and_no_user() -> None:
    made = provenance.collect(2.0, "cpu", "float32")

    assert {"torch", "numpy", "python"} <= set(made.packages)
    assert made.created.endswith("+00:00")
    assert (made.commit is None) == (made.dirty is None)
    text = json.dumps(dataclasses.asdict(made))
    assert str(provenance.ROOT) not in text
    assert os.path.expanduser("~") not in text


def test_provenance_outside_a_checkout_has_no_commit(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(provenance, "ROOT", tmp_path)

    made = provenance.collect(2.0, "cpu", "float32")

    assert (made.commit, made.dirty) == (None, None)
