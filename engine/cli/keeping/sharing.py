"""`pack`, `unpack`, `push` and `pull`: records for somebody else, and from there.

Knows nothing of how a pack is checked, or of tokens.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from engine import STORE
from engine.cli.answering import answer, open_engine
from engine.cli.drawing import notes, say
from engine.cli.from_config import StoreDir
from engine.sharing import hub
from engine.sharing.card import NO_LICENSE
from engine.sharing.pack import Packed, pack
from engine.sharing.unpack import Taken, unpack

Digests = Annotated[list[str], typer.Argument(help="Digests or their beginnings.")]
License = Annotated[str, typer.Option("--license", help="Of the card, as cc-by-4.0.")]
NAMED = 6
"""Digests that a sentence names."""


def pack_records(
    digests: Digests,
    out: Annotated[Path, typer.Option(help="The folder, which must not be there yet.")],
    words: Annotated[
        bool, typer.Option("--notes/--no-notes", help="Whether the words of your notes go along.")
    ] = True,
    license: License = NO_LICENSE,  # noqa: A002  The option's name.
    store: StoreDir = STORE,
) -> None:
    """Write records, their names and notes, a card and checksums as one folder."""
    place = open_engine(store).store
    packed = pack(place, digests, out, words=words, license=license)
    say(f"{_count(len(packed.digests))} and {len(packed.notes)} notes are in {out}.")
    notes(_missing(packed), begin="")
    answer(
        digest=packed.digests[0],
        path=str(packed.path),
        packed=list(packed.digests),
        noted=list(packed.notes),
        missing=list(packed.missing),
        bytes=packed.bytes,
    )


def unpack_folder(
    folder: Annotated[Path, typer.Argument(help="What `pack` wrote.")],
    store: StoreDir = STORE,
) -> None:
    """Check a pack whole, then take its records in; nothing of yours is written over."""
    place = open_engine(store).store
    show_taken(unpack(place, folder), str(folder))


def push_records(
    digests: Digests,
    repo: Annotated[str, typer.Option(help="OWNER/NAME on the Hugging Face hub.")],
    private: Annotated[bool, typer.Option("--private", help="Nobody else may see it.")] = False,
    words: Annotated[
        bool | None,
        typer.Option(
            "--notes/--no-notes",
            help="Whether the words of your notes go along; default: only where it is private.",
        ),
    ] = None,
    license: License = NO_LICENSE,  # noqa: A002  The option's name.
    store: StoreDir = STORE,
) -> None:
    """Put records on the hub as a pack with a model card; a pack that is there is replaced."""
    place = open_engine(store).store
    pushed = hub.push(place, digests, repo, private=private, words=words, license=license)
    packed = pushed.packed
    seen = "private" if pushed.is_private else "public"
    say(f"{_count(len(packed.digests))} and {len(packed.notes)} notes are at {pushed.url}, {seen}.")
    notes(_missing(packed), begin="")
    answer(
        digest=packed.digests[0],
        path=pushed.url,
        commit=pushed.commit,
        private=pushed.is_private,
        packed=list(packed.digests),
        noted=list(packed.notes),
        missing=list(packed.missing),
        removed=list(pushed.removed),
    )


def pull_records(
    repo: Annotated[str, typer.Argument(help="OWNER/NAME on the Hugging Face hub.")],
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit.")] = None,
    store: StoreDir = STORE,
) -> None:
    """Take a pack from the hub, checked as any other; nothing of yours is written over."""
    place = open_engine(store).store
    show_taken(hub.pull(place, repo, revision), repo)


def show_taken(taken: Taken, path: str, **more: Any) -> None:
    """Say what became of a pack, and answer."""
    say(
        f"{_count(len(taken.new))} taken in, {len(taken.known)} known already, "
        f"{len(taken.kept_own)} left as yours are; {len(taken.named)} notes taken over."
    )
    notes(taken.notes, begin="")
    first = next(iter((*taken.new, *taken.known, *taken.kept_own)), None)
    answer(digest=first, path=path, **more, **{k: list(v) for k, v in taken._asdict().items()})


def _missing(packed: Packed) -> list[str]:
    if not packed.missing:
        return []
    more = len(packed.missing) - NAMED
    named = ", ".join(packed.missing[:NAMED]) + (f" and {more} more" if more > 0 else "")
    return [f"They name records that are not in the pack: {named}."]


def _count(count: int) -> str:
    return f"{count} record{'' if count == 1 else 's'}"
