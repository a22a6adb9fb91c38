"""`--field PART=COLUMN`: own files whose columns have other names, for every command that reads.

Such a file is understood as it was said, kept by its content as `add` keeps it, and read from
there. Knows nothing of what commands do with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from engine import ROOT
from engine.cli.drawing import plain, say
from engine.errors import ConfigError, DataError
from engine.questions import own
from engine.questions.corpora import load_corpus
from engine.questions.own import direct, kept, places, roles
from engine.questions.sources import located

HELP = "PART=COLUMN of an own file, as positive=good; several times."
TEXTS = "texts"
"""A corpus's column of texts, which is read where it stands."""
PARTS = {**roles.ROLES, TEXTS: ("text",)}
"""By kind, what a column may be."""


class Taker(NamedTuple):
    """An option that names a file of data."""

    name: str
    kinds: tuple[str, ...]
    """What its file may be read as, the likelier first."""
    default: Any


def mapping_of(given: Sequence[str]) -> dict[str, str]:
    """PART=COLUMN pairs as a mapping.

    Raises:
        ConfigError: If one has no equals sign, or a part is named twice.
    """
    found: dict[str, str] = {}
    for one in given:
        part, _, name = (text.strip() for text in one.partition("="))
        if not (part and name):
            raise ConfigError(f"--field {one!r} is not PART=COLUMN: write positive=good.")
        if found.setdefault(part, name) != name:
            raise ConfigError(f"--field names {part} twice, as {found[part]} and as {name}.")
    return found


def applied(given: Mapping[str, Any], takers: Sequence[Taker], root: Path) -> dict[str, Any]:
    """The values of a command's options, with kept files for those that `--field` speaks of.

    Args:
        given: By option, and under "field" what was said.
        takers: The command's options that name data.
        root: Of the store, below which files are kept.

    Raises:
        ConfigError: If it is open which file is meant, or a part is none of it.
        DataError: If a file has no such column, or no row can be made of it.
    """
    found = {name: value for name, value in given.items() if name != "field"}
    said: dict[Taker, dict[str, str]] = {}
    for head, column in mapping_of(given["field"] or ()).items():
        option, _, part = head.rpartition(".")
        said.setdefault(_taker(option, part, takers, given), {})[part] = column
    for taker, mapping in said.items():
        kind, value = _kind(taker, mapping, given), given[taker.name]
        if kind == TEXTS:
            load_corpus(value, mapping["text"])
            found["column"] = mapping["text"]
        elif isinstance(value, list):
            # A study's question sets are FILE:BEHAVIOUR.
            parts = [(one, "") if ":" not in one else one.rsplit(":", 1) for one in value]
            paths = [(_kept(root, file, kind, mapping), name) for file, name in parts]
            found[taker.name] = [f"{path}:{name or 'survival'}" for path, name in paths]
        else:
            found[taker.name] = _kept(root, value, kind, mapping)
    return found


def _taker(option: str, part: str, takers: Sequence[Taker], given: Mapping[str, Any]) -> Taker:
    """The option whose file is meant: the one that was named, or the only one that was given."""
    named = [one for one in takers if one.name == option.removeprefix("--").replace("-", "_")]
    known = ", ".join(_flag(one.name) for one in takers)
    if option and not named:
        raise ConfigError(f"--field {option}.{part} names no file of this command: use {known}.")
    brought = [one for one in takers if given[one.name] not in (None, "", [], one.default)]
    # A file that comes with the project may have been named as well.
    usual = [one for one in takers if given[one.name]]
    meant = named or brought or usual[: len(usual) == 1]
    if not meant or not given[meant[0].name]:
        names = named[0].name if named else ""
        where = _flag(names) if named else known
        raise ConfigError(f"--field {part} says how to read a file of your own: give {where}.")
    if len(meant) > 1:
        both = " or ".join(_flag(one.name) for one in meant)
        raise ConfigError(
            f"--field {part} could be meant for {both}: write {meant[0].name}.{part}=COLUMN."
        )
    return meant[0]


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _kind(taker: Taker, mapping: Mapping[str, str], given: Mapping[str, Any]) -> str:
    """The first kind that has every part; of answers to be read as texts, pairs come first."""
    kinds = taker.kinds[::-1] if given.get("reading") == "likelihood" else taker.kinds
    parts = {part for part in mapping if part not in roles.HOW}
    for kind in kinds:
        if parts <= {*PARTS[kind]} and (kind != TEXTS or parts):
            return kind
    known = dict.fromkeys(part for kind in kinds for part in PARTS[kind])
    odd = next((part for part in mapping if part not in known and part not in roles.HOW), None)
    if odd is None:
        raise ConfigError(f"--field gives {' and '.join(sorted(parts))}, which no one layout has.")
    raise ConfigError(f"{odd!r} is no part of {' or '.join(kinds)}: use {', '.join(known)}.")


def _kept(root: Path, file: str, kind: str, mapping: Mapping[str, str]) -> str:
    """Where the rows of a file lie once they are kept, as a config names it."""
    found = replace(places.understand_here(file, kind, mapping), file=located(file).name)
    direct.refuse_many(found, file)
    if found.needs:
        known = roles.listed(found.columns)
        parts = " ".join(f"--field {part}=…" for part in found.needs)
        raise DataError(f"It is not clear which column is which ({known}): add {parts}.")
    before = kept.card(kept.place(root, found))
    # What its reader has called it stays.
    path = own.keep(root, found, before.name if before else "").path
    left = f"; {len(found.dropped):,} left out" if found.dropped else ""
    why = f" (line {found.dropped[0][0]}: {found.dropped[0][1]})" if found.dropped else ""
    say(plain(f"{found.file}: {found.layout}, {len(found.rows):,} {kind} kept{left}{why}."))
    for note in found.notes:
        say(plain(f"Note: {note}"))
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
