"""`audit FILE…`: what is wrong in files of vectors and results, ours or another tool's."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

import pandas as pd
import typer
from rich.markup import escape

from engine import STORE
from engine.audit import Audit, Finding, audit, together
from engine.cli.answering import answer, open_engine
from engine.cli.drawing import Row, by_scale, console, draw, say
from engine.cli.from_config import StoreDir
from engine.cli.options import one_of
from engine.configs.core import SiteKind
from engine.errors import ConfigError, EngineError
from engine.foreign import adopting
from engine.foreign.formats import Given
from engine.foreign.formats.values import OPERATIONS, ROWS
from engine.store.store import Store

COLOURS = {"wrong": "bold red", "doubtful": "yellow", "note": "cyan", "fine": "green"}
AS_COUNTED = ", as the file counts"
FINDINGS = {"": "{mark}", "what": "{name}", "figure": "{figure}", "in words": "{sentence}"}


def audit_files(
    files: Annotated[list[str], typer.Argument(help="Files in any known layout, or digests.")],
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep foreign vectors as records, to be measured.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="The model that vectors are of.")] = None,
    layer: Annotated[
        str | None,
        typer.Option("--layer", "--block", help="Their layer where the file names none; or rows."),
    ] = None,
    site: Annotated[
        str | None, typer.Option(help="block_out, block_in or mlp_out, where the file is silent.")
    ] = None,
    operation: Annotated[
        str | None, typer.Option(help="add, subtract or ablate, where the file is silent.")
    ] = None,
    index: Annotated[
        str | None, typer.Option(help="Which rows or features, as 3,17; default: all.")
    ] = None,
    store: StoreDir = STORE,
) -> None:
    """Open files of vectors, sweeps, texts or questions and say what is wrong in them.

    A file that cannot be read does not keep the others from being audited.
    """
    place = open_engine(store).store
    given = _given(model, layer, site, operation, index)
    audits: list[Audit] = []
    refused: list[tuple[str, EngineError]] = []
    for name in files:
        try:
            audits.append(audit(name, place, given))
        except EngineError as error:
            refused.append((name, error))
            continue
        _report(audits[-1])
    if not audits:
        raise refused[0][1]
    shared = together(audits)
    if shared:
        _findings("Side by side", shared)
    for name, reason in refused:
        console.print(f"[bold red]Not audited:[/] {escape(name)}: {escape(str(reason))}")
    kept = [_keep(one, place, given) for one in audits] if keep else []
    _answer(audits, shared, refused, [one for one in kept if one])


def _answer(
    audits: list[Audit],
    shared: Sequence[Finding],
    refused: list[tuple[str, EngineError]],
    kept: list[str],
) -> None:
    told = [_told(one) for one in audits]
    plain = [_plain(finding) for finding in shared]
    errors = [{"path": name, "error": str(reason)} for name, reason in refused]
    answer(
        **{name: told[0][name] for name in ("digest", "path", "findings")},
        audits=told, together=plain, refused=errors, kept=kept,
    )  # fmt: skip


def _given(
    model: str | None, layer: str | None, site: str | None, operation: str | None, index: str | None
) -> Given:
    """What was stated of the files, as the readers take it."""
    for name, value, known in (
        ("site", site, get_args(SiteKind)), ("operation", operation, OPERATIONS),
    ):  # fmt: skip
        if value is not None:
            one_of(name, value, known)
    rows = whole_numbers(index, "index") if index is not None else ()
    if layer is not None and layer != ROWS and not (layer.isdecimal() and len(layer) < 5):
        raise ConfigError(f"--layer is {layer[:20]!r}: give a block counted from 0, or rows.")
    at: Any = layer if layer in (None, ROWS) else int(layer)
    stated: Any = {"site": site, "operation": operation}
    return adopting.known(Given(model=model, layer=at, index=rows, **stated))


def whole_numbers(text: str, name: str) -> tuple[int, ...]:
    """Numbers with commas between them.

    Raises:
        ConfigError: If one is none.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and len(part) < 8 for part in parts):
        raise ConfigError(f"--{name} is {text[:40]!r}: give whole numbers, as 3,17.")
    return tuple(int(part) for part in parts)


def _keep(one: Audit, place: Store, given: Given) -> str | None:
    """The digest under which a foreign file's vectors now lie; None for everything else."""
    if one.kind != "vectors" or not one.is_foreign:
        return None
    digest = adopting.adopt_file(Path(one.path), place, given)
    say(f"Kept as {digest}: {place.find(digest).path}")
    return digest


def _report(one: Audit) -> None:
    """The findings, the worst first, and of a sweep its shares."""
    console.print(f"[bold]{escape(one.name)}[/]")
    say(f"{one.what}.")
    _findings(one.verdict, one.findings)
    if one.rates is not None:
        by = "logits" if one.reading.has_letters else "log p"
        _rates(one.behaviour, by, one.rates)


def _findings(title: str, findings: tuple[Finding, ...]) -> None:
    rows = [
        {name: escape(getattr(one, name)) for name in ("name", "figure", "sentence")}
        | {"mark": f"[{COLOURS[one.severity]}]{one.severity}[/]"}
        for one in findings
    ]
    draw(title, rows, FINDINGS, left=FINDINGS, has_lines=True)


def _rates(behaviour: str, by: str, known: pd.DataFrame) -> None:
    """Shares by method and scale: by the figures, and as the file counts where that differs."""
    rows = {}
    for method, found in known.groupby("method", sort=False):
        name, found = escape(str(method)), found.set_index("scale")
        rows[name] = dict(found["rate"])
        if (found["claimed"] - found["rate"]).abs().max() > 1e-9:
            rows[name + AS_COUNTED] = dict(found["claimed"])
    title = f"{behaviour} % by the {by}; ties are not counted, scale 0 is once"
    by_scale(title, "vectors", rows, style=_claimed)


def _claimed(row: Row) -> str:
    return "dim" if row["name"].endswith(AS_COUNTED) else ""


def _told(one: Audit) -> dict[str, Any]:
    """What the last line says of a file."""
    names = ("name", "digest", "path", "kind", "what", "verdict")
    rows = []
    if one.rates is not None:
        rows = one.rates.astype(object).where(one.rates.notna(), None).to_dict("records")
    findings = [_plain(finding) for finding in one.findings]
    return {name: getattr(one, name) for name in names} | {
        "path": str(Path(one.path)),
        "findings": findings,
        "rates": rows,
    }


def _plain(finding: Finding) -> dict[str, Any]:
    figures = {name: value for name, value in finding.figures.items() if math.isfinite(value)}
    return dataclasses.asdict(finding) | {"figures": figures}
