"""`audit FILE…`: what is wrong in files of vectors and results, ours or another tool's."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from engine import ROOT
from engine.audit import Audit, Finding, audit, together
from engine.cli.drawing import console
from engine.cli.options import StoreDir, answer, open_engine
from engine.errors import EngineError
from engine.foreign.adopting import adopt_file
from engine.store.store import Store

COLOURS = {"wrong": "bold red", "doubtful": "yellow", "note": "cyan", "fine": "green"}


def audit_files(
    files: Annotated[list[str], typer.Argument(help="Files in any known layout, or digests.")],
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep foreign vectors as records, to be measured.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="Their model, with --keep.")] = None,
    block: Annotated[
        int | None, typer.Option(help="Their block, with --keep, where the file names none.")
    ] = None,
    store: StoreDir = ROOT,
) -> None:
    """Open files of vectors, sweeps, texts or questions and say what is wrong in them.

    A file that cannot be read does not keep the others from being audited.
    """
    place = open_engine(store).store
    audits, refused = [], []
    for name in files:
        try:
            audits.append(audit(name, place))
        except EngineError as error:
            refused.append((name, error))
            continue
        _report(audits[-1])
    if not audits:
        raise refused[0][1]
    shared = together(audits)
    if shared:
        console.print(_table("Side by side", shared))
    for name, reason in refused:
        console.print(f"[bold red]Not audited:[/] {escape(name)}: {escape(str(reason))}")
    kept = [_keep(one, place, model, block) for one in audits] if keep else []
    first = audits[0]
    answer(
        digest=first.digest,
        path=first.path,
        findings=[_plain(finding) for finding in first.findings],
        audits=[_whole(one) for one in audits],
        together=[_plain(finding) for finding in shared],
        refused=[{"path": name, "error": str(error)} for name, error in refused],
        kept=[digest for digest in kept if digest],
    )


def _keep(one: Audit, place: Store, model: str | None, block: int | None) -> str | None:
    """The digest under which a foreign file's vectors now lie; None for everything else."""
    if one.kind != "vectors" or not one.is_foreign:
        return None
    digest = adopt_file(Path(one.path), place, model, block)
    console.print(f"Kept as {digest}: {place.find(digest).path}", markup=False)
    return digest


def _report(one: Audit) -> None:
    """The findings, the worst first, and of a sweep its shares."""
    console.print(f"[bold]{escape(one.name)}[/]")
    console.print(f"{one.what}.", markup=False)
    console.print(_table(one.verdict, one.findings))
    if one.rates is not None:
        _rates(one)


def _table(title: str, findings: tuple[Finding, ...]) -> Table:
    table = Table(title=title, show_lines=True)
    for name in ("", "what", "figure", "in words"):
        table.add_column(name)
    for one in findings:
        colour = COLOURS[one.severity]
        cells = (escape(one.name), escape(one.figure), escape(one.sentence))
        table.add_row(f"[{colour}]{one.severity}[/]", *cells)
    return table


def _rates(one: Audit) -> None:
    """Shares by method and scale: by the logits, and as the file counts where that differs."""
    assert one.rates is not None
    rates = one.rates
    scales = sorted(rates["scale"].unique())
    table = Table(title=f"{one.behaviour} % by the logits; ties are not counted, scale 0 is once")
    table.add_column("vectors")
    for scale in scales:
        table.add_column(f"{scale:+g}" if scale else "0", justify="right")
    for method, rows in rates.groupby("method", sort=False):
        known = rows.set_index("scale")
        cells = [f"{known['rate'][s]:.1%}" if s in known.index else "" for s in scales]
        table.add_row(escape(str(method)), *cells)
        claimed = known["claimed"]
        if (claimed - known["rate"]).abs().max() > 1e-9:
            cells = [f"{claimed[s]:.1%}" if s in claimed.index else "" for s in scales]
            table.add_row(f"{escape(str(method))}, as the file counts", *cells, style="dim")
    console.print(table)


def _whole(one: Audit) -> dict[str, Any]:
    rates = [] if one.rates is None else one.rates
    rows = rates if isinstance(rates, list) else rates.astype(object).where(rates.notna(), None)
    return {
        "name": one.name,
        "digest": one.digest,
        "path": str(Path(one.path)),
        "kind": one.kind,
        "what": one.what,
        "verdict": one.verdict,
        "findings": [_plain(finding) for finding in one.findings],
        "rates": rows if isinstance(rows, list) else rows.to_dict("records"),
    }


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "name": finding.name,
        "sentence": finding.sentence,
        "figure": finding.figure,
        "figures": {k: v for k, v in finding.figures.items() if v == v and abs(v) != float("inf")},
    }
