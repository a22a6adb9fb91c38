"""Runs this engine and its peers in turn on the same work, and puts the figures into one table.

Each peer is first tried with several batches and then runs with its fastest. Knows nothing of how
a peer is written.
"""

import dataclasses
import statistics
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.bench.arithmetic import Portion
from engine.bench.peers import agreement, ours
from engine.bench.peers.agreement import Agreement
from engine.bench.peers.process import Answer, Peer, python_of
from engine.bench.peers.work import GRID_PROMPTS, Amounts, Work, prepare, write
from engine.bench.run import Rates, machine
from engine.bench.setting import Setting
from engine.bench.timing import Clock, now, timed
from engine.progress import Progress

PEERS = ("steering_vectors", "repeng", "nnsight")
BATCHES = (4, 8, 16, 32, 64)
"""Rows that a peer is tried with."""
TRIED_PAIRS, TRIED_CELLS = 16, 5


@dataclass(frozen=True, kw_only=True)
class Task:
    """One job as it is asked of everyone."""

    name: str
    title: str
    method: str
    """Of a peer."""
    ours: Callable[[], Any]
    needs: Callable[[Any], list[Portion]]
    agreement: Callable[[Any, Any, str], Agreement]
    tried: dict[str, list[dict[str, Any]]]
    """By peer, the settings it is tried with."""
    part: int
    """How much of the job a trial is."""
    whole: int


@dataclass(kw_only=True)
class Entry:
    """One contender in one job."""

    seconds: list[float] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    tried: list[dict[str, Any]] = field(default_factory=list)
    """Settings that were tried, with the seconds of the part that they were tried on."""
    missing: str | None = None
    """Why there is no figure."""
    found: Any = None

    @property
    def median(self) -> float:
        """Seconds of the middle round."""
        return statistics.median(self.seconds)


def tasks_of(work: Work) -> list[Task]:
    """The jobs, in the order of the table."""
    amounts = work.amounts
    cells, questions = len(work.sweep_rows), 2 * amounts.questions
    batches = [{"batch": batch} for batch in BATCHES]
    by_cell = [one for one in batches if one["batch"] <= questions]
    both = [{**one, "together": False} for one in by_cell]
    both += [{**one, "together": True} for one in batches]
    extraction = Task(
        name="extraction",
        title=f"Vectors at all {work.setting.door.blocks} blocks from {len(work.texts)} pairs",
        method="extraction",
        ours=lambda: ours.extraction(work),
        needs=lambda _: ours.extraction_needs(work),
        agreement=partial(agreement.of_vectors, work),
        tried={name: batches for name in PEERS},
        part=min(TRIED_PAIRS, len(work.texts)),
        whole=len(work.texts),
    )
    sweep = Task(
        name="sweep",
        title=f"A/B sweep, {cells} cells x {questions} prompts",
        method="sweep",
        ours=lambda: ours.sweep(work),
        needs=lambda _: ours.sweep_needs(work),
        agreement=agreement.of_logits,
        tried={"steering_vectors": by_cell, "repeng": both, "nnsight": batches},
        part=min(TRIED_CELLS, cells),
        whole=cells,
    )
    return [extraction, *(_grid(work, count) for count in GRID_PROMPTS), sweep]


def _grid(work: Work, prompts: int) -> Task:
    plain = {"prompts": prompts}
    both = [{**plain, "together": together} for together in (False, True)]
    count = len(work.grid_rows)
    each = "one text" if prompts == 1 else f"{prompts} texts"
    return Task(
        name=f"grid-{prompts}",
        title=f"Grid of {count} configurations, {each} each of at most "
        f"{work.amounts.new_tokens} tokens",
        method="grid",
        ours=lambda: ours.grid(work, prompts),
        needs=lambda found: ours.grid_needs(work, found),
        agreement=agreement.of_texts,
        tried={"steering_vectors": [plain], "repeng": both, "nnsight": [plain]},
        part=count,
        whole=count,
    )


@dataclass(frozen=True, kw_only=True)
class Contest:
    """What came of it."""

    model: dict[str, Any]
    machine: dict[str, Any]
    versions: dict[str, dict[str, str]]
    """By peer."""
    ways: dict[str, dict[str, str]]
    """By peer and job, what of it is called."""
    amounts: dict[str, Any]
    rounds: int
    clock: Clock
    rows: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"schema_version": 1, "kind": "bench-peers", **dataclasses.asdict(self)}


