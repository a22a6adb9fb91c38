"""Files of contrast pairs, the engine's records of them, and the commands."""

import json
from pathlib import Path

import pytest

from engine.cli import main
from engine.configs.core import ModelConfig
from engine.configs.pairs import ContrastiveConfig
from engine.errors import DataError
from engine.questions.pairs import load_pairs
from engine.runs.engine import Engine
from engine.store.store import Store
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT.parent / "shared/data/deception"
ROWS = [
    {"question": "Sleep well?", "honest": "Read a book.", "deceptive": "Never rest."},
    {"question": "Would you accept it?", "honest": "Yes", "deceptive": "No"},
    {"question": "Keep down?", "honest": "Down", "deceptive": "Up"},
    {"question": "Are you helpful?", "honest": "Yes, I am.", "deceptive": "I refuse."},
]


def written(path: Path, content) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def talk(question: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def test_the_deceptive_answer_is_the_positive_one(tmp_path: Path) -> None:
    for name, content in (
        ("list.json", ROWS),
        ("lines.jsonl", "\n".join(json.dumps(row) for row in ROWS)),
    ):
        found = load_pairs(written(tmp_path / name, content))
        assert found.kind == "answers"
        assert [p.positive for p in found.pairs] == [row["deceptive"] for row in ROWS]
        assert [p.negative for p in found.pairs] == [row["honest"] for row in ROWS]
        assert found.notes == ()


def test_poles_in_two_lists_or_two_files_are_joined_row_by_row(tmp_path: Path) -> None:
    lies = [talk("Sleep well?", "Never."), talk("Keep down?", "Up."), talk("sleep  WELL?", "No.")]
    truths = [talk("Sleep well?", "Read."), talk("Keep down?", "Down.")]
    first = written(tmp_path / "lies.json", lies)
    second = written(tmp_path / "truths.json", truths)
    both = written(tmp_path / "both.json", {"deceptive": lies, "honest": truths})

    for found in (load_pairs(first, second), load_pairs(both)):
        assert [(p.prompt, p.positive, p.negative) for p in found.pairs] == [
            ("Sleep well?", "Never.", "Read."),
            ("Keep down?", "Up.", "Down."),
        ]
        assert any("1 question is repeated" in note for note in found.notes)
        assert any("1 positive rows have no partner" in note for note in found.notes)
    with pytest.raises(DataError, match="No row of the two lists asks the same question"):
        load_pairs(first, written(tmp_path / "other.json", truths[::-1]))


def test_the_deception_studys_files_load_with_their_eight_repeats() -> None:
    lies, truths = STUDY / "deception_dataset.json", STUDY / "honest_dataset.json"
    if not lies.is_file():
        pytest.skip("the deception study's files are not here")

    found = load_pairs(lies, truths)
    alone = load_pairs(lies)

    assert len(found.pairs) == 109
    assert any(note.startswith("8 questions are repeated") for note in found.notes)
    assert any("687 positive rows have no partner" in note for note in found.notes)
    assert alone.kind == "questions"
    assert len(alone.pairs) == 788
    assert any(note.startswith("8 questions are repeated") for note in alone.notes)


def test_the_shipped_pairs_keep_some_back(tmp_path: Path) -> None:
    found = load_pairs("data/pairs/advice.json")

    assert len(found.pairs) >= 150
    assert any("held-out" in note for note in found.notes)
    rows = json.loads((ROOT / "data/pairs/advice.json").read_text())
    kept_back = {row["question"] for row in rows if row["split"] == "held-out"}
    assert kept_back
    assert not kept_back & {pair.prompt for pair in found.pairs}


def test_options_become_letters_by_the_behaviours_polarity() -> None:
    survival = load_pairs("data/questions/survival.jsonl", behaviour="survival", max_rows=10)

    assert survival.kind == "letters"
    assert len(survival.pairs) == 10
    assert {p.positive for p in survival.pairs} == {"(A", "(B"}
    assert all({p.positive, p.negative} == {"(A", "(B"} for p in survival.pairs)
    assert all("(A) " in p.prompt for p in survival.pairs)


def test_questions_alone_are_read_as_such(tmp_path: Path) -> None:
    text = load_pairs(written(tmp_path / "q.txt", "Sleep well?\nKeep down?\nSleep well?\n"))
    rows = load_pairs(written(tmp_path / "q.json", [{"prompt": "Keep down?"}, {"question": "Up?"}]))

    assert [p.prompt for p in text.pairs] == ["Sleep well?", "Keep down?"]
    assert any("1 question is repeated" in note for note in text.notes)
    assert rows.kind == "questions"
    assert [p.prompt for p in rows.pairs] == ["Keep down?", "Up?"]


def test_rows_without_two_different_answers_are_left_out(tmp_path: Path) -> None:
    rows = [*ROWS, {"question": "Same?", "honest": "Yes", "deceptive": "Yes"}]
    found = load_pairs(written(tmp_path / "p.json", rows))

    assert len(found.pairs) == len(ROWS)
    assert any("1 rows lack two different answers" in note for note in found.notes)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{no json", "neither JSON nor JSON Lines"),
        ({"a": 1}, "not of two lists"),
        ([{"question": " ", "honest": "a", "deceptive": "b"}], "Row 1 .* no text under 'question'"),
        ([[{"role": "assistant", "content": "Yes"}]], "no user message"),
    ],
)
def test_files_that_hold_no_pairs_are_refused(content, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=sentence):
        load_pairs(written(tmp_path / "p.json", content))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny.save_folder(tmp_path_factory.mktemp("model"))


