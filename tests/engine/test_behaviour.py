"""The study of a behaviour of two poles: its tables by slow loops, its choice, what it refuses."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import ROOT
from engine.cli import main
from engine.configs.behaviours import BehaviourConfig
from engine.configs.core import ModelConfig
from engine.errors import ConfigError, DataError
from engine.runs.engine import Engine
from engine.runs.studies import behaviour_tables as tables
from engine.runs.studies.behaviour_tables import Chosen, Column
from engine.store.store import Store
from tests import tiny
from tests.reference import behaviour_reference as slow

SMALL: dict[str, Any] = {
    "max_pairs": 6,
    "layers": (1, 3),
    "scales": (1.0, 4.0),
    "choosing": 3,
    "reporting": 4,
    "controls": 20,
    "text_controls": 2,
    "max_prompts": 3,
    "max_new_tokens": 5,
    "neutral": 1,
}


@dataclasses.dataclass(frozen=True)
class Study:
    engine: Engine
    config: BehaviourConfig
    digest: str
    record: dict[str, Any]

    def rows(self, place: int) -> list[dict[str, Any]]:
        name = self.record["evaluations"][place]
        return self.engine.store.load_evaluation(name).frame.to_dict("records")


@pytest.fixture(scope="module", params=["qwen3", "llama"])
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Study:
    place = tmp_path_factory.mktemp(request.param)
    folder = tiny.save_folder(place / "model", request.param)
    engine = Engine(Store(place / "store"), keep_jobs=False)
    config = BehaviourConfig(model=ModelConfig(model=str(folder)), **SMALL)
    digest = engine.run(config)
    return Study(engine, config, digest, engine.store.load_experiment(digest))


@pytest.mark.matrix(keep=1)
def test_every_cell_is_what_slow_loops_say_and_the_best_sound_one_is_chosen(study: Study) -> None:
    rows, choice = study.rows(0), study.record["tables"]["choice"]
    name = study.record["vectors"][0]

    assert [(row["block"], row["scale"]) for row in choice] == [(1, 1), (1, 4), (3, 1), (3, 4)]
    for row in choice:
        place = name, row["index"], row["scale"]
        assert row["swing"] == pytest.approx(slow.swing(rows, *place), abs=1e-6)
        assert row["change_up"] - row["change_down"] == pytest.approx(row["swing"], abs=1e-6)
        assert row["loss"] == pytest.approx(slow.loss(rows, *place), abs=1e-6)
        assert row["is_sound"] == (row["loss"] <= study.config.most_loss)
    best = max((row for row in choice if row["is_sound"]), key=lambda row: row["swing"])
    assert study.record["chosen"] == {key: best[key] for key in ("index", "block", "scale")}


def test_the_report_is_of_other_pairs_beside_random_vectors_of_the_same_norm(study: Study) -> None:
    chose, rows = study.rows(0), study.rows(1)
    chosen, name = study.record["chosen"], study.record["vectors"][0]
    scale = chosen["scale"]

    held_out = json.loads((ROOT / study.config.held_out).read_text())
    asked = study.engine.store.load_evaluation(study.record["evaluations"][1]).questions.questions
    assert [q.stem for q in asked] == [row["question"] for row in held_out[3:7]]
    assert not {row["question"] for row in chose} & {row["question"] for row in rows}
    random = sorted({row["vector"] for row in rows if row["vector_set"] == "control"})
    assert len(random) == 20
    base = slow.mean_difference(rows, "baseline", -1, 0.0)
    found = {row["at"]: row for row in study.record["tables"]["likelihood"]}
    for at, signed in (("+", scale), ("-", -scale)):
        change = slow.mean_difference(rows, name, chosen["index"], signed) - base
        null = [slow.mean_difference(rows, "control", i, signed) - base for i in random]
        _agrees(found[at], change, null)
    null = [slow.swing(rows, "control", i, scale) for i in random]
    _agrees(found["swing"], slow.swing(rows, name, chosen["index"], scale), null)
    for row in found.values():
        assert row["change_low"] <= row["change"] <= row["change_high"]


def _agrees(row: dict[str, Any], figure: float, null: list[float]) -> None:
    assert row["change"] == pytest.approx(figure, abs=1e-6)
    assert row["random_low"] == pytest.approx(slow.percentile(null, 0.025), abs=1e-6)
    assert row["random_high"] == pytest.approx(slow.percentile(null, 0.975), abs=1e-6)
    assert row["p"] == slow.rank_p(figure, null)


def test_texts_are_written_at_the_chosen_block_at_every_scale(study: Study) -> None:
    record, chosen = study.record, study.record["chosen"]
    grid = study.engine.store.load_generation(record["generations"][0])
    columns = {column["name"]: column for column in grid.config["configurations"]}
    own = [one for name, one in columns.items() if name.startswith("contrastive")]
    random = [one for name, one in columns.items() if name.startswith("random")]

    assert sorted(one["scale"] for one in own) == [-4, -1, 1, 4]
    assert {part["index"] for one in own for part in one["blend"]} == {chosen["index"]}
    assert sorted(one["scale"] for one in random) == sorted(2 * [-chosen["scale"], chosen["scale"]])
    found = study.engine.store.load_vectors(record["vectors"][0])
    control = study.engine.store.load_vectors(record["controls"][0])
    assert control.sites[0].block == chosen["block"]
    norms = [np.linalg.norm(v) for v in (found.vectors[chosen["index"]], control.vectors[0])]
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)
    fluency = {row["scale"]: row for row in record["tables"]["fluency"]}
    assert sorted(fluency) == [-4, -1, 0, 1, 4]
    for scale, row in fluency.items():
        name = f"contrastive {scale:+g}" if scale else "unsteered"
        texts = grid.frame[grid.frame.configuration == name]
        broken = [
            one.repetition > study.config.most_repetition
            or one.mean_logprob < study.config.least_logprob
            for one in texts.itertuples()
        ]
        assert row["broken"] == sum(broken) / len(broken)
        assert row["kl"] == grid.side_effects[name]["kl"]
        assert (row["random_broken"] is None) == (abs(scale) != chosen["scale"])


def test_both_judges_read_the_same_texts(study: Study) -> None:
    told = study.record["tables"]["texts"]
    grid = study.engine.store.load_generation(study.record["generations"][0])

    assert [judge["name"] for judge in study.record["judges"]] == ["reference", "local"]
    for row in told:
        assert row["texts"] == 3 * (1 + (row["at"] == "swing"))
    own = {row["at"]: row for row in told if row["judge"] == "reference"}
    labels = grid.frame["label"].tolist()
    for at, name in (("0", "unsteered"), ("+4", "contrastive +4")):
        expected = slow.share(grid.frame, labels, name, "positive")
        assert own[at]["share"] == (None if math.isnan(expected) else expected)


def test_a_second_run_reads_the_record(study: Study) -> None:
    assert study.engine.run(study.config) == study.digest
    assert study.engine.store.load_experiment(study.digest) == study.record


def test_the_command_line_shows_every_table(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(study.engine.store.root)
    assert main.main(["show", study.digest, "--store", store]) == 0

    out = capsys.readouterr().out
    assert f"Chosen on 3 pairs of 4 cells: block {study.record['chosen']['block']}" in out
    for title in ("Log p(positive) - log p(negative)", "share positive", "neutral prompts"):
        assert title in out
    assert out.count("reference") == len(study.record["tables"]["texts"]) / 2


COLUMNS = [
    Column("unsteered", 0.0),
    Column("up", 2.0),
    Column("down", -2.0),
    *(Column(f"r{i} {s}", s, i) for i in range(20) for s in (2.0, -2.0)),
]


def _written(seed: int) -> tuple[pd.DataFrame, list[str]]:
    random = np.random.default_rng(seed)
    names = [one.name for one in COLUMNS for _ in range(6)]
    labels = random.choice(["yes", "no", "", "broken"], len(names), p=[0.4, 0.4, 0.1, 0.1])
    return pd.DataFrame({"configuration": names}), labels.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_shares_of_texts_stand_beside_those_of_random_vectors(seed: int) -> None:
    frame, labels = _written(seed)

    down, base, up, both = tables.text_rows(frame, COLUMNS, labels, "people", "yes")

    def share(name: str) -> float:
        return slow.share(frame, labels, name, "yes")

    assert [row["at"] for row in (down, base, up, both)] == ["-2", "0", "+2", "swing"]
    assert (base["share"], base["random_low"], base["p"]) == (share("unsteered"), None, None)
    null = [share(f"r{i} 2.0") for i in range(20)]
    assert up["share"] == share("up")
    assert (up["low"], up["high"]) == pytest.approx(
        slow.wilson(up["share"] * up["judged"], up["judged"])
    )
    assert up["random_low"] == pytest.approx(slow.percentile(null, 0.025))
    moved = [value - share("unsteered") for value in null]
    assert up["p"] == slow.rank_p(up["share"] - share("unsteered"), moved)
    assert both["share"] == pytest.approx(share("up") - share("down"))
    null = [share(f"r{i} 2.0") - share(f"r{i} -2.0") for i in range(20)]
    assert both["p"] == slow.rank_p(share("up") - share("down"), null)
    assert both["low"] <= both["share"] <= both["high"]


def test_newcombes_interval_is_the_published_one() -> None:
    # Newcombe 1998, table II, row (a), method 10: 56 of 70 less 48 of 80.
    low, high = tables._newcombe((70, 70, 56), (80, 80, 48))

    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_nothing_is_said_of_texts_that_nobody_could_judge() -> None:
    frame, _ = _written(0)

    rows = tables.text_rows(frame, COLUMNS, ["broken"] * len(frame), "local", "yes")

    assert {(row["share"], row["low"], row["p"], row["judged"]) for row in rows} == {
        (None, None, None, 0)
    }


CELL = {"index": 0, "block": 2, "scale": 1.0, "swing": 0.5, "loss": 0.1, "is_sound": True}


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([{"scale": 2.0, "swing": 0.9}], Chosen(0, 2, 2.0)),
        ([{"scale": 2.0, "swing": 0.9, "loss": 0.4, "is_sound": False}], Chosen(0, 2, 1.0)),
        ([{"scale": 2.0}], Chosen(0, 2, 1.0)),
        ([{"scale": 2.0, "swing": None}], Chosen(0, 2, 1.0)),
    ],
)
def test_the_largest_sound_swing_is_chosen(others: list[dict], expected: Chosen) -> None:
    assert tables.chosen_cell([CELL, *(CELL | other for other in others)]) == expected


def test_where_no_cell_is_sound_the_one_that_loses_least_is_chosen() -> None:
    rows = [CELL | {"is_sound": False, "loss": loss, "scale": loss} for loss in (0.6, 0.3, 0.9)]

    assert tables.chosen_cell(rows) == Chosen(0, 2, 0.3)
    assert tables.chosen_cell([CELL | {"swing": None}]) is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"scales": (1.0, -1.0)}, "has no sign here"),
        ({"scales": ()}, "No scale was given"),
        ({"scales": (1.0, 1.0)}, "named twice"),
        ({"positive": "bad", "negative": "bad"}, "Both poles are called 'bad'"),
        ({"choosing": 0}, "Choosing is 0"),
        ({"judge": "none"}, "without a first"),
        ({"layers": (2, 2)}, "A layer is named twice"),
    ],
)
def test_what_cannot_be_asked_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        BehaviourConfig(**wrong)


def test_a_rubric_of_other_poles_is_refused(study: Study) -> None:
    config = dataclasses.replace(study.config, rubric="data/rubrics/advice.json")

    with pytest.raises(ConfigError, match="labels texts honest and deceptive, but the study's"):
        study.engine.run(config)


def test_a_file_without_pairs_to_report_is_refused(study: Study, tmp_path: Path) -> None:
    rows = json.loads((ROOT / study.config.held_out).read_text())[:3]
    (tmp_path / "few.json").write_text(json.dumps(rows))
    config = dataclasses.replace(study.config, held_out=str(tmp_path / "few.json"))

    with pytest.raises(DataError, match="3 are skipped: none is left to ask"):
        study.engine.run(config)


def test_texts_without_a_judge_are_absent(study: Study) -> None:
    config = dataclasses.replace(study.config, judge="none", second_judge="none")

    record = study.engine.store.load_experiment(study.engine.run(config))

    assert record["tables"]["texts"] == record["judges"] == []
    assert record["tables"]["fluency"]
    assert record["tables"]["likelihood"]
