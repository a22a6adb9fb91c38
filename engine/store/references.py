"""Stored vectors by the names that people give them: digests, files, one row of a set."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.configs.core import VectorRef, digest
from engine.configs.grids import BlendPart
from engine.errors import ConfigError
from engine.records.records import VectorSet
from engine.store.store import Store


def reference(store: Store, name: str) -> VectorRef:
    """The vectors a command line names: a digest or file, with `:INDEX` for one of them.

    A file from elsewhere is taken into the store, so that the record made from it can be read.
    What the file holds counts: where the store has other numbers under its digest, as after the
    same run on another machine, the file's are taken in under a digest of their own.

    Raises:
        ConfigError: If the index is not a number.
        StoreError: If there is no such record, or it is damaged.
    """
    target, _, index = name.partition(":") if not Path(name).is_file() else (name, "", "")
    if index and not index.isdecimal():
        raise ConfigError(f"{name!r} ends in {index!r}, which is no index: write FILE:0, FILE:1...")
    if Path(target).suffix or Path(target).is_file():
        named = _taken_in(store, store.load_vectors(Path(target)))
    else:
        named = store.find(target).digest
    return VectorRef(digest=named, indices=(int(index),) if index else None)


def with_digests(store: Store, values: dict[str, Any]) -> dict[str, Any]:
    """An intervention's settings, in which the vectors that it names are told by their digests.

    A person names them as `reference` takes them; a file is taken into the store.

    Args:
        store: Where they lie.
        values: May hold `second`, FILE:INDEX, and `when`, FILE:INDEX@BLOCK>SDS.

    Raises:
        EngineError: As `reference`.
    """
    found = dict(values)
    second, when = values.get("second"), values.get("when")
    if isinstance(second, str) and second:
        found["second"] = _by_digest(store, second)
    if isinstance(when, str):
        name, is_whole, condition = when.rpartition("@")
        # What is no condition is refused by whoever reads it.
        if is_whole and name.strip():
            found["when"] = f"{_by_digest(store, name.strip())}@{condition}"
    return found


def _by_digest(store: Store, name: str) -> str:
    ref = reference(store, name)
    return f"{ref.digest}:{ref.indices[0] if ref.indices else 0}"


def _taken_in(store: Store, found: VectorSet) -> str:
    """The digest under which the store has exactly these vectors."""
    if store.is_whole(found.digest) and store.content(found.digest) != found.content:
        own = digest({"method": found.method, "called": found.digest, "content": found.content})
        note = f"Taken from a file: the store has other numbers under its digest {found.digest}."
        found = replace(found, digest=own, notes=(*found.notes, note))
    if not store.is_whole(found.digest):
        store.save_vectors(found)
    return found.digest


def loaded(store: Store, ref: VectorRef, said: str) -> VectorSet:
    """A stored set, or the rows of it that are meant; `said` is how a person named them.

    Raises:
        ConfigError: If it has no such row.
    """
    found = store.load_vectors(ref.digest)
    if ref.indices is None:
        return found
    if missing := [index for index in ref.indices if index >= len(found.vectors)]:
        raise ConfigError(
            f"{said} asks for vector {missing[0]}, but the set has 0 to {len(found.vectors) - 1}."
        )
    rows = list(ref.indices)
    fields = {field: getattr(found, field) for field in found.__dataclass_fields__}
    fields["vectors"] = found.vectors[rows]
    fields["sites"] = tuple(found.sites[i] for i in rows)
    fields["scores"] = {key: [values[i] for i in rows] for key, values in found.scores.items()}
    return VectorSet(**fields)


def parts_of(store: Store, ref: VectorRef) -> dict[str, BlendPart]:
    """Each vector of a reference as a part of a blend, by the name of its column."""
    found = store.load_vectors(ref.digest)
    indices = range(len(found.vectors)) if ref.indices is None else ref.indices
    # The digest tells vectors of one method apart; four digits of it are enough to a reader.
    return {
        f"{found.method}_{index:02d}@{ref.digest[:4]}": BlendPart(digest=ref.digest, index=index)
        for index in indices
    }
