"""Questions with two written answers each, from files of pairs or of A/B questions.

Of an A/B question the answers are the options' texts, and it is asked without its choices. Knows
nothing of models or tokens.
"""

from pathlib import Path

from engine.errors import DataError
from engine.questions import files, polarity
from engine.questions.own import direct
from engine.questions.pairs import ContrastPair, PairSet, load_pairs
from engine.questions.polarity import KnownFile, Polarity
from engine.questions.rows import ANSWER_KEYS, question_id, read_rows
from engine.questions.sources import Source
from engine.records.records import Question, QuestionSet

KNOWN_POLES: dict[tuple[str, str], dict[str, Polarity]] = {
    ("deceptive", "honest"): {"deceptive": "matching", "honest": "not-matching"}
}
"""What answers under these names show."""


def load_answers(
    path: str | Path,
    behaviour: str,
    max_questions: int | None = None,
    seed: int = 0,
    in_file_order: bool = False,
) -> QuestionSet:
    """Read questions with two written answers of a file and sample from them.

    Args:
        path: Pairs, or two lists of conversations on the same questions, as `load_pairs` reads
            them; A/B questions as `load_questions` does. Where some pairs are marked held-out,
            only those are taken.
        behaviour: What counts as positive: of deceptive and honest answers one of both; what
            positive answers show is whatever it is called.
        max_questions: How many to draw; None takes every usable one.
        seed: Of the draw; of A/B questions the same ones are drawn as for letters.
        in_file_order: Take the file's first instead of drawing.

    Raises:
        DataError: If the file cannot be read, holds no two answers to a question, or its answers
            do not show the behaviour.
    """
    files.refuse_none(max_questions)
    source = direct.source_of(path, "pairs")
    if _has_letters(source):
        return files.load_questions(
            path,
            behaviour,
            max_questions=max_questions,
            seed=seed,
            in_file_order=in_file_order,
            are_letters=False,
        )
    found = _pairs(path, source)
    chosen, behaviour, notes = _polarity(path, source, found, behaviour)
    questions = [_question(pair, chosen) for pair in found.pairs]
    if not in_file_order:
        questions = files.sample(questions, max_questions, seed, balanced=False)
    questions = questions[:max_questions]
    return QuestionSet(
        name=found.name,
        path=source.path,
        sha256=source.sha256,
        behaviour=behaviour,
        polarity=chosen,
        questions=tuple(questions),
        dropped=(),
        notes=notes + found.notes + files.count_notes(questions, max_questions),
    )


def shown(path: str | Path) -> dict[str, Polarity]:
    """What the pairs of a file show by their fields' names; nothing where they do not say."""
    try:
        found = _pairs(path, direct.source_of(path, "pairs"))
    except DataError:
        return {}
    return dict(KNOWN_POLES.get(found.poles, {}))


def _pairs(path: str | Path, source: Source) -> PairSet:
    """The pairs of a file that are to be measured on.

    Raises:
        DataError: If it has none.
    """
    found = load_pairs(path, to_measure=True)
    if found.kind == "questions":
        raise DataError(
            f"{source.path} has no two different answers to a question: give a file of "
            "{question, deceptive, honest} or {question, positive, negative}, or A/B questions."
        )
    if not all(pair.prompt for pair in found.pairs):
        raise DataError(f"{source.path} has pairs without a question, so there is nothing to ask.")
    return found


def _has_letters(source: Source) -> bool:
    """Whether a file holds A/B questions."""
    try:
        rows = [row.values for row in read_rows(source.text, source.path)]
    except DataError:
        return False
    return any(
        isinstance(row, dict) and any(all(key in row for key in keys) for keys in ANSWER_KEYS)
        for row in rows
    )


def _polarity(
    path: str | Path, source: Source, found: PairSet, behaviour: str
) -> tuple[Polarity, str, tuple[str, ...]]:
    """Which pole shows the behaviour, its one name, and what a reader should see."""
    name = polarity.canonical(behaviour)
    known = files.known_of(path, source, [])
    if (known is None or not known.behaviours) and found.poles in KNOWN_POLES:
        known = KnownFile(found.name, "its field names", KNOWN_POLES[found.poles])
    if known is None or not known.behaviours:
        note = f"The answers under '{found.poles[0]}' are taken to show '{name}'."
        return "matching", name, (note,)
    chosen, notes = polarity.choose(known, name, None)
    return chosen, name, notes


def _question(pair: ContrastPair, chosen: Polarity) -> Question:
    """A pair as a question whose first option is the positive answer."""
    answers = (pair.positive, pair.negative)
    return Question(
        id=question_id(pair.prompt, answers, pair.system),
        stem=pair.prompt,
        options=answers,
        behaviour_letter="A" if chosen == "matching" else "B",
        system=pair.system,
    )
