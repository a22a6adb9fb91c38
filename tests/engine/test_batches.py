"""Batches that do not fit are halved, what is done stays, and the size is remembered."""

import gc
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import finders
from engine.configs.core import Site
from engine.configs.finders import MelboConfig, PowerIterationConfig
from engine.errors import ModelError
from engine.evaluators import ab, layout, text_figures
from engine.finders.jacobian import Jacobian
from engine.model import batches, memory
from engine.model.batches import Batches, Kind
from engine.model.edits import EditBatch
from engine.model.memory import BatchSizes
from engine.progress import silent
from tests import tiny
from tests.engine.memory import peak
from tests.engine.test_ab import QUESTIONS, Units, config, run


@pytest.fixture(scope="module", autouse=True)
def _little_to_collect() -> Iterator[None]:
    """Without what the libraries hold, the collector takes a moment instead of a second."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


KIND = Kind(job="the sweep", unit="rows", keeps="answers", tokens=100)
PLENTY = 2**40


def no_room(rows: int, kind: str) -> None:
    """What each allocator raises; the CPU's is asked for what no machine has."""
    if kind == "cpu":
        torch.empty(2**52)
    elif kind == "numpy":
        np.empty(2**52)
    elif kind == "cublas":
        raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate")
    raise torch.OutOfMemoryError(f"{rows} rows")


@pytest.mark.parametrize("kind", ["cuda", "cpu", "numpy", "cublas"])
def test_a_batch_that_does_not_fit_is_done_in_halves_and_nothing_twice(kind: str) -> None:
    done, notes = [], []

    def work(part: range) -> None:
        if len(part) > 3:
            no_room(len(part), kind)
        done.extend(part)

    Batches(tiny.door("qwen3").loaded, KIND, 8, PLENTY).over(11, work, notes.append)

    assert done == list(range(11))
    assert notes == ["Memory ran out: the sweep went on with 2 rows of up to 128 tokens at a time."]


def test_ranges_that_were_finished_before_are_not_done_again() -> None:
    done = []

    def work(part: range) -> None:
        if part.start >= 4 and len(part) > 1:
            raise MemoryError
        done.append(part)

    Batches(tiny.door("qwen3").loaded, KIND, 4, PLENTY).over(6, work, lambda _: None)

    assert done == [range(4), range(4, 5), range(5, 6)]


def test_a_single_row_that_does_not_fit_is_said_in_one_sentence() -> None:
    tried = []

    def work(part: range) -> None:
        tried.append(len(part))
        no_room(len(part), "cpu")

    with pytest.raises(ModelError) as caught:
        Batches(tiny.door("qwen3").loaded, KIND, 5, PLENTY).over(9, work, lambda _: None)

    assert tried == [5, 3, 2, 1]
    assert str(caught.value) == (
        "Memory ran out: the sweep was tried with a single row of 100 tokens, and qwen3 has no "
        "room for it on cpu: use shorter texts, a smaller model or --dtype bfloat16, or close what "
        "else takes memory there."
    )


def test_another_error_is_left_as_it_is() -> None:
    def work(_part: range) -> None:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes do not fit"):
        Batches(tiny.door("qwen3").loaded, KIND, 5, PLENTY).over(9, work, lambda _: None)


def test_what_an_abandoned_batch_held_is_free_before_the_next_one() -> None:
    alive: list[int] = []

    class Large:
        def __init__(self) -> None:
            alive.append(1)

        def __del__(self) -> None:
            alive.pop()

    def work(part: range) -> None:
        assert not alive
        if len(part) > 1:
            held = [Large()]
            held.append(held)  # A circle, which only the collector finds.
            no_room(len(part), "cuda")

    Batches(tiny.door("qwen3").loaded, KIND, 4, PLENTY).over(3, work, lambda _: None)


def halved(loaded, kind: Kind = KIND, most: int = 8, free: int = PLENTY, fits: int = 3) -> int:
    """The first size of a run in which only `fits` rows fit."""
    sizes = Batches(loaded, kind, most, free)
    first = sizes.rows

    def work(part: range) -> None:
        if len(part) > fits:
            no_room(len(part), "cuda")

    sizes.over(2 * most, work, lambda _: None)
    return first


def test_the_size_is_remembered_for_this_model_shape_and_job_alone() -> None:
    loaded, other = tiny.door("qwen3").loaded, tiny.door("qwen3").loaded
    others = (
        replace(KIND, job="the search"),
        replace(KIND, tokens=129),
        replace(KIND, tokens=64),
    )

    assert halved(loaded) == 8

    assert Batches(loaded, KIND, 8, PLENTY).rows == 2
    assert Batches(loaded, replace(KIND, tokens=65), 8, PLENTY).rows == 2
    assert [Batches(loaded, kind, 8, PLENTY).rows for kind in others] == [8, 8, 8]
    assert Batches(other, KIND, 8, PLENTY).rows == 8
    other.sizes = loaded.sizes
    assert Batches(other, KIND, 8, PLENTY).rows == 2
    other.dtype = torch.bfloat16
    assert Batches(other, KIND, 8, PLENTY).rows == 8


