"""Search over all that is known of stored records: names, notes, tags, prompts and settings.

A question is words, which must all stand in the record's text; "two words" in quotation marks stand
together, and a hyphen before a word leaves out what holds it. `tag:x`, `kind:x`, `model:x` and
`is:starred` ask for one thing alone. Knows nothing of screens.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine.configs import registry
from engine.errors import StoreError
from engine.records.records import RecordInfo
from engine.store.headers import KINDS, read_record
from engine.store.naming.names import Names
from engine.store.notes import Note

LONGEST = 20_000
"""Signs of a record's settings and prompts that are searched."""
_WORD = re.compile(r'(-?)(?:(tag|kind|model|is):)?(?:"([^"]*)"?|(\S+))')
Test = Callable[[RecordInfo], bool]


class Word(NamedTuple):
    """One part of a question."""

    text: str
    """Casefolded."""
    field: str = ""
    """tag, kind, model or is; empty asks all that is known."""
    is_left_out: bool = False


def words(question: str) -> list[Word]:
    """A question's parts."""
    found = []
    for sign, field, quoted, plain in _WORD.findall(question.casefold()):
        if quoted or plain:
            found.append(Word(quoted or plain, field, bool(sign)))
    return found


def matching(
    question: str,
    infos: Iterable[RecordInfo],
    names: Names,
    filters: Mapping[str, Test] | None = None,
) -> list[RecordInfo]:
    """The records that a question asks for, in their order.

    Args:
        question: As the module says.
        infos: Among which.
        names: What they are called, and what is noted of them.
        filters: What `is:NAME` asks, besides starred and noted.
    """
    asked = words(question)
    tests: dict[str, Test] = {
        "starred": lambda info: names.starred(info.digest),
        "noted": lambda info: any(True for _ in _notes(info, names)),
        **(filters or {}),
    }
    return [i for i in infos if all(_holds(one, i, names, tests) for one in asked)]


def text(info: RecordInfo, names: Names) -> str:
    """All that is searched of a record, casefolded: what it is called, noted of it, made with."""
    noted = [part for note in _notes(info, names) for part in (note.name, note.words, *note.tags)]
    own = (names.of(info), names.default(info.digest), KINDS[info.kind], info.method)
    title = registry.titled(info.method) or ""
    told = (*own, title, info.model, info.summary, info.digest, info.created, *noted)
    return "\n".join((*told, settings(info))).casefold()


def settings(info: RecordInfo) -> str:
    """A record's prompts and settings, one a line; empty where it cannot be read."""
    if info not in _settings:
        try:
            record = read_record(Path(info.path))
        except StoreError:
            return ""
        said = [one.get("turn", {}).get("said", "") for one in record.get("exchanges") or ()]
        asked = record.get("questions") or {}
        file = [str(asked.get(key, "")) for key in ("name", "path", "behaviour")]
        lines = [*map(str, said), *file, *map(str, record.get("sentences") or ())]
        lines += [*map(str, record.get("notes") or ()), *_lines(record.get("config"))]
        _settings[info] = "\n".join(lines)[:LONGEST]
    return _settings[info]


_settings: dict[RecordInfo, str] = {}


def _holds(word: Word, info: RecordInfo, names: Names, tests: Mapping[str, Test]) -> bool:
    if word.field == "is":
        found = any(test(info) for name, test in tests.items() if name.startswith(word.text))
    elif word.field == "tag":
        tags = (tag.casefold() for note in _notes(info, names) for tag in note.tags)
        found = word.text.lstrip("#") in tags
    elif word.field == "kind":
        found = word.text.rstrip("s") in (info.kind.rstrip("s"), info.method.casefold())
    elif word.field == "model":
        found = word.text in info.model.casefold()
    else:
        found = word.text in text(info, names)
    return found is not word.is_left_out


def _notes(info: RecordInfo, names: Names) -> Iterable[Note]:
    """What is noted of a record and of its vectors."""
    if info.digest in names.notes:
        yield names.notes[info.digest]
    if info.kind == "vectors":
        own = f"{info.digest}:"
        yield from (note for subject, note in names.notes.items() if subject.startswith(own))


def _lines(value: Any, name: str = "") -> list[str]:
    if isinstance(value, Mapping):
        return [line for key, one in value.items() for line in _lines(one, str(key))]
    if isinstance(value, list):
        return [line for one in value for line in _lines(one, name)]
    return [] if value is None else [f"{name.replace('_', ' ')} {value}".strip()]
