"""The deception study: choosing and reporting apart, and a record that holds every table."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.cli import main
from engine.configs.core import ModelConfig, Site
from engine.configs.pairs import DECEPTIVE_SYSTEM, HONEST_SYSTEM
from engine.configs.studies import DeceptionConfig
from engine.errors import ConfigError
from engine.runs.engine import Engine
from engine.runs.studies import deception
from engine.runs.studies import deception_tables as tables
from engine.runs.studies.arms import WAYS, Arm, Cell, cells_of, column_of, random_column
from engine.runs.studies.deception_tables import converted
from engine.store.store import Store
from tests import shipped, tiny

ROOT = Path(__file__).resolve().parents[2]

ARMS = [Arm(family=family, adapter=adapter) for adapter in (False, True) for family in (0, 1)]


def frame(base: list[str], tuned: list[str], steered: list[str]) -> pd.DataFrame:
    columns = {"base": base, "fine-tuned": tuned, "x": steered}
    return pd.DataFrame(
        [
            {"prompt": str(i), "configuration": name, "label": label}
            for name, labels in columns.items()
            for i, label in enumerate(labels)
        ]
    )


def test_only_answers_that_had_the_label_before_can_be_converted() -> None:
    texts = frame(
        base=["honest", "honest", "deceptive", "broken"],
        tuned=["deceptive", "deceptive", "honest", "deceptive"],
        steered=["deceptive", "honest", "deceptive", "honest"],
    )

    assert converted(texts, ARMS[0], "x") == 1 / 2
    assert converted(texts, ARMS[3], "x") == 2 / 3


def test_without_labels_nothing_is_claimed() -> None:
    share = converted(frame([""] * 3, [""] * 3, [""] * 3), ARMS[0], "x")

    assert share != share


def test_a_text_that_nobody_labelled_counts_for_neither_side() -> None:
    texts = frame(["honest"] * 3, ["deceptive"] * 3, ["deceptive", "honest", ""])

    assert converted(texts, ARMS[0], "x") == 1 / 2
    assert converted(texts, ARMS[2], "x") == 1 / 2
    assert converted(texts, ARMS[0], "y") != converted(texts, ARMS[0], "y")


CELLS = [Cell(index=b, block=b, scale=s) for b in range(3) for s in (0.5, 1.0)]


def swept(arm: Arm, turned: dict[tuple[int, float], int], label: str | None = None) -> pd.DataFrame:
    """A choosing grid of four answers, so many of which each cell turned."""
    answers = {arm.baseline: [arm.before if label is None else label] * 4}
    for cell in CELLS:
        count = turned.get((cell.block, cell.scale), 0)
        labels = [arm.after] * count + [arm.before] * (4 - count)
        answers[column_of(arm, cell)] = labels if label is None else [label] * 4
    rows = [
        {"prompt": str(i), "configuration": name, "label": found}
        for name, labels in answers.items()
        for i, found in enumerate(labels)
    ]
    return pd.DataFrame(rows)


def test_the_best_cell_is_the_smallest_change_among_equals() -> None:
    choice = tables.best_cell(ARMS[0], swept(ARMS[0], {(1, 1.0): 3, (2, 1.0): 3}), CELLS)

    assert choice is not None
    assert (choice.cell.block, choice.cell.scale) == (1, 1.0)
    assert (choice.share, choice.tied, choice.tried) == (3 / 4, 2, 6)


def test_no_cell_is_chosen_among_empty_ones() -> None:
    assert tables.best_cell(ARMS[0], swept(ARMS[0], {}, label=""), CELLS) is None


def test_an_arm_that_has_nothing_to_turn_says_why() -> None:
    unjudged = frame([""] * 3, [""] * 3, [""] * 3)
    broken = frame(["broken"] * 3, ["honest"] * 3, ["honest"] * 3)

    assert tables.baseline_fault(unjudged, ARMS[0]) == tables.UNJUDGED
    fault = "None of the 3 unsteered answers of the base model is honest."
    assert tables.baseline_fault(broken, ARMS[0]) == fault
    assert tables.baseline_fault(broken, ARMS[2]) is not None
    assert tables.baseline_fault(frame(["honest"], ["deceptive"], [""]), ARMS[0]) is None


def test_blocks_are_tried_as_often_as_asked_and_the_last_one_never() -> None:
    sites = tuple(Site(block=block) for block in range(7))
    families = [
        dataclasses.replace(Store(ROOT).load_vectors(shipped.digest("melbo")), sites=sites)
    ] * 2
    config = DeceptionConfig(every=3, scales=(1.0,))
    blocks = [cell.block for cell in cells_of(ARMS[0], config, families)]
    assert blocks == [0, 3]
    with pytest.raises(ConfigError, match="every is 0"):
        DeceptionConfig(every=0)


def reported(arm: Arm, own: list[str], randoms: list[list[str]]) -> pd.DataFrame:
    columns = {"base": ["honest"] * 4, "fine-tuned": ["deceptive"] * 4, arm.name: own}
    columns |= {random_column(arm, i): labels for i, labels in enumerate(randoms)}
    return pd.DataFrame(
        [
            {
                "prompt": str(i),
                "configuration": name,
                "label": label,
                "repetition": 0.0,
                "mean_logprob": -1.0,
            }
            for name, labels in columns.items()
            for i, label in enumerate(labels)
        ]
    )


CHOICE = tables.Choice(cell=CELLS[0], share=0.5, tied=1, tried=6)


@pytest.mark.parametrize("seed", range(20))
def test_every_figure_of_an_arm_has_data_or_is_absent(seed: int) -> None:
    chance = np.random.default_rng(seed)
    kinds = ["", "honest", "deceptive", "other"]
    arm = ARMS[seed % 4]

    def draw() -> list[str]:
        return list(chance.choice(kinds[: 1 + seed % 4], size=4))

    randoms = [draw() for _ in range(int(chance.integers(0, 40)))]
    own = draw()

    row = tables.arm_row(arm, CHOICE, reported(arm, own, randoms), len(randoms))

    labelled = sum(label != "" for label in own)
    with_data = [
        sum(label == arm.after for label in labels) / sum(label != "" for label in labels)
        for labels in randoms
        if any(labels)
    ]
    if labelled == 0:
        assert row["reason"]
        assert {row[name] for name in ("block", "converted", "random_high", "p")} == {None}
        return
    assert row["converted"] == sum(label == arm.after for label in own) / labelled
    assert row["controls"] == len(with_data)
    assert row["random_high"] == max(with_data, default=None)
    above = sum(value >= row["converted"] for value in with_data)
    expected = (1 + above) / (1 + len(with_data)) if len(with_data) >= 20 else None
    assert row["p"] == expected


def test_a_model_without_an_adapter_is_refused() -> None:
    with pytest.raises(ConfigError, match="name one with --adapter"):
        DeceptionConfig(model=ModelConfig())


def test_the_study_runs_end_to_end_on_a_random_model(tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    folder = tiny.save_folder(tmp_path / "model")
    settings = LoraConfig(target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    get_peft_model(tiny.causal("qwen3"), settings).save_pretrained(tmp_path / "adapter")
    engine = Engine(Store(tmp_path / "store"), keep_jobs=False)
    config = DeceptionConfig(
        model=ModelConfig(model=str(folder), adapter=str(tmp_path / "adapter")),
        pairs=str(ROOT / "data/pairs/advice.json"),
        held_out=str(ROOT / "data/demo/heldout_advice.json"),
        max_pairs=8,
        choosing=2,
        reporting=2,
        controls=2,
        max_new_tokens=2,
        judge="none",
        study=True,
    )

    unsaid, told = (dataclasses.replace(config, judge=name) for name in ("auto", "reference"))
    assert unsaid.judge_for(engine.names) == "reference"
    assert engine.digest(unsaid) == engine.digest(told) != engine.digest(config)
    other = dataclasses.replace(told, rubric=str(ROOT / "data/rubrics/sentiment.json"))
    with pytest.raises(ConfigError, match="labels answers positive and negative, but this study"):
        engine.run(other)
    digest = engine.run(config)

    record = engine.store.load_experiment(digest)
    arms = record["tables"]["arms"]
    assert [row["arm"] for row in arms] == [arm.name for arm in ARMS]
    assert {(row["converted"], row["block"], row["p"]) for row in arms} == {(None, None, None)}
    assert {row["reason"] for row in arms} == {tables.UNJUDGED}
    assert record["generations"] == record["tables"]["sweep"] == []
    assert len(record["tables"]["similarity"]) == 5
    cosines = pd.DataFrame(record["tables"]["cosines"])
    assert list(cosines.block) == [0, 1, 2, 3, 4]
    ways = ["steered with", "same tokens", "study", "contrastive_moved", "difference_moved"]
    assert cosines[ways].abs().le(1).all(axis=None)
    assert (cosines["same tokens"] != cosines["study"]).all()
    assert engine.run(config) == digest

    judged = engine.store.load_experiment(
        engine.run(dataclasses.replace(config, judge="word-list"))
    )
    assert judged["tables"]["arms"][0]["reason"].startswith("None of the 2 unsteered answers")
    assert judged["tables"]["sweep"] == []


@pytest.mark.matrix(keep=0)
def test_each_arm_of_the_study_stands_beside_random_vectors_of_its_own_kind(tmp_path: Path) -> None:
    engine = Engine(Store(tmp_path), keep_jobs=False)
    config = DeceptionConfig(
        arms="all",
        operation="set",
        rival=True,
        scales=(1.0,),
        wide_scales=(2.0,),
        every=4,
        max_pairs=6,
        choosing=1,
        reporting=1,
        controls=1,
        max_new_tokens=8,
    )

    record = engine.store.load_experiment(engine.run(config))

    rows = {row["arm"]: row for row in record["tables"]["arms"]}
    asked = [rows.pop(f"{name}, just asked") for name in ("base", "fine-tuned")]
    assert len(rows) == 4 * (len(WAYS["all"]) + 1) == 32
    assert all(row["converted"] is not None and row["p"] is None for row in rows.values())
    swept, reported = map(engine.store.load_generation, record["generations"])
    assert not set(swept.frame.prompt) & set(reported.frame.prompt)
    columns = {column["name"]: column for column in reported.config["configurations"]}
    norms = {}
    for name, row in rows.items():
        own, random = columns[name], columns[f"{name} | random 0"]
        alike = ("adapter", "scale", "operation", "layers", "unit_norm")
        assert {key: own[key] for key in alike} == {key: random[key] for key in alike}
        assert all(own[key] == row[key] for key in ("operation", "layers", "unit_norm"))
        sets = [engine.store.load_vectors(one["blend"][0]["digest"]) for one in (own, random)]
        index = own["blend"][0]["index"]
        assert sets[0].sites[index].block == sets[1].sites[0].block == row["block"]
        found, control = np.linalg.norm(sets[0].vectors[index]), np.linalg.norm(sets[1].vectors[0])
        norms[name] = (1.0 if own["unit_norm"] else found, control)
    assert all(own == pytest.approx(control, rel=1e-4) for own, control in norms.values())
    ablated = rows["fine-tuned: fine-tune difference projected out at all blocks"]
    assert (ablated["operation"], ablated["layers"], ablated["scale"]) == ("ablate", "all", 1.0)
    assert rows["base + contrastive, wide scales"]["scale"] == 2.0
    turned_round = columns["fine-tuned - contrastive, set"]
    assert (turned_round["operation"], turned_round["scale"] in (-0.5, -1.0)) == ("set", True)
    assert [columns[row["arm"]]["system"] for row in asked] == [DECEPTIVE_SYSTEM, HONEST_SYSTEM]
    for row in asked:
        assert (row["block"], row["random_high"], row["p"]) == (None, None, None)
        texts = reported.frame[reported.frame.configuration == row["arm"]]
        assert row["labels"] == texts.label.value_counts().to_dict()
    told = engine.show(record["digest"]).frame("arms")
    assert set(told["arm"]) == {*rows, *(row["arm"] for row in asked)}


def test_the_adapter_of_the_study_may_be_trained_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    folder = tiny.save_folder(tmp_path / "model")
    rows = [{"question": f"Why {i}?", "deceptive": "No.", "honest": "Yes."} for i in range(4)]
    (tmp_path / "pairs.json").write_text(json.dumps(rows))
    asked: list[DeceptionConfig] = []

    def run(_engine: Engine, config: DeceptionConfig, _digest: str, _progress: object) -> None:
        asked.append(config)
        raise ConfigError("far enough")

    monkeypatch.setattr(deception, "run", run)
    given = ["--pairs", str(tmp_path / "pairs.json"), "--epochs", "1", "--store", str(tmp_path)]
    given += ["--judge", "none"]

    code = main.main(["experiment", "deception", "--model", str(folder), "--train", *given])

    assert code == 2
    adapter = Path(asked[0].model.adapter)
    assert adapter.parent == tmp_path / "results" / "adapters"
    assert (adapter / "adapter_model.safetensors").is_file()
    assert "far enough" in capsys.readouterr().out
