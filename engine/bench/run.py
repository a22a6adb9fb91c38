"""Runs the jobs, both ways in turn in one process, and puts the figures into one table."""

import dataclasses
import gc
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import torch

from engine.bench.arithmetic import Portion
from engine.bench.jobs import JOBS
from engine.bench.operators import JOB as OPERATORS
from engine.bench.operators import Cost, costs
from engine.bench.setting import Job, Outcome, Setting, Way, study_way
from engine.bench.timing import Clock, matrices, now, peak, product_rate, timed
from engine.errors import ConfigError
from engine.progress import Progress

COARSE = 0.1
"""Largest difference in bfloat16 and float16, whose figures have three digits."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One job, both ways."""

    job: str
    title: str
    study_seconds: float
    """The least of all rounds, as the next."""
    ours_seconds: float
    bound_seconds: float
    """Operations that the mathematics needs, at the rate measured beside it."""
    rate: float
    """Operations per second in products of the job's sizes, each at the best of all rounds."""
    study_bytes: int | None
    """Most memory at once, beyond what was held before."""
    ours_bytes: int | None
    difference: float
    unit: str
    """What the difference is a share of, or counted in."""
    is_equal: bool
    study_products: int | None = None
    ours_products: int | None = None
    counted: str = "products"
    """What these two are."""

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.study_seconds / self.ours_seconds

    @property
    def share(self) -> float:
        """What part of our time the products alone would take."""
        return self.bound_seconds / self.ours_seconds


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One run of the bench."""

    model: dict[str, Any]
    machine: dict[str, Any]
    rounds: int
    clock: Clock
    sizes: dict[str, Any]
    rows: tuple[Row, ...]
    series: tuple[Any, ...] = field(default=())
    operators: tuple[Cost, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, with ratios and shares."""
        rows = [{**dataclasses.asdict(r), "ratio": r.ratio, "share": r.share} for r in self.rows]
        return {
            "schema_version": 1,
            "kind": "bench",
            "model": self.model,
            "machine": self.machine,
            "rounds": self.rounds,
            "clock": self.clock,
            "sizes": self.sizes,
            "rows": rows,
            "series": [dataclasses.asdict(one) for one in self.series],
            "operators": [one.as_json() for one in self.operators],
        }


def chosen_jobs(names: Sequence[str]) -> list[str]:
    """The jobs of these names, in the table's order; all without any.

    Raises:
        ConfigError: If a name is not known.
    """
    every = (*JOBS, OPERATORS)
    unknown = [name for name in names if name not in every]
    if unknown:
        raise ConfigError(f"Job {unknown[0]!r} is not known: use {', '.join(every)}.")
    return [name for name in every if not names or name in names]


def run(
    setting: Setting,
    names: Sequence[str],
    rounds: int,
    progress: Progress,
    clock: Clock = "wall",
) -> Bench:
    """Measure these jobs.

    Args:
        setting: The model and the sizes.
        names: Of the jobs, as `chosen_jobs` gives them.
        rounds: How often each way is timed, after one run that is not.
        progress: Called before every run; may raise to stop.
        clock: "processor" counts a CPU's work on one thread, which neighbours hardly change.

    Raises:
        ConfigError: If the studies' way is not at hand, or no round was asked for.
    """
    if rounds < 1:
        raise ConfigError(f"{rounds} rounds were asked for: ask for at least one.")
    study_way()
    device = setting.door.loaded.device
    with _little_garbage(), timed(clock, device):
        rows = _rows(setting, [name for name in names if name != OPERATORS], rounds, progress)
        dear = costs(setting, rounds, progress) if OPERATORS in names else ()
    identity = setting.door.loaded.identity()
    return Bench(
        model={k: identity[k] for k in ("short_name", "architecture", "blocks", "hidden", "dtype")},
        machine=machine(device),
        clock=clock,
        rounds=rounds,
        sizes=dataclasses.asdict(setting.sizes),
        rows=tuple(rows),
        operators=dear,
    )


@contextmanager
def _little_garbage() -> Iterator[None]:
    """Within this context a collection looks only at what was made in it."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _rows(setting: Setting, names: Sequence[str], rounds: int, progress: Progress) -> list[Row]:
    rows, total = [], len(names) * (rounds + 1)
    for place, name in enumerate(names):
        begun = place * (rounds + 1)

        def tell(done: int, name: str = name, begun: int = begun) -> None:
            progress(begun + done, total, f"{name}, round {done} of {rounds}")

        tell(0)
        rows.append(_measured(JOBS[name](setting), setting, rounds, tell))
        if name == "finetune-diff":
            setting.forget_tuned()
        gc.collect()
    progress(total, total, "done")
    return rows


def _measured(job: Job, setting: Setting, rounds: int, tell: Any) -> Row:
    loaded = setting.door.loaded
    # The first run is warm-up for the clock; memory and figures are taken from it.
    with peak(loaded.device) as ours_peak:
        ours = job.ours()
    with peak(loaded.device) as study_peak:
        study = job.study()
    ours_times: list[float] = []
    study_times: list[float] = []
    portions = job.flops(ours)
    rates = Rates(setting.causal, portions)
    for index in range(rounds):
        tell(index + 1)
        pair: list[tuple[Way, list[float]]] = [(job.study, study_times), (job.ours, ours_times)]
        for way, times in pair if index % 2 == 0 else pair[::-1]:
            times.append(_seconds(way, loaded.device))
            rates.measure()
    difference = job.difference(ours.values, study.values)
    limit = job.tolerance if loaded.dtype == torch.float32 else max(COARSE, job.tolerance)
    return Row(
        job=job.name,
        title=job.title,
        # The least is the time without what else the machine did.
        study_seconds=min(study_times),
        ours_seconds=min(ours_times),
        bound_seconds=rates.seconds(portions),
        rate=sum(portion.flops for portion in portions) / rates.seconds(portions),
        study_bytes=study_peak.bytes,
        ours_bytes=ours_peak.bytes,
        difference=difference,
        unit=job.unit,
        is_equal=difference <= limit,
        study_products=study.products,
        ours_products=ours.products,
        counted=job.counted,
    )


class Rates:
    """What the machine reaches in products of a job's sizes; the best of all readings."""

    def __init__(self, causal: Any, portions: Sequence[Portion]) -> None:
        """Take the model and what will be asked of it; nothing is measured yet."""
        self._causal = causal
        self._best = {(portion.rows, portion.is_head): 0.0 for portion in portions}

    def measure(self) -> None:
        """Read every rate once more."""
        for (rows, is_head), before in self._best.items():
            rate = product_rate(matrices(self._causal, is_head), rows)
            self._best[rows, is_head] = max(before, rate)

    def seconds(self, portions: Sequence[Portion]) -> float:
        """What these products take at those rates."""
        return sum(part.flops / self._best[part.rows, part.is_head] for part in portions)


def _seconds(way: Way, device: torch.device) -> float:
    begun = now(device)
    outcome: Outcome = way()
    whole = now(device) - begun
    return whole if outcome.seconds is None else outcome.seconds


def machine(device: torch.device) -> dict[str, Any]:
    """The class of machine, never its name."""
    from engine.records.provenance import collect

    name = "cpu"
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    made = collect(0.0, name, "")
    return {
        "device": name,
        "processor": _processor(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "wait_policy": os.environ.get("OMP_WAIT_POLICY", "default"),
        "date": datetime.now(UTC).date().isoformat(),
        "packages": {k: v for k, v in made.packages.items() if k != "streamlit"},
        "commit": made.commit,
    }


def _processor() -> str:
    """The kind of processor in its maker's words, or its architecture where only that is known."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
