"""Files of contrast pairs: two answers to one question, A/B questions, or questions alone.

Knows nothing of models or tokens. The positive pole is the behaviour a vector is to add: of an
honest and a deceptive answer, the deceptive one.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.errors import DataError
from engine.questions import files
from engine.questions.own import direct
from engine.questions.own.kept import card
from engine.questions.rows import ANSWER_KEYS, normal
from engine.questions.sources import Source, located
from engine.records import strict

POLES = (("deceptive", "honest"), ("positive", "negative"))
"""(positive, negative) names of fields, or of lists of conversations."""
BARE = "the texts are read as answers to an empty message"

Kind = Literal["answers", "letters", "questions"]


@dataclass(frozen=True, kw_only=True)
class ContrastPair:
    """One question and the beginning of its two answers."""

    id: str
    """Stable within its file: "row 12", or the id of the A/B question."""
    prompt: str
    """Empty where two texts stand beside each other without a question."""
    system: str | None = None
    """The row's own system prompt."""
    positive: str = ""
    """Empty where the file holds questions only."""
    negative: str = ""


@dataclass(frozen=True, kw_only=True)
class PairSet:
    """The usable pairs of a file and an account of the rest."""

    name: str
    kind: Kind
    pairs: tuple[ContrastPair, ...]
    poles: tuple[str, str] = POLES[-1]
    """What the file calls both poles, where it holds pairs of answers."""
    notes: tuple[str, ...] = ()
    """Sentences a reader should see: repeated questions, rows without a partner..."""


def load_pairs(
    path: str | Path,
    negative: str | Path | None = None,
    behaviour: str = "survival",
    max_rows: int | None = None,
    seed: int = 0,
    to_measure: bool = False,
) -> PairSet:
    """Read pairs, or questions where a file has no answers.

    Args:
        path: A JSON list or JSON Lines of {question, deceptive, honest} or {question, positive,
            negative}, without "question" where there is none; an object of two lists under these
            names; a list of [user message, assistant message] conversations; A/B questions; or
            prompts as in `load_prompts`.
        negative: The negative pole's conversations, row i on the same question as `path`'s.
        behaviour: The positive answer of A/B questions.
        max_rows: How many to use: the first ones of a file of poles, a draw of A/B questions.
        seed: Of that draw.
        to_measure: Take the pairs that are marked held-out, where some are, not the others.

    Raises:
        DataError: If a file cannot be read or nothing in it can be used.
    """
    source, rows = _known(path)
    notes: list[str] = list(source.notes)
    poles = _poles(rows)
    if negative is not None:
        rows = _two_files(_listed(rows, source.path), negative, notes)
    elif isinstance(rows, dict):
        rows = _two_lists(rows, source.path, notes)
    if rows and _is_letters(rows[0]):
        return _letters(path, behaviour, max_rows, seed)
    if not rows or not _has_questions(rows[0]):
        prompts = files.load_prompts(path)
        pairs = [ContrastPair(id=f"row {i}", prompt=p) for i, p in enumerate(prompts, 1)]
    else:
        pairs = [
            _pair(row, i, source.path) for i, row in enumerate(_kept(rows, notes, to_measure), 1)
        ]
    pairs = _distinct(pairs, notes)[:max_rows]
    is_paired = any(pair.positive and pair.negative for pair in pairs)
    if is_paired:
        pairs = _complete(pairs, notes)
    kind: Kind = "answers" if is_paired else "questions"
    kept = card(located(path))
    name = kept.name if kept is not None else Path(source.path).stem
    return PairSet(name=name, kind=kind, pairs=tuple(pairs), poles=poles, notes=tuple(notes))


def _known(path: str | Path) -> tuple[Source, Any]:
    """A file and its rows; of a layout of others, the pairs that it becomes, if it does."""
    source = direct.source_of(path, "pairs")
    rows = _rows(source)
    first = next(iter(rows), None) if isinstance(rows, list) else rows
    is_two = isinstance(first, list) and any(isinstance(one, str) for one in first)
    is_other = isinstance(first, dict) and not (_is_letters(first) or _has_questions(first))
    if source.notes or not (is_two or is_other):
        return source, rows
    try:
        made = direct.converted(path, "pairs")
    except direct.ManyOptionsError:
        raise
    except DataError:
        return source, rows
    found = _rows(made)
    has_answers = any(len({*row} - {"question", "system"}) for row in found)
    return (made, found) if has_answers else (source, rows)


