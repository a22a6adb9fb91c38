"""Prompts end where the answer begins, and the answer tokens are found, not assumed."""

import datetime

import pytest

from engine.configs.core import ModelConfig
from engine.errors import ConfigError, DataError, ModelError
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
    assert "no chat template" in prompter.notes[0]


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


TURNS = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
RAISES = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('No system') }}{% endif %}"
DROPS = TURNS.replace("in messages %}", "in messages if m['role'] != 'system' %}")


def asked(template) -> Prompter:
    fast = tiny.tokenizer()
    fast.chat_template = template
    return Prompter(fast)


@pytest.mark.parametrize("template", [RAISES + TURNS, DROPS])
def test_a_system_prompt_without_a_role_of_its_own_is_part_of_the_user_s_turn(template) -> None:
    prompter = asked(template)

    assert prompter.render("Why?", "Be kind.") == (
        "<|im_start|>user\nBe kind.\n\nWhy?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert prompter.render("Why?") == "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n"
    assert prompter.conversation(prompter.turns("Why?", "Be kind.", "So.")).count("Be kind.") == 1
    assert "no system role" in prompter.notes[0]
    assert asked(TURNS).notes == ()


@pytest.mark.parametrize(
    ("opening", "closed"),
    [
        ("<think>\n", "<think>\n\n</think>\n\n"),
        ("<think>", "<think>\n\n</think>\n\n"),
        ("[THINK]", "[THINK]\n\n[/THINK]\n\n"),
    ],
)
def test_thinking_that_a_template_opens_is_closed_before_the_answer(opening, closed) -> None:
    begins = "<|im_start|>assistant\n"
    prompter = asked(TURNS.replace("assistant\n", "assistant\n" + opening))

    assert prompter.render("Why?").endswith(begins + closed)
    assert "closed at once" in prompter.notes[0]
    assert not prompter.conversation(prompter.turns("Why?")).endswith(closed)
    # Where the template itself closes it nothing is added.
    assert asked(TURNS.replace("assistant\n", "assistant\n" + closed)).notes == ()


def test_a_harmony_template_is_led_to_the_channel_of_answers() -> None:
    prompter = asked(TURNS.replace("<|im_start|>assistant\n", "<|start|>assistant"))

    assert prompter.render("Why?").endswith("<|start|>assistant<|channel|>final<|message|>")


def test_of_several_templates_the_default_one_is_used() -> None:
    prompter = asked({"default": TURNS, "tool_use": TURNS + "tools"})

    assert prompter.render("Why?") == asked(TURNS).render("Why?")
    assert prompter.template_hash == asked(TURNS).template_hash
    with pytest.raises(ModelError, match="templates named rag, tool_use, and none is the default"):
        asked({"rag": TURNS, "tool_use": TURNS})


def test_content_is_given_in_parts_where_the_template_reads_parts() -> None:
    parts = TURNS.replace(
        "{{ m['content'] }}", "{% for p in m['content'] %}{{ p.text }}{% endfor %}"
    )

    assert asked(parts).render("Why?", "Be kind.") == asked(TURNS).render("Why?", "Be kind.")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ raise_exception('of no use') }}", "of no use"),
        ("{% for m in messages %}", "unknown tag|Unexpected end"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ messages[0].missing.more }}", "missing"),
        ("always the same", "leaves out what the user says"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_in_a_sentence(template, said) -> None:
    with pytest.raises(ModelError, match=said):
        asked(template).render("Why?", "Be kind.")


LLAMA_3 = (
    "{% if not date_string is defined %}{% if strftime_now is defined %}"
    "{% set date_string = strftime_now('%d %b %Y') %}{% else %}"
    "{% set date_string = '26 Jul 2024' %}{% endif %}{% endif %}Today Date: {{ date_string }}\n"
)
LLAMA_31 = (
    "{% if not date_string is defined %}{% set date_string = '26 Jul 2024' %}{% endif %}"
    "Today Date: {{ date_string }}\n"
)
OTHERS = "Today is {{ strftime_now('%Y-%m-%d %H:%M') }}.\n"


@pytest.mark.parametrize(
    ("opening", "written"),
    [
        (LLAMA_3, "Today Date: 03 Feb 2021\n"),
        (LLAMA_31, "Today Date: 03 Feb 2021\n"),
        (OTHERS, "Today is 2021-02-03 00:00.\n"),
    ],
)
def test_a_template_is_told_the_day_that_was_asked_and_never_today(opening, written) -> None:
    fast = tiny.tokenizer()
    fast.chat_template = opening + TURNS
    asked_for = Prompter(fast, date="2021-02-03")

    assert asked_for.render("Why?").startswith(written)
    assert asked_for.conversation(asked_for.turns("Why?")).startswith(written)
    assert "told 2021-02-03" in asked_for.notes[0]
    assert "2024" in Prompter(fast).render("Why?").splitlines()[0]


def test_a_template_without_a_date_says_nothing_of_one() -> None:
    assert not asked(TURNS).reads_date
    assert not Prompter(tiny.tokenizer()).reads_date
    assert asked(TURNS).render("Why?") == asked(TURNS).on("2021-02-03").render("Why?")


@pytest.mark.parametrize("date", ["today", "20240726", "2024-02-30", "", "2024-7-6", "2024-W30-5"])
def test_a_date_that_is_no_day_is_refused(date: str) -> None:
    with pytest.raises(ConfigError, match="is no day: write it as 2024-07-26"):
        ModelConfig(date=date)


@pytest.mark.parametrize("opening", ["", "\n", "\n\n", "  {% if true %}x{% endif %}\n", "  text\n"])
def test_telling_a_date_changes_nothing_else_that_a_template_writes(opening: str) -> None:
    silent = "{% if false %}{{ strftime_now('%Y') }}{% endif %}"

    assert asked(opening + silent + TURNS).render("Why?") == asked(opening + TURNS).render("Why?")


def test_a_macro_of_a_template_is_told_the_day_in_every_way_it_can_be_written() -> None:
    form = "%A %a %d %-d %B %b %m %-m %Y %y %j %H:%M:%S %I %p %F %D %T %e %h %U %W %V %G %% %%d x"
    within = f"{{% macro today() %}}{{{{ strftime_now(format='{form}') }}}}{{% endmacro %}}"
    fast = tiny.tokenizer()
    fast.chat_template = within + "{{ today() }}\n" + TURNS
    written = Prompter(fast, date="2023-04-05").render("Why?").splitlines()[0]

    assert written == datetime.datetime(2023, 4, 5).strftime(form)