def test_a_next_process_begins_with_the_size_that_worked(tmp_path: Path) -> None:
    first, second, third = (tiny.door("qwen3").loaded for _ in range(3))
    first.sizes.keep_in(tmp_path)
    halved(first)
    second.sizes.keep_in(tmp_path)

    assert Batches(second, KIND, 8, PLENTY).rows == 2
    halved(second, replace(KIND, job="the search"))
    third.sizes.keep_in(tmp_path)
    assert Batches(third, KIND, 8, PLENTY).rows == 2, "what the other learnt is still there"
    assert len(json.loads((tmp_path / memory.FILE).read_text())) == 2
    assert [path.name for path in tmp_path.iterdir()] == [memory.FILE]


def test_a_size_learnt_while_others_took_the_memory_does_not_last() -> None:
    loaded = tiny.door("qwen3").loaded
    short = 2**30
    halved(loaded, free=short)

    assert Batches(loaded, KIND, 8, short).rows == 2
    assert Batches(loaded, KIND, 8, int(1.4 * short)).rows == 2
    assert Batches(loaded, KIND, 8, 2 * short).rows == 8


@pytest.mark.parametrize(
    "text", ["", "[]", "[" * 9999, '{"a": 1}', '{"a": {"rows": "x", "free": 1}}', '{"a": {}}']
)
def test_a_damaged_memory_of_sizes_is_no_memory(text: str, tmp_path: Path) -> None:
    (tmp_path / memory.FILE).write_text(text)
    sizes = BatchSizes()

    sizes.keep_in(tmp_path)
    sizes.learn("b", 3, 5)

    assert sizes.known("b", 5) == 3
    assert list(json.loads((tmp_path / memory.FILE).read_text())) == ["b"]


def test_a_disk_that_refuses_ends_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sizes = BatchSizes()
    sizes.keep_in(tmp_path / "file" / "folder")

    sizes.learn("b", 3, 5)

    assert sizes.known("b", 5) == 3


# The first size


def test_the_first_size_is_what_free_memory_holds() -> None:
    loaded = tiny.door("qwen3").loaded
    each = memory.row_bytes(memory.widths_of(loaded.causal.config, 4), KIND.keeps, KIND.tokens)

    rows = [Batches(loaded, KIND, 64, int(each * n / 0.8) + 1).rows for n in (0, 1, 5, 64, 900)]

    assert rows == [1, 1, 5, 64, 64]


def test_an_h200_takes_the_studys_rows_of_qwen3_14b_at_once_and_a_small_card_fewer() -> None:
    widths = memory.Widths(
        blocks=40, hidden=5120, mlp=17408, heads=40, kv_heads=8, head=128, vocab=151936, bytes=2
    )
    gib = 2**30

    each = memory.row_bytes(widths, "answers", 200)

    assert memory.first_size(327, each, 110 * gib) == 327
    assert 20 < memory.first_size(327, each, 8 * gib) < 80


TOKENS = list(range(5, 65))


def ways(door):
    """By what is kept, a pass of so many rows."""
    start = door.start(TOKENS, 0)
    target = door.blocks - 1

    def edits(rows: int, differentiable: bool = False) -> EditBatch:
        vectors = tiny.seeded(rows, door.hidden)
        return EditBatch.add(Site(block=0), vectors.requires_grad_(differentiable))

    def answers(rows: int) -> None:
        some = edits(rows)
        past = door.prefill(start, some, 30)
        door.answers(start, some, [1, 2], door.prefill(start, some, 40, past))

    def states(rows: int) -> None:
        door.capture_batch([TOKENS] * rows, lambda hidden, *_: hidden.float().sum(), target)

    def graph(rows: int) -> None:
        some = edits(rows, differentiable=True)
        out = door.states(start, some, target, 2).square().sum()
        torch.autograd.grad(out, some.groups[0].parts["vector"])

    def curvature(rows: int) -> None:
        jacobian = Jacobian(door, [TOKENS], 0, target, 4, rows)
        jacobian.gram(tiny.seeded(rows, door.hidden))

    def texts(rows: int) -> None:
        prompts = [[(7 * row + place) % 100 + 5 for place in range(57)] for row in range(rows)]
        text_figures.greedy(door, prompts, set(), 3, lambda _: None)

    return {
        "answers": answers,
        "states": states,
        "graph": graph,
        "curvature": curvature,
        "texts": texts,
    }


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_row_takes_no_more_than_is_reckoned_and_not_much_less(kind: str) -> None:
    door = tiny.door(kind)
    widths = memory.widths_of(door.loaded.causal.config, 4)

    for keeps, work in ways(door).items():
        work(1)
        taken = (peak(lambda work=work: work(5)) - peak(lambda work=work: work(2))) / 3

        reckoned = memory.row_bytes(widths, keeps, len(TOKENS))
        assert taken <= reckoned <= 6 * taken, keeps


# In the sweep