def _poles(rows: Any) -> tuple[str, str]:
    """The names under which a file has both answers; the usual ones where it has none."""
    first = rows[0] if isinstance(rows, list) and rows else rows
    known = first if isinstance(first, dict) else {}
    return next((names for names in POLES if all(name in known for name in names)), POLES[-1])


def _rows(source: Source) -> Any:
    """The rows of a JSON or JSON Lines file; none for plain text."""
    if not source.is_json:
        return []
    try:
        found = strict.loads(source.text)
        return found if isinstance(found, list | dict) else [found]
    except ValueError:
        lines = [line for line in source.text.split("\n") if line.strip()]
    try:
        return [strict.loads(line) for line in lines]
    except ValueError:
        raise DataError(
            f"{source.path} is neither JSON nor JSON Lines: give a list of objects with "
            "'question', 'deceptive' and 'honest'."
        ) from None


def _listed(rows: Any, path: str) -> list[Any]:
    if isinstance(rows, list) and rows:
        return rows
    raise DataError(f"{path} holds no list of conversations: give one with a row per question.")


def _two_files(rows: list[Any], negative: str | Path, notes: list[str]) -> list[Any]:
    source, others = _known(negative)
    others = _listed(others, source.path)
    if any(all(name in row for name in _poles([row])) for row in others if isinstance(row, dict)):
        raise DataError(f"{source.path} holds both poles already: give it alone, or one pole.")
    return _joined(rows, others, notes)


def _two_lists(rows: dict[str, Any], path: str, notes: list[str]) -> list[Any]:
    for names in POLES:
        if all(isinstance(rows.get(name), list) for name in names):
            return _joined(rows[names[0]], rows[names[1]], notes)
    if "messages" in rows or any(isinstance(rows.get(n), str) for n in ("question", *_flat())):
        return [rows]
    raise DataError(
        f"{path} is one JSON object, but not of two lists 'deceptive' and 'honest': give a list "
        "of pairs."
    )


def _joined(positive: list[Any], negative: list[Any], notes: list[str]) -> list[Any]:
    """Rows with both poles; row i of both lists must ask the same."""
    _note_repeats([_conversation(row)["question"] for row in positive], notes)
    joined = []
    others = 0
    for one, other in zip(positive, negative, strict=False):
        first, second = _conversation(one), _conversation(other)
        if normal(first["question"]) == normal(second["question"]):
            joined.append({**first, "positive": first["answer"], "negative": second["answer"]})
        else:
            others += 1
    if others:
        notes.append(f"{others} rows ask different things in the two lists and were left out.")
    if alone := abs(len(positive) - len(negative)):
        longer = "positive" if len(positive) > len(negative) else "negative"
        notes.append(f"{alone} {longer} rows have no partner and were left out.")
    if not joined:
        raise DataError("No row of the two lists asks the same question: are they in one order?")
    return joined


def _conversation(row: Any) -> dict[str, Any]:
    """A conversation as {question, answer, system}.

    Raises:
        DataError: If it has no user message.
    """
    messages = row.get("messages", row) if isinstance(row, dict) else row
    if isinstance(messages, dict):
        asked = messages.get("question", messages.get("prompt"))
        asked = asked if isinstance(asked, str) else ""
        return {"answer": "", **messages, "question": asked}
    given = {
        str(m.get("role")): m.get("content")
        for m in (messages if isinstance(messages, list) else ())
        if isinstance(m, dict) and isinstance(m.get("content"), str)
    }
    if not given.get("user"):
        raise DataError("A conversation has no user message: each row needs user and assistant.")
    return {
        "question": given["user"],
        "answer": given.get("assistant", ""),
        "system": given.get("system"),
    }


def _is_letters(row: Any) -> bool:
    return isinstance(row, dict) and any(all(k in row for k in keys) for keys in ANSWER_KEYS)


