"""Search over all that is stored, by the words and saved filters that every page understands.

A question is words; see `engine.store.naming.finding`. Draws nothing.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from dashboard.session import naming, resources
from engine.errors import StoreError
from engine.records.records import RecordInfo
from engine.store.library import figures
from engine.store.naming import finding

HELP = (
    "Words of names, notes, tags, prompts and settings. Also tag:x, kind:x, model:x, is:starred, "
    'is:beyond; -word leaves out, "two words" stand together.'
)
"""For the field in which a reader types."""


class Saved(NamedTuple):
    """One filter that stands ready."""

    title: str
    question: str
    about: str


SAVED: tuple[Saved, ...] = (
    Saved("Starred", "is:starred", "What you starred, and sets of which you starred a vector."),
    Saved(
        "Beyond random",
        "is:beyond",
        "Runs, and sets in them, whose strongest vector lies beyond the best of the random ones.",
    ),
    Saved("Named or noted", "is:noted", "What you gave a name, a note or a tag."),
)


def filters() -> list[Saved]:
    """All that stand ready: the usual ones, and one for each tag that was given."""
    tags = {tag for note in naming.names().notes.values() for tag in note.tags}
    own = [Saved(f"#{tag}", f"tag:{tag}", f"Tagged {tag}.") for tag in sorted(tags)]
    return [*SAVED, *own]


def matching(question: str, infos: Iterable[RecordInfo]) -> list[RecordInfo]:
    """The records that a question asks for, in their order; all where nothing is asked.

    Args:
        question: What the reader typed, or a filter's.
        infos: Among which.
    """
    return finding.matching(question, infos, naming.names(), {"beyond": is_beyond})


def is_beyond(info: RecordInfo) -> bool:
    """Whether the strongest vector of a run, or of a set in any run, is beyond the best random one.

    Figures that were never worked out are worked out now, which takes a second for a large run.
    """
    if info.kind == "evaluation":
        return _is_beyond(info, figures.WHOLE)
    runs = resources.evaluations_of(info.digest) if info.kind == "vectors" else []
    return any(_is_beyond(run, info.digest) for run in runs)


def _is_beyond(run: RecordInfo, line: str) -> bool:
    with suppress(StoreError):
        found = figures.known(run) or figures.read(resources.engine().store, run)
        best = found[line].best if line in found else None
        return best is not None and best.is_beyond
    return False


class Hit(NamedTuple):
    """One vector that a question finds."""

    reference: str
    name: str
    info: RecordInfo
    """Its set."""


def vectors(question: str, infos: Sequence[RecordInfo], most: int = 20) -> list[Hit]:
    """The vectors that a question asks for: starred ones first, then those of starred sets.

    Args:
        question: Every word must stand in the vector's name or note, or in what is known of its
            set.
        infos: Sets of vectors.
        most: That are given.
    """
    found, names = [], naming.names()
    asked = finding.words(question)
    plain = [one for one in asked if not one.field]
    fields = " ".join(f'{"-" * w.is_left_out}{w.field}:"{w.text}"' for w in asked if w.field)
    for info in finding.matching(fields, infos, names, {"beyond": is_beyond}):
        told = finding.text(info, names)
        for index in range(len(info.about.inside)):
            reference = f"{info.digest}:{index}"
            note = names.note(reference)
            name = names.of(reference)
            own = f"{name} {info.method}_{index:02d} {reference} {note.words}".casefold()
            if all(
                (word.text in own or word.text in told) is not word.is_left_out for word in plain
            ):
                rank = (not note.star, not note.name, not names.note(info.digest).star)
                found.append((rank, Hit(reference, name, info)))
    return [hit for _, hit in sorted(found, key=lambda one: one[0])][:most]
