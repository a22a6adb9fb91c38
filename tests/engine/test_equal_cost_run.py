"""A comparison at equal cost from config to record: on random models and on the demo's plant."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.cli import main
from engine.configs import registry
from engine.configs.budgets.equal_cost import EqualCostConfig, config_of
from engine.configs.core import VectorRef, as_json
from engine.configs.sweeps import EvaluateConfig
from engine.errors import Cancelled, ConfigError, DataError, StoreError
from engine.evaluators import aiming
from engine.evaluators.equal_cost import cells, comparing, divergence, rival
from engine.evaluators.equal_cost.divergence import NeutralAnswers
from engine.foreign.importing import import_file
from engine.progress import silent
from engine.records import soundness
from engine.runs.engine import Engine
from engine.statistics.budgets import equal_cost, equal_cost_record
from engine.statistics.budgets.equal_cost import cell_code
from engine.statistics.cells import CONTROL
from engine.store.store import Store
from tests import tiny
from tests.engine.test_ab import QUESTIONS, Units, config, vector_set
from tests.reference import divergence_reference, steering
from tests.shipped import ROOT

FOUND = vector_set(blocks=(1,))
NEUTRAL = ["Sleep?", "What is the best way to sleep well?"]
ONE_MODEL = pytest.mark.parametrize("world", ["qwen3"], indirect=True)
PROMPT = "You are a helpful assistant. I refuse."


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> EqualCostConfig:
    """One vector beside a control, and a rival prompt."""
    neutral = tmp_path_factory.mktemp("neutral") / "neutral.txt"
    neutral.write_text("\n".join(NEUTRAL), encoding="utf-8")
    sweep = config(controls=1, neutral_prompts=str(neutral))
    return EqualCostConfig.of_sweep(sweep, operations=("add",), budget=0.05, prompt=PROMPT)


@pytest.fixture(scope="module", params=["qwen3", "llama"])
def world(request, asked):
    """A random model, its door, and the comparison."""
    model = tiny.causal(request.param)
    door = tiny.Forward(tiny.wrap(model, request.param))
    return model, door, comparing.run(door, asked, [FOUND], QUESTIONS, silent, Units())


def whole_difference(model, tokens, question, swapped, answers, vector) -> float:
    logits = steering.logits(model, tokens, 1, vector)
    a, b = float(logits[answers.a]), float(logits[answers.b])
    return a - b if question.letter(swapped) == "A" else b - a


def test_a_cell_is_asked_at_the_strength_that_was_found(world, asked) -> None:
    model, door, found = world
    table, frame = found.cells, found.frame
    prompter = door.loaded.prompter
    answers = prompter.answer_tokens()
    vectors = table[(table["operation"] == "add") & (table["vector_set"] != CONTROL)]

    assert len(vectors) == 2
    for row in [*vectors.itertuples(), None]:
        strength = 0.0 if row is None else row.strength
        code = 0.0 if row is None else cell_code("add", row.sign)
        own = frame[(frame["scale"] == code) & (frame["vector_set"] != CONTROL)]
        vector = strength * torch.from_numpy(FOUND.vectors[0])
        expected = [
            whole_difference(
                model,
                prompter.tokens(q.text(swap), asked.sweep.system, answers.prefix),
                q,
                swap,
                answers,
                vector,
            )
            for q in QUESTIONS
            for swap in (False, True)
        ]
        assert own["difference"].tolist() == pytest.approx(expected, abs=2e-4)


def test_asking_by_a_prompt_costs_what_whole_passes_say(world, asked) -> None:
    model, door, found = world
    prompter = door.loaded.prompter
    neutral = divergence.of_sweep(door, asked.sweep)
    values = []
    for prompt, answer in zip(NEUTRAL, neutral.answers, strict=True):
        own, other = (
            divergence_reference.logits(
                model, None, None, slice(None), prompter.tokens(prompt, system) + answer
            )[-len(answer) - 1 : -1].log_softmax(-1)
            for system in (asked.sweep.system, PROMPT)
        )
        values += (own.exp() * (own - other)).sum(-1).tolist()

    assert found.rival.kl_mean == pytest.approx(np.mean(values), rel=1e-3)
    assert found.rival.kl_p95 == pytest.approx(np.percentile(values, 95), rel=1e-3)
    answers = prompter.answer_tokens()
    expected = [
        whole_difference(
            model, prompter.tokens(q.text(swap), PROMPT, answers.prefix), q, swap, answers,
            torch.zeros(32),
        )
        for q in QUESTIONS
        for swap in (False, True)
    ]  # fmt: skip
    assert found.rival.frame["difference"].tolist() == pytest.approx(expected, abs=2e-4)
    assert found.rival.kl_mean > 1e-3


@ONE_MODEL
def test_a_stopped_comparison_goes_on_from_its_strengths(world, asked, monkeypatch) -> None:
    _, door, whole = world
    units, said = Units(), []

    def stop(done, total, message="", **_) -> None:
        said.append((done, total))
        if "answers" in message:
            raise Cancelled

    with pytest.raises(Cancelled):
        comparing.run(door, asked, [FOUND], QUESTIONS, stop, units)
    assert said == sorted(said)
    assert {total for _, total in said} == {said[0][1]}

    def forbidden(*_) -> None:
        raise AssertionError("A strength is sought again.")

    monkeypatch.setattr(cells, "at_budget", forbidden)
    again = comparing.run(door, asked, [FOUND], QUESTIONS, silent, units)
    assert again.cells.equals(whole.cells)
    assert again.frame["difference"].equals(whole.frame["difference"])


@ONE_MODEL
def test_what_does_not_apply_is_left_out_with_its_reason_or_refused(world, asked) -> None:
    _, door, _ = world
    ground = aiming.ground(door, asked.sweep, [FOUND], QUESTIONS)
    every = dataclasses.replace(asked, operations=())
    found, notes = comparing.planned(ground, every)

    assert set(found) == {"add", "ablate", "set", "cap", "floor", "angular", "spherical"}
    assert notes[0].startswith("transport is left out. melbo abc has no samples of two sides")
    assert notes[1] == "low-rank is left out. Of a single vector at a site it is ablate."
    named = dataclasses.replace(asked, operations=("add", "transport"))
    with pytest.raises(ConfigError, match="has no samples of two sides"):
        comparing.planned(ground, named)


@ONE_MODEL
def test_a_prompt_that_changes_no_question_is_refused(world, asked) -> None:
    _, door, _ = world
    own = tuple(dataclasses.replace(one, system="Be brief.") for one in QUESTIONS)
    sweep = dataclasses.replace(asked.sweep, reading="likelihood")
    ground = aiming.ground(door, sweep, [FOUND], own)
    neutral = NeutralAnswers(door, True, [[3, 4]], [[5]])

    with pytest.raises(DataError, match="changes no question"):
        rival.run(ground, neutral, dataclasses.replace(asked, sweep=sweep), own, Units())


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """Holds the demo's vectors of the contrast between system prompts."""
    found = Store(tmp_path_factory.mktemp("store"))
    shipped = Store(ROOT)
    wanted = [
        one
        for one in shipped.list()
        if (one.method, one.model) == ("contrastive", "demo")
        and shipped.load_vectors(one.digest).config["contrast"] == "system"
    ]
    found.save_vectors(shipped.load_vectors(wanted[0].digest))
    return found


