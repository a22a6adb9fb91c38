"""Numbers that were changed after they were written are refused, whatever wrote the file since."""

import base64
import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import safetensors.numpy

from engine import Engine
from engine.configs.core import ModelConfig
from engine.configs.grids import Configuration, GenerateConfig
from engine.errors import DataError, StoreError
from engine.foreign.importing import import_file
from engine.store import seals, vector_rows
from engine.store.store import Store
from engine.store.units import Partial
from tests import tiny
from tests.engine.test_store import MADE, MODEL, evaluation, vector_set

Change = Callable[[np.ndarray], np.ndarray]


def flipped(values: np.ndarray) -> np.ndarray:
    """The lowest bit of one number."""
    bits = values.copy().view(np.uint8)
    bits.reshape(-1)[len(bits.reshape(-1)) // 2] ^= 1
    return bits.view(values.dtype).reshape(values.shape)


CHANGES: dict[str, Change] = {
    "one bit": flipped,
    "negated": np.negative,
    "three times": lambda values: values * values.dtype.type(3),
    "reversed": lambda values: np.ascontiguousarray(values[::-1]),
}


def refused(store: Store, path: Path) -> None:
    load = store.load_vectors if path.suffix == ".safetensors" else store.load_evaluation
    with pytest.raises(StoreError, match=f"{path.name} is not as it was written.*run again"):
        load(path)
    with pytest.raises(DataError, match="is not as it was written.*ask for the original"):
        import_file(Store(path.parent / "other"), path.read_bytes(), path.name)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changed_vectors_are_refused(tmp_path: Path, change: Change) -> None:
    store = Store(tmp_path)
    path = store.save_vectors(vector_set())
    header, vectors = header_of(path), safetensors.numpy.load_file(path)["vectors"]
    path.write_bytes(safetensors.numpy.save({"vectors": change(vectors)}, {"record": header}))

    refused(store, path)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("column", ["difference", "logit_a", "scale"])
def test_a_sweep_with_a_changed_column_is_refused(tmp_path: Path, change: Change, column) -> None:
    store = Store(tmp_path)
    path = store.save_evaluation(evaluation())
    table = pq.ParquetFile(path).read()
    new = pa.array(change(np.array(table[column])), table[column].type)
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, table.field(column), new), path)

    refused(store, path)


@pytest.mark.parametrize("done", ["columns", "texts", "row", "types", "missing"])
def test_a_sweep_of_other_rows_is_refused(tmp_path: Path, done: str) -> None:
    store = Store(tmp_path)
    path = store.save_evaluation(evaluation())
    table = pq.ParquetFile(path).read()
    metadata, names = table.schema.metadata, table.column_names
    if done == "columns":
        table = table.rename_columns(
            [{"logit_a": "logit_b", "logit_b": "logit_a"}.get(n, n) for n in names]
        )
    elif done == "texts":
        place = names.index("behaviour_letter")
        other = pc.if_else(pc.equal(table["behaviour_letter"], "A"), "B", "A")
        table = table.set_column(place, "behaviour_letter", other)
    elif done == "row":
        table = table.slice(1)
    elif done == "types":
        table = table.set_column(
            names.index("vector"), "vector", table["vector"].cast(pa.float64())
        )
    else:
        values = table["difference"].to_pylist()
        table = table.set_column(
            names.index("difference"), "difference", pa.array([None, *values[1:]])
        )
    pq.write_table(table.replace_schema_metadata(metadata), path)

    refused(store, path)


def test_records_whose_numbers_were_exchanged_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    paths = [store.save_vectors(vector_set(d)) for d in ("0123456789ab", "0123456789ac")]
    assert safetensors.numpy.load_file(paths[0])["vectors"].shape
    other = safetensors.numpy.load_file(paths[1])["vectors"][::-1].copy()
    paths[0].write_bytes(
        safetensors.numpy.save({"vectors": other}, {"record": header_of(paths[0])})
    )

    refused(store, paths[0])
    assert store.load_vectors(paths[1]).digest == "0123456789ac"


@pytest.mark.parametrize("field", ["scores", "config", "residual_norms", "provenance", "notes"])
def test_a_changed_field_of_a_record_is_refused_and_named(tmp_path: Path, field: str) -> None:
    store = Store(tmp_path)
    path = store.save_vectors(vector_set())
    record = json.loads(header_of(path))
    record[field] = {**record[field], "new": 1} if field != "notes" else ["all is well"]
    arrays = safetensors.numpy.load_file(path)
    path.write_bytes(safetensors.numpy.save(arrays, {"record": json.dumps(record)}))

    refused(store, path)
    assert store.list() == []
    assert [found for found, _ in store.damaged()] == [path]


