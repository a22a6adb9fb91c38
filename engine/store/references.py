"""Stored vectors by the names that people give them: digests, files, one row of a set."""

from pathlib import Path

from engine.configs.core import VectorRef
from engine.configs.grids import BlendPart
from engine.errors import ConfigError
from engine.records.records import VectorSet
from engine.store.store import Store


def reference(store: Store, name: str) -> VectorRef:
    """The vectors a command line names: a digest or file, with `:INDEX` for one of them.

    A file from elsewhere is taken into the store, so that the record made from it can be read.

    Raises:
        ConfigError: If the index is not a number.
    """
    target, _, index = name.partition(":") if not Path(name).is_file() else (name, "", "")
    if index and not index.isdecimal():
        raise ConfigError(f"{name!r} ends in {index!r}, which is no index: write FILE:0, FILE:1...")
    if Path(target).suffix or Path(target).is_file():
        found = store.load_vectors(Path(target))
        if not store.has(found.digest):
            store.save_vectors(found)
        digest = found.digest
    else:
        digest = store.find(target).digest
    return VectorRef(digest=digest, indices=(int(index),) if index else None)


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
