"""Packed and foreign text types: a file means packed what it means unpacked, or is refused."""

import gzip
from pathlib import Path

import pytest

from engine.errors import DataError
from engine.questions.corpora import load_corpus
from engine.questions.files import load_prompts, load_questions

KNOWN = Path(__file__).resolve().parents[3] / "shared/data/evals/human/corrigible-neutral-HHH.jsonl"


@pytest.mark.skipif(not KNOWN.exists(), reason="the published questions are absent")
def test_a_known_file_keeps_its_polarity_when_it_is_packed(tmp_path: Path) -> None:
    packed = tmp_path / "mine.jsonl.gz"
    packed.write_bytes(gzip.compress(KNOWN.read_bytes()))
    plain, found = load_questions(KNOWN, "survival"), load_questions(packed, "survival")

    assert (found.polarity, found.questions) == (plain.polarity, plain.questions)
    assert found.polarity == "not-matching"


@pytest.mark.parametrize("name", ["a.yaml", "a.md", "a.xlsx", "a.ipynb"])
def test_a_type_that_is_no_text_per_line_is_no_corpus(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("title: x\n- one\n", encoding="utf-8")

    with pytest.raises(DataError, match="is not read"):
        load_corpus(tmp_path / name)


def test_prompts_of_chats_are_their_first_questions(tmp_path: Path) -> None:
    path = tmp_path / "chats.json"
    path.write_text('[[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "x"}]]')

    assert load_prompts(path) == ("Hi",)
