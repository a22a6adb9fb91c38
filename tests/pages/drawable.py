"""Damages small records in every way and draws whatever is accepted, everywhere.

`python -m tests.pages.drawable` takes the long walk and prints what fails; `test_drawable.py`
takes a short one. What is imported can be drawn, or is refused in one sentence.
"""

import copy
import dataclasses
import io
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import safetensors.numpy
from rich.console import Console

from dashboard.session import resources
from engine.configs.core import as_json
from engine.configs.studies import CorrigibilityConfig, DeceptionConfig
from engine.errors import EngineError
from engine.foreign.importing import import_file
from engine.questions.rows import TwoOptions
from engine.records.records import Evaluation
from engine.runs.engine import Engine
from engine.store.files import to_parquet
from engine.store.store import Store
from tests.pages import (
    adaptive_samples,
    degenerate,
    everything,
    samples,
    talk_samples,
    text_samples,
)
from tests.pages.test_studies import corrigibility, deception

VALUES: tuple[Any, ...] = (None, "", "x", -1, 10**9, 0.5, True, [], {}, [None], float("nan"))
"""What stands in place of a value."""
PATHS = 3
"""Items of a list that are changed; the others are like them."""
SKIPPED = ("digest", "schema_version", "kind", "packages")
"""What other checks hold: names and versions, and a list of packages that nothing reads."""


def files(folder: Path) -> dict[str, bytes]:
    """A whole file of each kind, as the engine writes it, by its name."""
    store = Store(folder)
    samples.fill(store, vectors=2, controls=0)
    adaptive_samples.save(store)
    degenerate.save(store, lambda frame: frame[frame["vector"] < 2])
    store.save_evaluation(with_true_ids(store.load_evaluation(degenerate.SWEEP)))
    store.save_generation(text_samples.generation(text_samples.config(), text_samples.GRID))
    for digest, record, config in (
        ("5d5d00000004", deception(study=True), DeceptionConfig()),
        ("5c5c00000005", corrigibility(), CorrigibilityConfig()),
    ):
        store.save_experiment(digest, record | {"config": as_json(config)})
    talk_samples.save_branched(store)
    return {Path(info.path).name: Path(info.path).read_bytes() for info in store.list()}


def with_true_ids(found: Evaluation) -> Evaluation:
    """The invented questions with the ids that a question file would give them."""
    old = found.questions.questions
    new = [dataclasses.replace(one, id=TwoOptions(one.stem, one.options, "A").id) for one in old]
    ids = {a.id: b.id for a, b in zip(old, new, strict=True)}
    return dataclasses.replace(
        found,
        frame=found.frame.assign(question=found.frame["question"].map(ids)),
        questions=dataclasses.replace(found.questions, questions=tuple(new)),
    )


Keep = Callable[[], bool]
"""Whether the next mutant is made."""


def mutants(name: str, content: bytes, keep: Keep = lambda: True) -> Iterator[tuple[str, bytes]]:
    """Damaged forms of a record file: what was done, and the file."""
    suffix = Path(name).suffix
    if suffix == ".json":
        for done, record in _records(_unsealed(content), keep):
            yield done, json.dumps(record).encode()
    elif suffix == ".safetensors":
        length = int.from_bytes(content[:8], "little")
        record = _unsealed(json.loads(content[8 : 8 + length])["__metadata__"]["record"])
        tensors = safetensors.numpy.load(content)
        for done, changed in _records(record, keep):
            yield done, safetensors.numpy.save(tensors, {"record": json.dumps(changed)})
        for done, vectors in _tensors(tensors["vectors"]):
            if not keep():
                continue
            yield done, safetensors.numpy.save({"vectors": vectors}, {"record": json.dumps(record)})
    else:
        table = pq.read_table(io.BytesIO(content))
        record, frame = _unsealed(table.schema.metadata[b"record"]), table.to_pandas()
        for done, changed in _records(record, keep):
            yield done, to_parquet(frame, {"record": json.dumps(changed)})
        for done, rows in _frames(frame):
            if not keep():
                continue
            yield done, to_parquet(rows, {"record": json.dumps(record)})


def _unsealed(text: str | bytes) -> dict[str, Any]:
    """A record without its checksums, which would refuse every mutant before it is looked at."""
    record = json.loads(text)
    record.pop("seal", None)
    return record


