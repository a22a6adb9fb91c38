"""The bench: its operation counts, its two ways on a tiny model, and when it fails."""

import dataclasses
import json
import time

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from engine import ROOT
from engine.bench import operators, picture, report, setting, shapes, timing
from engine.bench.arithmetic import Dimensions, Tokens, distinct, tokens_of
from engine.bench.jobs import JOBS
from engine.bench.run import Bench, Row, chosen_jobs, run
from engine.bench.setting import FULL, QUICK, Job, Outcome, Setting
from engine.cli import main
from engine.configs.core import Site
from engine.configs.steering.interventions import OPERATIONS
from engine.errors import ConfigError, DataError, ModelError
from engine.model.edits import EditBatch
from engine.model.forward import Forward
from engine.progress import silent
from tests import tiny

CPU = torch.device("cpu")
SMALL = dataclasses.replace(
    QUICK,
    melbo_vectors=2,
    melbo_steps=3,
    most_steps=10,
    vectors=2,
    iterations=2,
    pairs=4,
    steered=1,
    scales=(-0.5, 0.0, 0.5),
    questions=2,
    written_vectors=1,
    written_scales=(0.5,),
    new_tokens=3,
    study_texts=1,
    lora_batch=2,
    lora_steps=3,
)


@pytest.fixture(scope="module")
def small() -> Setting:
    """A tiny random Qwen3 with the demo model's tokenizer."""
    config = tiny.causal("qwen3", vocab_size=2304, num_hidden_layers=3).config
    made = shapes.of_config("tiny", config, CPU, torch.float32, ROOT)
    door = Forward(made)
    return Setting(door=door, make_tuned=lambda: door, sizes=SMALL, source=0, target=2)


def test_a_block_needs_what_the_counter_of_torch_counts() -> None:
    model = tiny.causal("llama")
    model.set_attn_implementation("eager")
    shape = Dimensions.of(model.config)

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.arange(7)[None])
    layers = counter.get_flop_counts()["LlamaForCausalLM.model.layers.1"]

    whole = shape.span(1, tokens_of(7))
    # The eager way also multiplies what a causal mask then hides: 49 pairs, not 28.
    assert whole.attention * 49 / 28 + whole.linear == sum(layers.values())
    assert shape.head(7) == counter.get_flop_counts()["LlamaForCausalLM.lm_head"].popitem()[1]


def test_our_way_and_its_gradient_run_the_products_that_are_counted() -> None:
    door = tiny.door("qwen3")
    shape = Dimensions.of(door.loaded.causal.config)
    start = door.start(list(range(1, 10)), 0)
    theta = torch.zeros(2, door.hidden, requires_grad=True)

    with FlopCounterMode(display=False) as counter:
        out = door.states(start, EditBatch.add(Site(block=0), theta), 3, 2)
        torch.autograd.grad(out.sum(), theta)
    products = sum(
        count
        for name, count in counter.get_flop_counts()["Global"].items()
        if "attention" not in str(name)
    )

    one = shape.span(3, tokens_of(9), tokens_of(9, 7))
    assert products == 2 * 2 * one.linear


def test_shared_beginnings_are_counted_once() -> None:
    texts = [[1, 2, 3], [1, 2, 4, 5], [1, 2, 3], [6]]

    beginnings = {tuple(text[:end]) for text in texts for end in range(1, len(text) + 1)}

    assert distinct(texts) == Tokens(len(beginnings), sum(len(b) for b in beginnings))
    assert distinct([[1, 2, 3], [1, 2, 4]], [2, 2]) == Tokens(2, 6)
    assert distinct([[1, 2, 3], [1, 2, 3]], [2, 2]) == Tokens(1, 3)


@pytest.mark.parametrize("name", [n for n in JOBS if n not in ("finetune-diff", "lora")])
def test_every_job_gives_the_same_figures_in_both_ways(name, small: Setting) -> None:
    job = JOBS[name](small)

    ours, study = job.ours(), job.study()

    assert job.difference(ours.values, study.values) <= job.tolerance
    assert all(portion.flops > 0 and portion.rows > 0 for portion in job.flops(ours))


def test_a_lora_learns_the_same_in_both_ways(small: Setting) -> None:
    job = JOBS["lora"](small)

    assert job.difference(job.ours().values, job.study().values) < 1e-5


def test_both_ways_read_what_a_lora_changes_alike(small: Setting) -> None:
    model = shapes.with_lora(tiny.causal("qwen3", vocab_size=2304), 0, is_trained=True)
    base = tiny.causal("qwen3", vocab_size=2304)
    doors = []
    for module in (base, model):
        module.requires_grad_(False).eval()
        loaded = dataclasses.replace(small.door.loaded, model=module)
        named = dataclasses.replace(loaded.config, adapter="random")
        doors.append(Forward(dataclasses.replace(loaded, config=named)))
    pair = dataclasses.replace(small, door=doors[0], make_tuned=lambda: doors[1])
    job = JOBS["finetune-diff"](pair)

    assert job.difference(job.ours().values, job.study().values) <= job.tolerance


