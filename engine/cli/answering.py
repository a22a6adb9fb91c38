"""How every command opens the engine, runs a config, and ends its output with one JSON object."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.cli import tables
from engine.configs.core import RunConfig
from engine.program.bar import bar
from engine.records import strict
from engine.runs.engine import Engine
from engine.store.store import Store


def open_engine(store: Path) -> Engine:
    """An engine over a store, without job records."""
    return Engine(Store(store.resolve()), keep_jobs=False)


def answer(**values: Any) -> None:
    """Print the one JSON object that ends every command's output."""
    print(strict.dumps(values))


def answer_in_lines(**values: Any) -> None:
    """Print one JSON object that a person pastes; no other line is printed."""
    print(strict.dumps(values, indent=2, ensure_ascii=False))


def run(config: RunConfig, store: Path, told: Callable[[Any], dict[str, Any]]) -> None:
    """Do what a config says, show the record, and answer.

    Args:
        config: Of a kind whose record lies in the store.
        store: Its folder.
        told: What the last line says of the record beside its digest and path.
    """
    engine = open_engine(store)
    with bar() as progress:
        digest = engine.run(config, progress)
    info = engine.store.find(digest)
    found = tables.show(engine.store, info)
    answer(digest=digest, path=info.path, **told(found))
