"""`compare RUN RUN`, `delete DIGEST…`, `restore DIGEST…` and `disk`: what is stored, kept in order.

Knows nothing of models.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from engine import STORE
from engine.cli.answering import answer, open_engine
from engine.cli.drawing import draw, notes, say
from engine.cli.from_config import StoreDir
from engine.cli.keeping import tables
from engine.cli.options import one_of
from engine.errors import ConfigError
from engine.records.records import RecordInfo
from engine.statistics.across.comparing import METRICS, Key
from engine.statistics.evidence import plain_rows
from engine.store import references
from engine.store.headers import words
from engine.store.library import comparing, disk, needs, trash
from engine.store.store import Store

NAMED = 8
"""Records that a message names one by one."""
EMPTIED = ("caches", "trash")


def compare(
    first: Annotated[str, typer.Argument(help="The run that is compared with: digest or file.")],
    second: Annotated[str, typer.Argument(help="The other run.")],
    by: Annotated[
        str | None, typer.Option(help="change of the logit difference, or rate of answers.")
    ] = None,
    pair: Annotated[
        tuple[str, str] | None,
        typer.Option(help="A vector of each run, SET:INDEX SET:INDEX; default: those of both."),
    ] = None,
    store: StoreDir = STORE,
) -> None:
    """Paired differences of two runs of the same questions, beside those of random vectors."""
    if by is not None:
        one_of("by", by, tuple(METRICS))
    place = open_engine(store).store
    chosen = None if pair is None else (_key(place, pair[0]), _key(place, pair[1]))
    found = comparing.compare(place, first, second, by, chosen)
    tables.comparison(found)
    answer(
        digest=found.second.digest,
        path=place.find(found.second.digest).path,
        first=found.first.digest,
        second=found.second.digest,
        metric=found.metric,
        unit=found.unit,
        questions=found.questions,
        held_out=tables.plain_held_out(found.held_out),
        cells=plain_rows(found.cells.to_dict("records")),
        notes=list(found.notes),
    )


def _key(store: Store, named: str) -> Key:
    ref = references.reference(store, named)
    if ref.indices is None:
        raise ConfigError(f"{named} names a whole set: choose one vector, as {ref.digest}:0.")
    return ref.digest, ref.indices[0]


def delete(
    digests: Annotated[list[str], typer.Argument(help="Digests or their beginnings.")],
    store: StoreDir = STORE,
) -> None:
    """Move records into the trash; `restore` brings them back. Names what would miss them."""
    place = open_engine(store).store
    infos = [place.find(digest) for digest in dict.fromkeys(digests)]
    missed = needs.users(place, [info.digest for info in infos])
    gone = [trash.put(place, info.digest) for info in infos]
    for info in infos:
        say(f"{words(info)} is in the trash. Restore it with: restore {info.digest}")
        if users := missed.get(info.digest):
            notes([_missed(users)], begin="")
    answer(
        digest=infos[0].digest,
        path=str(gone[0].file),
        deleted=[info.digest for info in infos],
        missed_by={digest: [one.digest for one in users] for digest, users in missed.items()},
    )


def _missed(users: Sequence[RecordInfo]) -> str:
    named = "; ".join(words(info) for info in users[:NAMED])
    more = f"; and {len(users) - NAMED} more" if len(users) > NAMED else ""
    count = f"{len(users)} record{'' if len(users) == 1 else 's'}"
    return f"  {count} named it and will miss it: {named}{more}."


def restore(
    digests: Annotated[
        list[str] | None, typer.Argument(help="Digests or beginnings; none lists the trash.")
    ] = None,
    store: StoreDir = STORE,
) -> None:
    """Bring deleted records back from the trash; without a digest, list what it holds."""
    place = open_engine(store).store
    if not digests:
        inside = trash.listed(place)
        tables.trash(inside)
        told: list[Any] = [one.info if isinstance(one.info, str) else one.info._asdict()
                           for one in inside]  # fmt: skip
        answer(digest=None, path=str(place.root / trash.FOLDER), trash=told)
        return
    back = [trash.restore(place, digest) for digest in dict.fromkeys(digests)]
    for info in back:
        say(f"{words(info)} is back.")
    answer(digest=back[0].digest, path=back[0].path, restored=[info.digest for info in back])


def disk_use(
    empty: Annotated[
        str | None, typer.Option(help="caches, which are made again, or trash, for ever.")
    ] = None,
    store: StoreDir = STORE,
) -> None:
    """What the store takes on the disk, by kind, and what of it may be emptied."""
    place = open_engine(store).store
    freed = 0
    if empty is not None:
        one_of("empty", empty, EMPTIED)
        freed = disk.empty_caches(place) if empty == "caches" else trash.empty(place)
        say(f"{freed / 1e6:,.1f} MB freed.")
    uses = disk.used(place)
    lines = [
        {"kind": use.name, "files": use.files, "megabytes": use.bytes / 1e6, "what": use.about}
        for use in uses
    ]
    total, left = sum(use.bytes for use in uses), disk.free(place)
    columns = {"kind": "{kind}", "files": "{files}", "MB": "{megabytes:,.1f}", "what": "{what}"}
    draw("Disk use", lines, columns, left=("kind", "what"))
    say(f"{total / 1e6:,.1f} MB in all; {left / 1e9:,.1f} GB are free on this disk.")
    answer(
        digest=None,
        path=str(place.root),
        bytes=total,
        free=left,
        freed=freed,
        kinds=[use._asdict() for use in uses],
    )
