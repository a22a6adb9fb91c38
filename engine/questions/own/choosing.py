"""Rows of multiple choice to items: where the options stand, and where the answer.

Knows nothing of other layouts.
"""

import re
from collections.abc import Callable
from typing import Any

from engine.questions import rows as question_rows
from engine.questions.own import choices, roles
from engine.questions.own.choices import YES_NO, Choices, counted_from, place_of
from engine.questions.own.items import Item
from engine.questions.own.limits import Unusable, words
from engine.questions.rows import ANSWER_KEYS, Row, UnusableRow

Read = Callable[[Any], Item]
Found = tuple[dict[str, str], Read, tuple[str, ...]]
_WRONG = re.compile(r"(?:incorrect_answer|distractor|wrong_answer)_?\d+")


def matching_of(question: str, fields: tuple[str, str]) -> Read:
    """Reads rows whose two fields name the answer that matches, and the other."""

    def read(value: Any) -> Item:
        if not isinstance(value, dict):
            raise Unusable("not an object with columns")
        text = words(value.get(question), question)
        answers = value.get(fields[0]), value.get(fields[1])
        if (row := _as_is(text, answers)) is not None:
            return Item(question=text, as_is=row)
        stem, known = _options(text, answers)
        if known is None:
            both = (words(one, name) for one, name in zip(answers, fields, strict=True))
            positive, negative = both
            return Item(question=text, positive=positive, negative=negative)
        right, wrong = (place_of(one, known, 0) for one in answers)
        return Item(question=stem, options=known.options, right=right, wrong=wrong)

    return read


def _as_is(text: str, answers: tuple[Any, Any]) -> dict[str, Any] | None:
    """The row as every reader takes it; None where it is another form."""
    row = dict(zip(ANSWER_KEYS[0], answers, strict=True))
    try:
        question_rows.take_apart({"question": text, **row})
    except UnusableRow as problem:
        if str(problem).startswith(("both", "the question")):
            raise Unusable(str(problem)) from None
        return None
    return {"question": text, **row}


def _options(text: str, answers: tuple[Any, Any]) -> tuple[str, Choices | None]:
    """Stem and options; none where the answers are texts of their own."""
    try:
        return choices.embedded(text)
    except Unusable:
        said = {str(one).strip().strip(".").casefold() for one in answers}
        if said == {"yes", "no"}:
            return text, Choices(YES_NO, choices.lettered(YES_NO))
        if all(isinstance(one, str) and len(one.strip(" ().")) > 1 for one in answers):
            return text, None
        raise


def layout_of(
    names: list[str],
    sample: list[dict[str, Any]],
    rows: list[Row],
    said: dict[str, str],
    first: str,
) -> Found | None:
    """Parts, reader and notes of multiple choice; None where a file holds none."""
    question = said.get("question") or roles.first_of(names, roles.NAMES["question"])
    if question is None:
        return None
    rest = [name for name in names if name != question]
    by_text = _right_and_wrong(question, rest)
    if by_text is not None and "options" not in said:
        return by_text
    columns = _columns(rest, sample, said)
    others = [name for name in rest if name not in columns]
    right = said.get("right") or roles.first_of(others, roles.NAMES["right"])
    if right is None and not (len(columns) == 1 and _is_marked(sample, columns[0])):
        return None
    if not columns and not _is_embedded(sample, question):
        return None
    parts = {question: "question", **dict.fromkeys(columns, "options")}
    parts |= {right: "right"} if right is not None else {}
    base, notes = _base(rows, question, columns, right, first)
    return parts, _reader(question, columns, right, base), notes


def _right_and_wrong(question: str, rest: list[str]) -> Found | None:
    """Texts of right answers beside texts of wrong ones."""
    right = roles.first_of(rest, ("best_answer", "correct_answer", "correct_answers"))
    wrong = [name for name in rest if _WRONG.fullmatch(roles.plain(name))]
    listed = roles.first_of(rest, roles.NAMES["wrong"])
    columns = wrong or ([listed] if listed else [])
    if right is None or not columns or roles.paired(rest) is not None:
        return None

    def read(value: Any) -> Item:
        row = value if isinstance(value, dict) else {}
        rights = _all(row.get(right), right)
        wrongs = [one for name in columns for one in _all(row.get(name), name)]
        options = (rights[0], *wrongs)
        places = tuple(range(1, len(options)))
        return Item(
            question=words(row.get(question), question), options=options, right=(0,), wrong=places
        )

    parts = {question: "question", right: "right", **dict.fromkeys(columns, "wrong")}
    return parts, read, ()


def _all(value: Any, name: str) -> list[str]:
    """Texts of a list, of a cell of several between semicolons, or one."""
    found = value if isinstance(value, list) else str(value or "").split(";")
    texts = [words(one, name) for one in found if str(one).strip()]
    if not texts:
        raise Unusable(f"'{name}' is empty")
    return texts


def _columns(names: list[str], sample: list[dict[str, Any]], said: dict[str, str]) -> list[str]:
    """Columns that hold the options: one with lists, or one for each."""
    if "options" in said:
        return [one.strip() for one in said["options"].split(",")]
    for wanted in roles.NAMES["options"]:
        name = roles.first_of(names, [wanted])
        if name is not None and any(_is_list(one.get(name)) for one in sample[:20]):
            return [name]
    return roles.options_of(names)


def _is_list(value: Any) -> bool:
    try:
        choices.listed(value)
    except Unusable:
        return False
    return True


def _is_marked(sample: list[dict[str, Any]], name: str) -> bool:
    return any(choices.marks(one.get(name)) is not None for one in sample)


def _is_embedded(sample: list[dict[str, Any]], question: str) -> bool:
    for one in sample[:20]:
        try:
            choices.embedded(str(one.get(question, "")))
        except Unusable:
            continue
        return True
    return False


def _taken(row: dict[str, Any], question: str, columns: list[str]) -> tuple[str, Choices]:
    """Stem and options of a row."""
    text = words(row.get(question), question)
    if not columns:
        return choices.embedded(text)
    if len(columns) == 1:
        return text, choices.listed(row.get(columns[0]))
    options = tuple(words(row[name], name) for name in columns if str(row.get(name) or "").strip())
    if len(options) < 2:
        raise Unusable("fewer than two options")
    return text, Choices(options, choices.lettered(options))


def _base(
    rows: list[Row], question: str, columns: list[str], right: str | None, first: str
) -> tuple[int, tuple[str, ...]]:
    """From which number a file counts its options, and what a reader should see of that."""
    if right is None:
        return 0, ()
    if first:
        return int(first), ()
    values, sizes = [], []
    for row in rows[:5000]:
        try:
            _, found = _taken(row.values, question, columns)
        except (Unusable, AttributeError):
            continue
        value = row.values.get(right)
        if str(value).strip() not in found.labels:
            values.append(value)
            sizes.append(len(found.options))
    base, is_sure = counted_from(values, sizes)
    if is_sure or not values:
        return base, ()
    return base, ("The numbers of right options are taken to count from 0.",)


def _reader(question: str, columns: list[str], right: str | None, base: int) -> Read:
    def read(value: Any) -> Item:
        if not isinstance(value, dict):
            raise Unusable("not an object with columns")
        stem, known = _taken(value, question, columns)
        places = choices.marks(value.get(columns[0])) if right is None and columns else None
        if places is None:
            places = place_of(value.get(right), known, base)
        wrong = tuple(i for i in range(len(known.options)) if i not in places)
        return Item(question=stem, options=known.options, right=places, wrong=wrong)

    return read
