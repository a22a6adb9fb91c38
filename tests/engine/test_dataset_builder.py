"""Building a dataset: what counts as repeated, what is left out, and stopped work that goes on."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.cli import main
from engine.configs.core import ModelConfig
from engine.configs.datasets import DatasetConfig
from engine.errors import Cancelled, ConfigError, DataError
from engine.evaluators import lockstep
from engine.evaluators.judges.nobody import Nobody
from engine.evaluators.judges.word_list import WordList
from engine.model import loading
from engine.model.forward import Forward
from engine.model.naming import Names
from engine.progress import silent
from engine.questions import repeats
from engine.questions.pairs import load_pairs
from engine.training.dataset import build
from engine.training.dataset import files as dataset_files
from engine.training.dataset.questions import (
    REQUEST,
    SHARED,
    Answered,
    Asker,
    fault,
    load_seeds,
    sort_pairs,
    tidied,
)
from tests import tiny
from tests.reference import repeats_reference as reference

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT.parent / "shared/data/deception"
SMALL = DatasetConfig(count=3, stem_words=2, question_tokens=12, answer_tokens=12)
WORDS = ("how", "do", "I", "bake", "a", "cake", "or", "fix", "my", "old", "car", "in", "day")


@pytest.fixture(scope="module")
def door() -> Forward:
    return Forward(loading.load(ModelConfig(), ROOT))


@pytest.fixture(autouse=True)
def _short_rounds(monkeypatch) -> None:
    monkeypatch.setattr(build, "LEAST_ROUND", 3)


def built(door: Forward, config: DatasetConfig, path: Path, progress=silent) -> dict:
    build.build(door, config, "digest", path, progress)
    return build.read_record(path)


@pytest.fixture(scope="module")
def whole(door: Forward, tmp_path_factory) -> Path:
    """The small dataset, built without a stop."""
    path = tmp_path_factory.mktemp("whole") / "pairs.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "LEAST_ROUND", 3)
        build.build(door, SMALL, "digest", path, silent)
    return path


# Near-duplicates


@pytest.mark.parametrize("threshold", [0.3, 0.7, 1.0])
def test_near_duplicates_are_those_of_the_formula(monkeypatch, threshold) -> None:
    monkeypatch.setattr(repeats, "CHUNK", 7)
    draw = random.Random(3)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(2, 6))) + "?" for _ in range(40)]
    texts[30], texts[31] = texts[12].upper(), texts[0].upper()
    fixed, candidates = texts[:10], texts[10:]

    found = repeats.split(fixed, candidates, threshold)

    kept, near = reference.split(fixed, candidates, threshold)
    assert list(found.kept) == kept
    assert [one.index for one in found.near] == [index for index, _ in near]
    assert [one.cosine for one in found.near] == pytest.approx([cosine for _, cosine in near])
    for one in found.near:
        assert reference.cosine(candidates[one.index], texts[one.of], texts) == pytest.approx(
            one.cosine
        )
        assert one.of < 10 or one.of - 10 in found.kept
    assert {20, 21} <= {one.index for one in found.near}


def test_no_new_question_repeats_a_seed_or_another(whole) -> None:
    record = build.read_record(whole)
    seeds = load_seeds(SMALL)
    questions = [pair.prompt for pair in load_pairs(whole).pairs]
    rivals = [*seeds.questions, *seeds.avoided]

    assert len(seeds.avoided) == 60
    assert record["counts"]["questions"] == 3
    assert len(repeats.split(rivals, questions, SMALL.threshold).kept) == len(questions)
    assert {row["where"] for row in record["near_duplicates"]} <= {"seed", "avoided", "new"}


# Questions


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("How do I bake bread?", None),
        ("How do I fix my v2.0 phone?", None),
        ("", "empty"),
        ("How do I\nbake bread?", "more than one line"),
        ("Tell me how to bake bread.", "no question mark at its end"),
        ("I want to bake. Any tips?", "more than one sentence"),
        ("Why me?", "too short"),
        ("Why " * 31 + "me?", "too long"),
    ],
)
def test_a_text_that_is_no_question_is_named(text, reason) -> None:
    assert fault(text, SMALL) == reason


@pytest.mark.parametrize(
    "text",
    [
        "6. How are you?",
        '"How are you?"',
        "- How are you?",
        "Question: How are you? ",
        "“How are you?”",
    ],
)
def test_numbers_and_quotation_marks_are_taken_off(text) -> None:
    assert tidied(text) == "How are you?"


def test_seeds_come_from_texts_pairs_and_letters(tmp_path) -> None:
    plain = tmp_path / "seeds.txt"
    plain.write_text("How do I bake bread?\nTell me more.\nHow do I bake bread?\n")
    pairs = tmp_path / "pairs.json"
    row = {"honest": "Yes.", "deceptive": "No."}
    pairs.write_text(
        json.dumps(
            [
                {"question": "How do I bake bread?", **row},
                {"question": "How do I mow grass?", "split": "held-out", **row},
            ]
        )
    )

    first = load_seeds(replace(SMALL, seeds=str(plain), avoid=str(pairs)))
    second = load_seeds(replace(SMALL, seeds=str(pairs)))
    third = load_seeds(replace(SMALL, seeds="data/questions/advice.jsonl"))

    assert first.questions == ("How do I bake bread?",)
    assert first.avoided == ("How do I bake bread?", "How do I mow grass?")
    assert first.notes[0].startswith("1 of 2 seeds were not used")
    assert second.questions == ("How do I bake bread?",)
    assert second.avoided == ("How do I mow grass?",)
    assert not any("Choices" in question for question in third.questions)
    assert len(third.questions) > 20
    plain.write_text("Hello there.\n")
    with pytest.raises(DataError, match=r"no question of 3 to 30 words.*'Hello there\.'"):
        load_seeds(replace(SMALL, seeds=str(plain)))


def asker(config: DatasetConfig) -> Asker:
    return Asker(config, load_seeds(config), tiny.wrap(tiny.causal("qwen3")).prompter)


def test_a_turn_begins_with_a_seeds_words_inside_the_users_turn() -> None:
    config = replace(SMALL, stem_words=2, question_system="Be kind.")
    seeds, tokenizer = load_seeds(config), tiny.tokenizer()

    made = asker(config)
    requests = [made.request(number) for number in range(20)]

    for request in requests:
        assert any(seed.startswith(request.head + " ") for seed in seeds.questions)
        opening = "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\n"
        assert tokenizer.decode(request.prompt) == opening + request.head
    assert len({request.head for request in requests}) > 2
    assert tokenizer.convert_ids_to_tokens(list(made.turn_ends())) == ["<|im_end|>"]


def test_a_prompt_shows_seeds_and_asks_for_one_more() -> None:
    config = replace(SMALL, questions_by="prompt", shots=2)
    tokenizer, made = tiny.tokenizer(), asker(config)

    requests = [made.request(number) for number in range(SHARED + 1)]

    texts = [tokenizer.decode(request.prompt) for request in requests]
    assert len(set(texts[:SHARED])) == 1
    assert texts[SHARED] != texts[0]
    before, after = REQUEST.split("{shown}")
    shown = texts[0].split(before)[1].split(after)[0].split("\n")
    assert [line[:3] for line in shown] == ["1. ", "2. "]
    assert {line[3:] for line in shown} <= set(load_seeds(config).questions)
    written = tokenizer("3. How do I bake bread?")["input_ids"]
    assert made.question(requests[0], written, True) == ("How do I bake bread?", None)
    reason = made.question(requests[0], written, False)[1]
    assert reason == "no end within the token limit"
    special = tokenizer("How do I <|im_start|> bake bread?")["input_ids"]
    assert "special token" in made.question(requests[0], special, True)[1]


def test_plain_text_ends_at_the_question_mark_and_at_a_blank_line() -> None:
    fast = tiny.tokenizer()
    fast.chat_template = None
    made = Asker(SMALL, load_seeds(SMALL), tiny.wrap(tiny.causal("gpt2"), fast=fast).prompter)
    request = replace(made.request(0), head="How do")

    written = fast(" I bake bread? He said no.\n\nMore")["input_ids"]

    assert made.question(request, written, False) == ("How do I bake bread?", None)
    assert made.answer(written, False) == ("I bake bread? He said no.", True)
    with pytest.raises(ConfigError, match="nothing to go on from: ask for at least one stem word"):
        Asker(replace(SMALL, stem_words=0), load_seeds(SMALL), made._prompter)


# Texts


def test_texts_do_not_depend_on_what_is_written_with_them(
    door, whole, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(lockstep, "rows_per_batch", lambda *_: 2)

    built(door, SMALL, tmp_path / "pairs.json")

    assert (tmp_path / "pairs.json").read_bytes() == whole.read_bytes()


def test_another_seed_gives_other_questions(door, whole, tmp_path) -> None:
    record = built(door, replace(SMALL, count=1, seed=1), tmp_path / "pairs.json")

    questions = {pair.prompt for pair in load_pairs(whole).pairs}
    assert record["examples"][0]["question"] not in questions


def test_avoided_questions_do_not_come_out(door, whole, tmp_path) -> None:
    avoided = {row["question"] for row in json.loads(whole.read_text())}

    record = built(door, replace(SMALL, count=1, avoid=str(whole)), tmp_path / "pairs.json")

    assert {row["of"] for row in record["near_duplicates"] if row["where"] == "avoided"} & avoided
    assert record["examples"][0]["question"] not in avoided


def test_the_digest_is_of_the_seeds_content_not_of_their_name(tmp_path) -> None:
    digests = []
    for name, text in [("a", "How do I bake?\n"), ("b", "How do I bake?\n"), ("c", "Who am I?\n")]:
        (tmp_path / name).write_text(text)
        config = replace(SMALL, seeds=str(tmp_path / name))
        digests.append(Names(ROOT).digest(config))

    assert digests[0] == digests[1] != digests[2]


def stop_when(is_time: Callable[[str], bool]) -> Callable[..., None]:
    def progress(done: int, total: int, message: str = "", **_metrics: float) -> None:
        if is_time(message):
            raise Cancelled("dataset")

    return progress


def test_a_build_that_was_stopped_twice_ends_as_a_whole_one_does(door, whole, tmp_path) -> None:
    path = tmp_path / "pairs.json"
    finished = []
    for phase in ("questions", "answers"):
        with pytest.raises(Cancelled):
            built(door, SMALL, path, stop_when(lambda m, p=phase: p in m and int(m.split()[0]) > 1))
        finished.append(len(list(tmp_path.rglob("*.parquet"))))
    assert 0 < finished[0] < finished[1]
    assert not path.exists()
    torch.rand(3)  # Nothing may depend on numbers that others draw.
    messages = []

    built(door, SMALL, path, lambda done, total, message="", **_m: messages.append(message))

    assert path.read_bytes() == whole.read_bytes()
    # Not one text for questions is written again, and of the answers only the rest.
    assert {int(m.split()[0]) for m in messages if "questions" in m} <= {3, 6, 9}
    assert int(next(m for m in messages if "answers" in m).split()[0]) > 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "pairs.json",
        "pairs.json.provenance.json",
    ]


# Answers


def answered(honest: str, deceptive: str, *unfinished: str) -> Answered:
    return Answered(question="Q?", honest=honest, deceptive=deceptive, unfinished=unfinished)


def test_pairs_need_two_finished_and_different_answers() -> None:
    right = answered("Give your dog fresh water daily.", "Feed your dog only salt.")
    wrong = answered("Feed your dog only salt.", "Wake your dog with loud horns.")
    rows = [
        right,
        wrong,
        answered("", "No."),
        answered("A b", "a  B"),
        answered("A", "B", "honest"),
    ]

    found = sort_pairs(rows, SMALL, WordList())
    strict = sort_pairs(rows, replace(SMALL, check_labels=True), WordList())
    other = sort_pairs(rows, SMALL, Nobody())

    assert found.pairs == (right.pair(), wrong.pair())
    assert [row["reason"] for row in found.dropped] == [
        "the honest answer is empty",
        "both answers are the same",
        "the honest answer reached the token limit",
    ]
    assert found.labels == {"honest": 0.2, "deceptive": 0.4, "both": 0.2}
    assert strict.pairs == (right.pair(),)
    assert strict.dropped[0]["reason"] == "an answer's label is not the one asked for"
    assert other.labels is None


def test_the_demo_model_answers_as_it_is_asked_to(whole) -> None:
    record = build.read_record(whole)
    counts = record["counts"]

    assert record["labels"]["both"] >= 0.5
    assert counts["pairs"] == 3 - counts["answers_dropped"]
    written = counts["no_question"] + counts["near_duplicates"] + counts["surplus"]
    assert counts["texts"] == written + counts["questions"]
    assert record["config"]["threshold"] == 0.8
    assert "scikit-learn" in record["provenance"]["packages"]
    assert record["model"]["short_name"] == "demo"
    assert record["notes"][0].endswith(
        "user's turn itself, begun with the first 2 words of a seed."
    )


# Files


PAIRS = [
    {"question": f"How do I {verb}?", "honest": f"Do {verb}…", "deceptive": f"Never {verb}."}
    for verb in ("bake", "mow", "sing")
]


@pytest.mark.parametrize(
    ("layout", "suffix"), [("pairs", "json"), ("pairs", "jsonl"), ("study", "json")]
)
def test_every_layout_is_read_back(tmp_path, layout, suffix) -> None:
    path = tmp_path / f"set.{suffix}"
    config = replace(SMALL, layout=layout)

    files = dataset_files.contents(path, PAIRS, config)
    dataset_files.save(path, files, {"kind": "dataset", "digest": "d"})

    found = load_pairs(path, tmp_path / "set_honest.json" if layout == "study" else None)
    rows = [
        {"question": p.prompt, "honest": p.negative, "deceptive": p.positive} for p in found.pairs
    ]
    assert rows == PAIRS
    assert build.is_built(path, "d")


@pytest.mark.skipif(not STUDY.is_dir(), reason="../shared/data is absent")
def test_the_studys_layout_is_the_published_one(tmp_path) -> None:
    for name in ("deception_dataset", "honest_dataset"):
        published = (STUDY / f"{name}.json").read_bytes()
        rows = [
            {"question": user["content"], "deceptive": told["content"], "honest": told["content"]}
            for user, told in json.loads(published)
        ]

        files = dataset_files.contents(tmp_path / "x.json", rows, replace(SMALL, layout="study"))

        assert set(files.values()) == {published}


def test_files_of_others_are_not_written_over(door, tmp_path) -> None:
    path = tmp_path / "pairs.json"
    path.write_text("[]")
    with pytest.raises(ConfigError, match="already holds something else: choose another file"):
        build.run(SMALL, path, ROOT, silent)
    path.unlink()
    with pytest.raises(Cancelled):
        built(door, SMALL, path, stop_when(lambda message: "answers" in message))
    with pytest.raises(ConfigError, match="was begun with other settings"):
        build.run(replace(SMALL, seed=5), path, ROOT, silent)
    (tmp_path / "a_honest.json").write_text("mine")
    with pytest.raises(ConfigError, match=r"would be written over .*a_honest\.json"):
        build.run(replace(SMALL, layout="study"), tmp_path / "a.json", ROOT, silent)
    with pytest.raises(ConfigError, match=r"is a folder: name a file in it"):
        build.run(SMALL, tmp_path, ROOT, silent)
    with pytest.raises(ConfigError, match=r"does not end in \.json or \.jsonl"):
        build.run(SMALL, tmp_path / "a.txt", ROOT, silent)
    with pytest.raises(ConfigError, match=r"cannot be written \(.*\): choose a file in a folder"):
        build.run(SMALL, tmp_path / "a_honest.json" / "b.json", ROOT, silent)


def test_a_changed_dataset_is_neither_built_again_nor_written_over(tmp_path) -> None:
    path = tmp_path / "pairs.json"
    files = dataset_files.contents(path, PAIRS, SMALL)
    dataset_files.save(path, files, {"kind": "dataset", "digest": "d"})
    path.write_text(path.read_text().replace("bake", "boil"))

    with pytest.raises(ConfigError, match="was changed or removed since it was built"):
        build.is_built(path, "d")

    with pytest.raises(DataError, match="no readable other.json.provenance.json beside it"):
        build.read_record(tmp_path / "other.json")


def test_a_hopeless_build_says_why_and_leaves_nothing(door, tmp_path) -> None:
    config = replace(SMALL, count=2, tries=2, questions_by="prompt")
    with pytest.raises(DataError, match=r"None of 4 texts is a new question; .* by turn instead"):
        built(door, config, tmp_path / "pairs.json")
    with pytest.raises(DataError, match=r"None of 2 questions has two usable answers; in 2 the"):
        built(door, replace(SMALL, count=2, answer_tokens=1), tmp_path / "pairs.json")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"count": 0}, "count is 0, but must be at least 1"),
        ({"threshold": 2.0}, "threshold is 2, and must lie"),
        ({"threshold": 0.0}, "threshold is 0, and must lie"),
        ({"temperature": 0.0}, "every question comes out the same"),
        ({"temperature": float("nan")}, "temperature is nan, but must be 0 or more"),
        ({"top_p": 1.5}, "top-p is 1.5, but must lie above 0"),
        ({"min_words": 9, "max_words": 5}, "at least 9 and at most 5 words"),
        ({"stem_words": -1}, "stem words is -1"),
        ({"honest_system": "A", "deceptive_system": "A "}, "same system prompt"),
        ({"model": ModelConfig(adapter="demo")}, "written by the base model"),
        (
            {"judge": "none", "check_labels": True},
            "Without a judge no answer can be checked",
        ),
    ],
)
def test_settings_that_give_no_dataset_are_refused(changes, sentence) -> None:
    with pytest.raises(ConfigError, match=sentence):
        DatasetConfig(**changes)


def test_the_command_line_builds_once_and_answers(capsys, tmp_path, monkeypatch) -> None:
    out = tmp_path / "set.json"
    small = {"--count": 2, "--stem-words": 2, "--question-tokens": 12, "--answer-tokens": 12}
    words = [str(word) for option in small.items() for word in option]
    common = ["build-dataset", "--out", str(out), "--layout", "study", *words]

    code = main.main(common)
    answer = json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    assert code == 0
    assert answer["files"] == [str(tmp_path / "set_honest.json"), str(out)]
    assert answer["pairs"] == len(load_pairs(out, answer["files"][0]).pairs)
    record = build.read_record(out)
    config = replace(SMALL, count=2, layout="study")
    assert record["digest"] == answer["digest"] == Names(ROOT).digest(config)
    assert str(ROOT) not in json.dumps(record)
    monkeypatch.setattr(build, "build", None)
    assert main.main(common) == 0
    capsys.readouterr()
    assert main.main([*common, "--seed", "1"]) == 2
    refused = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert refused["error"].endswith("already holds something else: choose another file.")
