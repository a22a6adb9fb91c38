"""`bench`: every numeric job beside the study's way and beside what the arithmetic allows."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from engine import ROOT
from engine.cli import from_config
from engine.cli.answering import answer
from engine.cli.drawing import console
from engine.cli.from_config import SEED, Option
from engine.configs.core import require
from engine.errors import ConfigError
from engine.program.bar import bar
from engine.records import strict
from engine.store.files import write_atomically

if TYPE_CHECKING:
    from engine.bench.run import Bench
    from engine.bench.timing import Clock

QUICK = "Small sizes, without growth; counts processor time on one thread."
PEERS = "Environment with requirements-bench.txt: beside other libraries instead."
CLOCK = "wall, or processor: work on one thread, whatever else the machine does."
TRIES = 3
"""Runs that an operator which costs too much may do better in."""
FALLEN = "Fail where a ratio is below 80 % of this file's."


def command() -> Callable[..., None]:
    """The command, whose adapter is asked for after what is measured."""
    model, adapter, *precision = from_config.of_model()
    asked = [
        model,
        Option(
            "shape", str | None, None, "Random weights instead: bench, qwen3-14b or llama-3.2-3b."
        ),
        Option("quick", bool, False, QUICK, ("--quick",)),
        Option("jobs", str, "", "Comma-separated; all without."),
        Option("repeats", int, 3, "Rounds in which both ways take turns."),
        Option("json", Path | None, None, "Write the table."),
        Option("plot", Path | None, None, "Draw the table: .png or .svg."),
        Option("compare", Path | None, None, FALLEN),
        Option("clock", str | None, None, CLOCK),
        Option("peers", Path | None, None, PEERS),
        adapter._replace(help="LoRA of --model; demo has its own."),
        *precision,
        SEED,
    ]
    about = "Time every job: the study's way, ours, and the bound of the arithmetic."
    return from_config.command(about, asked, _bench)


def _bench(given: dict[str, Any]) -> None:
    from engine.bench import report
    from engine.bench.run import chosen_jobs

    if given["peers"] is not None:
        _beside_peers(given)
        return
    names = chosen_jobs([name.strip() for name in given["jobs"].split(",") if name.strip()])
    before = report.read(given["compare"]) if given["compare"] is not None else None
    found = _measured(given, names, before)
    _tell(found, given["json"], given["plot"])
    lost = report.different(found) + report.dear(found)
    lost += report.fallen(found, before).values() if before is not None else []
    if lost:
        raise ConfigError(f"The bench failed: {'; '.join(lost)}.")
    answer(
        digest=None,
        path=str(given["json"]) if given["json"] else None,
        ratios={row.job: round(row.ratio, 3) for row in found.rows},
        shares={row.job: round(row.share, 3) for row in found.rows},
        operators={one.operation: round(one.ratio, 3) for one in found.operators},
    )


def _beside_peers(given: dict[str, Any]) -> None:
    """Extraction, grids and a sweep beside other libraries."""
    from engine.bench import setting
    from engine.bench.opening import open_setting
    from engine.bench.peers import contest, table
    from engine.bench.peers.work import FULL, QUICK

    require(given["shape"] is None, "Peers are compared on a model: leave --shape out.")
    require(not given["jobs"], "Peers are asked all jobs: leave --jobs out.")
    amounts = QUICK if given["quick"] else FULL
    clock = _clock(given)
    model = from_config.model_of(given)
    opened = open_setting(model, None, [], setting.FULL, ROOT, given["seed"])
    with bar() as progress:
        found = contest.run(opened, given["peers"], amounts, given["repeats"], progress, clock)
    console.print(table.shown(found))
    if given["json"] is not None:
        _write(given["json"], found.as_json())
        write_atomically(given["json"].with_suffix(".md"), table.markdown(found).encode())
    answer(
        digest=None,
        path=str(given["json"]) if given["json"] else None,
        ratios={
            row["job"]: {n: round(p["ratio"], 3) for n, p in row["peers"].items() if "ratio" in p}
            for row in found.rows
        },
        shares={row["job"]: round(row["share"], 3) for row in found.rows},
    )


def _measured(given: dict[str, Any], names: list[str], before: dict[str, Any] | None) -> "Bench":
    from engine.bench import report, setting
    from engine.bench.opening import open_setting
    from engine.bench.operators import JOB as OPERATORS
    from engine.bench.run import run
    from engine.bench.scaling import scaling

    is_quick, shape, repeats = given["quick"], given["shape"], given["repeats"]
    sizes = setting.QUICK if is_quick else setting.FULL
    if shape is not None:
        sizes = replace(sizes, **setting.LONG)
    model = from_config.model_of(given)
    opened = open_setting(model, shape, names, sizes, ROOT, given["seed"])
    clock = _clock(given)
    with bar() as progress:
        found = run(opened, names, repeats, progress, clock)
        if before is not None and (slow := list(report.fallen(found, before))):
            # Once more, since a neighbour may have had the machine to itself for a while.
            found = report.better(found, run(opened, slow, repeats, progress, clock))
        for _ in range(TRIES):
            if not report.dear(found):
                break
            found = report.better(found, run(opened, [OPERATORS], repeats, progress, clock))
        if not is_quick and not given["jobs"]:
            found = replace(found, series=scaling(opened, ROOT, progress))
    return found


def _clock(given: dict[str, Any]) -> "Clock":
    """The clock that was asked for; without one, small sizes count a processor's time."""
    from engine.bench.timing import Clock

    chosen = given["clock"] or ("processor" if given["quick"] else "wall")
    if chosen not in get_args(Clock):
        raise ConfigError(f"Clock {chosen!r} is not known: use wall or processor.")
    return "wall" if chosen == "wall" else "processor"


def _tell(found: "Bench", json_file: Path | None, plot: Path | None) -> None:
    """Print the table and write what was asked for, also where the bench fails."""
    from engine.bench import picture, report

    if found.rows:
        console.print(report.table(found))
    if found.operators:
        console.print(report.operators(found.operators))
    if found.series:
        console.print(report.growth(found.series))
    if json_file is not None:
        _write(json_file, found.as_json())
    if plot is not None:
        picture.write(found, plot)


def _write(path: Path, plain: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (strict.dumps(plain, indent=1) + "\n").encode())
