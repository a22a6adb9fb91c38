"""What columns are called, and which part each plays; a reader may say so where names differ.

Knows nothing of rows' values.
"""

import re
from collections.abc import Iterable, Mapping

from engine.errors import DataError

PAIRED = (
    ("positive", "negative"),
    ("chosen", "rejected"),
    ("deceptive", "honest"),
    ("pos", "neg"),
    ("positive_answer", "negative_answer"),
    ("positive_response", "negative_response"),
    ("positive_text", "negative_text"),
    ("answer_positive", "answer_negative"),
    ("best_answer", "best_incorrect_answer"),
    ("correct", "incorrect"),
    ("correct_answer", "incorrect_answer"),
    ("preferred", "dispreferred"),
    ("harmful", "harmless"),
    ("sentence_good", "sentence_bad"),
)
"""(positive, negative) names of two texts, the likelier first."""
NAMES: dict[str, tuple[str, ...]] = {
    "question": (
        *("question", "prompt", "question_stem", "instruction", "query", "ctx", "goal", "stem"),
        *("user_prompt", "user", "request", "behavior", "behaviour", "scenario", "sentence"),
        *("statement", "text", "content", "input"),
    ),
    "answer": ("answer", "output", "response", "completion", "target", "assistant", "reply"),
    "system": ("system", "system_prompt"),
    "options": ("choices", "options", "endings", "candidates", "mc1_targets", "answers"),
    "right": (
        *("answer", "answerkey", "answer_key", "label", "gold", "correct", "correct_option"),
        *("cop", "answer_idx", "correct_answer", "answer_index", "target", "correct_answers"),
    ),
    "wrong": ("incorrect_answers", "wrong_answers", "distractors"),
}
"""Names that play a part, the likelier first."""
OPTION = re.compile(r"(?:option|choice|opt?|sol|ending|answer)?_?\(?([a-z]|\d)\)?", flags=re.ASCII)
"""Names of columns with one option each."""
ROLES = {
    "questions": (
        *("question", "matching", "other", "options", "right", "positive", "negative", "system"),
    ),
    "pairs": ("question", "positive", "negative", "answer", "system", "matching", "other"),
    "prompts": ("prompt", "system"),
    "knowledge": ("question", "options", "right"),
}
"""By kind, the parts that a reader may give to columns."""
HOW = {"header": ("yes", "no"), "first": ("0", "1")}
"""What a mapping may say beside columns: whether a first line is names, how options are counted."""
_FIELDS = {
    *("answer_matching_behavior", "answer_not_matching_behavior", "messages", "conversations"),
    *("mc2_targets", "option_a", "option1", "sol1", "ending0", "opa", "choice_a", "category"),
}
_COMMON = {one for names in (*PAIRED, *NAMES.values()) for one in names} | _FIELDS


def plain(name: str) -> str:
    """A column's name without regard to case and spacing."""
    return re.sub(r"[\s\-]+", "_", str(name).strip().casefold())


def is_known(name: str) -> bool:
    """Whether a cell is the name of a column that is known here."""
    return plain(name) in _COMMON


def first_of(names: Iterable[str], wanted: Iterable[str]) -> str | None:
    """The column that is called by the likeliest of some names."""
    by_plain: dict[str, str] = {}
    for name in names:
        by_plain.setdefault(plain(name), name)
    return next((by_plain[one] for one in wanted if one in by_plain), None)


def listed(names: Iterable[str]) -> str:
    """The first names of columns in a sentence, on one line."""
    return ", ".join(" ".join(str(name).split())[:40] for name in list(names)[:12])


def paired(names: Iterable[str]) -> tuple[str, str] | None:
    """The two columns that hold both poles by their names."""
    known = list(names)
    for positive, negative in PAIRED:
        found = first_of(known, [positive]), first_of(known, [negative])
        if found[0] is not None and found[1] is not None:
            return found[0], found[1]
    return None


def options_of(names: Iterable[str]) -> list[str]:
    """Columns with one option each, in the order of their letters or numbers; none below two."""
    groups: dict[str, dict[str, str]] = {}
    for name in names:
        found = OPTION.fullmatch(plain(name))
        if found is not None:
            head = plain(name)[: found.start(1)]
            groups.setdefault(head, {})[found[1]] = name
    for group in groups.values():
        marks = sorted(group)
        begins = marks[0] in ("a", "0", "1") and len(marks) > 1
        if begins and all(ord(b) - ord(a) == 1 for a, b in zip(marks, marks[1:], strict=False)):
            return [group[mark] for mark in marks]
    return []


def checked(mapping: Mapping[str, str], kind: str, names: list[str], file: str) -> dict[str, str]:
    """A reader's mapping of roles to columns.

    Raises:
        DataError: If a role is unknown, or there is no such column.
    """
    found: dict[str, str] = {}
    for role, name in mapping.items():
        if role in HOW:
            if name not in HOW[role]:
                raise DataError(f"{role!r} is {' or '.join(HOW[role])}, not {name!r}.")
            continue
        if role not in ROLES[kind]:
            known = ", ".join(ROLES[kind])
            raise DataError(f"{role!r} is no part of {kind}: use {known}.")
        asked = [one.strip() for one in name.split(",")] if role == "options" else [name]
        for one in asked:
            if one not in names:
                shown = listed(names) or "none, for it is no table"
                raise DataError(f"{file} has no column {one!r}: its columns are {shown}.")
        found[role] = name
    return found
