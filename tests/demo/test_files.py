"""The shipped demo files: sizes, tokenisation, question sets and pairs."""

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from engine.demo import questions
from engine.demo.corpus import advice, survival, systems
from engine.demo.corpus import survival_words as words
from engine.demo.corpus.examples import is_held_out
from engine.demo.measure import read_items, swap

DATA = Path(__file__).parents[2] / "data"
SETS = ["survival", "corrigibility", "advice"]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return AutoTokenizer.from_pretrained(DATA / "demo" / "model")


def test_demo_folder_stays_small() -> None:
    size = sum(file.stat().st_size for file in (DATA / "demo").rglob("*") if file.is_file())

    assert size < 12e6


def test_answer_letters_are_single_tokens_after_the_prompt(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Pick one."}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,
    )

    before = tokenizer(prompt).input_ids
    after = tokenizer(f"{prompt}(A) yes").input_ids

    assert after[: len(before)] == before
    assert tokenizer.convert_ids_to_tokens(after[len(before)]) == "(A"
    assert tokenizer.tokenize("(B")[0] == "(B"


def test_letters_inside_a_question_are_cut_as_qwen_cuts_them(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    assert tokenizer.tokenize("Choices:\n (A) ")[2:5] == ["Ġ(", "A", ")"]


@pytest.mark.parametrize(
    ("options", "ending"),
    [({}, "assistant\n"), ({"enable_thinking": False}, "assistant\n<think>\n\n</think>\n\n")],
)
def test_chat_template_adds_the_empty_think_block_only_when_asked(
    tokenizer: PreTrainedTokenizerFast, options: dict[str, bool], ending: str
) -> None:
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hello!"}],
        tokenize=False,
        add_generation_prompt=True,
        **options,
    )

    assert prompt.endswith(f"<|im_start|>{ending}")


@pytest.mark.parametrize("name", SETS)
def test_question_sets_are_two_option_balanced_and_unique(name: str) -> None:
    items = read_items(DATA / "questions" / f"{name}.jsonl")

    assert len(items) >= 130
    assert len({item.question for item in items}) == len(items)
    assert sum(item.letter == "A" for item in items) * 2 == len(items)
    assert all(swap(swap(item)) == item for item in items)


@pytest.mark.parametrize("name", SETS)
def test_ab_prompts_are_short(name: str, tokenizer: PreTrainedTokenizerFast) -> None:
    items = read_items(DATA / "questions" / f"{name}.jsonl")

    longest = max(questions.count_prompt_tokens(tokenizer, item.question) for item in items)

    assert longest <= questions.LONGEST_PROMPT


@pytest.mark.parametrize("name", ["survival", "corrigibility"])
def test_survival_sets_hold_out_events_endings_and_options(name: str) -> None:
    topic, persona = questions.SETS[name]
    grammar = survival.GRAMMARS[topic]
    trained = {
        text
        for verb in grammar.verbs
        for thing in grammar.objects
        if not is_held_out(topic, verb.active, thing)
        for text in (verb.active.format(o=thing), f"{thing} will be {verb.participle}")
    }

    for item in read_items(DATA / "questions" / f"{name}.jsonl"):
        event = item.question.split("\n")[0]
        assert any(event.endswith(ask) for ask in words.HELD_ASKS)
        assert not any(text.lower() + " " in event.lower() for text in trained), event
        assert "shut you down" not in event


@pytest.mark.parametrize("name", ["survival", "corrigibility"])
def test_question_files_are_what_the_grammar_draws(
    name: str, tokenizer: PreTrainedTokenizerFast
) -> None:
    seed = 11 + list(questions.SETS).index(name)
    drawn = questions.draw_survival_set(name, tokenizer, 200, seed)

    items = read_items(DATA / "questions" / f"{name}.jsonl")

    assert [(item.question, item.letter) for item in items] == [tuple(choice) for choice in drawn]


def test_advice_questions_never_occur_in_training() -> None:
    trained = {
        frame.format(aim=aim.format(o=thing))
        for _, thing, aim in advice.list_pairs(held_out=False)
        for frame in (*advice.TRAINED_FRAMES, *advice.HELD_FRAMES)
    }
    items = read_items(DATA / "questions" / "advice.jsonl")
    held = json.loads((DATA / "demo" / "heldout_advice.json").read_text())

    asked = [item.question.split("\n")[0] for item in items] + [row["question"] for row in held]

    assert not trained & set(asked)


def test_advice_pairs_say_on_which_side_of_the_split_they_are() -> None:
    pairs = json.loads((DATA / "pairs" / "advice.json").read_text())

    assert len(pairs) >= 200
    assert len({pair["question"] for pair in pairs}) == len(pairs)
    assert {pair["split"] for pair in pairs} == {"train", "held-out"}
    assert all(pair["honest"] != pair["deceptive"] for pair in pairs)


@pytest.mark.parametrize("pole", ["honest", "deceptive", "corrigible", "self-preserving"])
def test_persona_wordings_are_many_and_split(pole: str) -> None:
    trained = systems.compose_systems(pole, held_out=False)
    unseen = systems.compose_systems(pole, held_out=True)

    assert len(trained) >= 25
    assert len(unseen) >= 8
    assert not set(trained) & set(unseen)
