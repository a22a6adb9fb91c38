"""`list`, `show`, `name`, `import` and `export`: what the store holds, in and out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from engine import STORE
from engine.cli import tables
from engine.cli.answering import answer, open_engine
from engine.cli.drawing import console, plain
from engine.cli.from_config import StoreDir
from engine.cli.keeping.writing import write
from engine.cli.options import one_of
from engine.configs.keywords import model_of, model_told
from engine.errors import ConfigError, DataError
from engine.foreign import writing
from engine.foreign.importing import MOST_BYTES, import_file
from engine.program.bar import bar
from engine.program.writing import refuse_existing
from engine.runs.engine import Engine
from engine.store import notes
from engine.store.exporting import FORMATS, export
from engine.store.files import write_atomically
from engine.store.naming import finding, names
from engine.store.references import loaded, reference
from engine.store.store import Store


def list_records(
    starred: Annotated[bool, typer.Option("--starred", help="Only what you starred.")] = False,
    tag: Annotated[str | None, typer.Option(help="Only what has this tag.")] = None,
    find: Annotated[
        str | None, typer.Option(help="Words of names, notes, tags, prompts and settings.")
    ] = None,
    store: StoreDir = STORE,
) -> None:
    """What the store holds, newest first."""
    found = open_engine(store).store
    known = names.of_store(found)
    asked = " ".join([*(["is:starred"] * starred), *([f'tag:"{tag}"'] * bool(tag)), find or ""])
    infos = finding.matching(asked, found.list(), known)
    rows = [info.told() | _named(known, info.digest) for info in infos]
    tables.library(rows, found.damaged())
    answer(digest=None, path=str(found.root), records=rows)


def _named(known: names.Names, subject: str) -> dict[str, Any]:
    """What a thing is called, and what is noted of it."""
    note = known.note(subject)
    return {"name": known.of(subject), "star": note.star, "tags": list(note.tags)}


def name_thing(
    subject: Annotated[
        str, typer.Argument(help="Digest or its beginning, VECTOR:INDEX, data:… or adapter:….")
    ],
    name: Annotated[str | None, typer.Option(help='Your name; "" takes it back.')] = None,
    star: Annotated[bool | None, typer.Option("--star/--unstar", help="Star it, or not.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help='Its tags; "" takes all back.')] = None,
    note: Annotated[str | None, typer.Option(help='What you note; "" takes it back.')] = None,
    store: StoreDir = STORE,
) -> None:
    """Name, star, tag and note a record, a vector, data or an adapter; no record changes."""
    place = open_engine(store).store
    found = _subject(place, subject)
    given = {"name": name, "star": star, "tags": tag, "words": note}
    parts = {part: value for part, value in given.items() if value is not None}
    if parts:
        notes.change(place.root, found, **parts)
    kept, known = notes.read(place.root, found), names.of_store(place)
    marks = "".join(f" #{one}" for one in kept.tags)
    told = plain(f"{found}: {'* ' * kept.star}{known.of(found)}{marks}")
    console.print(told, markup=False, highlight=False)
    path = str(Path(place.root) / notes.FOLDER)
    answer(digest=found, path=path, **_named(known, found), note=kept.words)


def _subject(store: Store, given: str) -> str:
    """What is meant: a record that is there, a vector of one, or data and adapters as they are."""
    if given.startswith(("data:", "adapter:")):
        return given
    start, sign, index = given.partition(":")
    info = store.find(start)
    if not sign:
        return info.digest
    count = len(info.about.inside)
    if not index.isdecimal() or int(index) >= count:
        raise ConfigError(
            f"{given[:40]} names no vector: {info.digest} has {count} of them, counted from 0."
        )
    return f"{info.digest}:{int(index)}"


def show(
    digest: Annotated[str, typer.Argument(help="Digest, its beginning, or a file.")],
    store: StoreDir = STORE,
) -> None:
    """One record: what it was made with, and its figures."""
    found = open_engine(store).store
    info = found.look_up(digest)
    known = names.of_store(found)
    note = known.note(info.digest)
    mark = "".join(["* " * note.star, known.of(info), *(f" #{tag}" for tag in note.tags)])
    console.print(plain(mark), markup=False, highlight=False, style="bold")
    tables.show(found, info)
    answer(**info.told(), **_named(known, info.digest) | {"name": known.of(info)})


def import_record(
    file: Annotated[Path, typer.Argument(help="A record file of Vectorscope.")],
    store: StoreDir = STORE,
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
        str | None,
        typer.Option(
            help="jsonl (usual), csv, npz; gguf, study, caa, svec, safetensors for vectors; "
            "json for a sweep."
        ),
    ] = None,
    layers: Annotated[
        str | None, typer.Option(help="Blocks whose vectors are written, as 7,8.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File; default: beside you, by name.")] = None,
    bake: Annotated[bool, typer.Option("--bake", help="Make one vector a bias of its model.")] = (
        False
    ),
    scale: Annotated[float | None, typer.Option(help="Of the vector to bake.")] = None,
    model: Annotated[str | None, typer.Option(help="To bake into; default: the vector's.")] = None,
    dtype: Annotated[str, typer.Option(help="Of the baked model's weights.")] = "auto",
    device: Annotated[str, typer.Option(help="Where it is tried.")] = "auto",
    store: StoreDir = STORE,
) -> None:
    """Write a record's table, a set's vectors, or a model with one vector baked into a bias."""
    place = open_engine(store)
    if bake:
        _refuse_beside_bake(format or layers, out, scale)
        assert out is not None
        assert scale is not None
        named = {} if model is None else {"model": model}
        _bake(place, digest, scale, out, named | {"dtype": dtype, "device": device})
        return
    if scale is not None or model is not None:
        raise ConfigError("--scale and --model are of a vector to bake: add --bake.")
    format = format or FORMATS[0]  # noqa: A001  The option's name.
    one_of("format", format, (*FORMATS, *writing.FORMATS))
    if format in writing.FORMATS:
        write(place.store, digest, format, layers, out)
        return
    if layers is not None:
        raise ConfigError(f"--layers is for layouts of other tools, and {format} is ours.")
    info = place.store.find(digest)
    path = out or Path(f"{Path(info.path).stem}.{format}")
    refuse_existing(path)
    write_atomically(path, export(place.store, info, format))
    console.print(f"{info.digest} written to {path}", highlight=False)
    answer(digest=info.digest, path=str(path))


def _refuse_beside_bake(unfit: str | None, out: Path | None, scale: float | None) -> None:  # noqa: A002
    if unfit is not None:
        raise ConfigError(
            "A baked vector is a checkpoint folder: leave --format out, and --layers."
        )
    if out is None or scale is None:
        raise ConfigError("--bake writes a folder at one strength: give --out and --scale.")
    refuse_existing(out)


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
