"""How one tokenizer's chat template wants to be asked, found by trying it once.

Knows nothing of tokens or models: turns of a conversation go in, text comes out.
"""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jinja2 import TemplateError

from engine.errors import ModelError
from engine.model.checkpoints import trial

Turn = dict[str, Any]
"""`role` and `content` of what one side says."""

THINKING = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "◁think▷": "◁/think▷",
}
"""How templates open the model's thinking, and how that is closed."""
_OPENED = re.compile(rf"({'|'.join(map(re.escape, THINKING))})(\s*)$")
# Harmony models begin every answer with a channel, and the first one is their thinking.
_HARMONY = "<|start|>assistant"
_ANSWER_CHANNEL = "<|channel|>final<|message|>"

DATE_WORDS = ("strftime_now", "date_string")
"""What a template asks for where it writes a date; the second one has it written out."""
_DATE_STRING = "%d %b %Y"
_DIRECTIVES = "aAwdbBmyYHIpMSfjUWGuVcxXCDFRTeh"
_PERCENT = "\0"
"""Stands for a written percent sign until the directives are replaced."""

_SYSTEM, _USER = "Qsystemq", "Quserq"
_REFUSALS = (
    TemplateError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
    ImportError,
    MemoryError,
)
"""What a template raises that cannot be rendered, or that refuses what it is given."""

NO_SYSTEM = (
    "This chat template has no system role: a system prompt is written at the top of the "
    "user's turn."
)
THINKING_CLOSED = (
    "This chat template lets the model think first: the thinking is closed at once, so that the "
    "answer follows the prompt."
)


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What a template wants."""

    has_system: bool
    """Whether a system turn is written; else its text goes into the user's turn."""
    in_parts: bool
    """Whether a turn's content is a list of parts, as for models that also see."""
    closing: str
    """What ends the thinking that the template opens; "" where it opens none."""


class Template:
    """One chat template and its tokenizer."""

    def __init__(self, tokenizer: Any, date: str) -> None:
        """Choose the template that is meant where there are several.

        Args:
            tokenizer: Its tokenizer.
            date: The day that the template is told, as YYYY-MM-DD.

        Raises:
            ModelError: If there are several and none is the usual one.
        """
        self._tokenizer = tokenizer
        self.text = _chosen(tokenizer.chat_template)
        self._date = datetime.datetime.fromisoformat(date)
        # The library passes no function on, so the macro stands in the text, on a line of its own.
        self._told = _clock(self._date) + self.text if DATE_WORDS[0] in self.text else self.text

    @cached_property
    def habits(self) -> Habits:
        """What this template wants.

        Raises:
            ModelError: If it cannot be rendered, has no end, or leaves out what the user says.
        """
        trial.refuse_endless(self.text, self._tokenizer.special_tokens_map)
        in_parts = not self._holds([_turn("user", _USER)], False, _USER)
        if in_parts and not self._holds([_turn("user", _USER)], True, _USER):
            # Says why, where the template itself does.
            self._apply([_turn("user", _USER)], in_parts=False, begins=True)
            raise ModelError(
                "This tokenizer's chat template leaves out what the user says: mend its "
                "chat_template, or remove it to use plain prompts."
            )
        both = [_turn("system", _SYSTEM), _turn("user", _USER)]
        opened = self._apply([_turn("user", _USER)], in_parts=in_parts, begins=True)
        return Habits(
            has_system=self._holds(both, in_parts, _SYSTEM, _USER),
            in_parts=in_parts,
            closing=_closing(opened),
        )

    @property
    def reads_date(self) -> bool:
        """Whether it asks for the date, in whatever case it may write it."""
        return any(word in self.text for word in DATE_WORDS)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences a reader should see."""
        told = {
            NO_SYSTEM: not self.habits.has_system,
            THINKING_CLOSED: bool(self.habits.closing),
            f"This chat template can write a date: it was told {self._date:%Y-%m-%d}, not the day "
            "of the run.": self.reads_date,
        }
        return tuple(note for note, holds in told.items() if holds)

    def conversation(self, turns: Sequence[Turn], begins: bool) -> str:
        """The turns as the template writes them.

        Args:
            turns: A system turn, if any, comes first.
            begins: Whether the model's own turn is opened after them, with its thinking closed.

        Raises:
            ModelError: If the template cannot be rendered, or refuses these turns.
        """
        habits, said = self.habits, list(turns)
        if not habits.has_system and said[0]["role"] == "system" and len(said) > 1:
            text = f"{said[0]['content']}\n\n{said[1]['content']}"
            said = [{**said[1], "content": text}, *said[2:]]
        written = self._apply(said, in_parts=habits.in_parts, begins=begins)
        return written + _closing(written) if begins else written

    def _holds(self, turns: list[Turn], in_parts: bool, *wanted: str) -> bool:
        try:
            written = self._apply(turns, in_parts=in_parts, begins=True)
        except ModelError:
            return False
        return all(text in written for text in wanted)

    def _apply(self, turns: list[Turn], *, in_parts: bool, begins: bool) -> str:
        if in_parts:
            turns = [{**t, "content": [{"type": "text", "text": t["content"]}]} for t in turns]
        try:
            # Without this Qwen3 opens its answer with <think>, and no letter is read.
            return self._tokenizer.apply_chat_template(
                turns,
                chat_template=self._told,
                tokenize=False,
                add_generation_prompt=begins,
                enable_thinking=False,
                date_string=self._date.strftime(_DATE_STRING),
            )
        except _REFUSALS as error:
            said = " ".join(str(error).split())[:160] or type(error).__name__
            raise ModelError(
                f"This tokenizer's chat template cannot be rendered ({said}): mend its "
                "chat_template, or remove it to use plain prompts."
            ) from error


def _clock(date: datetime.datetime) -> str:
    """A macro in the place of the library's clock, which tells today; its line leaves no text."""
    parts = [*_DIRECTIVES, *(f"-{one}" for one in "dmHIMSj")]
    told = {"%%": _PERCENT, **{f"%{one}": date.strftime(f"%{one}") for one in parts}, _PERCENT: "%"}
    steps = "".join(f"|replace({old!r}, {new!r})" for old, new in told.items())
    return f"{{% macro {DATE_WORDS[0]}(format) %}}{{{{ format{steps} }}}}{{% endmacro %}}\n"


def _chosen(templates: Any) -> str:
    if not isinstance(templates, dict):
        return str(templates)
    if "default" in templates or len(templates) == 1:
        return str(templates.get("default", next(iter(templates.values()))))
    raise ModelError(
        f"This tokenizer has chat templates named {', '.join(sorted(templates))}, and none is "
        "the default: name one of them default."
    )


def _turn(role: str, content: str) -> Turn:
    return {"role": role, "content": content}


def _closing(opened: str) -> str:
    """What ends the thinking that a prompt opens at its end; "" where it opens none."""
    if opened.endswith(_HARMONY):
        return _ANSWER_CHANNEL
    found = _OPENED.search(opened)
    if found is None:
        return ""
    before = "\n" if found[2].endswith("\n") else "\n\n"
    return f"{before}{THINKING[found[1]]}\n\n"