def run(
    setting: Setting,
    environment: Path,
    amounts: Amounts,
    rounds: int,
    progress: Progress,
    clock: Clock = "wall",
) -> Contest:
    """Measure every job on this engine and on each peer, in turn.

    Args:
        setting: The model.
        environment: Virtual environment that holds the peers.
        amounts: How much is asked.
        rounds: In which all take turns; the table holds medians.
        progress: Called before every run; may raise to stop.
        clock: "processor" counts a CPU's work on one thread, which neighbours hardly change.

    Raises:
        ConfigError: If there is no such environment.
    """
    python = python_of(environment)
    work = prepare(setting, amounts)
    tasks, device = tasks_of(work), setting.door.loaded.device
    with tempfile.TemporaryDirectory() as made, timed(clock, device), ExitStack() as stack:
        folder, threads = Path(made), torch.get_num_threads()
        write(work, folder)
        peers = [stack.enter_context(Peer(name, python, folder, threads, clock)) for name in PEERS]
        rows = []
        for place, task in enumerate(tasks):

            def tell(words: str, place: int = place, task: Task = task) -> None:
                progress(place, len(tasks), f"{task.name}: {words}")

            rows.append(_Race(setting, task, peers, folder, tell).run(rounds))
    progress(len(tasks), len(tasks), "done")
    identity = setting.door.loaded.identity()
    return Contest(
        model={k: identity[k] for k in ("short_name", "architecture", "blocks", "hidden", "dtype")},
        machine=machine(device),
        versions={peer.name: peer.versions for peer in peers},
        ways={peer.name: peer.ways for peer in peers},
        amounts=dataclasses.asdict(amounts),
        rounds=rounds,
        clock=clock,
        rows=tuple(rows),
    )


class _Race:
    """One job while everyone takes turns."""

    def __init__(
        self,
        setting: Setting,
        task: Task,
        peers: Sequence[Peer],
        folder: Path,
        tell: Callable[[str], None],
    ) -> None:
        self._setting, self._task, self._folder, self._tell = setting, task, folder, tell
        self._peers = peers
        self._ours = Entry()
        self._entries = {peer.name: Entry(missing=peer.missing) for peer in peers}

    def run(self, rounds: int) -> dict[str, Any]:
        """The row of the table."""
        self._tell("warming up")
        self._ours.found = self._task.ours()
        portions = self._task.needs(self._ours.found)
        rates = Rates(self._setting.causal, portions)
        for peer in self._peers:
            self._tell(f"trying batches of {peer.name}")
            self._try_settings(peer)
        for number in range(rounds):
            self._tell(f"round {number + 1} of {rounds}")
            turns: list[Callable[[], None]] = [self._run_ours]
            turns += [partial(self._run_peer, peer) for peer in self._peers]
            shift = number % len(turns)
            for turn in turns[shift:] + turns[:shift]:
                turn()
            rates.measure()
        return self._row(rates.seconds(portions))

    def _run_ours(self) -> None:
        device = self._setting.door.loaded.device
        begun = now(device)
        self._ours.found = self._task.ours()
        self._ours.seconds.append(now(device) - begun)

    def _run_peer(self, peer: Peer) -> None:
        entry = self._entries[peer.name]
        if entry.missing is None:
            answer = self._ask(peer, entry.settings, self._task.whole)
            entry.seconds.append(answer.seconds)

    def _try_settings(self, peer: Peer) -> None:
        """Find the fastest batch, which also warms the peer up."""
        entry = self._entries[peer.name]
        best = float("inf")
        for settings in [] if entry.missing else self._task.tried[peer.name]:
            answer = self._ask(peer, settings, self._task.part)
            if entry.missing is None:
                entry.tried.append({**settings, "seconds": answer.seconds})
                if answer.seconds < best:
                    best, entry.settings = answer.seconds, settings

    def _ask(self, peer: Peer, settings: dict[str, Any], count: int) -> Answer:
        entry = self._entries[peer.name]
        answer = peer.ask(self._task.method, {**settings, "count": count})
        if answer.error is not None:
            entry.missing = answer.error
        elif answer.file is not None:
            entry.found = np.load(self._folder / answer.file)
        else:
            entry.found = answer.texts
        return answer

    def _row(self, bound: float) -> dict[str, Any]:
        mine = self._ours
        peers: dict[str, Any] = {}
        for name, entry in self._entries.items():
            if entry.missing is not None:
                peers[name] = {"missing": entry.missing, "tried": entry.tried}
                continue
            agreed = self._task.agreement(mine.found, entry.found, name)
            peers[name] = {
                "seconds": entry.seconds,
                "median": entry.median,
                "ratio": statistics.median(
                    a / b for a, b in zip(entry.seconds, mine.seconds, strict=True)
                ),
                "share": bound / entry.median,
                "settings": entry.settings,
                "tried": entry.tried,
                "agreement": agreed.value,
                "agreement_words": agreed.words,
            }
        return {
            "job": self._task.name,
            "title": self._task.title,
            "seconds": mine.seconds,
            "median": mine.median,
            "bound_seconds": bound,
            "share": bound / mine.median,
            "peers": peers,
        }