def test_a_study_s_changed_table_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    record = {
        "name": "curiosity", "title": "A study", "config": {}, "tables": [{"p": 0.04}],
        "model": MODEL, "provenance": dataclasses.asdict(MADE),
    }  # fmt: skip
    path = store.save_experiment("c0ffee000000", record)
    assert store.load_experiment(path)["tables"] == [{"p": 0.04}]
    path.write_text(path.read_text().replace("0.04", "0.01"))

    with pytest.raises(StoreError, match="is not as it was written"):
        store.load_experiment(path)


def test_a_table_that_another_program_wrote_anew_is_the_same_record(tmp_path: Path) -> None:
    store = Store(tmp_path)
    saved = evaluation()
    path = store.save_evaluation(saved)
    table = pq.ParquetFile(path).read()
    pq.write_table(
        table.select(table.column_names[::-1]), path, compression="gzip", row_group_size=2,
        use_dictionary=False,
    )  # fmt: skip

    found = store.load_evaluation(path)
    pd.testing.assert_frame_equal(
        found.frame[list(saved.frame)], saved.frame, check_categorical=False
    )
    row = saved.frame.iloc[-1]
    assert len(vector_rows.of_vector(path, row["vector_set"], int(row["vector"])))


def test_a_column_of_another_name_is_another_table() -> None:
    table = pa.table({"a": [1.0], "b": ["x"]})

    assert seals.of_table(table) != seals.of_table(table.rename_columns(["a", "c"]))
    assert seals.of_table(table) == seals.of_table(table.select(["b", "a"]))


def test_the_rows_of_one_vector_are_checked_too(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(seals, "ROWS", 4)
    store = Store(tmp_path)
    saved = evaluation()
    path = store.save_evaluation(saved)
    row = saved.frame.iloc[-1]
    asked = (path, str(row["vector_set"]), int(row["vector"]))
    assert len(vector_rows.of_vector(*asked))
    table = pq.ParquetFile(path).read()
    new = pa.array(-np.array(table["difference"]))
    place = table.column_names.index("difference")
    pq.write_table(table.set_column(place, table.field("difference"), new), path, row_group_size=4)

    with pytest.raises(StoreError, match="is not as it was written"):
        vector_rows.of_vector(*asked)


def test_a_record_without_a_seal_is_read_and_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.save_vectors(vector_set())
    record = json.loads(header_of(path))
    del record["seal"]
    arrays = safetensors.numpy.load_file(path)
    path.write_bytes(safetensors.numpy.save(arrays, {"record": json.dumps(record)}))

    assert store.load_vectors(path).notes == (*vector_set().notes, seals.UNSEALED)


def test_a_changed_unit_of_unfinished_work_counts_as_absent(tmp_path: Path) -> None:
    partial = Partial(tmp_path)
    frame = pd.DataFrame({"a": [1.5, np.nan], "b": ["x", None], "c": [[1], [2, 3]]})
    partial.save_unit("one", frame)
    partial.save_arrays("two", {"x": np.arange(4.0)})
    assert partial.units() == {"one", "two"}
    table = pq.ParquetFile(tmp_path / "one.parquet").read()
    pq.write_table(table.set_column(0, "a", pa.array([-1.5, None])), tmp_path / "one.parquet")
    content = (tmp_path / "two.safetensors").read_bytes()
    (tmp_path / "two.safetensors").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    assert partial.units() == set()


@pytest.mark.parametrize("place", ["rows", "footer", "cut"])
def test_a_damaged_record_does_not_keep_its_run_from_being_done_again(tmp_path, place: str) -> None:
    engine = Engine(Store(tmp_path / "store"), keep_jobs=False)
    config = GenerateConfig(
        model=ModelConfig(model=str(tiny.save_folder(tmp_path / "model"))), prompts=("Why?",),
        configurations=(Configuration(name="base"),), neutral=0, max_new_tokens=2,
    )  # fmt: skip
    digest = engine.run(config)
    path = Path(engine.store.find(digest).path)
    first, content = engine.store.load_generation(digest), path.read_bytes()
    damaged = bytearray(content[: len(content) // 2] if place == "cut" else content)
    damaged[{"rows": 60, "footer": _in_footer(content, digest), "cut": -1}[place]] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match="damaged|run again"):
        engine.store.load_generation(path)

    assert not engine.is_stored(config)
    assert engine.run(config) == digest

    pd.testing.assert_frame_equal(engine.store.load_generation(digest).frame, first.frame)


def _in_footer(content: bytes, digest: str) -> int:
    """Where the footer holds the record that is read: in its schema, written in base 64."""
    schema = re.search(rb"[A-Za-z0-9+/]{500,}=*", content)
    assert schema is not None
    inside = base64.b64decode(schema[0] + b"=" * (-len(schema[0]) % 4)).index(digest.encode())
    return schema.start() + inside // 3 * 4 + 4


def header_of(path: Path) -> str:
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length])["__metadata__"]["record"]
