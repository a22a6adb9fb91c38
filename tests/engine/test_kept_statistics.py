"""Large evaluations: statistics kept beside the record, and the rows of one vector alone."""

import ast
import json
import re
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from dashboard.frames import answers, families, sweep
from engine.errors import StoreError
from engine.records.records import Evaluation
from engine.statistics import whole as readings
from engine.statistics.whole import SweepStatistics
from engine.store import files, kept_statistics, seals, vector_rows
from engine.store.store import Store
from tests.pages.samples import fill

ROOT = Path(__file__).resolve().parents[2]
RUN = "eeee00000003"
DECIDE_NOTHING = {
    "engine.errors": "sentences for a reader",
    "engine.configs.core": "settings; of a vector's place, which is no part of the figures, a type",
    "engine.configs.fields": "what people are told of settings",
    "engine.configs.sound": "values that a config refuses",
    "engine.configs.values": "types that a config refuses",
}
"""Modules that the statistics can reach and that are in no file's name, each with the reason."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> SweepStatistics:
    """The statistics of the run, worked out once."""
    root = tmp_path_factory.mktemp("found")
    fill(Store(root))
    return readings.read(Store(root).load_evaluation(RUN))


@pytest.fixture(autouse=True)
def asked(found: SweepStatistics, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Digests of the records whose statistics were asked for."""
    calls: list[str] = []
    monkeypatch.setattr(readings, "read", lambda run: calls.append(run.digest) or found)
    return calls


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """One run in many row groups: 6 vectors and 24 controls at 6 scales, 12 questions."""
    monkeypatch.setattr(seals, "ROWS", 256)
    store = Store(tmp_path)
    fill(store)
    return store


@pytest.fixture
def run(store: Store) -> Evaluation:
    return store.load_evaluation(RUN)


def path_of(store: Store) -> Path:
    return Path(store.find(RUN).path)


def kept(store: Store) -> list[Path]:
    return sorted((store.root / "results/.readings").glob("*"))


def refuse() -> Evaluation:
    raise AssertionError("the whole record was read")


def test_what_is_kept_is_what_is_worked_out(found: SweepStatistics) -> None:
    again = kept_statistics.from_json(json.loads(json.dumps(kept_statistics.as_json(found))))

    for name in kept_statistics.TABLES:
        whole, back = getattr(found, name), getattr(again, name)
        pd.testing.assert_frame_equal(whole, back, check_exact=True)
        assert whole.attrs == back.attrs
    for whole, back in zip(found.selection[:2], again.selection[:2], strict=True):
        pd.testing.assert_frame_equal(whole, back, check_exact=True)
    assert again.vectors["checked"].tolist() == found.vectors["checked"].tolist()
    assert (again.spread, again.groups) == (found.spread, found.groups)
    assert again.nothing_moved is False
    assert found.nothing_moved is False


def test_a_record_is_read_whole_only_once(store: Store, run: Evaluation, asked: list[str]) -> None:
    path = path_of(store)
    first = kept_statistics.of(path, RUN, lambda: run)

    again = kept_statistics.of(path, RUN, refuse)

    pd.testing.assert_frame_equal(first.summary, again.summary)
    assert asked == [RUN]
    assert [file.name[: len(RUN)] for file in kept(store)] == [RUN]


