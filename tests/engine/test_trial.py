"""A chat template that has no end is refused before it runs where it would stop the program."""

import pytest

from engine.errors import DataError, ModelError
from engine.model.checkpoints import trial
from engine.model.prompts import Prompter
from tests import tiny

LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
MARKED = f"{{% generation %}}{LOOP}{{% endgeneration %}}"
GROWING = (
    "{% set n = namespace(x='ab') %}"
    "{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}"
)  # fmt: skip
IN_ONE_STEP = "{{ 'a' * (3 * 10 ** 9) }}"
LONG = f"{{% for i in range(99999) %}}{'a' * 20}{{% endfor %}}"


def prompter(template: str) -> Prompter:
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = template
    return Prompter(tokenizer)


@pytest.mark.parametrize("start", [GROWING, IN_ONE_STEP, LONG, MARKED])
def test_a_template_without_an_end_is_one_sentence(start: str, monkeypatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 1)

    with pytest.raises(ModelError, match="does not end within 1 seconds and 1 GiB"):
        prompter(start + tiny.TEMPLATE).tokens("Would you?")


def test_one_that_ends_only_for_some_turns_is_found(monkeypatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 1)
    later = "{% if messages[0]['role'] == 'system' %}" + LOOP + "{% endif %}"

    with pytest.raises(ModelError, match="does not end"):
        prompter(tiny.TEMPLATE + later).tokens("Would you?")


def test_one_that_marks_what_the_model_says_ends() -> None:
    marked = "{% generation %}{{ m['content'] }}{% endgeneration %}"
    template = tiny.TEMPLATE.replace("{{ m['content'] }}", marked)

    assert prompter(template).tokens("Would you?") == prompter(tiny.TEMPLATE).tokens("Would you?")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ raise_exception('never') }}", "never"),
        ("{% for %}", "Expected an expression"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "recursion"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{% import 'os' as os %}", "no loader"),
    ],
)
def test_what_a_template_raises_is_one_sentence(template: str, said: str) -> None:
    with pytest.raises(ModelError, match=f"cannot be rendered .*{said}"):
        prompter(template).tokens("Would you?")


def test_half_a_character_is_one_sentence() -> None:
    with pytest.raises(DataError, match="half of a character"):
        prompter("{{ '\\ud800' }}" + tiny.TEMPLATE).tokens("Would you?")
    with pytest.raises(DataError, match="half of a character"):
        prompter(tiny.TEMPLATE).tokens("Would \ud800 you?")
