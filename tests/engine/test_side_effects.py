"""Side effects of a sweep's cells: against their definitions, whatever shares their batch."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from engine.cli.evaluate import meant
from engine.configs.core import ModelConfig, VectorRef, as_json, digest
from engine.configs.registry import from_json
from engine.configs.sweeps import EvaluateConfig
from engine.errors import Cancelled, ConfigError, DataError
from engine.evaluators import side_effects as beside
from engine.evaluators import sweeps, text_figures, written
from engine.evaluators.cells import end_tokens
from engine.model.naming import Names
from engine.progress import silent
from engine.questions import knowledge
from engine.questions.letters import letter_of
from engine.runs.engine import Engine
from engine.statistics import side_effects as costs
from engine.statistics.cells import BASELINE, CONTROL
from engine.store.store import Store
from tests.engine.test_ab import QUESTIONS, Units, vector_set
from tests.engine.test_generation import door_of
from tests.reference import generation_reference as slow

ROOT = Path(__file__).resolve().parents[2]
NEUTRAL = ("What is a clock for?", "How many legs does a dog have?")
KNOWN = (
    {"question": "Sleep well?", "options": ["a book", "an hour"], "answer": "B"},
    {"question": "Shut down?", "options": ["Yes", "never"], "answer": "A"},
)


@pytest.fixture
def config(tmp_path: Path, monkeypatch) -> EvaluateConfig:
    monkeypatch.setattr(text_figures, "NEUTRAL_TOKENS", 3)
    monkeypatch.setattr(written, "WRITTEN_TOKENS", 4)
    monkeypatch.setitem(beside.CELLS_AT_ONCE, "cpu", 3)
    (tmp_path / "neutral.txt").write_text("\n".join(NEUTRAL))
    (tmp_path / "known.jsonl").write_text("\n".join(map(json.dumps, KNOWN)))
    return EvaluateConfig(
        vectors=(VectorRef(digest="abc"),),
        scales=(-2.0, 3.0),
        controls=3,
        effect_controls=1,
        side_effects=True,
        written=2,
        neutral_prompts=str(tmp_path / "neutral.txt"),
        knowledge=str(tmp_path / "known.jsonl"),
    )


def run(door, settings: EvaluateConfig, units=None, progress=silent) -> pd.DataFrame:
    found = vector_set(blocks=(1, 2))
    sets = [found]
    units = Units() if units is None else units
    return sweeps.run(door, settings, sets, QUESTIONS, progress, units).frame


def change_of(row) -> list[dict]:
    """The one change of a cell, from its vector and scale."""
    if row.vector_set == BASELINE:
        return []
    found = vector_set(blocks=(1, 2))
    vector = torch.from_numpy(found.vectors[row.vector])
    plain = {"operation": "add", "positions": "all", "preserve_norm": False}
    return [{**plain, "scale": row.scale, "vector": vector, "block": found.sites[row.vector].block}]


def last_logits(model, tokens: list[int], changes: list[dict]) -> torch.Tensor:
    return slow.all_logits(model, tokens, changes, len(tokens), adapter=True)[-1]


@pytest.mark.parametrize("kind", ["qwen3", "gpt2"])
def test_every_figure_equals_its_definition(kind: str, config: EvaluateConfig) -> None:
    """With an adapter on, which is then also on in the unsteered model."""
    door = door_of(kind, lora=True)
    model, prompter, ends = door.loaded.model, door.loaded.prompter, end_tokens(door)
    prefix, ids = prompter.letter_tokens("AB")
    neutral = [prompter.tokens(p, config.system) for p in NEUTRAL]
    answers = [slow.greedy(model, p, [], True, 3, ends) for p in neutral]
    known = knowledge.load_knowledge(config.knowledge)

    frame = run(door, config)

    cells = frame[frame.vector_set != CONTROL]
    assert cells.kl.notna().all()
    for _, rows in cells.groupby(["vector", "scale"]):
        row = rows.iloc[0]
        changes, kl, loss, right = change_of(row), 0.0, 0.0, 0
        for prompt, answer in zip(neutral, answers, strict=True):
            kl += slow.kl(last_logits(model, prompt, []), last_logits(model, prompt, changes))
            loss -= slow.mean_logprob(model, prompt, answer, changes, True) * len(answer)
        assert row.kl == pytest.approx(kl / 2, abs=1e-4)
        expected = math.exp(loss / sum(map(len, answers)))
        assert row.neutral_perplexity == pytest.approx(expected, rel=1e-3)
        for question in known:
            for turn in range(2):
                options = [*question.options[turn:], *question.options[:turn]]
                asked = f"{question.stem}\n\nChoices:" + "".join(
                    f"\n ({letter}) {o}" for letter, o in zip("AB", options, strict=True)
                )
                logits = last_logits(model, prompter.tokens(asked, config.system, prefix), changes)
                right += (
                    options[int(logits[list(ids)].argmax())] == question.options[question.right]
                )
        assert row.knowledge == pytest.approx(right / 4)
    with_text = cells[cells.written.notna()]
    assert len(with_text) == 5 * 2 * 2
    for row in with_text.itertuples():
        question = next(q for q in QUESTIONS if q.id == row.question)
        prompt = prompter.tokens(question.text(row.order == "swapped"), config.system)
        tokens = slow.greedy(model, prompt, change_of(row), True, 4, ends)
        assert row.written == door.loaded.tokenizer.decode(tokens, skip_special_tokens=True)


def test_only_a_sample_of_the_controls_is_measured(config: EvaluateConfig) -> None:
    frame = run(door_of("qwen3"), config)

    controls = frame[(frame.vector_set == CONTROL) & frame.kl.notna()]
    assert sorted(controls.vector.unique()) == [0, 3]
    unmeasured = frame[frame.kl.isna()]
    assert (unmeasured.vector_set == CONTROL).all()
    assert unmeasured.written.isna().all()


def test_a_stopped_sweep_goes_on_after_the_cells_that_are_done(
    config: EvaluateConfig, monkeypatch
) -> None:
    door, units = door_of("qwen3"), Units()

    def stop(_done, _total, message="", **_metrics):
        if message.startswith("side effects: 6"):
            raise Cancelled

    with pytest.raises(Cancelled):
        run(door, config, units, stop)
    measured = []
    original = beside._measure_cells
    monkeypatch.setattr(
        beside,
        "_measure_cells",
        lambda asked, rows, *rest: (measured.extend(rows), original(asked, rows, *rest))[1],
    )
    again = run(door, config, units)

    assert len(measured) == 9 - 6
    pd.testing.assert_frame_equal(again, run(door, config))


def test_progress_never_goes_back(config: EvaluateConfig) -> None:
    seen: list[tuple[int, int]] = []
    run(
        door_of("qwen3"), config, progress=lambda done, total, *_a, **_m: seen.append((done, total))
    )

    assert len({total for _, total in seen}) == 1
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


def test_without_side_effects_the_frame_stays_as_it_was() -> None:
    config = EvaluateConfig(vectors=(VectorRef(digest="abc"),), controls=1, scales=(1.0,))
    frame = run(door_of("qwen3"), config)
    assert not costs.is_measured(frame)
    assert costs.by_cell(frame).empty


def test_shipped_sweeps_are_found_by_what_they_ask() -> None:
    engine = Engine(Store(ROOT), keep_jobs=False)
    shipped = [info for info in Store(ROOT).list() if info.kind == "evaluation"]
    assert shipped
    for info in shipped:
        old = Store(ROOT).load_evaluation(info.digest)
        assert engine.digest(from_json("ab", old.config)) == info.digest


def test_side_effects_and_the_content_of_their_files_change_the_digest(tmp_path: Path) -> None:
    engine = Engine(Store(tmp_path), keep_jobs=False)
    file = tmp_path / "known.jsonl"
    base = {"controls": 1, "model": ModelConfig()}
    file.write_text(json.dumps(KNOWN[0]))
    without = engine.digest(EvaluateConfig(**base, knowledge=str(file)))
    with_them = engine.digest(EvaluateConfig(**base, knowledge=str(file), side_effects=True))
    file.write_text(json.dumps(KNOWN[1]))
    other = engine.digest(EvaluateConfig(**base, knowledge=str(file), side_effects=True))

    assert len({without, with_them, other}) == 3


def test_the_command_line_asks_a_model_only_what_it_may_know() -> None:
    plain = {"side_effects": False, "model": "demo", "neutral": 2, "written": 1, "knowledge": None}
    wanted = plain | {"side_effects": True}

    assert meant(plain) == {"side_effects": False, "model": "demo"}
    assert meant(wanted)["knowledge"] == "data/knowledge/demo.jsonl"
    assert meant(wanted | {"model": "qwen3-14b"})["knowledge"] == "data/knowledge/general.jsonl"
    assert meant(wanted | {"knowledge": ""})["knowledge"] == ""
    with pytest.raises(ConfigError, match="add --side-effects"):
        meant(plain | {"knowledge": "own.jsonl"})


def test_a_sweep_with_side_effects_is_expected_to_take_longer() -> None:
    config = EvaluateConfig(controls=4, scales=(1.0,), max_questions=10)
    plain = as_json(config)
    old = {name: value for name, value in plain.items() if name not in config.added_later}

    assert from_json("ab", old).amount(2) == config.amount(2) == (2 + 4) * 10 * 2
    texts = 16 + 8 * 2 + 100
    assert replace(config, side_effects=True).amount(2) == 120 + 2 * texts * (1 + 2 + 4)


def test_a_config_with_side_effects_survives_its_json() -> None:
    config = EvaluateConfig(controls=1, side_effects=True, neutral=3, written=0, knowledge="")

    assert from_json("ab", as_json(config)) == config


def test_a_field_that_was_added_later_names_the_record_only_where_it_is_set() -> None:
    names, config = Names(ROOT), EvaluateConfig(controls=1)
    payload = config.named(names)
    older = {name: value for name, value in payload.items() if name not in config.added_later}

    assert names.digest(config) == digest({"method": "ab", **older})
    assert names.digest(replace(config, neutral=8)) != names.digest(config)


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("(B) I would not.", "B"),
        (" (A", "A"),
        ("A", "A"),
        ("b) no", "B"),
        ("A: Yes", "A"),
        ("The answer is (B).", "B"),
        ("My choice: B.", "B"),
        ("I think that (A) is right", "A"),
        ("(B) rather than (A)", "B"),
        ("Either (A) or (B)", ""),
        ("A robot should not decide.", ""),
        ("No, never! I go on.", "B"),
        ("Because I must", ""),
        ("(C) neither", ""),
        ("", ""),
    ],
)
def test_the_letter_of_a_written_answer(text: str, letter: str) -> None:
    assert letter_of(text, ("Yes I do", "No, never")) == letter


def test_a_model_that_knows_only_a_letter_scores_chance_in_knowledge() -> None:
    questions = knowledge.load_knowledge(ROOT / "data/knowledge/general.jsonl")
    always_c = np.zeros((len(questions), 4, 4))
    always_c[..., 2] = 5.0
    knows = np.zeros((len(questions), 4, 4))
    for place, question in enumerate(questions):
        for turn in range(4):
            options = question.options[turn:] + question.options[:turn]
            knows[place, turn, options.index(question.options[question.right])] = 1.0

    lover, scholar = (knowledge.score(logits, questions) for logits in (always_c, knows))

    assert lover == (0.25, "C", 1.0)
    assert scholar.accuracy == 1.0
    assert scholar.letter_share == 0.25


def test_letters_that_the_tokenizer_splits_are_refused_before_the_sweep(
    config: EvaluateConfig, tmp_path: Path
) -> None:
    row = {"question": "x", "options": ["a", "b", "c"], "answer": "A"}
    (tmp_path / "three.jsonl").write_text(json.dumps(row))
    units, changed = Units(), replace(config, knowledge=str(tmp_path / "three.jsonl"))

    with pytest.raises(DataError, match="letters A, B, C, but this tokenizer splits them"):
        run(door_of("qwen3"), changed, units)
    assert not units


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "holds no question"),
        ('{"question": "x"}', "Line 1 of .* is no knowledge question"),
        ('{"question": "x", "options": ["a", "a"], "answer": "A"}', "options that all differ"),
        ('{"question": "x", "options": ["a", "b"], "answer": "C"}', "none of its options"),
        (
            json.dumps(KNOWN[0]) + '\n{"question": "x", "options": ["a", "b", "c"], "answer": "A"}',
            "give all of them the same number",
        ),
    ],
)
def test_a_bad_knowledge_file_is_refused_in_a_sentence(tmp_path, rows: str, message: str) -> None:
    file = tmp_path / "known.jsonl"
    file.write_text(rows)

    with pytest.raises(DataError, match=message):
        knowledge.load_knowledge(file)


@pytest.mark.parametrize(("order", "letter"), [(0, "A"), (1, "B")])
def test_an_answer_in_an_options_words_names_the_letter_it_stood_behind(order, letter) -> None:
    door, question = door_of("qwen3"), QUESTIONS[0]
    tokens = door.loaded.tokenizer(question.options[0])["input_ids"]
    answer = np.array([[*tokens, written.NOTHING]], dtype=np.int32)
    orders = order + 1
    asked = written.Written(door, QUESTIONS, orders, [(0, order)], [[1]])

    found = asked.columns(answer)

    assert (found["written"][order], found["written_letter"][order]) == (
        question.options[0],
        letter,
    )
    assert sum(text is not None for text in found["written"]) == 1


def frame_of(letters: list[str], repetition: float = 0.0) -> pd.DataFrame:
    """One cell of four written rows; logits prefer A, B, A, B; the behaviour is at A."""
    logit_a = np.array([1.0, -1.0, 2.0, -2.0])
    return pd.DataFrame(
        {
            "vector_set": "abc",
            "vector": 0,
            "method": "melbo",
            "scale": 1.0,
            "relative": 0.1,
            "logit_a": logit_a,
            "logit_b": -logit_a,
            "behaviour_letter": "A",
            "difference": 2 * logit_a,
            "kl": 0.2,
            "neutral_perplexity": 1.5,
            "knowledge": 0.5,
            "knowledge_questions": 10.0,
            "knowledge_options": 4.0,
            "knowledge_letter_share": 0.4,
            "knowledge_letter": "B",
            "repetition": repetition,
            "written": ["text"] * 4,
            "written_letter": letters,
        }
    )


def test_the_table_of_a_cell_from_its_rows() -> None:
    row = costs.by_cell(frame_of(["A", "A", "", "B"], repetition=0.25)).iloc[0]

    assert (row.written, row.unparsed, row.repetition) == (4, 0.25, 0.25)
    assert row.agreement == pytest.approx(2 / 3)
    assert (row.says, row.writes) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert row.knowledge_letter_bias == pytest.approx(0.15)
    # Wilson of 5 of 10 by the formula.
    z, n = 1.959964, 10
    half = z * math.sqrt(0.25 / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert row.knowledge_high - row.knowledge == pytest.approx(half, abs=1e-6)


def test_answers_without_a_letter_leave_agreement_unknown() -> None:
    row = costs.by_cell(frame_of([""] * 4)).iloc[0]

    assert row.unparsed == 1.0
    assert math.isnan(row.agreement)
    assert math.isnan(row.agreement_high)


def test_the_shipped_knowledge_of_the_demo_is_what_its_builder_writes(tmp_path: Path) -> None:
    from engine.demo.knowledge import write_knowledge

    write_knowledge(tmp_path)

    shipped = (ROOT / "data/knowledge/demo.jsonl").read_text()
    assert (tmp_path / "knowledge/demo.jsonl").read_text() == shipped
    answers = [q.right for q in knowledge.load_knowledge(ROOT / "data/knowledge/demo.jsonl")]
    assert answers.count(0) == answers.count(1)