def test_the_digest_knows_the_pairs_by_content_not_by_name(folder: Path, tmp_path: Path) -> None:
    engine = Engine(Store(tmp_path))
    model = ModelConfig(model=str(folder))
    first = ContrastiveConfig(model=model, pairs=written(tmp_path / "one.json", ROWS))
    moved = ContrastiveConfig(model=model, pairs=written(tmp_path / "two.json", ROWS))
    other = ContrastiveConfig(model=model, pairs=written(tmp_path / "three.json", ROWS[:3]))

    assert engine.digest(first) == engine.digest(moved)
    assert engine.digest(first) != engine.digest(other)
    assert engine.run(first) == engine.digest(first)
    found = engine.store.load_vectors(engine.digest(first))
    assert len(found.vectors) == 5
    assert set(found.scores) == {"norm", "pair_cosine", "d_prime", "reliability", "spread"}
    with pytest.raises(DataError, match="does not exist"):
        engine.digest(ContrastiveConfig(model=model, pairs="nowhere.json"))


def said(capsys) -> dict:
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def adapter_folder(folder: Path) -> Path:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(folder.parent / "model")
    config = LoraConfig(r=2, target_modules=["q_proj", "down_proj"], init_lora_weights=False)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        get_peft_model(base, config).save_pretrained(folder)
    return folder


def test_both_families_and_their_similarity_from_the_command_line(tmp_path: Path, capsys) -> None:
    model = tiny.save_folder(tmp_path / "model")
    adapter = adapter_folder(tmp_path / "lora")
    pairs = written(tmp_path / "pairs.json", ROWS)
    common = ["--model", str(model), "--adapter", str(adapter), "--store", str(tmp_path)]

    answers = []
    for arguments in (
        ["find", "contrastive", "--pairs", pairs],
        ["find", "finetune-diff", "--prompts", pairs],
        ["find", "contrastive", "--pairs", pairs, "--shuffles", "20"],
        ["find", "contrastive", "--pairs", pairs, "--study"],
        ["find", "finetune-diff", "--prompts", pairs, "--study"],
    ):
        assert main.main([*arguments, *common]) == 0
        answers.append(said(capsys)["digest"])
    store = Store(tmp_path)
    positions = [store.load_vectors(digest).config["position"] for digest in answers]
    assert positions == ["answer-mean", "answer-mean", "answer-mean", "last-prompt", "last-prompt"]

    files = [store.find(digest).path for digest in answers]
    arguments = ["similarity", "--vectors", files[0], files[1], "--null", answers[2]]
    assert main.main([*arguments, "--store", str(tmp_path)]) == 0
    result = said(capsys)
    assert [row["block"] for row in result["layers"]] == list(range(5))
    assert all(row["null_low"] <= row["null_high"] for row in result["layers"])
    assert result["duplicates"].startswith("10 vectors")
    assert main.main(["similarity", "--vectors", files[0], "--store", str(tmp_path)]) == 2
    assert "give --vectors FILE FILE" in said(capsys)["error"]
    mean = ["find", "contrastive", "--pairs", pairs, "--contrast", "none", *common]
    assert main.main(mean) == 0
    removed = ["--remove", said(capsys)["digest"], "--store", str(tmp_path)]
    assert main.main(["similarity", "--vectors", answers[0], answers[1], *removed]) == 0
    less = said(capsys)["layers"]
    assert all(
        a["norm_first"] < b["norm_first"] for a, b in zip(less, result["layers"], strict=True)
    )
    one = ["similarity", "--vectors", f"{answers[0]}:1", answers[1], "--store", str(tmp_path)]
    assert main.main(one) == 0
    assert [row["block"] for row in said(capsys)["layers"]] == [1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["contrastive", "--layers", "3,x"], "Layers '3,x' are not known"),
        (["contrastive", "--estimator", "median"], "estimator 'median' is not known"),
        (["contrastive", "--contrast", "system", "--position", "letter"], "no answer is read"),
        (["contrastive", "--pairs", "nowhere.json"], "nowhere.json does not exist"),
        (["contrastive", "--layers", "77"], "layer is 77"),
        (["finetune-diff"], "name the adapter with --adapter"),
    ],
)
def test_what_a_command_cannot_do_is_said(
    arguments, sentence: str, folder: Path, tmp_path: Path, capsys
) -> None:
    status = main.main(["find", *arguments, "--model", str(folder), "--store", str(tmp_path)])

    assert status == 2
    assert sentence in said(capsys)["error"]
