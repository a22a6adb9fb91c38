"""`import FILE…` and `export DIGEST`: records in and out of the store."""

from pathlib import Path
from typing import Annotated

import typer

from engine import ROOT
from engine.cli.drawing import console
from engine.cli.options import StoreDir, answer, one_of, open_engine
from engine.errors import ConfigError, DataError
from engine.foreign.importing import MOST_BYTES, import_file
from engine.store.exporting import FORMATS, export
from engine.store.files import write_atomically


def attach(app: typer.Typer) -> None:
    """Add both verbs."""
    app.command("import")(import_record)
    app.command("export")(export_record)


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
