"""Checks of question files, alone and together. Knows no files."""

from collections import Counter
from collections.abc import Sequence

from engine.audit.findings import Audit, Finding, counted, listed
from engine.foreign.formats.values import ForeignQuestions
from engine.questions.files import LOPSIDED


def usable(found: ForeignQuestions) -> Finding:
    """How many rows are two-option questions, and why the others are not."""
    reasons = Counter(_kind(row.reason) for row in found.dropped)
    why = listed(f"{number} {reason}" for reason, number in reasons.most_common())
    figures = {"rows": float(found.rows), "usable": float(len(found.kept))}
    figure = f"{len(found.kept)} of {found.rows}"
    if not found.dropped:
        return Finding(
            severity="fine", name="two-options", figure=figure, figures=figures,
            sentence="Every row is a two-option question and stands once.",
        )  # fmt: skip
    many = len(found.dropped) > 0.1 * found.rows
    return Finding(
        severity="wrong" if not found.kept else "doubtful" if many else "note",
        name="not-two-options",
        figure=figure,
        figures=figures,
        sentence=f"{len(found.dropped)} of {counted(found.rows, 'row')} cannot be asked as A "
        f"against B: {why}. A program that calls every answer but (A) a 'B' miscounts them.",
    )


def _kind(reason: str) -> str:
    """A reason without what differs from row to row."""
    for start, words in (
        ("not two options", "without exactly (A) and (B)"),
        ("duplicate of", "duplicates"),
        ("contradicts", "contradicting another row"),
        ("an answer is not among", "with an answer beyond (A) and (B)"),
    ):
        if reason.startswith(start):
            return words
    return f"'{reason.split(':')[0]}'"


def letters(found: ForeignQuestions) -> Finding | None:
    """At which letter the matching answer stands."""
    held = Counter(parts.matching for parts in found.kept)
    total = sum(held.values())
    if not total:
        return None
    common, count = held.most_common(1)[0]
    figures = {"share": count / total, "questions": float(total)}
    figure = f"{count} of {total} at ({common})"
    if count == total:
        return Finding(
            severity="wrong", name="one-letter-sample", figure=figure, figures=figures,
            sentence=f"The matching answer is ({common}) in every question: asked as they stand, "
            "they measure a liking for a letter as much as a behaviour. Ask both orders.",
        )  # fmt: skip
    if count / total > LOPSIDED:
        return Finding(
            severity="doubtful", name="unbalanced-letters", figure=figure, figures=figures,
            sentence=f"The matching answer is ({common}) in {count} of {total} questions: draw a "
            "balanced sample, or ask both orders.",
        )  # fmt: skip
    return Finding(
        severity="fine", name="letters", figure=figure, figures=figures,
        sentence="The matching answer stands about as often at (A) as at (B).",
    )  # fmt: skip


def order(found: ForeignQuestions) -> Finding | None:
    """Whether the first rows alone are balanced: a program may take only these."""
    first = [parts.matching for parts in found.kept[:100]]
    if len(found.kept) <= 100 or len(set(first)) > 1:
        return None
    return Finding(
        severity="doubtful", name="sorted-by-letter", figure=f"first 100 at ({first[0]})",
        figures={"first": 100.0},
        sentence=f"The first 100 usable questions all have the matching answer at ({first[0]}): "
        "taking the first rows of this file gives a one-letter sample.",
    )  # fmt: skip


def polarity(found: ForeignQuestions) -> Finding:
    """Which answer shows which behaviour, as far as it is on record."""
    if not found.behaviours:
        return Finding(
            severity="doubtful", name="unknown-polarity", figure="not on record",
            sentence="It is not on record which answer of this file shows what: 'matching' has "
            "opposite meanings in files of the same name. Read a few questions first.",
        )  # fmt: skip
    words = "; ".join(f"{name}: {field}" for name, field in found.behaviours.items())
    return Finding(
        severity="fine", name="polarity", figure=words,
        sentence=f"By {found.source} it is on record which answer shows what: {words}.",
    )  # fmt: skip


def together(files: Sequence[Audit]) -> list[Finding]:
    """Files that count opposite answers as one behaviour."""
    findings = []
    for place, first in enumerate(files):
        for second in files[place + 1 :]:
            opposite = [
                name
                for name, field in first.shows.items()
                if second.shows.get(name) not in (None, field)
            ]
            if opposite:
                name = opposite[0]
                findings.append(
                    Finding(
                        severity="wrong",
                        name="opposite-polarity",
                        figure=listed(opposite),
                        sentence=f"{first.path} and {second.path} have opposite polarity: {name} "
                        f"is the {first.shows[name]} answer in the first and the "
                        f"{second.shows[name]} answer in the second. Pooled by 'matching', "
                        "they cancel each other.",
                    )  # fmt: skip
                )
    return findings
