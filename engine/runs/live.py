"""What a page wants at once, beside the queue: a thread for each request, before all jobs.

A request goes into the middle of a running job's passes, which waits for it and loses nothing. It
never loads another model while a job works with the one in memory. Knows nothing of screens, and
of torch until a model is asked.
"""

import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

from engine.configs.core import ModelConfig
from engine.errors import Cancelled, EngineError
from engine.model import collection
from engine.runs.job import Job
from engine.runs.queue import sentence

if TYPE_CHECKING:
    from engine.model.forward import Forward

Value = TypeVar("Value")
Stop = Callable[[], None]
"""Called between units of work; raises `Cancelled` when nobody wants the answer any more."""
State = Literal["waiting", "loading", "working", "done", "stopped", "failed"]

KEPT = 64
"""Answers that are remembered, the last asked for."""
AT_ONCE = 8
"""Requests that work at one time; the others wait."""
STOP_SECONDS = 10.0
"""That requests together get to stop after they were asked to."""
LOOK_SECONDS = 0.05
"""Between two looks at a job that is waited for."""


@runtime_checkable
class Opens(Protocol):
    """What is asked of an engine."""

    def load_beside(self, model: ModelConfig) -> "Forward | None":
        """The door to a model whose weights are in memory; else None."""

    def submit_load(self, model: ModelConfig) -> Job:
        """Queue the loading of a model."""


@dataclass(eq=False)
class Asked(Generic[Value]):
    """One request; every attribute may be read from any thread, `state` is written last."""

    key: str
    state: State = "waiting"
    message: str = ""
    """What it waits for, in words."""
    value: Value | None = None
    error: str | None = None
    """One sentence."""
    traceback: str | None = None
    """Only of errors that are bugs."""
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)
    _over: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def active(self) -> bool:
        """Whether it is not over."""
        return self.state in ("waiting", "loading", "working")

    def stop(self) -> None:
        """Ask it to stop."""
        self._stop.set()

    def check(self) -> None:
        """The `Stop` that its work is given.

        Raises:
            Cancelled: If it was asked to stop.
        """
        if self._stop.is_set():
            raise Cancelled(self.key)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is over; False if `timeout` seconds pass first."""
        return self._over.wait(timeout)


Work = Callable[["Forward", Stop], Value]


class Live:
    """All requests of one engine."""

    def __init__(self, engine: Opens) -> None:
        """Nothing was asked yet."""
        self._engine = engine
        self._lock = threading.Lock()
        self._asked: OrderedDict[str, Asked[Any]] = OrderedDict()
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def ask(self, key: str, model: ModelConfig, work: Work[Value]) -> Asked[Value]:
        """Start work, or hand back the request of that key: one that is under way or done.

        Args:
            key: Names all that decides the answer, the model among it.
            model: The model that is asked.
            work: Given the door and a `Stop`; its answer stays in memory.
        """
        with self._lock:
            known = self._asked.get(key)
            if known is not None and known.state not in ("failed", "stopped"):
                self._asked.move_to_end(key)
                return known
            asked: Asked[Value] = Asked(key)
            self._asked[key] = asked
            for old in list(self._asked)[: max(0, len(self._asked) - KEPT)]:
                if not self._asked[old].active:
                    del self._asked[old]
        thread = threading.Thread(
            target=self._serve, args=(asked, model, work), name="live", daemon=True
        )
        thread.start()
        return asked

    def get(self, key: str) -> Asked[Any] | None:
        """The request of that key, or None."""
        with self._lock:
            return self._asked.get(key)

    def make_way(self, patience: float) -> None:
        """Let what is under way come to its end, because the model goes out of memory.

        Args:
            patience: Seconds after which it is stopped; what there is of an answer is kept.
        """
        with self._lock:
            active = [one for one in self._asked.values() if one.state == "working"]
        end = time.monotonic() + patience
        for one in active:
            one.wait(max(0.0, end - time.monotonic()))
        for one in active:
            one.stop()
        end = time.monotonic() + STOP_SECONDS
        for one in active:
            one.wait(max(0.0, end - time.monotonic()))

    def _serve(self, asked: Asked[Value], model: ModelConfig, work: Work[Value]) -> None:
        state: State = "failed"
        try:
            asked.value = self._answer(asked, model, work)
            state = "done"
        except Cancelled:
            state = "stopped"
        except EngineError as error:
            asked.error = str(error)
        except BaseException as error:  # noqa: BLE001 - A thread's errors are seen nowhere else.
            asked.error = sentence(error)
            asked.traceback = traceback.format_exc()
        if state == "failed":
            collection.collect()
        asked.state = state
        asked._over.set()

    def _answer(self, asked: Asked[Value], model: ModelConfig, work: Work[Value]) -> Value:
        while True:
            with self._place(asked):
                door = self._engine.load_beside(model)
                if door is not None:
                    asked.message, asked.state = "", "working"
                    with _hurried(door):
                        asked.check()
                        return work(door, asked.check)
            # Without a place: others may ask the model in memory while this one waits for hours.
            self._load(asked, model)

    @contextmanager
    def _place(self, asked: Asked[Any]) -> Iterator[None]:
        """One of the places of those that work at one time, waited for until it is stopped."""
        while not self._places.acquire(timeout=LOOK_SECONDS):
            asked.check()
        try:
            asked.check()
            yield
        finally:
            self._places.release()

    def _load(self, asked: Asked[Any], model: ModelConfig) -> None:
        """Have the worker load the model, in its turn.

        Raises:
            EngineError: If it cannot be loaded.
        """
        job = self._engine.submit_load(model)
        while job.active:
            asked.check()
            asked.message = _what_is_waited_for(job, model)
            asked.state = "loading" if job.state == "running" else "waiting"
            time.sleep(LOOK_SECONDS)
        if job.state != "done":
            raise EngineError(job.error or f"{model.short_name} was not loaded: ask again.")


def _hurried(door: "Forward") -> AbstractContextManager[None]:
    return door.lock.hurried()


def _what_is_waited_for(job: Job, model: ModelConfig) -> str:
    if job.state == "running":
        return job.message or f"loading {model.short_name}"
    return f"{model.short_name} is loaded when the jobs before it are over."
