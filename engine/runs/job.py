"""One piece of long work: its state, progress, curves and outcome.

Knows nothing of threads' order, of what the work is or of screens.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from engine.errors import Cancelled

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
POINTS = 2000
"""Points kept of each curve; beyond, every second one is dropped."""
LOG_LINES = 200
RECENT = 20
"""Reports of progress from which the remaining time is estimated."""


@dataclass(kw_only=True, eq=False)
class Job:
    """A job that changes while it runs; every attribute may be read from any thread.

    `state` is written last, so whoever sees that a job is over also sees its outcome.
    """

    id: str
    title: str
    kind: str
    digest: str | None = None
    """Name of the record it leads to, known before it runs."""
    request: dict[str, Any] | None = None
    """What was asked, as plain JSON, so that it can be asked again."""
    state: State = "queued"
    done: int = 0
    total: int = 0
    message: str = ""
    error: str | None = None
    """One sentence."""
    traceback: str | None = None
    """Only for errors that are bugs."""
    result: str | None = None
    """Digest of the record it led to."""
    created: float = field(default_factory=time.time)
    """Seconds since 1970, as are `started` and `ended`."""
    started: float | None = None
    ended: float | None = None
    on_cancel: Callable[["Job"], None] | None = field(default=None, repr=False)
    """Told when somebody wants the job to stop."""

    def __post_init__(self) -> None:
        """Start with no curves, no log and no wish to stop."""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._curves: dict[str, _Curve] = {}
        self._recent: deque[tuple[float, int]] = deque(maxlen=RECENT)

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("queued", "running")

    @property
    def cancelling(self) -> bool:
        """Whether it was asked to stop but has not stopped yet."""
        return self.active and self._stop.is_set()

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        if self.state == "done":
            return 1.0
        return min(max(self.done / self.total, 0.0), 1.0) if self.total > 0 else 0.0

    @property
    def seconds(self) -> float:
        """How long it has run."""
        if self.started is None:
            return 0.0
        return (time.time() if self.ended is None else self.ended) - self.started

    @property
    def eta_seconds(self) -> float | None:
        """Seconds left at the recent rate; None while that is unknown."""
        with self._lock:
            if self.state != "running" or len(self._recent) < 2:
                return None
            (first, before), (last, now) = self._recent[0], self._recent[-1]
            left = self.total - now
        if now == before:
            return None
        return max(0.0, left * (last - first) / (now - before) - (time.monotonic() - last))

    @property
    def metrics(self) -> dict[str, list[float]]:
        """Curves so far by name, at even steps: a copy."""
        with self._lock:
            return {name: list(curve.points) for name, curve in self._curves.items()}

    @property
    def log(self) -> list[str]:
        """The last messages, oldest first: a copy."""
        with self._lock:
            return list(self._log)

    def cancel(self) -> None:
        """Ask it to stop."""
        self._stop.set()
        if self.on_cancel is not None:
            self.on_cancel(self)

    def report(self, done: int, total: int, message: str = "", **metrics: float) -> None:
        """The `Progress` that its work is given.

        Raises:
            Cancelled: If somebody asked it to stop.
        """
        if self._stop.is_set():
            raise Cancelled(self.title)
        with self._lock:
            # Another phase has begun: the rate of the last one says nothing about it.
            if total != self.total or done < self.done:
                self._recent.clear()
            self._recent.append((time.monotonic(), done))
            self.done, self.total, self.message = done, total, message
            for name, value in metrics.items():
                self._curves.setdefault(name, _Curve()).add(float(value))
        self.note(message)

    def note(self, message: str) -> None:
        """Add a line to the log, unless it is empty or repeats the last one."""
        with self._lock:
            if message and (not self._log or self._log[-1] != message):
                self._log.append(message)

    def as_record(self) -> dict[str, Any]:
        """What is kept on disk: all but the curves."""
        names = [f.name for f in fields(self) if f.name != "on_cancel"]
        return {name: getattr(self, name) for name in names} | {"log": self.log}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Job":
        """The job of which this was kept."""
        names = {f.name for f in fields(cls)} - {"on_cancel"}
        job = cls(**{name: value for name, value in record.items() if name in names})
        for line in record.get("log", ()):
            job.note(line)
        return job


class _Curve:
    """Values at even steps, thinned so that they never exceed `POINTS`."""

    def __init__(self) -> None:
        self.points: list[float] = []
        self._step = 1
        self._seen = 0

    def add(self, value: float) -> None:
        if self._seen % self._step == 0:
            self.points.append(value)
        self._seen += 1
        if len(self.points) > POINTS:
            self.points = self.points[::2]
            self._step *= 2
