"""The bench's table, what fell behind an earlier one, and the picture of both columns.

Knows nothing of how figures are measured.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.table import Table

from engine.bench.operators import MOST, Cost
from engine.bench.run import Bench, Row
from engine.bench.scaling import Series
from engine.errors import ConfigError, DataError

KEPT = 0.8
"""Share of a committed ratio that a job must still reach."""
MIB = 2**20
CAPTION = (
    "ratio: how many times faster than the study's way; bound: share of our time that the matrix "
    "products alone would take; MiB: most memory beyond the model's."
)


def table(found: Bench) -> Table:
    """One line per job."""
    machine, model = found.machine, found.model
    threads = f"{machine['threads']} threads"
    if found.clock == "processor":
        threads = "processor time of one thread"
    where = f"{machine['device']}, {threads}"
    title = (
        f"{model['short_name']} ({model['blocks']} x {model['hidden']}, {model['dtype']}) on "
        f"{where}; least of {found.rounds} rounds"
    )
    shown = Table(title=title, caption=CAPTION, caption_justify="left", show_lines=True)
    shown.add_column("job")
    for name in ("study's way", "ours", "ratio", "bound", "study MiB", "our MiB"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("difference")
    for row in found.rows:
        shown.add_row(
            row.title + _products(row),
            _seconds(row.study_seconds),
            _seconds(row.ours_seconds),
            f"{row.ratio:.1f}x",
            f"{row.share:.0%}",
            _mib(row.study_bytes),
            _mib(row.ours_bytes),
            f"{'' if row.is_equal else '[bold red]'}{row.difference:.0e} {row.unit}",
        )
    return shown


def growth(series: tuple[Series, ...]) -> Table:
    """One line per size that was doubled."""
    shown = Table(title="A/B sweep as a size doubles; slope 1 is twice the time")
    shown.add_column("size")
    shown.add_column("from to")
    shown.add_column("seconds", justify="right")
    shown.add_column("slope", justify="right")
    for one in series:
        times = ", ".join(_seconds(s) for s in one.seconds)
        shown.add_row(one.name, f"{one.sizes[0]} to {one.sizes[-1]}", times, f"{one.slope:.2f}")
    return shown


def operators(costs: tuple[Cost, ...]) -> Table:
    """One line per operator."""
    shown = Table(title=f"A/B sweep of {costs[0].rows} rows by each operator, over adding")
    shown.add_column("operator")
    shown.add_column("time", justify="right")
    shown.add_column("ratio", justify="right")
    for one in costs:
        mark = "[bold red]" if one.ratio > MOST else ""
        shown.add_row(one.operation, _seconds(one.seconds), f"{mark}{one.ratio:.2f}")
    return shown


def dear(found: Bench) -> list[str]:
    """Operators that cost more than they may, a sentence for each."""
    return [
        f"{one.operation} takes {one.ratio:.2f} times as long as add in a sweep, but may {MOST}"
        for one in found.operators
        if one.ratio > MOST
    ]


def _products(row: Row) -> str:
    if row.study_products is None:
        return ""
    return f" ({row.study_products} > {row.ours_products} {row.counted})"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.1f} ms"


def _mib(value: int | None) -> str:
    return "?" if value is None else f"{value / MIB:.0f}"


def read(path: Path) -> dict[str, Any]:
    """A bench that was written before.

    Raises:
        DataError: If it cannot be read or is something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a bench's JSON: {error}.") from error
    is_bench = isinstance(found, dict) and found.get("kind") == "bench"
    if not is_bench or not all("ratio" in row for row in found.get("rows", [])):
        raise DataError(f"{path} is no bench: give a file that `bench --json FILE` wrote.")
    return found


def fallen(found: Bench, before: dict[str, Any]) -> dict[str, str]:
    """What jobs lost against an earlier run's ratios, a sentence for each.

    Times are never compared: another machine is faster or slower in both ways.

    Raises:
        ConfigError: If the earlier run was of another model or other sizes.
    """
    mine = found.as_json()
    for name in ("model", "sizes", "clock"):
        known = json.loads(json.dumps(mine[name]))
        if known != before.get(name):
            raise ConfigError(
                f"The bench to compare with was run with another {name.rstrip('s')}: give the "
                "same --model or --shape, and --quick or not, as it was run with."
            )
    ratios = {row["job"]: row["ratio"] for row in before["rows"]}
    return {
        row.job: f"{row.job} is {row.ratio:.2f} times faster than the study's way, but was "
        f"{ratios[row.job]:.2f}"
        for row in found.rows
        if row.job in ratios and row.ratio < KEPT * ratios[row.job]
    }


def better(first: Bench, again: Bench) -> Bench:
    """The first run, with what did better in a second one."""
    second = {row.job: row for row in again.rows}
    rows = (max(row, second.get(row.job, row), key=lambda one: one.ratio) for row in first.rows)
    again_by = {one.operation: one for one in again.operators}
    operators = (
        min(one, again_by.get(one.operation, one), key=lambda cost: cost.ratio)
        for one in first.operators
    )
    return replace(first, rows=tuple(rows), operators=tuple(operators))


def different(found: Bench) -> list[str]:
    """Jobs whose two ways do not give the same figures."""
    return [
        f"{row.job} differs from the study's way by {row.difference:.1e} {row.unit}"
        for row in found.rows
        if not row.is_equal
    ]
