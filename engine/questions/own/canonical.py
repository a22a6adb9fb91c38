"""Items to the rows that are kept, which every reader of questions, pairs and prompts takes.

Knows nothing of files or layouts.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.questions import rows as question_rows
from engine.questions.letters import LETTERS
from engine.questions.own.choices import YES_NO
from engine.questions.own.items import Item
from engine.questions.own.limits import Unusable
from engine.questions.rows import ANSWER_KEYS, UnusableRow

REDUCED = "reduced"
PLACED = "placed"
SYSTEM = "system"
LONGER = "longer"
ALONE = "alone"
LONE = "lone"
BARE = "bare"
NOTES = {
    REDUCED: "{} questions have more than two options: the matching one and one other are asked.",
    PLACED: "In {} questions chance, fixed by their words, put one of both answers at (A).",
    SYSTEM: "{} rows bring a system prompt, which A/B questions and prompts do not use.",
    LONGER: "Of {} conversations only the first question and answer are used.",
    ALONE: "{} rows hold a question and no answer: enough to contrast two system prompts.",
    LONE: "{} rows hold one answer: enough to learn from, not to contrast.",
    BARE: "{} pairs have no question: the texts are read as answers to an empty message.",
}
"""What a reader should see of rows that were changed, with their number."""


class Made(NamedTuple):
    """A row to be kept, and what was done to it."""

    row: dict[str, Any]
    tags: tuple[str, ...] = ()


def placed(items: Sequence[Item]) -> list[bool]:
    """Whether the matching answer of every item stands first, where its file does not say.

    By their words' hashes, half of them do: no place in the file can tell.
    """
    order = sorted(range(len(items)), key=lambda i: _hash(*_words(items[i])))
    first = [False] * len(items)
    for place in order[::2]:
        first[place] = True
    return first


def _words(item: Item) -> tuple[str, ...]:
    return (item.question, item.positive, item.negative, *item.options)


def made(item: Item, kind: str, poles: tuple[str, str], is_turned: bool, is_first: bool) -> Made:
    """The row of an item.

    Args:
        item: What a row held.
        kind: One of `KINDS`.
        poles: Under which names pairs are kept.
        is_turned: Whether the other answer is the one that shows the behaviour.
        is_first: Whether the matching answer stands first, where the file does not say.

    Raises:
        Unusable: If the kind needs what the item lacks.
    """
    tags = (LONGER,) if item.has_more else ()
    if kind == "prompts":
        found = _prompt(item)
    elif kind == "knowledge":
        found = _knowledge(item)
    elif kind == "questions" or item.options or item.as_is is not None:
        found = _question(item, is_turned, is_first)
    else:
        found = _pair(item, poles, is_turned)
    return found._replace(tags=found.tags + tags)


FORMS = ("two answers", "options", "one answer", "no answer")
"""What a kept row of pairs holds, the fullest first."""


def form_of(row: dict[str, Any]) -> str:
    """Which of `FORMS` a row of pairs has."""
    if ANSWER_KEYS[0][0] in row:
        return FORMS[1]
    return FORMS[2] if "messages" in row else FORMS[0] if len({*row} - _ASKED) == 2 else FORMS[3]


_ASKED = {"question", "system", "split"}


def best_of(forms: Sequence[str]) -> str:
    """The form to keep: readers take one, the fullest, and of both full ones the more frequent."""
    full = [form for form in forms if form in FORMS[:2]]
    return max(full, key=full.count) if full else min(forms, key=FORMS.index, default=FORMS[3])


def _prompt(item: Item) -> Made:
    if not item.question:
        raise Unusable("no question or prompt")
    return Made({"prompt": item.question}, (SYSTEM,) if item.system else ())


def _knowledge(item: Item) -> Made:
    """A question with all its options, one of which is right, as `load_knowledge` reads it."""
    if not item.options:
        raise Unusable("no options to choose from")
    if len(item.right) != 1:
        raise Unusable(f"{len(item.right)} options are right")
    if not 2 <= len(item.options) <= len(LETTERS) or len({*item.options}) < len(item.options):
        raise Unusable(f"not 2 to {len(LETTERS)} options that all differ")
    answer = LETTERS[item.right[0]]
    return Made({"question": item.question, "options": [*item.options], "answer": answer})


def _question(item: Item, is_turned: bool, is_first: bool) -> Made:
    """An A/B question in the field's own layout."""
    tags = [SYSTEM] if item.system else []
    row = item.as_is
    if row is None:
        matching, other = _answers(item)
        if len(item.options) > 2:
            tags.append(REDUCED)
        if len(item.options) == 2 and item.options != YES_NO:
            is_first = item.right[0] == 0
        else:
            tags.append(PLACED)
        row = _asked(item.question, *((matching, other) if is_first else (other, matching)))
        row |= _letters("AB" if is_first else "BA")
    try:
        question_rows.take_apart(row)
    except UnusableRow as problem:
        raise Unusable(str(problem)) from None
    if is_turned:
        matching_key, other_key = ANSWER_KEYS[0]
        row = {**row, matching_key: row[other_key], other_key: row[matching_key]}
    return Made(row, tuple(tags))


def _answers(item: Item) -> tuple[str, str]:
    """The matching answer, and the other one that it stands beside."""
    if item.positive and item.negative:
        if not item.question:
            raise Unusable("two texts without a question")
        return item.positive, item.negative
    if not item.options:
        raise Unusable("no two options and no two answers")
    right = [i for i in item.right if i not in item.wrong]
    wrong = [i for i in item.wrong if i not in item.right]
    if not right or not wrong:
        raise Unusable("no option matches" if not right else "every option matches")
    others = sorted(wrong, key=lambda i: _hash(item.question, item.options[i]))
    return item.options[right[0]], item.options[others[0]]


def _asked(stem: str, first: str, second: str) -> dict[str, Any]:
    return {"question": f"{stem}\n\nChoices:\n (A) {first}\n (B) {second}"}


def _letters(order: str) -> dict[str, Any]:
    return {key: f" ({letter})" for key, letter in zip(ANSWER_KEYS[0], order, strict=True)}


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _pair(item: Item, poles: tuple[str, str], is_turned: bool) -> Made:
    """Two answers to one question, a conversation with one, or a question alone."""
    more = {"system": item.system} if item.system else {}
    more |= {"split": item.split} if item.split == "held-out" else {}
    if item.positive and item.negative:
        texts = (item.positive, item.negative)
        if texts[0] == texts[1]:
            raise Unusable("both texts are the same")
        texts = texts[::-1] if is_turned else texts
        asked = {"question": item.question} if item.question else {}
        row = {**asked, **dict(zip(poles, texts, strict=True)), **more}
        return Made(row, () if item.question else (BARE,))
    if item.answer:
        turns = [("system", item.system), ("user", item.question), ("assistant", item.answer)]
        messages = [{"role": role, "content": text} for role, text in turns if text]
        return Made({"messages": messages}, (LONE,))
    if not item.question:
        raise Unusable("no text")
    return Made({"question": item.question}, (ALONE, SYSTEM) if item.system else (ALONE,))
