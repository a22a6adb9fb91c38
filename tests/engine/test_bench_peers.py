"""The bench beside peers: our way against the slow one, and a peer's process that says too much."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import ROOT
from engine.bench import shapes, timing
from engine.bench.arithmetic import Portion, tokens_of
from engine.bench.jobs import generation
from engine.bench.peers import contest, ours, process, table, work
from engine.bench.peers.process import Peer, python_of
from engine.bench.peers.scripts import asked
from engine.bench.setting import QUICK, Setting
from engine.errors import ConfigError
from engine.evaluators.cells import end_tokens
from engine.model.forward import Forward
from engine.progress import silent
from tests import tiny
from tests.reference import study_way

CPU = torch.device("cpu")
FEW = work.Amounts(
    pairs=3, configurations=3, new_tokens=3, vectors=1, scales=(-1.0, 0.5), questions=1
)


@pytest.fixture(scope="module")
def small() -> work.Work:
    """A tiny random Qwen3 with the demo model's tokenizer, asked a few things."""
    config = tiny.causal("qwen3", vocab_size=2304, num_hidden_layers=3).config
    door = Forward(shapes.of_config("tiny", config, CPU, torch.float32, ROOT))
    setting = Setting(door=door, make_tuned=lambda: door, sizes=QUICK, source=0, target=2)
    return work.prepare(setting, FEW)


def test_vectors_are_those_of_the_last_token_text_by_text(small: work.Work) -> None:
    read = [(list(text.tokens), len(text.tokens) - 1) for pair in small.texts for text in pair]
    states = study_way.states(small.setting.causal, read)

    found = ours.extraction(small)

    assert found == pytest.approx((states[0::2] - states[1::2]).mean(0).numpy(), abs=1e-5)


def test_texts_are_those_of_one_row_at_a_time(small: work.Work) -> None:
    ends = sorted(end_tokens(small.setting.door))
    slow = [
        [
            study_way.generate(small.setting.causal, prompt, 0, row.delta, FEW.new_tokens, ends)
            for prompt in small.prompts[:2]
        ]
        for row in small.grid_rows
    ]

    cut = [[t[:-1] if t[-1] in ends else t for t in texts] for texts in slow]
    assert ours.grid(small, 2) == cut


def test_logits_are_those_of_one_cell_at_a_time(small: work.Work) -> None:
    ids = (small.sweep.answers.a, small.sweep.answers.b)
    deltas = [row.delta for row in small.sweep_rows]
    prompts = work.asked_questions(small.sweep)
    slow = [study_way.answers(small.setting.causal, p, 0, deltas, ids) for p in prompts]

    assert ours.sweep(small) == pytest.approx(torch.stack(slow, 1).numpy(), abs=1e-5)


def test_rows_filled_up_on_the_left_answer_as_each_does_alone() -> None:
    model = tiny.causal("llama")
    rows = [[1, 2, 3, 4, 5], [6, 7]]

    with torch.no_grad():
        together = model(**asked.padded(rows, 0), logits_to_keep=1).logits[:, -1]
        alone = [model(torch.tensor([row])).logits[0, -1] for row in rows]

    assert torch.allclose(together, torch.stack(alone), atol=1e-5)


def test_what_is_written_for_peers_is_what_is_asked(small: work.Work, tmp_path) -> None:
    work.write(small, tmp_path)

    read = asked.read(tmp_path)

    assert read.questions == work.asked_questions(small.sweep)
    assert [list(pair) for pair in read.pair_tokens] == [
        [list(text.tokens) for text in pair] for pair in small.texts
    ]
    encode = small.setting.prompter.encode
    assert [tuple(encode(text) for text in pair) for pair in read.pairs] == read.pair_tokens
    assert torch.equal(read.sweep_deltas, torch.stack([r.delta for r in small.sweep_rows]))
    assert not read.sweep_deltas[0].any()


def test_an_older_library_is_told_the_base_of_the_rotation() -> None:
    plain = work.older({"rope_parameters": {"rope_type": "default", "rope_theta": 1e5}})
    scaled = work.older({"rope_parameters": {"rope_type": "linear", "rope_theta": 5, "factor": 2}})

    assert (plain["rope_theta"], plain["rope_scaling"]) == (1e5, None)
    assert scaled["rope_scaling"] == {"rope_type": "linear", "factor": 2}


