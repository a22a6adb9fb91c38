"""Records in other tools' own layouts, for programs and commands alike."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from engine.configs.core import VectorRef
from engine.errors import ConfigError
from engine.foreign import writing
from engine.program.objects import Shown
from engine.store.references import loaded, reference
from engine.store.store import Store


class Writing:
    """The verb that writes a record for another tool."""

    store: Store
    _reference: Callable[[Any], VectorRef]

    def export(
        self,
        record: Shown | VectorRef | str | Path,
        format: str,  # noqa: A002  As the option is.
        out: str | Path | None = None,
        layers: Sequence[int] | None = None,
    ) -> Path:
        """Write vectors, or a sweep, in another tool's own layout.

        Args:
            record: What `find` or `evaluate` gave, a digest, `digest:index` for one vector, or a
                record's file.
            format: gguf, study, caa, svec or safetensors for vectors; json for a sweep.
            out: File, or for caa the folder; in the current folder, by the record's name, if left
                out. What lies there already is left.
            layers: Blocks of the vectors, counted from 0; all if left out.

        Returns:
            Where it was written. Vectors are float32, with the length of the record's; vectors
            for projection have length 1 in GGUF.

        Raises:
            ConfigError: If the layout cannot say what the record is, or something lies there.
            StoreError: If there is no such record, or the disk refuses.
        """
        name = record.digest if isinstance(record, Shown) else record
        target = None if out is None else Path(out)
        if isinstance(name, VectorRef):
            ref = self._reference(name)
            _known(format, "vectors")
            found = self.store.load_vectors(ref.digest)
            files = writing.vector_files(found, format, ref.indices, layers)
            return _put(self.store, ref.digest, files, format, target)
        return written(self.store, str(name), format, layers, target)[1]


def written(
    store: Store,
    name: str,
    format: str,  # noqa: A002  As the option is.
    layers: Sequence[int] | None,
    out: Path | None,
) -> tuple[str, Path]:
    """Write a set, one vector of it (DIGEST:INDEX), or a sweep; its digest and where it lies.

    Args:
        store: Holds the record.
        name: Digest or its beginning, with `:INDEX` for one vector, or a file.
        format: A word of `writing.FORMATS`.
        layers: Blocks, counted from 0; None for all.
        out: File or folder; None for one in the current folder, by the record's name.

    Raises:
        ConfigError: If the format cannot say what the record is, or something lies there already.
    """
    if _known(format).kind == "vectors":
        found = loaded(store, reference(store, name), name)
        digest, files = found.digest, writing.vector_files(found, format, layers=layers)
    elif layers is not None:
        raise ConfigError(f"Layers choose vectors, and {format} is for sweeps: leave them out.")
    else:
        evaluation = store.load_evaluation(store.look_up(name).digest)
        digest, files = evaluation.digest, writing.results_files(evaluation)
    return digest, _put(store, digest, files, format, out)


def refuse_existing(path: Path) -> None:
    """Leave what lies there already.

    Raises:
        ConfigError: If something does.
    """
    if path.exists():
        raise ConfigError(f"{path} exists and was left as it is: name another.")


def _known(format: str, kind: str | None = None) -> writing.Format:  # noqa: A002
    known = writing.FORMATS if kind is None else writing.formats_of(kind)
    if format not in known:
        raise ConfigError(f"There is no format {format!r} here: use {', '.join(known)}.")
    return writing.FORMATS[format]


def _put(
    store: Store,
    digest: str,
    files: dict[str, bytes],
    format: str,  # noqa: A002
    out: Path | None,
) -> Path:
    told = writing.FORMATS[format]
    stem = Path(store.find(digest).path).stem
    path = out or Path(f"{stem}{told.suffix}" if told.is_folder else next(iter(files)))
    refuse_existing(path)
    return writing.put(files, path, told.is_folder)
