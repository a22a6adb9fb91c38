"""`bench`: every numeric job beside the study's way and beside what the arithmetic allows."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from engine import ROOT
from engine.cli.drawing import console
from engine.cli.options import Device, Dtype, Model, Seed, answer, model_config
from engine.errors import ConfigError
from engine.program.bar import bar
from engine.progress import Progress
from engine.store.files import write_atomically


def bench(
    model: Model = "demo",
    shape: Annotated[
        str | None,
        typer.Option(help="Random weights instead: bench, qwen3-14b or llama-3.2-3b."),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Small sizes, without growth; counts processor time on one thread."
        ),
    ] = False,
    jobs: Annotated[str, typer.Option(help="Comma-separated; all without.")] = "",
    repeats: Annotated[int, typer.Option(help="Rounds in which both ways take turns.")] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the table.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the table: .png or .svg.")] = None,
    compare: Annotated[
        Path | None, typer.Option(help="Fail where a ratio is below 80 % of this file's.")
    ] = None,
    adapter: Annotated[str | None, typer.Option(help="LoRA of --model; demo has its own.")] = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    seed: Seed = 0,
) -> None:
    """Time every job: the study's way, ours, and the bound of the arithmetic."""
    from engine.bench import report
    from engine.bench.opening import open_setting
    from engine.bench.run import chosen_jobs
    from engine.bench.scaling import scaling
    from engine.bench.setting import FULL, LONG, QUICK

    names = chosen_jobs([name.strip() for name in jobs.split(",") if name.strip()])
    before = report.read(compare) if compare is not None else None
    sizes = QUICK if quick else FULL
    if shape is not None:
        sizes = replace(sizes, **LONG)
    config = model_config(model, adapter, dtype, device)
    setting = open_setting(config, shape, names, sizes, ROOT, seed)
    with bar() as progress:
        found = _measured(setting, names, repeats, quick, before, progress)
        if not quick and not jobs:
            found = replace(found, series=scaling(setting, ROOT, progress))
    _tell(found, json_file, plot)
    _refuse(found, before)
    answer(
        digest=None,
        path=str(json_file) if json_file else None,
        ratios={row.job: round(row.ratio, 3) for row in found.rows},
        shares={row.job: round(row.share, 3) for row in found.rows},
    )


def _measured(
    setting: Any,
    names: list[str],
    repeats: int,
    quick: bool,
    before: dict[str, Any] | None,
    progress: Progress,
) -> Any:
    from engine.bench import report
    from engine.bench.run import Clock, run

    clock: Clock = "processor" if quick else "wall"
    found = run(setting, names, repeats, progress, clock)
    if before is not None and (slow := list(report.fallen(found, before))):
        # Once more, since a neighbour may have had the machine to itself for a while.
        found = report.better(found, run(setting, slow, repeats, progress, clock))
    return found


def _refuse(found: Any, before: dict[str, Any] | None) -> None:
    from engine.bench import report

    lost = report.different(found)
    lost += report.fallen(found, before).values() if before is not None else []
    if lost:
        raise ConfigError(f"The bench failed: {'; '.join(lost)}.")


def _tell(found: Any, json_file: Path | None, plot: Path | None) -> None:
    """Print the table and write what was asked for, also where the bench fails."""
    from engine.bench import picture, report

    console.print(report.table(found))
    if found.series:
        console.print(report.growth(found.series))
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        whole = json.dumps(found.as_json(), indent=1)
        write_atomically(json_file, (whole + "\n").encode())
    if plot is not None:
        picture.write(found, plot)
