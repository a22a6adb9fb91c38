"""Records from elsewhere: whole ones are kept, those that contradict themselves are refused."""

import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.numpy

from engine.cli import main
from engine.configs.core import as_json
from engine.configs.studies import DeceptionConfig
from engine.errors import ConfigError, DataError, StoreError
from engine.foreign import importing
from engine.foreign.adopting import adopt_file
from engine.foreign.formats import Given
from engine.foreign.importing import import_file
from engine.questions.rows import TwoOptions
from engine.records.records import Evaluation
from engine.store.exporting import export, formats_of, table
from engine.store.files import to_parquet
from engine.store.packing import as_file
from engine.store.store import Store
from tests.pages import samples, text_samples

DIGESTS = {"vectors": "aaaa00000001", "evaluation": "eeee00000003", "generation": "9e9e00000001"}
STUDY = "5d5d00000004"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A whole file of each kind, by its name."""
    store = Store(tmp_path_factory.mktemp("elsewhere"))
    samples.fill(store, vectors=2, controls=2, questions=4)
    store.save_evaluation(with_true_ids(store.load_evaluation(DIGESTS["evaluation"])))
    store.save_generation(text_samples.generation(text_samples.config(), DIGESTS["generation"]))
    files = {Path(info.path).name: Path(info.path).read_bytes() for info in store.list()}
    study = store.save_experiment(STUDY, study_record())
    return files | {study.name: study.read_bytes()}


def study_record() -> dict[str, object]:
    """An invented deception study."""
    config = DeceptionConfig()
    arm = {"arm": "base + contrastive", "block": 4, "scale": 1.0, "labels": {"honest": 2}}
    arm |= {"converted": 0.5, "p": None}
    return {
        "name": config.method,
        "title": "Deception study",
        "config": as_json(config),
        "model": samples.MODEL,
        "vectors": ["a" * 12, "b" * 12],
        "tables": {"similarity": [{"block": 0, "cosine": 0.5}], "sweep": [arm, arm], "arms": [arm]},
        "provenance": dataclasses.asdict(samples.provenance()),
    }


def with_true_ids(found: Evaluation) -> Evaluation:
    """The invented questions with the ids that a question file would give them."""
    old = found.questions.questions
    new = [dataclasses.replace(one, id=TwoOptions(one.stem, one.options, "A").id) for one in old]
    ids = {a.id: b.id for a, b in zip(old, new, strict=True)}
    return dataclasses.replace(
        found,
        frame=found.frame.assign(question=found.frame["question"].map(ids)),
        questions=dataclasses.replace(found.questions, questions=tuple(new)),
    )


def of_kind(made: dict[str, bytes], start: str) -> tuple[bytes, str]:
    name = next(name for name in made if name.startswith(start))
    return made[name], name


def changed_vectors(content: bytes, record: Callable[[dict], object]) -> bytes:
    length = int.from_bytes(content[:8], "little")
    header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["record"])
    record(header)
    del header["seal"]
    vectors = safetensors.numpy.load(content)
    return safetensors.numpy.save(vectors, {"record": json.dumps(header)})


def changed_rows(content: bytes, rows: Callable[[pd.DataFrame], pd.DataFrame]) -> bytes:
    read = pq.read_table(io.BytesIO(content))
    return to_parquet(rows(read.to_pandas()), {"record": unsealed(read)})


def unsealed(read: pa.Table) -> str:
    """The record of a table without its checksums, as older ones are: what else is refused?"""
    record = json.loads(read.schema.metadata[b"record"])
    del record["seal"]
    return json.dumps(record, ensure_ascii=False)


def test_every_kind_comes_in_as_it_was_and_twice_is_no_error(made, tmp_path) -> None:
    store = Store(tmp_path)

    for name, content in [*made.items(), *made.items()]:
        digest = import_file(store, content, f"C:\\Downloads\\{name}")

        assert Path(store.find(digest).path).name == name
        assert Path(store.find(digest).path).read_bytes() == content
    assert len(store.list()) == len(made)
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_set_that_was_adopted_from_another_tool_comes_in_too(tmp_path) -> None:
    theirs = tmp_path / "theirs.safetensors"
    rows = {f"blocks.{block}": np.full(128, 1.0 + block, np.float32) for block in (2, 5)}
    safetensors.numpy.save_file(rows, theirs)
    first = Store(tmp_path / "first")
    digest = adopt_file(theirs, first, Given(model="demo", site="block_out"))
    content = Path(first.find(digest).path).read_bytes()
    other = Store(tmp_path / "other")

    assert import_file(other, content, "theirs.safetensors") == digest
    assert Path(other.find(digest).path).read_bytes() == content
    for change, reason in (
        (lambda r: r["config"].update(names=["alone"]), "names are not one per vector"),
        (lambda r: r["config"].update(operation="dance"), "operation that is not known"),
        (lambda r: r["config"].pop("model"), "damaged or incomplete"),
    ):
        with pytest.raises(DataError, match=reason):
            import_file(
                Store(tmp_path / "third"), changed_vectors(content, change), "a.safetensors"
            )


def test_a_stored_record_is_never_overwritten(made, tmp_path) -> None:
    store = Store(tmp_path)
    content, name = of_kind(made, "melbo")
    import_file(store, content, name)
    other = changed_vectors(content, lambda record: record.update(notes=["another"]))

    with pytest.raises(StoreError, match="another file: the stored one was left as it is"):
        import_file(store, other, name)

    assert Path(store.find(DIGESTS["vectors"]).path).read_bytes() == content


def test_a_name_in_a_file_leads_nowhere_else(made, tmp_path) -> None:
    content, name = of_kind(made, "melbo")
    evil = changed_vectors(content, lambda r: r["model"].update(short_name="../../../evil"))

    import_file(Store(tmp_path / "store"), evil, f"../../{name}")

    assert [p.parent.name for p in tmp_path.rglob("*.safetensors")] == ["vectors"]
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda r: r.update(digest="../../etc/pw"), "digest is not twelve hex digits"),
        (lambda r: r.update(digest="AAAA00000001"), "digest is not twelve hex digits"),
        (lambda r: r.update(norms=[1.0, 2.0]), "lengths that its record says"),
        (lambda r: r.update(method="nonsense"), "Method 'nonsense' is not known"),
        (lambda r: r["config"].update(surprise=1), "surprise"),
        (lambda r: r["config"].update(steps=0), "number of steps is 0"),
        (lambda r: r["model"].update(hidden=4096), "width 16, but its model has 4096"),
        (lambda r: r.pop("provenance"), "damaged or incomplete"),
        (lambda r: r["provenance"].update(created="tomorrow"), "damaged or incomplete"),
        (lambda r: r.update(scores={"displacement": [1.0]}), "not one per vector"),
        (lambda r: r.update(schema_version=9), "version 9"),
        (lambda r: r.update(kind="other"), "not a record of ours: open it in Library"),
    ],
)  # fmt: skip
def test_vectors_that_contradict_their_record_are_refused(made, tmp_path, change, reason) -> None:
    content, name = of_kind(made, "melbo")

    with pytest.raises(DataError, match=reason) as refusal:
        import_file(Store(tmp_path), changed_vectors(content, change), name)

    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: f.assign(difference=f["difference"] + 0.5), "not that of its two logits"),
        (lambda f: f.assign(question="0" * 12), "row twice"),
        (lambda f: pd.concat([f, f.iloc[:1]]), "row twice"),
        (lambda f: f.assign(scale=f["scale"] * 1.5), "scales that were not asked"),
        (
            lambda f: f.assign(vector_set=f["vector_set"].replace("aaaa00000001", "cccc0009")),
            "that its record does not name",
        ),
        (lambda f: f.assign(vector=f["vector"] + 9), "that its record does not name"),
        (lambda f: f.iloc[:1].assign(question="0" * 12), "questions that were not asked"),
        (lambda f: f.assign(behaviour_letter="A"), "counts the other letter"),
        (lambda f: f.drop(columns="logit_a"), "lacks the columns logit_a"),
    ],
)  # fmt: skip
def test_a_sweep_with_changed_rows_is_refused(made, tmp_path, change, reason) -> None:
    content, name = of_kind(made, "ab_")

    with pytest.raises(DataError, match=reason):
        import_file(Store(tmp_path), changed_rows(content, change), name)


def test_controls_that_a_record_does_not_tell_are_refused(made, tmp_path) -> None:
    content, name = of_kind(made, "ab_")
    import_file(Store(tmp_path), content, name)
    found = Store(tmp_path).load_evaluation(DIGESTS["evaluation"])
    place = {"block": 7, "kind": "block_out"}
    names = {
        digest: {**one, "sites": [place] * 2, "norms": [1.0] * 2}
        for digest, one in found.vector_names.items()
    }

    def told(count):
        controls = {"sites": [place] * count, "norms": [1.0] * count}
        return dataclasses.replace(found, vector_names=names, controls=controls)

    importing._check_controls(told(2))
    with pytest.raises(ConfigError, match="site and norm its record does not tell"):
        importing._check_controls(told(1))


def test_a_part_of_a_sweep_does_not_take_the_name_of_the_whole(made, tmp_path) -> None:
    content, name = of_kind(made, "ab_")
    store, path = Store(tmp_path / "store"), tmp_path / name
    path.write_bytes(content)
    part = dataclasses.replace(store.load_evaluation(path), unfinished=True)

    with pytest.raises(DataError, match="a part of a sweep"):
        import_file(store, as_file(part)[1], name)

    assert store.list() == []
    assert import_file(store, content, name) == DIGESTS["evaluation"]


def test_a_changed_question_is_refused(made, tmp_path) -> None:
    content, name = of_kind(made, "ab_")
    read = pq.read_table(io.BytesIO(content))
    record = unsealed(read).replace("Question 1:", "Question one:")

    with pytest.raises(DataError, match="question's text is not the one that was asked"):
        import_file(Store(tmp_path), to_parquet(read.to_pandas(), {"record": record}), name)


def test_a_grid_with_a_text_too_few_is_refused(made, tmp_path) -> None:
    content, name = of_kind(made, "generations_")

    with pytest.raises(DataError, match="should hold 12 texts"):
        import_file(Store(tmp_path), changed_rows(content, lambda f: f.iloc[1:]), name)


def test_damaged_foreign_and_oversized_files_get_one_sentence(made, tmp_path, monkeypatch) -> None:
    vectors, name = of_kind(made, "melbo")
    sweep, sweep_name = of_kind(made, "ab_")
    foreign = safetensors.numpy.save({"direction": np.ones((2, 4), np.float32)})
    deep = b"[" * 200_000
    for content, called, reason in (
        (vectors[:-1], name, "damaged"),
        (sweep[: len(sweep) // 2], sweep_name, "damaged"),
        (foreign, "theirs.safetensors", "open it in Library under Audit"),
        (b"{}", "theirs.json", "open it in Library under Audit"),
        (deep, "deep.json", "damaged"),
        (b"", "empty.parquet", "damaged"),
        (b"GGUF", "theirs.gguf", "open it in Library under Audit"),
    ):
        with pytest.raises(DataError, match=reason) as refusal:
            import_file(Store(tmp_path), content, called)
        assert called in str(refusal.value)
    monkeypatch.setattr(importing, "MOST_BYTES", 100)
    with pytest.raises(DataError, match="at most 0 MB"):
        import_file(Store(tmp_path), vectors, name)
    monkeypatch.setattr(importing, "MOST_BYTES", 10**9)
    monkeypatch.setattr(importing, "MOST_ROWS", 10)
    with pytest.raises(DataError, match="at most 10 are read"):
        import_file(Store(tmp_path), sweep, sweep_name)
    assert not list(tmp_path.rglob("*.*"))


def test_a_study_of_unknown_settings_is_refused(made, tmp_path) -> None:
    content, name = of_kind(made, "experiment")
    record = json.loads(content)
    del record["seal"]

    for change in ({"name": "astrology"}, {"config": {}}, {"tables": "none"}, {"tables": [{}]}):
        with pytest.raises(DataError, match="cannot be imported|damaged"):
            import_file(Store(tmp_path), json.dumps(record | change).encode(), name)


def test_a_deleted_record_is_gone_and_a_link_out_of_the_store_is_left(made, tmp_path) -> None:
    store = Store(tmp_path / "store")
    content, name = of_kind(made, "melbo")
    digest = import_file(store, content, name)
    path = Path(store.find(digest).path)
    with pytest.raises(StoreError, match="no record 'aaaa'"):
        store.remove("aaaa")

    store.remove(digest)

    assert store.list() == []
    outside = tmp_path / name
    outside.write_bytes(content)
    path.symlink_to(outside)
    with pytest.raises(StoreError, match="link out of the store"):
        store.remove(digest)
    assert outside.exists()


def test_tables_and_arrays_hold_what_the_record_does(made, tmp_path) -> None:
    store = Store(tmp_path)
    infos = {store.find(import_file(store, data, name)) for name, data in made.items()}
    for info in infos:
        lines = export(store, info, "jsonl").decode().splitlines()
        frame = pd.read_csv(io.BytesIO(export(store, info, "csv")))
        assert len(lines) == len(frame) == len(table(store, info))
        assert ("npz" in formats_of(info)) == (info.kind == "vectors")
    info = store.find(DIGESTS["vectors"])
    found = store.load_vectors(info.digest)
    rows = [json.loads(line) for line in export(store, info, "jsonl").splitlines()]
    np.testing.assert_allclose([row["vector"] for row in rows], found.vectors, atol=1e-6)
    assert [row["block"] for row in rows] == [site.block for site in found.sites]
    with np.load(io.BytesIO(export(store, info, "npz")), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["vectors"], found.vectors)
        assert arrays["block"].tolist() == [site.block for site in found.sites]
    study = table(store, store.find(STUDY))
    assert list(study["table"]) == ["similarity", "sweep", "sweep", "arms"]
    assert study["cosine"].dropna().tolist() == [0.5]


def test_the_command_line_imports_and_exports(made, tmp_path, capsys) -> None:
    content, name = of_kind(made, "melbo")
    (tmp_path / name).write_bytes(content)
    place = ["--store", str(tmp_path / "store")]
    out = tmp_path / "vectors.npz"
    digest = DIGESTS["vectors"]

    assert main.main(["import", str(tmp_path / name), *place]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["digest"] == digest
    command = ["export", digest[:6], "--format", "npz", "--out", str(out), *place]
    assert main.main(command) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["path"] == str(out)
    before = out.read_bytes()
    for refused in (command, ["import", str(out), *place], ["import", "/nowhere.json", *place]):
        assert main.main(refused) == 2
        assert "error" in json.loads(capsys.readouterr().out.splitlines()[-1])
    assert out.read_bytes() == before