PEER = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[2])
print("a library talks", file=sys.stderr)
told = {"versions": {"fake": "1"}, "jobs": {"extraction": "all"}}
print(json.dumps(told), flush=True)
for line in sys.stdin:
    wanted = json.loads(line)
    if wanted["job"] == "grid":
        answer = {"seconds": 4.0, "texts": json.loads((folder / "texts.json").read_text())}
    elif wanted["job"] == "sweep":
        print("no such layer", file=sys.stderr)
        sys.exit(1)
    else:
        answer = {"seconds": 10.0 - wanted["settings"]["batch"] / 16, "file": "vectors.npy"}
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture
def fake(small: work.Work, tmp_path, monkeypatch) -> None:
    """One peer that gives our vectors turned round, one wrong text, and no sweep."""
    script = tmp_path / "serve.py"
    script.write_text(PEER)
    texts = ours.grid(small, 1)
    texts[0][0] = [*texts[0][0], 1]

    def written(_work: work.Work, folder: Path) -> None:
        np.save(folder / "vectors.npy", -ours.extraction(small))
        (folder / "texts.json").write_text(json.dumps(texts))

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(process, "SCRIPT", script)
    monkeypatch.setattr(contest, "write", written)
    monkeypatch.setattr(contest, "PEERS", ("fake",))
    monkeypatch.setattr(contest, "GRID_PROMPTS", (1,))
    monkeypatch.setattr(timing, "RATE_SECONDS", 0.0)
    tried = {"tried": {"fake": [{"batch": 16}, {"batch": 32}, {"batch": 4}]}}
    real = contest.tasks_of
    monkeypatch.setattr(
        contest, "tasks_of", lambda w: [dataclasses.replace(task, **tried) for task in real(w)]
    )


@pytest.mark.usefixtures("fake")
def test_a_contest_tells_ratio_batch_agreement_and_what_is_missing(
    small: work.Work, tmp_path
) -> None:
    found = contest.run(small.setting, tmp_path, FEW, 2, silent)

    extraction, grid, sweep = (row["peers"]["fake"] for row in found.rows)
    mine = found.rows[0]["seconds"]
    assert extraction["settings"] == {"batch": 32}
    assert extraction["seconds"] == [8.0, 8.0]
    assert extraction["ratio"] == pytest.approx(np.median([8 / s for s in mine]))
    assert extraction["share"] == found.rows[0]["bound_seconds"] / 8
    assert extraction["agreement"] == pytest.approx(-1)
    assert grid["agreement"] == pytest.approx(2 / 3)
    assert sweep["missing"] == "no such layer"
    assert "no such layer" in table.markdown(found)
    json.dumps(found.as_json())


def test_without_an_environment_the_bench_says_how_to_make_one(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"pip install -r requirements-bench.txt"):
        python_of(tmp_path)


def test_a_peer_that_does_not_start_is_absent_with_its_reason(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(process, "SCRIPT", tmp_path / "absent.py")

    with Peer("fake", Path(sys.executable), tmp_path, 1, "wall") as peer:
        assert "No such file" in str(peer.missing)


def test_a_grid_needs_its_writing_at_the_rows_that_go_on_and_its_reading(small: work.Work) -> None:
    shape = small.setting.dimensions

    below, first, fed, head = generation.writing(small.setting, [5, 5], [4, 2])

    assert below == Portion(shape.span(1, tokens_of(5)).forward, 5)
    assert first == Portion(2 * shape.span(2, tokens_of(5), tokens_of(5, 4)).forward, 10)
    both = shape.span(3, tokens_of(8, 5)).forward + shape.span(3, tokens_of(6, 5)).forward
    assert fed == Portion(both, 2)
    assert head == Portion(shape.head(6), 2, is_head=True)


def rate_of(order: Sequence[int], groups: list[list[torch.Tensor]], monkeypatch) -> list[int]:
    """Which groups of matrices a reading multiplied with."""
    seen, plain = [], torch.nn.functional.linear
    names = {id(group[0]): place for place, group in enumerate(groups)}

    def linear(states: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        seen.append(names[id(weight)])
        return plain(states, weight)

    ticks = iter(range(100))
    monkeypatch.setattr(timing.functional, "linear", linear)
    monkeypatch.setattr(timing, "now", lambda _: float(next(ticks)))
    monkeypatch.setattr(timing, "RATE_SECONDS", 3.0 * len(order) - 0.5)
    timing.product_rate(groups, 4)
    return seen


def test_the_rate_is_read_off_all_blocks_in_turn(monkeypatch) -> None:
    groups = [[torch.ones(2, 3)], [torch.ones(2, 3)], [torch.ones(2, 3)]]

    assert rate_of(range(4), groups, monkeypatch)[:4] == [0, 1, 2, 0]
