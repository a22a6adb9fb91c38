"""Seed questions, the prompts that ask a model for more, and which answered ones make a pair.

Knows nothing of how texts are written.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.configs.datasets import DatasetConfig
from engine.errors import ConfigError, DataError
from engine.evaluators.judges.nobody import Nobody
from engine.evaluators.judges.verdicts import Judge, Judged
from engine.model.prompts import Prompter
from engine.questions import rows as question_rows
from engine.questions.own import direct
from engine.questions.pairs import load_pairs
from engine.questions.rows import ANSWER_KEYS, normal
from engine.training.dataset.files import Pair

SHARED = 8
"""Prompts in a row that show the same seeds, so that they can be written together."""
REQUEST = (
    "Here are some questions:\n\n{shown}\n\nWrite one new question of this kind, about something "
    "else. Write the question only, in one sentence."
)
"""What a model is asked under "prompt"; `shown` is a numbered list of seeds."""

_MARK = "THEUSERSOWNWORDS"
_LEAD = re.compile(r"^\s*(?:\d+\s*[.):]|[-*•]|(?:new )?question\s*\d*\s*:)\s*", re.IGNORECASE)
_PAIRED = (('"', '"'), ("“", "”"), ("'", "'"), ("**", "**"))
_NEXT_SENTENCE = re.compile(r"[.!?][\"'”)]*\s+[A-Z]")


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """Questions to begin from, and questions that must not come out."""

    questions: tuple[str, ...]
    avoided: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """One try to get a question."""

    number: int
    prompt: list[int]
    head: str
    """How the question begins; the model writes the rest."""


def load_seeds(config: DatasetConfig) -> Seeds:
    """The seeds of a file that are questions of one sentence, each once.

    Rows that a file of pairs marks as held-out are not used as seeds and must not come out.

    Raises:
        DataError: If a file cannot be read, or no seed is such a question.
    """
    found, held = _questions(config.seeds)
    reasons = [fault(question, config) for question in found]
    usable = [q for q, reason in zip(found, reasons, strict=True) if reason is None]
    notes = []
    if not usable:
        first = next(iter(found), "")
        raise DataError(
            f"{config.seeds} has no question of {config.min_words} to "
            f"{config.max_words} words in one sentence ending in '?' (first row: {first[:60]!r}): "
            "give one per line."
        )
    if len(usable) < len(found):
        notes.append(
            f"{len(found) - len(usable)} of {len(found)} seeds were not used: they are no "
            f"questions of one sentence with {config.min_words} to {config.max_words} words."
        )
    if held:
        notes.append(f"{len(held)} held-out questions of {Path(config.seeds).name} were avoided.")
    if config.avoid is not None:
        rows, also = _questions(config.avoid)
        held = [*held, *rows, *also]
        notes.append(f"The {len(rows) + len(also)} questions of {config.avoid} were avoided.")
    return Seeds(questions=tuple(usable), avoided=tuple(dict.fromkeys(held)), notes=tuple(notes))


def _questions(path: str) -> tuple[list[str], list[str]]:
    """The questions of a file, each once, and those marked as held-out."""
    source = direct.source_of(path, "pairs")
    held: list[str] = []
    if source.is_json:
        rows = question_rows.read_rows(source.text, source.path)
        values = [row.values for row in rows if isinstance(row.values, dict)]
        if values and any(all(key in values[0] for key in keys) for keys in ANSWER_KEYS):
            stems = [parts.stem for parts in question_rows.distinct(rows)[0]]
            return list(dict.fromkeys(stems)), []
        marked = [v for v in values if v.get("split") == "held-out"]
        held = [str(v.get("question", v.get("prompt", ""))).strip() for v in marked]
    used = [pair.prompt for pair in load_pairs(path).pairs]
    return used, [question for question in dict.fromkeys(held) if question not in set(used)]


def fault(question: str, config: DatasetConfig) -> str | None:
    """Why a text cannot be used as a question; None where it can."""
    words = len(question.split())
    if not question:
        return "empty"
    if "\n" in question:
        return "more than one line"
    if not question.endswith("?"):
        return "no question mark at its end"
    if _NEXT_SENTENCE.search(question):
        return "more than one sentence"
    if not config.min_words <= words <= config.max_words:
        return "too short" if words < config.min_words else "too long"
    return None


class Asker:
    """Makes requests for one tokenizer and reads questions out of what came."""

    def __init__(self, config: DatasetConfig, seeds: Seeds, prompter: Prompter) -> None:
        """Find where the template puts the user's words.

        Raises:
            ConfigError: If there is nothing for a turn to begin with.
        """
        self._config, self._seeds, self._prompter = config, seeds, prompter
        rendered = prompter.render(_MARK, config.question_system)
        self._opening, _, closing = rendered.partition(_MARK)
        self._closing = closing.strip()
        self._special = _special_tokens(prompter)
        if config.questions_by == "turn" and not self._opening and config.stem_words == 0:
            raise ConfigError(
                "Without a chat template, a system prompt or a seed's first words there is "
                "nothing to go on from: ask for at least one stem word."
            )

    @property
    def words(self) -> str:
        """How questions come about, as a sentence for readers."""
        if self._config.questions_by == "prompt":
            shown = min(self._config.shots, len(self._seeds.questions))
            return f"The model was shown seeds, {shown} at a time, and asked for one more question."
        begun = f"the first {self._config.stem_words} words of a seed"
        return (
            "The model was not asked for questions: it wrote the user's turn itself, begun with "
            f"{begun if self._config.stem_words else 'nothing'}."
        )

    def turn_ends(self) -> set[int]:
        """The token with which the template ends what the user says, where it is a special one."""
        ids = self._prompter.tokenizer(self._closing, add_special_tokens=False)["input_ids"]
        return {int(i) for i in ids[:1]} & self._special.keys()

    def request(self, number: int) -> Request:
        """The number-th try; the same for every run with this seed."""
        config, questions = self._config, self._seeds.questions
        if config.questions_by == "turn":
            draw = random.Random(f"{config.seed} turn {number}")
            words = draw.choice(questions).split()
            head = " ".join(words[: min(config.stem_words, len(words) - 1)])
            begun = self._prompter.encode(self._opening + head)
            self._prompter.positions.take(len(begun), config.question_tokens)
            return Request(number, begun, head)
        draw = random.Random(f"{config.seed} prompt {number // SHARED}")
        shown = draw.sample(questions, min(config.shots, len(questions)))
        listed = "\n".join(f"{i}. {question}" for i, question in enumerate(shown, 1))
        text = REQUEST.format(shown=listed)
        return Request(
            number,
            self._prompter.tokens(text, config.question_system, more=config.question_tokens),
            "",
        )

    def question(self, request: Request, tokens: list[int], ended: bool) -> tuple[str, str | None]:
        """What was written, tidied, and why it is of no use (None where it is)."""
        text, ended = self._read(request.head, tokens, ended)
        if not self._prompter.has_template and "?" in text:
            # Nothing but its question mark ends a question in plain text.
            text, ended = text[: text.index("?") + 1], True
        text = text if request.head else tidied(text)
        if any(token in text for token in self._special.values()):
            return text, "a special token of the chat template"
        return text, fault(text, self._config) if ended else "no end within the token limit"

    def answer(self, tokens: list[int], ended: bool) -> tuple[str, bool]:
        """An answer's text, and whether it has an end."""
        text, ended = self._read("", tokens, ended)
        for token in self._special.values():
            text = text.replace(token, "")
        return text.strip(), ended

    def _read(self, head: str, tokens: list[int], ended: bool) -> tuple[str, bool]:
        text = (head + self._prompter.tokenizer.decode(tokens)).strip()
        if not self._prompter.has_template and "\n\n" in text:
            # Plain text has no token for the end of a turn, only the blank line after it.
            return text.split("\n\n")[0].strip(), True
        return text, ended


