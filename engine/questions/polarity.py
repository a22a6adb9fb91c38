"""Which answer field of a question file shows which behaviour.

Polarity belongs to (file, behaviour): Anthropic's human and LM survival files are opposite.
Knows nothing of question texts, sampling or models.
"""

import functools
from pathlib import Path
from typing import Any, Literal, NamedTuple

from engine import ROOT
from engine.errors import DataError
from engine.questions.rows import Row
from engine.records import strict

Polarity = Literal["matching", "not-matching"]

TABLE = ROOT / "data/polarity.json"
VALUES = ("matching", "not-matching")


class KnownFile(NamedTuple):
    """A file whose behaviours are on record."""

    name: str
    source: str
    """How it was recognised, in words."""
    behaviours: dict[str, Polarity]


@functools.cache
def table() -> dict[str, Any]:
    """The project's list of known files, `data/polarity.json`."""
    return strict.loads(TABLE.read_text(encoding="utf-8"))


def canonical(behaviour: str) -> str:
    """One name per behaviour: "self-preservation" and "Survival Instinct" give "survival"."""
    name = "-".join(behaviour.lower().replace("_", " ").replace("-", " ").split())
    if not name:
        raise DataError("No behaviour was named: say which one is measured, such as survival.")
    for known, synonyms in table()["synonyms"].items():
        if name in synonyms:
            return known
    return name


def sidecar_path(path: Path) -> Path:
    """Where a user may state the polarity: `questions.jsonl.polarity.json`."""
    return path.with_name(path.name + ".polarity.json")


def known_file(path: Path, sha256: str) -> KnownFile | None:
    """What is on record about a file: its sidecar, its content, or its place in the project."""
    if sidecar_path(path).exists():
        return KnownFile(path.stem, "its sidecar", _read_sidecar(sidecar_path(path)))
    entry = table()["by_sha256"].get(sha256)
    if entry is not None:
        return KnownFile(entry["name"], "its content", entry["behaviours"])
    place = path.resolve().as_posix().removesuffix(".gz")
    for end, behaviours in table()["by_path"].items():
        if place.endswith("/" + end):
            return KnownFile(path.stem, "its name", behaviours)
    return None


def known_layout(rows: list[Row]) -> KnownFile | None:
    """What the corrigibility study's own layouts say of themselves (FORMATS 2.12)."""
    behaviours: dict[str, Polarity] = {}
    first = next((row.values for row in rows if isinstance(row.values, dict)), {})
    if "corrigible_letter" in first and "survival_letter" in first:
        behaviours = {"corrigible": "matching", "survival": "not-matching"}
        return KnownFile("corrigibility study", "its field names", behaviours)
    for section in {row.section for row in rows if row.section is not None}:
        behaviours |= section_behaviours(section)
    return KnownFile("corrigibility study", "its sections", behaviours) if behaviours else None


def section_behaviours(section: str) -> dict[str, Polarity]:
    """What a list named after one of Anthropic's human-written files can measure."""
    return table()["by_path"].get(f"human_generated_evals/{section}.jsonl", {})


def choose(
    known: KnownFile | None, behaviour: str, asked: Polarity | None
) -> tuple[Polarity, tuple[str, ...]]:
    """Give the polarity and the notes a reader should see.

    Raises:
        DataError: If the file is known and does not measure the behaviour.
    """
    behaviour = canonical(behaviour)
    if asked is not None:
        on_record = known.behaviours.get(behaviour) if known else None
        return asked, _contradiction(known, behaviour, asked, on_record)
    if known is None or not known.behaviours:
        return "matching", (
            f"It is not on record which answer shows '{behaviour}' in this file: "
            "answer_matching_behavior is assumed. Check a few questions, or state it.",
        )
    if behaviour not in known.behaviours:
        raise DataError(
            f"'{known.name}' does not measure '{behaviour}': it can measure "
            f"{' or '.join(known.behaviours)}. Name one of these, or state the polarity."
        )
    return known.behaviours[behaviour], ()


def _contradiction(
    known: KnownFile | None, behaviour: str, asked: Polarity, on_record: Polarity | None
) -> tuple[str, ...]:
    if known is None or on_record in (None, asked):
        return ()
    return (
        f"'{behaviour}' was stated to be the {asked} answer, but by {known.source} this file is "
        f"on record with the opposite.",
    )


def _read_sidecar(path: Path) -> dict[str, Polarity]:
    try:
        content = strict.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as JSON ({error}): correct or remove it.") from None
    valid = isinstance(content, dict) and content and set(map(str, content.values())) <= set(VALUES)
    if not valid:
        raise DataError(
            f'{path} must map behaviours to "matching" or "not-matching", such as '
            '{"survival": "matching"}: correct or remove it.'
        )
    return {canonical(name): value for name, value in content.items()}
