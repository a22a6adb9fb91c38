"""`list`, `show DIGEST`, `import FILE` and `export DIGEST`: what the store holds, in and out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from engine import ROOT
from engine.cli import tables
from engine.cli.answering import answer, open_engine
from engine.cli.drawing import console
from engine.cli.from_config import StoreDir
from engine.cli.options import one_of
from engine.configs.keywords import model_of, model_told
from engine.errors import ConfigError, DataError
from engine.foreign.importing import MOST_BYTES, import_file
from engine.program.bar import bar
from engine.runs.engine import Engine
from engine.store.exporting import FORMATS, export
from engine.store.files import write_atomically
from engine.store.references import loaded, reference


def list_records(store: StoreDir = ROOT) -> None:
    """What the store holds, newest first."""
    found = open_engine(store).store
    infos = found.list()
    tables.library(infos, found.damaged())
    answer(digest=None, path=str(found.root), records=[info.told() for info in infos])


def show(
    digest: Annotated[str, typer.Argument(help="Digest, its beginning, or a file.")],
    store: StoreDir = ROOT,
) -> None:
    """One record: what it was made with, and its figures."""
    found = open_engine(store).store
    info = found.look_up(digest)
    tables.show(found, info)
    answer(**info.told())


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
    answer(**info.told())


def export_record(
    digest: Annotated[str, typer.Argument(help="Digest, or its beginning; VECTOR:INDEX to bake.")],
    format: Annotated[  # noqa: A002  The option's name.
        str | None, typer.Option(help="jsonl (usual), csv, or npz for vectors.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File; default: beside you, by name.")] = None,
    bake: Annotated[bool, typer.Option("--bake", help="Make one vector a bias of its model.")] = (
        False
    ),
    scale: Annotated[float | None, typer.Option(help="Of the vector to bake.")] = None,
    model: Annotated[str | None, typer.Option(help="To bake into; default: the vector's.")] = None,
    dtype: Annotated[str, typer.Option(help="Of the baked model's weights.")] = "auto",
    device: Annotated[str, typer.Option(help="Where it is tried.")] = "auto",
    store: StoreDir = ROOT,
) -> None:
    """Write a record's table, a set's vectors, or a model with one vector baked into a bias."""
    place = open_engine(store)
    if bake:
        _refuse_beside_bake(format, out, scale)
        assert out is not None
        assert scale is not None
        named = {} if model is None else {"model": model}
        _bake(place, digest, scale, out, named | {"dtype": dtype, "device": device})
        return
    if scale is not None or model is not None:
        raise ConfigError("--scale and --model are of a vector to bake: add --bake.")
    format = format or FORMATS[0]  # noqa: A001  The option's name.
    one_of("format", format, FORMATS)
    info = place.store.find(digest)
    path = out or Path(f"{Path(info.path).stem}.{format}")
    _refuse_existing(path)
    write_atomically(path, export(place.store, info, format))
    console.print(f"{info.digest} written to {path}", highlight=False)
    answer(digest=info.digest, path=str(path))


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise ConfigError(f"{path} exists and was left as it is: name another with --out.")


def _refuse_beside_bake(format: str | None, out: Path | None, scale: float | None) -> None:  # noqa: A002
    if format is not None:
        raise ConfigError("A baked vector is a checkpoint folder: leave --format out.")
    if out is None or scale is None:
        raise ConfigError("--bake writes a folder at one strength: give --out and --scale.")
    _refuse_existing(out)


def _bake(engine: Engine, name: str, scale: float, out: Path, named: dict[str, str]) -> None:
    ref = reference(engine.store, name)
    found = loaded(engine.store, ref, name)
    if len(found.vectors) != 1:
        raise ConfigError(f"{name} is {len(found.vectors)} vectors: choose one, as {ref.digest}:0.")
    config = model_of(named, model_told(found.config.get("model")))
    with bar() as progress:
        door = engine.load(config, progress)
    # Torch, which only a loaded model needs, takes seconds to import.
    from engine.model.baking.writing import Baked, bake

    index = 0 if ref.indices is None else ref.indices[0]
    origin: dict[str, Any] = {"digest": found.digest, "content": engine.store.content(found.digest)}
    origin |= {"index": index, "method": found.method}
    asked = Baked.of(found.sites[0], found.vectors[0], scale, origin)
    told = bake(door, asked, out)
    notes = _notes(found.model, told["model"])
    for line in (f"{name} x {scale:g} is {told['parameter']} of {out}", *notes):
        console.print(line, highlight=False)
    answer(digest=found.digest, path=str(out), notes=notes, **{k: told[k] for k in SHOWN})


SHOWN = ("parameter", "difference", "effect")
"""What the last line says of a baked vector: where it is, and how far logits are from those of the
steered and of the plain model, as shares of their size."""


def _notes(of_vector: dict[str, Any], written: dict[str, Any]) -> list[str]:
    notes = []
    if of_vector.get("fingerprint") not in (None, written["fingerprint"]):
        notes.append(f"The vector was found on another model ({of_vector.get('short_name')}).")
    if of_vector.get("adapter"):
        notes.append(
            f"The vector was found with the adapter {of_vector['adapter']}: the base model's "
            "weights alone are written."
        )
    return notes