def _records(record: dict[str, Any], keep: Keep) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in _paths(record):
        if path[0] in SKIPPED or path[-1] in SKIPPED:
            continue
        told = "/".join(map(str, path))
        for value in VALUES:
            if not keep():
                continue
            changed = copy.deepcopy(record)
            _inner(changed, path)[path[-1]] = value
            yield f"{told} = {value!r}", changed
        if keep():
            changed = copy.deepcopy(record)
            del _inner(changed, path)[path[-1]]
            yield f"{told} dropped", changed
        here = _inner(record, path)[path[-1]]
        if isinstance(here, list) and here and keep():
            changed = copy.deepcopy(record)
            _inner(changed, path)[path[-1]] = [*here, here[0]]
            yield f"{told} doubled", changed


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key in value:
            yield from _paths(value[key], (*path, key))
    elif isinstance(value, list):
        for place in range(min(len(value), PATHS)):
            yield from _paths(value[place], (*path, place))


def _inner(record: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        record = record[key]
    return record


def _tensors(vectors: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    yield "vectors are zero", np.zeros_like(vectors)
    yield "vectors are not finite", np.full_like(vectors, np.nan)
    yield "no vectors", vectors[:0]
    yield "one vector too few", vectors[:-1]
    yield "vectors are whole numbers", vectors.astype(np.int64)
    yield "vectors have one axis", vectors.ravel()


def _frames(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "no rows", frame.head(0)
    yield "one row", frame.head(1)
    yield "rows twice", pd.concat([frame, frame], ignore_index=True)
    yield "rows reversed", frame[::-1].reset_index(drop=True)
    for column in frame:
        yield f"column {column} dropped", frame.drop(columns=column)
        for value in (None, "x", -1.0, np.nan, np.inf):
            yield f"column {column} = {value!r}", frame.assign(**{column: value})
            some = frame[column].astype(object).copy()
            some.iloc[::3] = value
            try:
                changed = frame.assign(**{column: some})
                to_parquet(changed, {})
            except (ValueError, TypeError, KeyError, OverflowError, ArithmeticError):
                continue
            except Exception:  # noqa: BLE001, S112  A table of mixed kinds cannot be written.
                continue
            yield f"column {column} = {value!r} in every third row", changed


def accepted(folder: Path, name: str, content: bytes) -> tuple[Store, str] | None:
    """The store that took a file, and its digest; None if it refused it in a sentence."""
    store = Store(folder)
    try:
        return store, import_file(store, content, name)
    except EngineError:
        return None


def walk(
    whole: dict[str, bytes], share: float, seed: int, with_pages: bool, with_cards: bool
) -> Iterator[tuple[str, list[str] | None]]:
    """What was done to which file, and what fails then; None where it was refused.

    Args:
        whole: Files by their name.
        share: Of the mutants that are tried.
        seed: Of their choice.
        with_pages: Whether the pages draw what was accepted.
        with_cards: Whether pictures are drawn of it.
    """
    draw = random.Random(seed)
    for name, content in whole.items():
        for done, changed in mutants(name, content, lambda: draw.random() < share):
            with tempfile.TemporaryDirectory() as place:
                try:
                    found = accepted(Path(place), name, changed)
                except Exception as error:  # noqa: BLE001  The door itself must not raise.
                    yield f"{name}: {done}", [f"import: {type(error).__name__}: {error}"]
                    continue
                if found is None:
                    yield f"{name}: {done}", None
                    continue
                store, digest = found
                engine = Engine(store, keep_jobs=False)
                resources.engine = lambda engine=engine: engine
                failing = everything.faults(store, digest, with_pages, with_cards)
                yield f"{name}: {done}", failing


def main() -> None:
    """Every mutant, without pages and pictures; then a tenth of them with both."""
    out = Console(soft_wrap=True, highlight=False, markup=False)
    for name, change in degenerate.CASES.items():
        with tempfile.TemporaryDirectory() as place:
            store = Store(Path(place))
            digest = degenerate.save(store, change)
            engine = Engine(store, keep_jobs=False)
            resources.engine = lambda engine=engine: engine
            out.print(f"{name}:", everything.faults(store, digest) or "drawn")
    with tempfile.TemporaryDirectory() as place:
        whole = files(Path(place))
    for share, is_whole in ((1.0, False), (0.1, True)):
        counts = {"refused": 0, "accepted": 0, "failing": 0}
        for done, failing in walk(whole, share, 0, is_whole, is_whole):
            counts["refused" if failing is None else "accepted"] += 1
            if failing:
                counts["failing"] += 1
                out.print(done, *failing[:3], sep="\n    ")
        out.print("with pages and pictures:" if is_whole else "without pages:", counts)


if __name__ == "__main__":
    main()
