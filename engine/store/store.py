"""The only reader and writer of `vectors/` and `results/`: one self-describing file a record.

Knows nothing of models, jobs or screens. Files appear by rename, so none is ever half there.
"""

import datetime
import difflib
import functools
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import safetensors.numpy

from engine.configs.core import SCHEMA_VERSION, Site
from engine.errors import StoreError
from engine.records import measures, sound_tables, soundness, strict
from engine.records.columns import completed
from engine.records.conversations import Conversation
from engine.records.grids import GENERATION_COLUMNS, Generation
from engine.records.records import (
    Evaluation,
    EvaluationHead,
    RecordInfo,
    VectorSet,
)
from engine.statistics import adaptive
from engine.store import kept_statistics, packing, seals
from engine.store.files import read_table, write_atomically
from engine.store.headers import HEADERS, KINDS, describe, read_record, readable, words
from engine.store.scanning import Scan, Times, times
from engine.store.units import Partial

# Named here because `list` is a method inside `Store`.
Records = list[RecordInfo]
Damaged = list[tuple[Path, str]]


class Store:
    """Stored records below one root folder, which holds `vectors/` and `results/`."""

    def __init__(self, root: str | Path) -> None:
        """Use `root`; its folders are made when something is first written.

        Raises:
            StoreError: If it is a file.
        """
        self.root = root = Path(root)
        if root.exists() and not root.is_dir():
            raise StoreError(f"{root} is a file: name a folder, which holds vectors and results.")
        self._labelling = threading.Lock()
        self._scan = Scan(root)

    def save_vectors(self, found: VectorSet) -> Path:
        """Write a set of vectors.

        Raises:
            StoreError: If a value is not finite or the disk refuses.
        """
        vectors = np.ascontiguousarray(found.vectors, dtype=np.float32)
        sound_tables.check_vectors(f"The result of {found.method}", vectors, len(found.sites))
        record = packing.header("vectors", found, "vectors") | {
            "norms": [float(norm) for norm in np.linalg.norm(vectors, axis=1)]
        }
        name = packing.file_name(found.method, found.model, found.digest, ".safetensors")
        arrays = {"vectors": vectors}
        told = {"record": seals.text(record, [seals.of_arrays(arrays)])}
        data = safetensors.numpy.save(arrays, told)
        return write_atomically(self.root / "vectors" / name, data)

    def save_evaluation(self, evaluation: Evaluation) -> Path:
        """Write an A/B sweep; its frame's index is not kept, its columns' types are."""
        name, data = packing.as_file(evaluation)
        path = write_atomically(self.root / "results" / name, data)
        if len(evaluation.frame) >= kept_statistics.LARGE:
            kept_statistics.keep(path, evaluation)
        return path

    def save_experiment(self, digest: str, record: dict[str, Any]) -> Path:
        """Write a study's record: plain JSON values, with `model` as in every other record."""
        name = packing.file_name("experiment", record["model"], digest, ".json")
        whole = {"schema_version": SCHEMA_VERSION, "kind": "experiment", **record, "digest": digest}
        data = seals.text(whole, indent=1).encode()
        return write_atomically(self.root / "results" / name, data)

    def save_generation(self, generation: Generation) -> Path:
        """Write a grid of texts; its frame's index is not kept, its columns' types are."""
        record = packing.header("generation", generation, "frame") | {"method": "generation"}
        name = packing.file_name("generations", generation.model, generation.digest, ".parquet")
        data = packing.sealed_table(record, generation.frame)
        return write_atomically(self.root / "results" / name, data)

    def save_conversation(self, talk: Conversation) -> Path:
        """Write a conversation as far as it came; it keeps its name while it grows."""
        name, data = packing.conversation_file(talk)
        return write_atomically(self.root / "results" / name, data)

    def add(self, record: dict[str, Any], suffix: str, data: bytes) -> Path:
        """Keep the whole file of a record made elsewhere; see `importing`, which checks it.

        Raises:
            StoreError: If a file of this name exists, or the disk refuses.
        """
        kind = record["kind"]
        folder = "vectors" if kind == "vectors" else "results"
        first = packing.FIRST.get(kind) or str(record["method"])
        name = packing.file_name(first, record["model"], record["digest"], suffix)
        path = self.root / folder / name
        if path.exists():
            raise StoreError(f"{name} exists already and was left as it is.")
        return write_atomically(path, data)

    def remove(self, digest: str) -> Path:
        """Delete a record's file; a person's labels of its texts are kept.

        Args:
            digest: The whole digest: a beginning would be too easily another one's.

        Raises:
            StoreError: If there is none, its file lies elsewhere, or the disk refuses.
        """
        if not self.has(digest):
            raise StoreError(f"There is no record '{digest}' to delete.")
        path = Path(self.find(digest).path)
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise StoreError(f"{path.name} is a link out of the store: delete it where it lies.")
        try:
            path.unlink()
            kept_statistics.forget(path, digest)
        except OSError as error:
            raise StoreError(f"{path.name} could not be deleted: {error.strerror}.") from error
        return path

    def load_vectors(self, digest_or_path: str | Path) -> VectorSet:
        """Read a set of vectors, named by the start of its digest or by its file."""
        path, record = self._open(digest_or_path, "vectors")
        with readable(path):
            vectors = safetensors.numpy.load_file(path)["vectors"]
            sound_tables.check_vectors(path.name, vectors, len(record["sites"]))
            seals.check_arrays(record, {"vectors": vectors}, path.name)
            common = packing.common(record, VectorSet) | {
                "vectors": vectors,
                "sites": tuple(Site(**site) for site in record["sites"]),
                "scores": strict.numbers(record["scores"]),
                "history": strict.numbers(record["history"]),
            }
            return VectorSet(**common)

    def content(self, digest: str) -> str:
        """The content hash of a stored set of vectors; read once as long as its file is the same.

        Raises:
            StoreError: If there is none, or it is damaged.
        """
        path = Path(self.find(digest).path)
        return _content(path, times(path.stat()))

    def load_evaluation(self, digest_or_path: str | Path) -> Evaluation:
        """Read an A/B sweep, named by the start of its digest or by its file."""
        path, record = self._open(digest_or_path, "evaluation")
        with readable(path):
            head, stored = _head(record), _frame(path, record)
            frame = completed(stored, measures.columns_of(stored), path.name)
            sound_tables.check_rows(frame, path.name)
            return Evaluation(**vars(head), frame=frame)

    def load_head(self, digest_or_path: str | Path) -> tuple[Path, EvaluationHead]:
        """The file of an A/B sweep, and what it says of itself; none of its rows are read."""
        path, record = self._open(digest_or_path, "evaluation")
        with readable(path):
            return path, _head(record)

    def load_generation(self, digest_or_path: str | Path) -> Generation:
        """Read a grid of texts, named by the start of its digest or by its file."""
        path, record = self._open(digest_or_path, "generation")
        with readable(path):
            frame = completed(_frame(path, record), GENERATION_COLUMNS, path.name)
            sound_tables.check_texts(frame, path.name)
            return Generation(**packing.common(record, Generation) | {"frame": frame})

    def add_label(self, digest: str, row: int, label: str) -> Path:
        """Keep a person's label of one text of a grid; the record itself stays as it is.

        Args:
            digest: The grid.
            row: Row of its frame.
            label: One or a few words; the last one given counts, an empty one takes it back.

        Raises:
            StoreError: If there is no such grid or row.
        """
        texts = len(self.load_generation(digest).frame)
        if not 0 <= row < texts:
            raise StoreError(f"Text {row} does not exist: {digest} has texts 0 to {texts - 1}.")
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        line = json.dumps({"row": row, "label": label.strip(), "created": now})
        path = self._labels(digest)
        with self._labelling:
            before = path.read_bytes() if path.is_file() else b""
            return write_atomically(path, before + line.encode() + b"\n")

    def labels(self, digest: str) -> dict[int, str]:
        """A person's labels of a grid's texts, by row; the last one given of each."""
        path = self._labels(digest)
        if not path.is_file():
            return {}
        with readable(path, mend=""):
            lines = path.read_text(encoding="utf-8").splitlines()
            given = {one["row"]: one["label"] for one in map(json.loads, lines)}
        return {row: label for row, label in sorted(given.items()) if label}

    def _labels(self, digest: str) -> Path:
        return self.root / "results" / "labels" / f"{packing.safe(digest)}.jsonl"

    def load_experiment(self, digest_or_path: str | Path) -> dict[str, Any]:
        """Read a study's record, with `schema_version`, `kind` and `digest` added."""
        path, record = self._open(digest_or_path, "experiment")
        with readable(path):
            return adaptive.completed(seals.opened(record))

    def load_conversation(self, digest_or_path: str | Path) -> Conversation:
        """Read a conversation, named by the start of its digest or by its file."""
        path, record = self._open(digest_or_path, "conversation")
        with readable(path):
            return packing.conversation(record)

    def find(self, digest_prefix: str) -> RecordInfo:
        """The one record whose digest begins so.

        Raises:
            StoreError: If there is none or more than one; names the candidates.
        """
        infos = self.list()
        hits = {info.digest: info for info in reversed(infos) if info.digest == digest_prefix}
        hits = hits or {i.digest: i for i in reversed(infos) if i.digest.startswith(digest_prefix)}
        if len(hits) == 1:
            return hits.popitem()[1]
        if hits:
            names = "; ".join(words(info) for info in list(hits.values())[:5])
            raise StoreError(f"{len(hits)} records begin with '{digest_prefix}': {names}.")
        raise StoreError(self._absence(digest_prefix, infos))

    def look_up(self, named: str | Path) -> RecordInfo:
        """A record by the start of its digest or by its file, which may lie elsewhere.

        Raises:
            StoreError: If there is none, or its file is damaged.
        """
        found = describe(self._locate(named))
        if isinstance(found, str):
            raise StoreError(found)
        return found

    def has(self, digest: str) -> bool:
        """Whether a readable record has exactly this digest."""
        return any(info.digest == digest for info in self.list())

    def is_whole(self, digest: str) -> bool:
        """Whether a record of exactly this digest can be read to its end.

        Its file is read once as long as it is the same one, so that a damaged record does not keep
        the run from being done again that would put a whole one in its place.
        """
        info = next((one for one in self.list() if one.digest == digest), None)
        if info is None:
            return False
        path = Path(info.path)
        try:
            return _is_whole(path, info.kind, times(path.stat()))
        except FileNotFoundError:
            return False

    def damaged(self) -> Damaged:
        """Files in the store's folders that `list` had to skip, each with the reason."""
        return [(path, found) for path, found in self._scan() if isinstance(found, str)]

    def partial(self, digest: str) -> Partial:
        """The finished units of work that is not over."""
        return Partial(self.root / "results" / ".partial" / packing.safe(digest))

    def list(self) -> Records:
        """All readable records, newest first, from their headers alone."""
        infos = [found for _, found in self._scan() if isinstance(found, RecordInfo)]
        return sorted(infos, key=lambda info: (info.created, info.path), reverse=True)

    def _open(self, target: str | Path, kind: str) -> tuple[Path, dict[str, Any]]:
        path = self._locate(target)
        record = read_record(path)
        if record["kind"] != kind:
            raise StoreError(f"{path.name} is {KINDS[record['kind']]}, not {KINDS[kind]}.")
        soundness.check(record, path.name)
        return path, record

    def _locate(self, target: str | Path) -> Path:
        for path in (Path(target), self.root / target):
            if path.is_file():
                return path
        if isinstance(target, Path) or Path(target).suffix in HEADERS:
            raise StoreError(f"There is no file {target}.")
        return Path(self.find(target).path)

    def _absence(self, prefix: str, infos: Records) -> str:
        for path, reason in self.damaged():
            if f"_{prefix}" in path.name:
                return reason
        digests = {info.digest: info for info in reversed(infos)}
        near = difflib.get_close_matches(prefix, digests, n=3, cutoff=0.0)
        if not near:
            return f"There is no record '{prefix}': the store is empty."
        names = "; ".join(words(digests[digest]) for digest in near)
        return f"There is no record '{prefix}'. Nearest: {names}."


def _head(record: dict[str, Any]) -> EvaluationHead:
    asked = {"questions": packing.questions(record["questions"])}
    return EvaluationHead(**packing.common(record, EvaluationHead) | asked)


def _frame(path: Path, record: dict[str, Any]) -> pd.DataFrame:
    """The rows of a record, as they were written."""
    table = read_table(path)
    seals.check_table(record, table, path.name)
    return table.to_pandas()


@functools.lru_cache(maxsize=4096)
def _is_whole(path: Path, kind: str, _times: Times) -> bool:
    store = Store(path.parent.parent)
    load: dict[str, Callable[[Path], Any]] = {
        "vectors": store.load_vectors,
        "evaluation": store.load_evaluation,
        "generation": store.load_generation,
        "conversation": store.load_conversation,
        "experiment": store.load_experiment,
    }
    try:
        load[kind](path)
    except StoreError:
        return False
    return True


@functools.lru_cache(maxsize=1024)
def _content(path: Path, _times: Times) -> str:
    return Store(path.parent.parent).load_vectors(path).content