def test_a_run_reports_ratio_share_memory_and_difference(small: Setting, monkeypatch) -> None:
    monkeypatch.setattr(timing, "RATE_SECONDS", 0.0)

    found = run(small, ["ab-both", "contrastive"], 1, silent)

    first = found.as_json()["rows"][0]
    assert first["job"] == "ab-both"
    assert first["ratio"] == first["study_seconds"] / first["ours_seconds"]
    assert first["share"] == first["bound_seconds"] / first["ours_seconds"]
    assert first["is_equal"]
    assert first["ours_bytes"] is None or first["ours_bytes"] >= 0
    assert found.machine["threads"] == torch.get_num_threads()
    json.dumps(found.as_json())


def test_a_way_that_gives_other_figures_is_found_out(small: Setting, monkeypatch) -> None:
    monkeypatch.setattr(timing, "RATE_SECONDS", 0.0)
    true = JOBS["contrastive"]

    def wrong(given: Setting) -> Job:
        job = true(given)
        return dataclasses.replace(job, ours=lambda: Outcome(job.ours().values * 1.01))

    monkeypatch.setitem(JOBS, "contrastive", wrong)

    found = run(small, ["contrastive"], 1, silent)

    assert not found.rows[0].is_equal
    assert report.different(found)[0].startswith("contrastive differs from the study's way by 1")


def row(job: str, ratio: float, **changes: object) -> Row:
    fields = {
        "job": job,
        "title": f"{job}, all of it",
        "study_seconds": ratio,
        "ours_seconds": 1.0,
        "bound_seconds": 0.5,
        "rate": 1e11,
        "study_bytes": 2**20,
        "ours_bytes": None,
        "difference": 1e-6,
        "unit": "logits",
        "is_equal": True,
        **changes,
    }
    return Row(**fields)


def table(*rows: Row) -> Bench:
    packages = {"torch": "2.13.0", "transformers": "5.23.0"}
    machine = {"device": "cpu", "threads": 2, "packages": packages, "date": "2026-01-01"}
    model = {"short_name": "tiny", "blocks": 3, "hidden": 32, "dtype": "float32"}
    sizes = dataclasses.asdict(FULL)
    return Bench(model=model, machine=machine, rounds=1, clock="wall", sizes=sizes, rows=rows)


def test_a_ratio_below_four_fifths_of_the_committed_one_fails(tmp_path) -> None:
    path = tmp_path / "before.json"
    path.write_text(json.dumps(table(row("melbo", 10.0), row("lora", 2.0)).as_json()))
    before = report.read(path)

    kept = report.fallen(table(row("melbo", 8.1), row("contrastive", 0.1)), before)
    lost = report.fallen(table(row("melbo", 7.9, ours_seconds=1.0), row("lora", 2.0)), before)

    assert kept == {}
    assert lost == {"melbo": "melbo is 7.90 times faster than the study's way, but was 10.00"}


def test_a_second_run_keeps_the_better_row_of_each_job() -> None:
    first = table(row("melbo", 7.0), row("lora", 2.0))
    again = table(row("melbo", 9.0))

    assert [one.ratio for one in report.better(first, again).rows] == [9.0, 2.0]
    assert [one.ratio for one in report.better(first, table(row("melbo", 5.0))).rows] == [7.0, 2.0]


def test_a_job_that_fell_is_run_once_more_and_then_fails(tmp_path, monkeypatch, capsys) -> None:
    runs = []

    def measured(_setting, names, *_):
        runs.append(list(names))
        return table(*(row(name, 5.0) for name in names))

    monkeypatch.setattr("engine.bench.run.run", measured)
    before = tmp_path / "before.json"
    before.write_text(json.dumps(table(row("melbo", 10.0), row("lora", 2.0)).as_json()))

    code = main.main(["bench", "--quick", "--jobs", "melbo,lora", "--compare", str(before)])

    assert code == 2
    assert runs == [["melbo", "lora"], ["melbo"]]
    assert "melbo is 5.00 times faster" in capsys.readouterr().out


def test_every_operator_is_timed_beside_adding(small: Setting, monkeypatch) -> None:
    monkeypatch.setattr(operators, "VECTORS", 1)
    monkeypatch.setattr(operators, "PAIRS", 2)
    asked: list[list] = []
    measured = operators.measured

    def kept(given, questions, rows, orders):
        asked.append(rows)
        return measured(given, questions, rows, orders)

    monkeypatch.setattr(operators, "measured", kept)

    found = operators.costs(small, 1, silent)

    assert [one.operation for one in found] == list(OPERATIONS)
    assert found[0].ratio == 1
    assert all(one.ratio == one.seconds / one.add_seconds for one in found)
    assert len(asked) == (1 + 2) * (2 * len(OPERATIONS) - 1)
    for rows in asked:
        steered = [row.edits for row in rows if row.edits]
        assert len(steered) == len(rows) - 1 == found[0].rows - 1 == 2
    assert {row.edits[0].operation for rows in asked for row in rows[1:]} == set(OPERATIONS)