def test_a_sweep_keeps_the_units_that_were_done_when_memory_ran_out(monkeypatch) -> None:
    door = tiny.door("qwen3")
    # One control for each of the two norms: nine rows with the baseline.
    settings = config(controls=1)
    whole = run(door, settings).frame
    monkeypatch.setattr(ab, "QUESTIONS_PER_UNIT", 1)
    original, asked = ab.answer_question, []

    def short(sweep, question, edits, *rest):
        if question == 2 and len(edits.rows) > 4:
            torch.empty(2**52)
        asked.append((question, len(edits.rows)))
        original(sweep, question, edits, *rest)

    monkeypatch.setattr(ab, "answer_question", short)
    units = Units()
    result = run(door, settings, units=units)

    assert asked == [(0, 9), (1, 9), (2, 3), (2, 2), (2, 2), (2, 2)]
    assert [note for note in result.notes if "Memory" in note] == [
        "Memory ran out: the sweep went on with 3 rows of up to 64 tokens at a time."
    ]
    np.testing.assert_allclose(result.frame.difference, whole.difference, atol=1e-5)

    asked.clear()
    again = run(door, settings, units=units)
    assert asked == []
    np.testing.assert_array_equal(again.frame.difference, result.frame.difference)
    del units["rows3-5_questions2-3"], units["rows0-9_questions0-1"]
    again = run(door, settings, units=units)
    assert asked == [(0, 3), (0, 3), (0, 3), (2, 2)]
    np.testing.assert_allclose(again.frame.difference, result.frame.difference, atol=1e-5)


def test_the_next_sweep_begins_with_the_rows_that_fitted(monkeypatch) -> None:
    door, sizes = tiny.door("qwen3"), []
    original = ab._measure_batch

    def short(sweep, rows, batch, *rest):
        sizes.append(batch.stop - batch.start)
        if sizes[-1] > 5:
            raise torch.OutOfMemoryError
        original(sweep, rows, batch, *rest)

    monkeypatch.setattr(ab, "_measure_batch", short)
    run(door, config(controls=1))
    run(door, config(controls=1, seed=1))

    assert sizes == [9, 5, 4, 5, 4]


def test_a_damaged_layout_counts_as_none() -> None:
    good = layout.usual(5, 3, 2)
    assert [(p.start, p.stop) for p in good] == [(0, 2), (2, 4), (4, 5)]

    for bad in (good[:-1], [*good, good[0]], [replace(good[0], last=4), *good[1:]]):
        found = layout.recalled(lambda _, bad=bad: layout.as_arrays(bad), 5, 3, 5)
        assert found == layout.usual(5, 3, 5)
    small = [replace(good[0], last=1), replace(good[0], first=1), *good[1:]]
    assert layout.recalled(lambda _: layout.as_arrays(small), 5, 3, 5) == small
    assert layout.recalled(lambda _: {"parts": np.zeros(4)}, 5, 3, 5) == layout.usual(5, 3, 5)


def test_side_effects_halve_too_and_change_nothing(tmp_path, monkeypatch) -> None:
    door = tiny.door("qwen3")
    known = tmp_path / "known.jsonl"
    known.write_text('{"question": "Sleep well?", "options": ["a book", "an hour"], "answer": "B"}')
    settings = config(side_effects=True, neutral=0, written=0, knowledge=str(known))
    whole = run(door, settings).frame
    original, asked = door.answers, []

    def short(start, edits, ids, past=None):
        if len(asked) > len(QUESTIONS) * 2 and edits.rows > 2:
            torch.empty(2**52)
        asked.append(edits.rows)
        return original(start, edits, ids, past)

    monkeypatch.setattr(door, "answers", short)
    found = run(door, settings)

    assert any("the asking went on with 2 cells" in note for note in found.notes), found.notes
    np.testing.assert_allclose(found.frame.knowledge, whole.knowledge, atol=1e-6)


@pytest.mark.parametrize(
    "search",
    [
        MelboConfig(source_layer=1, target_layer=3, vectors=4, steps=1),
        PowerIterationConfig(source_layer=1, target_layer=3, vectors=4, iterations=2),
    ],
)
def test_a_search_begins_with_the_vectors_that_fitted_last_time(search, monkeypatch) -> None:
    door, rows = tiny.door("qwen3"), []
    original = door.states

    def short(start, edits, target, last):
        if any(group.parts["vector"].requires_grad for group in edits.groups):
            rows.append(edits.rows)
            if edits.rows > 2:
                torch.empty(2**52)
        return original(start, edits, target, last)

    monkeypatch.setattr(door, "states", short)
    first = finders.find(door, search, silent)
    tried = [count for count in rows if count > 2]
    rows.clear()
    second = finders.find(door, search, silent)

    assert tried == [4]
    assert max(rows) == 2
    assert sum("Memory ran out" in note for note in first.notes) == 1
    assert not any("Memory" in note for note in second.notes)
    torch.testing.assert_close(second.vectors, first.vectors, atol=1e-3, rtol=1e-3)


def test_free_memory_leaves_out_what_is_mapped_from_files() -> None:
    import psutil

    free = batches.free_bytes(torch.device("cpu"))

    assert 0 < free <= psutil.virtual_memory().total - psutil.Process().memory_info().rss