def test_another_record_or_other_code_is_worked_out_anew(
    store: Store, run: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = path_of(store)
    kept_statistics.of(path, RUN, lambda: run)
    first = kept(store)

    monkeypatch.setattr(kept_statistics, "_code", lambda: "other")
    with pytest.raises(AssertionError, match="whole record"):
        kept_statistics.of(path, RUN, refuse)
    kept_statistics.of(path, RUN, lambda: run)
    second = kept(store)
    path.write_bytes(files.to_parquet(run.frame.head(200), files.parquet_metadata(path)))

    with pytest.raises(AssertionError, match="whole record"):
        kept_statistics.of(path, RUN, refuse)
    # The old one is gone: nothing piles up.
    assert len(first) == len(second) == 1
    assert first != second


@pytest.mark.parametrize("content", ["", "{", '{"summary": {}}', "[1]", "null"])
def test_what_cannot_be_read_back_is_worked_out_anew(
    store: Store, run: Evaluation, content: str
) -> None:
    path = path_of(store)
    kept_statistics.of(path, RUN, lambda: run)
    kept(store)[0].write_text(content)

    anew = kept_statistics.of(path, RUN, lambda: run)

    assert len(anew.vectors) == 6
    assert len(kept_statistics.of(path, RUN, refuse).vectors) == 6


def test_a_disk_that_refuses_only_costs_time(
    store: Store, run: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("No space left on device.")

    monkeypatch.setattr(files, "write_atomically", full)

    assert len(kept_statistics.of(path_of(store), RUN, lambda: run).vectors) == 6
    assert kept(store) == []


def test_a_large_sweep_is_worked_out_when_it_is_stored_and_forgotten_with_it(
    store: Store, run: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_statistics, "LARGE", len(run.frame))

    path = store.save_evaluation(run)

    assert len(kept_statistics.of(path, RUN, refuse).vectors) == 6
    store.remove(RUN)
    assert kept(store) == []


@pytest.mark.parametrize("vector", [0, 2])
def test_the_rows_of_a_vector_are_those_of_the_whole_record(
    store: Store, run: Evaluation, vector: int
) -> None:
    frame = run.frame
    own = (frame["vector_set"] == "bbbb00000002") & (frame["vector"] == vector)
    expected = frame[own | (frame["vector_set"] == "baseline")].reset_index(drop=True)

    rows = vector_rows.of_vector(path_of(store), "bbbb00000002", vector)

    assert len(rows) == (6 + 1) * 12 * 2
    pd.testing.assert_frame_equal(rows, expected)


def test_groups_of_other_vectors_are_not_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[list[int]] = []
    original = pq.ParquetFile.read_row_groups
    monkeypatch.setattr(
        pq.ParquetFile,
        "read_row_groups",
        lambda self, groups: read.append(groups) or original(self, groups),
    )
    path = path_of(store)

    vector_rows.of_vector(path, "bbbb00000002", 2)

    with pq.ParquetFile(path) as file:
        assert file.num_row_groups == 17
    # The baseline's, and two with this vector's rows.
    assert len(read[0]) <= 4


def test_a_missing_or_damaged_file_is_one_sentence(store: Store) -> None:
    path = path_of(store)
    path.write_bytes(path.read_bytes()[:200])

    with pytest.raises(StoreError, match="damaged and cannot be read"):
        vector_rows.of_vector(path, "bbbb00000002", 0)
    path.unlink()
    with pytest.raises(StoreError, match="There is no file"):
        vector_rows.of_vector(path, "bbbb00000002", 0)
    with pytest.raises(StoreError, match="There is no file"):
        kept_statistics.of(path, RUN, refuse)


def test_a_page_draws_the_same_from_disk_as_from_memory(store: Store, run: Evaluation) -> None:
    whole, opened = sweep.build(run), sweep.opened(store, RUN)

    assert opened.names == whole.names
    assert not hasattr(opened.evaluation, "frame")
    pd.testing.assert_frame_equal(sweep.ranking(opened), sweep.ranking(whole))
    pd.testing.assert_frame_equal(sweep.cells(opened), sweep.cells(whole))
    for metric in ("difference", "change"):
        for part in sweep.PARTS:
            pd.testing.assert_frame_equal(
                sweep.points(opened, "melbo_01", metric, part),
                sweep.points(whole, "melbo_01", metric, part),
            )
    question = run.questions.questions[4].id
    pd.testing.assert_frame_equal(
        answers.of_question(opened, "melbo_01", question).reset_index(drop=True),
        answers.of_question(whole, "melbo_01", question).reset_index(drop=True),
    )
    top = families.Choice("top3")
    pd.testing.assert_frame_equal(
        families.build(opened, top).outlines, families.build(whole, top).outlines
    )


def file_of(name: str) -> Path | None:
    """The file of a module; None for a package, which holds no code, or another name."""
    path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
    return path if path.is_file() else None


def reached(name: str) -> set[str]:
    """Modules of the engine that a module imports, and those that they import."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        path = file_of(one)
        if path is None or not one.startswith("engine.") or one in found:
            continue
        found.add(one)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def test_a_file_s_name_holds_all_the_code_that_the_figures_come_from() -> None:
    needed = reached(readings.__name__) - set(DECIDE_NOTHING)

    named = [module.__name__ for module in kept_statistics.SOURCES]

    assert {"engine.maths.intervals", "engine.statistics.nulls"} <= needed
    assert set(DECIDE_NOTHING) <= reached(readings.__name__)
    assert sorted(named) == sorted(needed)


def test_no_page_waits_for_scipy_before_it_needs_it() -> None:
    # `import scipy` loads its parts when they are used; all of `scipy.stats` takes a second.
    wrong = [
        path.name
        for path in sorted((ROOT / "engine").glob("*.py"))
        if re.search(r"^(import scipy\.|from scipy)", path.read_text(encoding="utf-8"), re.M)
    ]

    assert wrong == []
