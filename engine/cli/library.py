"""`list`, `show DIGEST`, `import FILE` and `export DIGEST`: what the store holds, in and out."""

from pathlib import Path
from typing import Annotated

import typer

from engine import ROOT
from engine.cli import tables
from engine.cli.answering import answer, open_engine
from engine.cli.drawing import console
from engine.cli.from_config import StoreDir
from engine.cli.options import one_of
from engine.errors import ConfigError, DataError
from engine.foreign.importing import MOST_BYTES, import_file
from engine.store.exporting import FORMATS, export
from engine.store.files import write_atomically


def list_records(store: StoreDir = ROOT) -> None:
    """What the store holds, newest first."""
    found = open_engine(store).store
    infos = found.list()
    tables.library(infos, found.damaged())
    answer(digest=None, path=str(found.root), records=[info._asdict() for info in infos])


def show(
    digest: Annotated[str, typer.Argument(help="Digest, its beginning, or a file.")],
    store: StoreDir = ROOT,
) -> None:
    """One record: what it was made with, and its figures."""
    found = open_engine(store).store
    info = found.look_up(digest)
    tables.show(found, info)
    answer(**info._asdict())


def import_record(
    file: Annotated[Path, typer.Argument(help="A record file of Vectorscope.")],
    store: StoreDir = ROOT,
) -> None:
    """Check a record file from elsewhere and keep it; a stored record is never overwritten."""
    place = open_engine(store).store
    try:
        # One byte more than is allowed is enough to be refused for its size.
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}.") from error
    info = place.find(import_file(place, content, file.name))
    console.print(f"{info.digest}: {info.method} of {info.model}, {info.summary}")
    answer(**info._asdict())


def export_record(
    digest: Annotated[str, typer.Argument(help="Digest, or its beginning.")],
    format: Annotated[  # noqa: A002  The option's name.
        str, typer.Option(help="jsonl, csv, or npz for vectors.")
    ] = "jsonl",
    out: Annotated[Path | None, typer.Option(help="File; default: beside you, by name.")] = None,
    store: StoreDir = ROOT,
) -> None:
    """Write a record's table, or a set's vectors, as a file for other programs."""
    one_of("format", format, FORMATS)
    place = open_engine(store).store
    info = place.find(digest)
    path = out or Path(f"{Path(info.path).stem}.{format}")
    if path.exists():
        raise ConfigError(f"{path} exists and was left as it is: name another file with --out.")
    write_atomically(path, export(place, info, format))
    console.print(f"{info.digest} written to {path}", highlight=False)
    answer(digest=info.digest, path=str(path))
