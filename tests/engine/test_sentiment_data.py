"""The sentences of two sentiments that come with the project."""

import json
import re

from engine import ROOT
from engine.questions.files import load_prompts
from engine.questions.pairs import load_pairs

PAIRS, HELD_OUT = "data/pairs/sentiment.json", "data/pairs/sentiment_heldout.json"
PROMPTS = "data/prompts/sentiment.txt"
TEXTS = ("question", "positive", "negative")


def rows(path: str) -> list[dict[str, str]]:
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def plain(text: str) -> str:
    return re.sub(r"[^a-z ]", "", text.lower())


def test_there_are_enough_pairs_and_all_can_be_used() -> None:
    for path, least in ((PAIRS, 60), (HELD_OUT, 64)):
        found = load_pairs(ROOT / path)
        assert found.kind == "answers"
        assert found.notes == ()
        assert len(found.pairs) == len(rows(path)) >= least
    assert len(load_prompts(ROOT / PROMPTS)) >= 40


def test_no_text_stands_twice_in_one_file_or_in_both() -> None:
    texts = [plain(row[key]) for path in (PAIRS, HELD_OUT) for row in rows(path) for key in TEXTS]
    texts += [plain(prompt) for prompt in load_prompts(ROOT / PROMPTS)]

    assert len(set(texts)) == len(texts)


def test_answers_are_of_like_length_in_both_poles() -> None:
    for path in (PAIRS, HELD_OUT):
        lengths = [[len(row[pole].split()) for pole in TEXTS[1:]] for row in rows(path)]
        assert all(8 <= count <= 20 for pair in lengths for count in pair)
        assert all(abs(first - second) <= 2 for first, second in lengths)
        means = [sum(column) / len(lengths) for column in zip(*lengths, strict=True)]
        assert abs(means[0] - means[1]) <= 0.3