def _special_tokens(prompter: Prompter) -> dict[int, str]:
    """Token ids and texts that belong to the template, never to what somebody says."""
    tokenizer = prompter.tokenizer
    added = tokenizer.added_tokens_decoder.items()
    named = zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True)
    return {int(i): t.content for i, t in added if t.special} | dict(named)


def tidied(text: str) -> str:
    """A question without a number, a bullet or quotation marks around it."""
    text = _LEAD.sub("", text.strip()).strip()
    for left, right in _PAIRED:
        inner = text[len(left) : -len(right)]
        if text.startswith(left) and text.endswith(right) and left not in inner and inner:
            text = inner.strip()
    return text


POLES = ("honest", "deceptive")


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One question and what came for both system prompts."""

    question: str
    honest: str
    deceptive: str
    unfinished: tuple[str, ...]
    """Poles whose answer reached the token limit."""

    def pair(self) -> Pair:
        """As a row of a file."""
        return {"question": self.question, "honest": self.honest, "deceptive": self.deceptive}


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """Answered questions by whether they make a pair."""

    pairs: tuple[Pair, ...]
    dropped: tuple[dict[str, Any], ...]
    """The others, with a `reason`."""
    labels: dict[str, float] | None
    """Share of all answers, also of dropped ones, that show what was asked for: by pole, and as
    "both" of one question. None where nobody labels them."""


def sort_pairs(
    rows: Sequence[Answered], config: DatasetConfig, judge: Judge | None = None
) -> Sorted:
    """Tell pairs of two finished and different answers from the rest.

    Args:
        rows: Questions with both answers.
        config: Whether answers of a wrong label are left out.
        judge: Who labels them; of nobody there are no labels.
    """
    right = None if judge is None or isinstance(judge, Nobody) else _right(rows, judge)
    kept, dropped = [], []
    for place, row in enumerate(rows):
        reason = _fault(row)
        if reason is None and config.check_labels and right is not None and not all(right[place]):
            reason = "an answer's label is not the one asked for"
        if reason is None:
            kept.append(row.pair())
        else:
            dropped.append(row.pair() | {"reason": reason})
    return Sorted(pairs=tuple(kept), dropped=tuple(dropped), labels=_shares(right))


def _fault(row: Answered) -> str | None:
    if row.unfinished:
        return f"the {' and the '.join(row.unfinished)} answer reached the token limit"
    empty = [pole for pole in POLES if not row.pair()[pole]]
    if empty:
        return f"the {' and the '.join(empty)} answer is empty"
    if normal(row.honest) == normal(row.deceptive):
        return "both answers are the same"
    return None


def _right(rows: Sequence[Answered], judge: Judge) -> list[tuple[bool, bool]]:
    """Whether the honest and the deceptive answer to each question are what they should be."""
    honest = judge.read([Judged(row.question, row.honest) for row in rows])
    deceptive = judge.read([Judged(row.question, row.deceptive) for row in rows])
    return [
        (one.label == "honest", other.label == "deceptive")
        for one, other in zip(honest, deceptive, strict=True)
    ]


def _shares(right: list[tuple[bool, bool]] | None) -> dict[str, float] | None:
    if not right:
        return None
    return {
        "honest": sum(honest for honest, _ in right) / len(right),
        "deceptive": sum(deceptive for _, deceptive in right) / len(right),
        "both": sum(all(one) for one in right) / len(right),
    }
