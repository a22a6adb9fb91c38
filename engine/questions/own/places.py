"""Where own data comes from: a file, a folder of shards, or a dataset of the Hugging Face hub.

Of a hub's dataset only files of rows are taken, never code. Knows nothing of what rows mean.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from engine.errors import DataError
from engine.questions.own import limits, reading
from engine.questions.own.reading import Table
from engine.questions.own.understanding import Understood, understand, understood
from engine.questions.polarity import Polarity
from engine.questions.rows import Row
from engine.questions.sources import content_of, files_of, located, read_bytes

SHARDS = (".parquet", ".arrow", ".jsonl", ".json", ".csv", ".tsv", ".gz")
"""Endings of files that hold rows, the likelier first."""
BESIDE = ("dataset_info", "state", "dataset_dict", "dataset_infos", "config", "metadata", "card")
"""Names of JSON files that hold none."""
SPLITS = ("test", "validation", "val", "dev", "train")
HUB_ID = re.compile(r"(?:https://huggingface\.co/)?(?:datasets/)?([\w.-]+/[\w.-]+)(?::([\w.-]+))?")
CONVERTED = "refs/convert/parquet"
"""Where the hub keeps every dataset as CONFIG/SPLIT/0000.parquet."""
SECONDS = 15.0


class Shard(NamedTuple):
    """One file of rows in a folder."""

    name: str
    """Below the folder, with slashes."""
    size: int


def understand_place(
    place: str | Path,
    kind: str,
    mapping: Mapping[str, str] | None = None,
    behaviour: str | None = None,
    polarity: Polarity | None = None,
) -> Understood:
    """What a file, a folder or a dataset of the hub holds; see `understand`.

    Args:
        place: A path; or OWNER/NAME on the Hugging Face hub, as OWNER/NAME:SUBSET where it has
            several subsets.
        kind: One of `KINDS`.
        mapping: Part -> column.
        behaviour: What the answers show.
        polarity: Which answer shows it.

    Raises:
        DataError: If there is no such place, the hub cannot be reached, or nothing can be made
            of it.
    """
    path, said = located(place), mapping or {}
    if path.is_dir():
        table, name = table_here(path, kind, said), path.resolve().name
        return understood(table, name, kind, said, behaviour, polarity)
    found = HUB_ID.fullmatch(str(place))
    if path.exists() or found is None or PurePath(found[1]).suffix.lower() in SHARDS:
        return understand(read_bytes(place), path.name, kind, said, behaviour, polarity)
    table = _of_hub(found[1], found[2], kind, said)
    return understood(table, found[1].replace("/", " "), kind, said, behaviour, polarity)


def is_of_rows(folder: Path) -> bool:
    """Whether it is a folder with a file of rows."""
    # Unlike a path's own, this says False of a name too long for a file.
    return os.path.isdir(folder) and any(_holds_rows(one.name) for one in _shards(folder))


def understand_here(
    path: str | Path, kind: str, mapping: Mapping[str, str] | None = None
) -> Understood:
    """What a file or a folder of this machine holds, under the path that was given.

    Raises:
        DataError: If it cannot be read, or nothing can be made of it.
    """
    said = mapping or {}
    if located(path).is_dir():
        return understood(table_here(path, kind, said), str(path), kind, said, None, None)
    return understand(content_of(path), str(path), kind, said)


def table_here(path: str | Path, kind: str, said: Mapping[str, str]) -> Table:
    """The rows of a file, or of the files of one split of a folder, as `save_to_disk` writes it.

    Raises:
        DataError: If it cannot be read.
    """
    folder = located(path)
    if not folder.is_dir():
        return reading.table_of(content_of(path), str(path), said)
    return _of_folder(folder, kind, said)


def _shards(folder: Path) -> list[Shard]:
    return [
        Shard(one.relative_to(folder).as_posix(), one.stat().st_size) for one in files_of(folder)
    ]


def _of_folder(folder: Path, kind: str, said: Mapping[str, str]) -> Table:
    shards = _shards(folder)
    chosen, notes = chosen_of(shards, kind, str(folder))
    contents = ((one.name, read_bytes(folder / one.name)) for one in chosen)
    return _joined([reading.table_of(content, name, said) for name, content in contents], notes)


def chosen_of(shards: Sequence[Shard], kind: str, place: str) -> tuple[list[Shard], list[str]]:
    """The files of one split, as many as may be read, and what a reader should see of the rest.

    Raises:
        DataError: If none holds rows.
    """
    rows = [one for one in sorted(shards) if _holds_rows(one.name)]
    if not rows:
        known = ", ".join(one.name for one in shards[:6]) or "nothing"
        raise DataError(f"{place} has no file of rows ({known}): name one of JSON, CSV or Parquet.")
    form = min((_form(one.name) for one in rows), key=SHARDS.index)
    rows = [one for one in rows if _form(one.name) == form]
    order = SPLITS if kind == "questions" else SPLITS[::-1]
    by_split = {name: [one for one in rows if _split(one.name) == name] for name in order}
    splits = [name for name in order if by_split[name]]
    notes = []
    if splits:
        rows = by_split[splits[0]]
        if splits[1:]:
            notes.append(f"Only the split '{splits[0]}' is read; others: {', '.join(splits[1:])}.")
    kept: list[Shard] = []
    for one in rows:
        if kept and sum(each.size for each in [*kept, one]) > limits.MOST_BYTES:
            break
        kept.append(one)
    if len(kept) < len(rows):
        notes.append(f"Only {len(kept)} of {len(rows)} files are read.")
    return kept, notes


def _holds_rows(name: str) -> bool:
    stem = PurePath(name.lower()).stem
    is_row = _form(name) in SHARDS and not PurePath(name).name.startswith(".")
    return is_row and not (stem in BESIDE and name.lower().endswith(".json"))


def _form(name: str) -> str:
    return PurePath(name).suffix.lower()


def _split(name: str) -> str | None:
    words = re.split(r"[/._\-]", name.lower())
    return next((split for split in SPLITS if split in words), None)


def _joined(tables: list[Table], notes: list[str]) -> Table:
    """The rows of several files, numbered through."""
    rows: list[Row] = []
    dropped: list[tuple[int, str]] = []
    for table in tables:
        begin = rows[-1].line if rows else 0
        rows += [row._replace(line=row.line + begin) for row in table.rows]
        dropped += [(line + begin, reason) for line, reason in table.dropped]
        notes += [note for note in table.notes if note not in notes]
    rows = rows[: limits.MOST_ROWS]
    return Table(rows, tables[0].container, notes, dropped)


def _of_hub(name: str, subset: str | None, kind: str, said: Mapping[str, str]) -> Table:
    """The rows of a dataset, downloaded with the hub's own client.

    Raises:
        DataError: If it cannot be reached, is not there, or has subsets and none was named.
    """
    from huggingface_hub import HfApi, hf_hub_download

    revision = CONVERTED
    try:
        try:
            found = _listed(HfApi(), name, revision)
        except DataError:
            revision = "main"
            found = _listed(HfApi(), name, revision)
        shards = of_subset(found, subset, name)
        chosen, notes = chosen_of(shards, kind, name)
        large = next((one for one in chosen if one.size > limits.MOST_BYTES), None)
        if large is not None:
            most = limits.MOST_BYTES >> 20
            raise DataError(f"{large.name} of {name} has more than {most} MB: give a part of it.")
        tables = []
        for one in chosen:
            path = hf_hub_download(name, one.name, repo_type="dataset", revision=revision)
            tables.append(reading.table_of(read_bytes(path), one.name, said))
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001  What its transport raises differs by version.
        raise _refusal(name, error) from None
    return _joined(tables, notes)


def _listed(api: Any, name: str, revision: str) -> list[Shard]:
    from huggingface_hub.errors import RevisionNotFoundError

    try:
        info = api.dataset_info(name, revision=revision, files_metadata=True, timeout=SECONDS)
    except RevisionNotFoundError:
        raise DataError(f"{name} has no revision {revision}: choose another.") from None
    return [Shard(one.rfilename, one.size or 0) for one in info.siblings or ()]


def of_subset(shards: Sequence[Shard], subset: str | None, name: str) -> list[Shard]:
    """The files of one subset of a dataset, with names below it.

    Raises:
        DataError: If there are several and none is named, or not this one.
    """
    rows = [one for one in shards if _holds_rows(one.name)]
    heads = [one.name.split("/")[0] for one in rows if "/" in one.name]
    names = [head for head in dict.fromkeys(heads) if head not in ("data", *SPLITS)]
    known = ", ".join(names[:12])
    if subset is not None:
        chosen = [one for one in rows if one.name.split("/")[0] == subset]
        if not chosen:
            raise DataError(f"{name} has no subset {subset!r}: its subsets are {known or 'none'}.")
        return chosen
    if len(names) > 1:
        usual = next((one for one in ("all", "default", "main") if one in names), None)
        if usual is None:
            raise DataError(f"{name} has subsets {known}: name one, as {name}:{names[0]}.")
        return [one for one in rows if one.name.split("/")[0] == usual]
    return rows


def _refusal(name: str, error: Exception) -> DataError:
    from huggingface_hub.errors import RepositoryNotFoundError

    if isinstance(error, RepositoryNotFoundError):
        return DataError(f"The hub has no dataset {name}, or it is private: check its name.")
    of_transport = any(kind.__name__ == "HTTPError" for kind in type(error).__mro__)
    if not of_transport and not isinstance(error, OSError | ValueError):
        raise error
    return DataError(
        f"The dataset {name} cannot be fetched from the hub: there is no file of this name, and "
        "the hub cannot be reached."
    )