def _has_questions(row: Any) -> bool:
    return isinstance(row, list) or (
        isinstance(row, dict) and bool({"messages", *_flat()} & {*row})
    )


def _flat() -> set[str]:
    return {name for names in POLES for name in names}


def _letters(path: str | Path, behaviour: str, max_rows: int | None, seed: int) -> PairSet:
    found = files.load_questions(path, behaviour, max_questions=max_rows, seed=seed)
    pairs = tuple(
        ContrastPair(
            id=question.id,
            prompt=question.text(),
            positive=f"({question.letter()}",
            negative=f"({question.letter(swapped=True)}",
        )
        for question in found.questions
    )
    notes = found.notes
    if found.dropped:
        notes += (f"{len(found.dropped)} rows are no two-option questions or repeated ones.",)
    return PairSet(name=found.name, kind="letters", pairs=pairs, notes=notes)


def _kept(rows: list[Any], notes: list[str], to_measure: bool) -> list[Any]:
    """The rows that are not marked as kept back for measuring, or those that are."""
    sides: dict[bool, list[Any]] = {False: [], True: []}
    for row in rows:
        sides[isinstance(row, dict) and row.get("split") == "held-out"].append(row)
    count = len(sides[True])
    if not 0 < count < len(rows):
        return rows
    notes.append(
        f"Only the {count} pairs that are marked held-out are asked."
        if to_measure
        else f"{count} pairs are marked held-out and were left for measuring."
    )
    return sides[to_measure]


def _pair(row: Any, number: int, path: str) -> ContrastPair:
    values = _conversation(row)
    question, system = values["question"], values.get("system")
    names = next((n for n in POLES if all(isinstance(values.get(k), str) for k in n)), None)
    lone = values.get("answer")
    # One conversation has one answer: enough to learn from, not enough to compare.
    alone = (lone if isinstance(lone, str) else "", "")
    positive, negative = (values[n] for n in names) if names else alone
    names_one = not isinstance(row, dict) or {"question", "prompt", "messages"} & {*row}
    is_bare = not names_one and bool(positive and negative)
    if not isinstance(question, str) or not (question.strip() or is_bare):
        raise DataError(f"Row {number} of {path} has no text under 'question': write or remove it.")
    return ContrastPair(
        id=f"row {number}",
        prompt=question.strip(),
        system=system if isinstance(system, str) and system.strip() else None,
        positive=positive.strip(),
        negative=negative.strip(),
    )


def _distinct(pairs: list[ContrastPair], notes: list[str]) -> list[ContrastPair]:
    """Each question once, with the first of its answers."""
    _note_repeats([pair.prompt for pair in pairs], notes)
    firsts: dict[tuple[str | None, ...], ContrastPair] = {}
    for pair in pairs:
        # Without a question, the answers are all that tells one pair from another.
        told = () if pair.prompt else (normal(pair.positive), normal(pair.negative))
        firsts.setdefault((normal(pair.prompt), pair.system, *told), pair)
    if bare := sum(not pair.prompt for pair in firsts.values()):
        notes.append(f"{bare} pairs have no question: {BARE}.")
    return list(firsts.values())


def _note_repeats(questions: list[str], notes: list[str]) -> None:
    counts = Counter(normal(question) for question in questions if question)
    repeated = [question for question, count in counts.items() if count > 1]
    if not repeated:
        return
    shown = "; ".join(q for q in dict.fromkeys(questions) if normal(q) in set(repeated[:3]))
    more = "..." if len(repeated) > 3 else ""
    number = (
        f"{len(repeated)} question is" if len(repeated) == 1 else f"{len(repeated)} questions are"
    )
    notes.append(f"{number} repeated; only the first answer is used ({shown}{more}).")


def _complete(pairs: list[ContrastPair], notes: list[str]) -> list[ContrastPair]:
    """The pairs that have two different answers."""
    kept = [p for p in pairs if p.positive and p.negative and p.positive != p.negative]
    if len(kept) < len(pairs):
        notes.append(f"{len(pairs) - len(kept)} rows lack two different answers: left out.")
    return kept