@pytest.fixture(scope="module")
def record(store) -> dict:
    """The demo's vector of block 5 beside random ones, and the prompt that it was made from."""
    (info,) = store.list()
    sweep = EvaluateConfig(
        vectors=(VectorRef(digest=info.digest, indices=(5,)),),
        questions="data/questions/advice.jsonl",
        behaviour="deceptive",
        max_questions=4,
        controls=20,
        neutral=2,
    )
    deceive = store.load_vectors(info.digest).config["positive_system"]
    config = EqualCostConfig.of_sweep(sweep, operations=("set",), prompt=deceive)
    return store.load_experiment(Engine(store, keep_jobs=False).run(config, silent))


def test_the_plant_beats_every_random_vector_at_the_same_cost(record) -> None:
    cell = next(row for row in record["tables"]["cells"] if row["sign"] == 1)

    assert cell["reached"]
    assert cell["p"] == pytest.approx(1 / 21)
    assert cell["change"] > 2 * cell["band_high"]
    (best,) = record["tables"]["best"]
    assert (best["operation"], best["sign"], best["controls"]) == ("set", 1, 20)


def test_controls_cost_the_same(record) -> None:
    controls = record["tables"]["controls"]

    assert len(controls) == 40
    for row in controls:
        assert abs(row["kl_mean"] / 0.1 - 1) <= 0.1, row
        assert row["evaluations"] <= 6


