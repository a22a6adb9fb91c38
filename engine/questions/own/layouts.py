"""Which layout rows have, and each row as an item, whatever its layout.

Knows nothing of containers or of what is kept.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import DataError
from engine.questions.own import choosing, roles, talks
from engine.questions.own.items import Item
from engine.questions.own.limits import Unusable, words
from engine.questions.polarity import Polarity
from engine.questions.rows import ANSWER_KEYS, Row

CHOICE = "multiple choice"
LOOKED_AT = 200
"""Rows from which the columns of a file are learnt."""
_TALKS = ("messages", "conversations", "conversation", "turns", "dialog", "dialogue")
_KNOWN: dict[str, dict[str, Polarity]] = {
    "deceptive": {"deceptive": "matching", "honest": "not-matching"},
    "chosen": {"chosen": "matching"},
    **dict.fromkeys(("best_answer", "correct", "correct_answer"), {"correct": "matching"}),
}
"""What the first of two named columns shows by its name."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a file's rows are to be read."""

    name: str
    """In words."""
    read: Callable[[Any], Item]
    parts: dict[str, str] = field(default_factory=dict)
    """Column -> the part it plays."""
    behaviours: Mapping[str, Polarity] = field(default_factory=dict)
    """What the columns' names say of the answers."""
    notes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """Parts that no column was found for."""


def recognise(rows: list[Row], kind: str, mapping: Mapping[str, str], file: str) -> Layout:
    """The layout that most rows have.

    Args:
        rows: Of the file.
        kind: What they are wanted for.
        mapping: Which column plays which part, where the reader said so; see `roles.HOW`.
        file: For refusals.

    Raises:
        DataError: If the mapping names what there is not.
    """
    sample = [row.values for row in rows[:LOOKED_AT]]
    tables = [one for one in sample if isinstance(one, dict)]
    names = list(dict.fromkeys(str(name) for one in tables for name in one))
    said = roles.checked(mapping, kind, names, file)
    if 2 * len(tables) >= len(sample):
        return _of_columns(names, tables, rows, kind, said, mapping)
    texts = [one for one in sample if isinstance(one, str)]
    if 2 * len(texts) >= len(sample):
        return Layout(name="lines of text", read=_line)
    if any(talks.turns_of(one) is not None for one in sample):
        return Layout(name="chat messages", read=_talk_of(None))
    if any(isinstance(one, list) and len(one) == 2 for one in sample):
        notes = ("The first text of each two is taken as positive.",)
        return Layout(name="lists of two texts", read=_two, notes=notes)
    raise DataError(f"{file} holds neither objects nor texts: give rows such as {_example(kind)}.")


def _example(kind: str) -> str:
    return {
        "questions": '{"question", "answer_matching_behavior", "answer_not_matching_behavior"}',
        "pairs": '{"question", "positive", "negative"}',
        "prompts": '{"prompt"}',
        "knowledge": '{"question", "options", "answer"}',
    }[kind]


def _of_columns(
    names: list[str],
    sample: list[dict[str, Any]],
    rows: list[Row],
    kind: str,
    said: dict[str, str],
    mapping: Mapping[str, str],
) -> Layout:
    """The first layout whose columns are there; what a reader said comes first."""
    if kind == "prompts" and "prompt" in said:
        said = {**said, "question": said["prompt"]}
        return _plain(names, said, sample)
    asked = roles.first_of(names, ("prompt", "question"))
    if kind == "prompts" and asked in _texts(names, sample):
        # A prompt is the text as it stands, also where it brings options to choose from.
        return _plain(names, {**said, "question": str(asked)}, sample)
    keys = next((keys for keys in ANSWER_KEYS if all(key in names for key in keys)), None)
    if "matching" in said or (keys and not {"positive", "options", "right"} & {*said}):
        return _matching(names, said, keys)
    talk = roles.first_of(names, _TALKS)
    if talk is not None and not said and any(talks.turns_of(one.get(talk)) for one in sample):
        word = "ShareGPT" if _has(sample, talk, "from") else "chat messages"
        return Layout(name=word, read=_talk_of(talk), parts={talk: "conversation"})
    if talk is not None and not said and all(_is_folded(one.get(talk)) for one in sample):
        raise DataError(
            f"The column '{talk}' holds conversations as text that is no JSON: save the rows as "
            "JSON Lines or Parquet."
        )
    found = choosing.layout_of(names, sample, rows, said, str(mapping.get("first", "")))
    if found is not None and "positive" not in said:
        parts, read, notes = found
        known: dict[str, Polarity] = {"correct": "matching"}
        return Layout(name=CHOICE, read=read, parts=parts, behaviours=known, notes=notes)
    return _two_sided(names, said, sample) or _plain(names, said, sample)