def test_an_operators_ratio_is_that_of_its_middle_pair() -> None:
    slow_machine, slow_operator = (2.2, 2.0), (9.0, 1.0)

    found = operators._cost("set", [slow_operator, slow_machine, (0.5, 1.0)], rows=9)

    assert (found.seconds, found.add_seconds) == slow_machine


def test_an_operator_that_costs_too_much_is_told_unless_a_second_run_is_better() -> None:
    def costing(seconds: float) -> Bench:
        cost = operators.Cost(operation="set", seconds=seconds, add_seconds=1.0, rows=9)
        return dataclasses.replace(table(), operators=(cost,))

    assert report.dear(costing(1.2)) == [
        "set takes 1.20 times as long as add in a sweep, but may 1.15"
    ]
    assert report.dear(costing(1.1)) == []
    assert report.dear(report.better(costing(1.2), costing(1.1))) == []
    assert report.dear(report.better(costing(1.2), costing(1.3))) == report.dear(costing(1.2))


def test_processor_time_does_not_count_waiting() -> None:
    threads = torch.get_num_threads()
    with timing.processor_time(CPU):
        assert torch.get_num_threads() == 1
        begun = timing.now(CPU)
        time.sleep(0.05)
        assert timing.now(CPU) - begun < 0.03
    begun = timing.now(CPU)
    time.sleep(0.05)

    assert timing.now(CPU) - begun >= 0.05
    assert torch.get_num_threads() == threads


def test_ten_times_the_time_on_both_sides_is_no_loss(tmp_path) -> None:
    before = table(row("melbo", 10.0)).as_json()
    slower = row("melbo", 100.0, ours_seconds=10.0)

    assert report.fallen(table(slower), json.loads(json.dumps(before))) == {}


def test_only_benches_of_one_model_and_sizes_are_compared(tmp_path) -> None:
    before = json.loads(json.dumps(table(row("melbo", 1.0)).as_json()))
    other = dataclasses.replace(table(row("melbo", 1.0)), sizes=dataclasses.asdict(QUICK))

    with pytest.raises(ConfigError, match="run with another size"):
        report.fallen(other, before)


def test_a_file_that_is_no_bench_is_refused(tmp_path) -> None:
    path = tmp_path / "other.json"
    path.write_text("[1, 2]")

    with pytest.raises(DataError, match="is no bench"):
        report.read(path)
    with pytest.raises(DataError, match="cannot be read"):
        report.read(tmp_path / "missing.json")


def test_the_picture_has_both_figures_of_every_job(tmp_path) -> None:
    found = table(row("melbo", 12.5), row("lora", 0.5))

    picture.write(found, tmp_path / "bench.svg")

    drawn = (tmp_path / "bench.svg").read_text()
    for words in ("melbo, all of it", "lora, all of it", "12.5×", "50%", "transformers 5.23.0"):
        assert words in drawn
    with pytest.raises(ConfigError, match="neither .png nor .svg"):
        picture.write(found, tmp_path / "bench.gif")


def test_weights_without_room_are_refused_before_they_are_made(monkeypatch) -> None:
    monkeypatch.setattr(shapes, "free_bytes", lambda _: 1000)

    with pytest.raises(ModelError, match=r"GiB are free on cpu: choose a smaller shape"):
        shapes.check_memory("tiny", tiny.causal("qwen3").config, torch.float32, CPU, 1)
    with pytest.raises(ConfigError, match="Shape 'large' is not known: use bench, qwen3-14b"):
        shapes.random_model("large", "cpu", 1, ROOT)


def test_shapes_are_the_published_ones() -> None:
    qwen, llama = (Dimensions.of(shapes.SHAPES[n]()) for n in ("qwen3-14b", "llama-3.2-3b"))

    def weights(of: Dimensions, heads: int) -> int:
        return of.blocks * sum(a * b for a, b in of.projections) + heads * of.hidden * of.vocab

    assert weights(qwen, 2) == pytest.approx(14.8e9, rel=0.01)
    assert weights(llama, 1) == pytest.approx(3.21e9, rel=0.01)


def test_without_the_reference_the_bench_says_where_it_is(small: Setting, monkeypatch) -> None:
    setting.study_way.cache_clear()
    monkeypatch.setattr(setting, "REFERENCE", "tests.absent.study_way")

    with pytest.raises(ConfigError, match=r"lies in tests/reference/, which is not here"):
        run(small, ["melbo"], 1, silent)
    setting.study_way.cache_clear()


def test_unknown_jobs_are_refused_on_the_command_line(capsys) -> None:
    assert chosen_jobs(["lora", "melbo"]) == ["melbo", "lora"]
    assert main.main(["bench", "--jobs", "melbo,nothing"]) == 2

    error = json.loads(capsys.readouterr().out.strip().splitlines()[-1])["error"]
    assert error.startswith("Job 'nothing' is not known: use melbo, power-iteration,")