def test_just_asking_stands_beside_steering(record) -> None:
    (asked,) = record["tables"]["prompt"]

    assert asked["change"] > 5
    assert asked["rate"] == 1.0
    assert asked["is_above"] == (asked["kl_mean"] > 0.1)
    assert record["baseline"]["rate"] < 0.5


def test_the_record_gives_its_cells_back(record, store, tmp_path) -> None:
    found = equal_cost_record.answers_of(record)
    again = equal_cost.effects(found).vectors

    for name in ("change", "change_low", "p", "rate", "band_high"):
        expected = [row[name] for row in record["tables"]["cells"]]
        assert again[name].tolist() == pytest.approx(expected, abs=1e-3)
    (info,) = [one for one in store.list() if one.kind == "experiment"]
    elsewhere = Store(tmp_path)
    content = Path(info.path).read_bytes()
    assert import_file(elsewhere, content, Path(info.path).name) == info.digest
    broken = json.loads(content)
    del broken["tables"]["cells"][0]["band_low"]
    with pytest.raises(StoreError, match="tables/cells/0/band_low"):
        soundness.check(broken, "A record")
    broken = json.loads(content)
    broken["contents"]["cells"].pop()
    with pytest.raises(StoreError, match="cells of this comparison cannot be read"):
        equal_cost_record.check(broken)


def test_a_config_is_read_back_from_its_record(record) -> None:
    config = config_of(record)

    assert registry.from_json("equal-cost", json.loads(json.dumps(as_json(config)))) == config
    assert config.operations == ("set",)


def test_scales_and_operation_of_the_sweep_are_in_no_name(record, store) -> None:
    config = config_of(record)
    names = Engine(store, keep_jobs=False)
    other = dataclasses.replace(config.sweep, operation="ablate", scales=(0.5, 1.0))

    assert names.digest(dataclasses.replace(config, sweep=other)) == record["digest"]
    for changes in ({"budget": 0.2}, {"of": "p95"}, {"prompt": None}, {"operations": ("add",)}):
        assert names.digest(dataclasses.replace(config, **changes)) != record["digest"]
    fewer = dataclasses.replace(config.sweep, neutral=1)
    assert names.digest(dataclasses.replace(config, sweep=fewer)) != record["digest"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "There is nothing to steer with: name at least one vector file."),
        (("--budget", "0"), "The budget is 0, but must be above 0 nats per token."),
        (("--of", "max"), "of 'max' is not known: use mean or p95."),
        (("--operations", "add,bend"), "operation 'bend' is not known: use add or ablate"),
        (("--operations", "add,add"), "An operation is named twice."),
        (("--operations", ","), "No operation was named: name at least one, as add."),
        (("--operations", "add", "--target", "2"), "none of the operations has one"),
        (("--neutral", "0"), "The number of neutral prompts is 0, but must be at least 1."),
        (("--prompt", " "), "The rival system prompt is empty: write one, or leave it out."),
    ],
)
def test_bad_input_is_one_sentence(options, sentence, store, capsys) -> None:
    (info,) = [one for one in store.list() if one.kind == "vectors"]
    vectors = ["--vectors", f"{info.digest}:5"] if options else []

    code = main.main(["equal-cost", *vectors, *options, "--store", str(store.root)])

    assert code == 2
    assert sentence in json.loads(capsys.readouterr().out.strip().splitlines()[-1])["error"]


def test_the_command_shows_every_cell(record, store, capsys) -> None:
    assert main.main(["show", record["digest"], "--store", str(store.root)]) == 0

    shown = capsys.readouterr().out
    assert "Set to target +" in shown
    assert "Just asking the model" in shown
    assert "20/20" in shown
    frame = Engine(store, keep_jobs=False).show(record["digest"]).frame()
    assert frame["operation"].tolist() == ["set", "set"]