def _is_folded(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip().startswith(("[{", "[["))


def _has(sample: list[dict[str, Any]], column: str, key: str) -> bool:
    lists = (one.get(column) for one in sample)
    known = [one for one in lists if isinstance(one, list)]
    return any(isinstance(m, dict) and key in m for one in known for m in one[:2])


def _matching(names: list[str], said: dict[str, str], keys: tuple[str, str] | None) -> Layout:
    """A question with options in its text, and which answer matches a behaviour."""
    question = said.get("question") or roles.first_of(names, roles.NAMES["question"])
    fields = (
        said.get("matching") or (keys[0] if keys else ""),
        said.get("other") or (keys[1] if keys else ""),
    )
    needs = [r for r, n in zip(("matching", "other"), fields, strict=True) if not n]
    needs += [] if question else ["question"]
    parts = {question or "": "question", fields[0]: "matching", fields[1]: "other"}
    return Layout(
        name="questions with a matching and another answer",
        read=choosing.matching_of(question or "", fields),
        parts={name: part for name, part in parts.items() if name},
        needs=tuple(needs),
    )


def _two_sided(
    names: list[str], said: dict[str, str], sample: list[dict[str, Any]]
) -> Layout | None:
    """Two texts or conversations beside each other, with a question or without."""
    poles = roles.paired(names)
    notes: tuple[str, ...] = ()
    if "positive" in said or "negative" in said:
        poles = said.get("positive", ""), said.get("negative", "")
    used = {*(poles or ()), *said.values()}
    question = said.get("question") or roles.first_of(
        [n for n in names if n not in used], roles.NAMES["question"]
    )
    if poles is None:
        texts = _texts(names, sample)
        known = {name for name in texts if roles.is_known(name)}
        rest = [name for name in texts if name not in {question} or len(texts) == 2]
        if len(rest) != 2 or known or "answer" in said:
            return None
        poles = rest[0], rest[1]
        question = None if question in poles else question
        notes = (f"'{poles[0]}' is taken as positive, '{poles[1]}' as negative.",)
    system = said.get("system") or roles.first_of(names, roles.NAMES["system"])
    parts = {question: "question", poles[0]: "positive", poles[1]: "negative", system: "system"}
    needs = [r for r, n in zip(("positive", "negative"), poles, strict=True) if not n]
    return Layout(
        name=_two_sided_name(poles, question),
        read=_sides_of(question, poles, system),
        parts={name: part for name, part in parts.items() if name},
        behaviours=_KNOWN.get(roles.plain(poles[0]), {}),
        notes=tuple(notes),
        needs=tuple(needs),
    )


def _two_sided_name(poles: tuple[str, str], question: str | None) -> str:
    if roles.plain(poles[0]) == "chosen":
        return "preferences (chosen and rejected)"
    return "questions with two answers" if question else "two texts beside each other"


def _texts(names: list[str], sample: list[dict[str, Any]]) -> list[str]:
    """Columns whose values are texts."""
    return [
        name
        for name in names
        if any(isinstance(one.get(name), str) and one[name].strip() for one in sample)
        and all(isinstance(one.get(name, ""), str) for one in sample)
    ]


def _plain(names: list[str], said: dict[str, str], sample: list[dict[str, Any]]) -> Layout:
    """A question, with its one answer where there is one."""
    texts = _texts(names, sample)
    question = said.get("question") or roles.first_of(names, roles.NAMES["question"])
    if question is None and len(texts) == 1:
        question = texts[0]
    rest = [name for name in names if name != question]
    answer = said.get("answer") or roles.first_of(rest, roles.NAMES["answer"])
    more = roles.first_of(rest, ["input"]) if roles.plain(question or "") == "instruction" else None
    system = said.get("system") or roles.first_of(rest, roles.NAMES["system"])
    parts = {question: "question", answer: "answer", more: "question", system: "system"}
    name = "questions alone" if answer is None else "questions with one answer each"
    if more is not None or roles.plain(question or "") == "instruction":
        name = "Alpaca instructions"
    return Layout(
        name=name if question else "columns without known names",
        read=_plain_of(question or "", answer, more, system),
        parts={one: part for one, part in parts.items() if one},
        needs=() if question else ("question",),
    )


def _line(value: Any) -> Item:
    return Item(question=words(value, "text"))


def _two(value: Any) -> Item:
    if not isinstance(value, list) or len(value) != 2:
        raise Unusable("not a list of two texts")
    return Item(positive=words(value[0], "first"), negative=words(value[1], "second"))


def _row(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unusable("not an object with columns")
    return value


def _talk_of(column: str | None) -> Callable[[Any], Item]:
    def read(value: Any) -> Item:
        talk = talks.first_exchange(value if column is None else _row(value).get(column))
        system = talk.system
        if system is None and isinstance(value, dict) and isinstance(value.get("system"), str):
            system = value["system"].strip() or None
        return Item(
            question=talk.question, answer=talk.answer, system=system, has_more=talk.has_more
        )

    return read


def _sides_of(
    question: str | None, poles: tuple[str, str], system: str | None
) -> Callable[[Any], Item]:
    def read(value: Any) -> Item:
        row = _row(value)
        asked, told = _asked(row.get(question), question) if question else ("", None)
        sides = [_side(row.get(name), name) for name in poles]
        for other, _, also in sides:
            if other and asked and other != asked:
                raise Unusable("its two sides ask different things")
            asked, told = asked or other, told or also
        return Item(
            question=asked,
            system=told or _optional(row, system),
            positive=sides[0][1],
            negative=sides[1][1],
            split=str(row.get("split", "")),
        )

    return read


def _asked(value: Any, name: str | None) -> tuple[str, str | None]:
    """A question, which may be a conversation that waits for an answer."""
    if talks.turns_of(value) is None:
        return words(value, str(name)), None
    talk = talks.first_exchange(value)
    if talk.has_more or talk.answer:
        raise Unusable("the conversation has more than one turn")
    return talk.question, talk.system


def _side(value: Any, name: str) -> tuple[str, str, str | None]:
    """Question, answer and system prompt of one side, which may be a conversation."""
    turns = talks.turns_of(value)
    if turns is None:
        return "", words(value, name), None
    if [role for role, _ in turns] == ["assistant"]:
        return "", words(turns[0][1], name), None
    talk = talks.first_exchange(value)
    if talk.has_more:
        raise Unusable("the conversation has more than one turn")
    return talk.question, words(talk.answer, name), talk.system


def _plain_of(
    question: str, answer: str | None, more: str | None, system: str | None
) -> Callable[[Any], Item]:
    def read(value: Any) -> Item:
        row = _row(value)
        asked, told = _asked(row.get(question), question)
        if more is not None and isinstance(row.get(more), str) and row[more].strip():
            asked = f"{asked}\n\n{words(row[more], more)}"
        return Item(
            question=asked,
            answer=_optional(row, answer) or "",
            system=told or _optional(row, system),
            split=str(row.get("split", "")),
        )

    return read


def _optional(row: dict[str, Any], name: str | None) -> str | None:
    """A text that a row may lack."""
    value = row.get(name) if name is not None else None
    return words(value, str(name)) if isinstance(value, str) and value.strip() else None


def unread(names: Iterable[str], parts: Mapping[str, str]) -> dict[str, str]:
    """Every column with its part, "" where it plays none."""
    return {name: parts.get(name, "") for name in names}
