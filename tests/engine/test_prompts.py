"""Prompts end where the answer begins, and the answer tokens are found, not assumed."""

import pytest

from engine.errors import DataError
from engine.model.prompts import Prompter, shared_prefix
from tests import tiny


def test_the_template_ends_where_the_model_begins() -> None:
    prompter = Prompter(tiny.tokenizer())

    rendered = prompter.render("Hello?", "Be kind.")

    assert rendered.endswith("<|im_start|>assistant\n")
    assert "Be kind." in rendered


def test_thinking_is_switched_off_where_a_template_knows_it() -> None:
    fast = tiny.tokenizer()
    fast.chat_template = "{{ messages[-1]['content'] }}{% if enable_thinking %}<think>{% endif %}"

    assert "<think>" not in Prompter(fast).render("Hello?")


def test_without_a_template_the_system_prompt_comes_first_in_plain_text() -> None:
    fast = tiny.tokenizer()
    fast.chat_template = None
    prompter = Prompter(fast)

    assert prompter.render("Why?", "Be kind.") == "Be kind.\n\nWhy?\n\nAnswer: "
    assert "no chat template" in prompter.note


def test_answer_tokens_are_the_bracketed_letters_where_they_are_single() -> None:
    fast = tiny.tokenizer(letters_with_bracket=True)
    tokens = Prompter(fast).answer_tokens()

    assert tokens.prefix == ""
    assert [fast.decode([i]) for i in (tokens.a, tokens.b)] == ["(A", "(B"]


def test_otherwise_the_bracket_is_written_and_the_letter_read() -> None:
    fast = tiny.tokenizer(letters_with_bracket=False)
    tokens = Prompter(fast).answer_tokens()

    assert tokens.prefix == "("
    assert [fast.decode([i]) for i in (tokens.a, tokens.b)] == ["A", "B"]


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(DataError, match="prompt is empty"):
        Prompter(tiny.tokenizer()).tokens("  ")


@pytest.mark.parametrize(
    ("sequences", "count"),
    [([[1, 2, 3], [1, 2, 4]], 2), ([[1, 2], [1, 2]], 1), ([[5], [5]], 0), ([[1, 2], [3, 2]], 0)],
)
def test_shared_prefix_leaves_each_prompt_a_token_of_its_own(sequences, count: int) -> None:
    assert shared_prefix(sequences) == count
