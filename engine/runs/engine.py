"""`Engine`: a config goes in, the digest of a stored record comes out.

What pages and the command line call. Importing it does not import torch: that happens on the
worker, when a model is first needed.
"""

import dataclasses
import os
import threading
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import ROOT, STORE
from engine.configs import core as configs
from engine.configs import registry
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.core import ModelConfig, RunConfig
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError, EngineError, ModelError
from engine.model.declared.positions import watched
from engine.model.identity import are_here, declared_shape, locate
from engine.model.naming import Names
from engine.program.asking import Asking
from engine.progress import Progress, silent
from engine.records.records import QuestionSet
from engine.runs.doors import Doors, Opened
from engine.runs.estimates import estimate
from engine.runs.job import Job
from engine.runs.live import Live
from engine.runs.queue import JobQueue
from engine.runs.status import EngineStatus, card_of
from engine.runs.talking import Talks
from engine.store.store import Store

if TYPE_CHECKING:
    from engine.model.forward import Forward

PATIENCE = 30.0
"""Seconds that answers under way get before another model takes their model's place."""
CHANGED = "The files that this job reads were changed after it was named: start it again."


class Engine(Asking):
    """One model at a time, one worker, one store."""

    def __init__(
        self, store: Store | str | Path | None = None, root: Path = ROOT, keep_jobs: bool = True
    ) -> None:
        """Open a store.

        Args:
            store: Where records lie: a store or its folder; `usual_store` if left out.
            root: Repository root, where presets and shipped data lie.
            keep_jobs: Write job records, so that interrupted ones can be offered again.
        """
        self.store = store = store if isinstance(store, Store) else _opened(store)
        self.root = root
        self.names = Names(root, store.content)
        self.jobs = JobQueue(store.root / "results" / "jobs" if keep_jobs else None)
        self._lock = threading.RLock()
        self._door: Forward | None = None
        self._doors = Doors(root, store.root / "results" / ".partial")
        self._named: ContextVar[tuple[RunConfig, str] | None] = ContextVar("named", default=None)
        self._status = EngineStatus()
        self.live = Live(self)
        self.talks = Talks(self)

    # The model

    def load_beside(self, model: ModelConfig) -> "Forward | None":
        """The door to a model whose weights are in memory, before all jobs; else None.

        Raises:
            ModelError: If its adapter cannot be loaded.
        """
        with self._lock:
            if not self._doors.holds(model):
                return None
            with self._doors.hurried():
                return self.load(model)

    def load(self, model: ModelConfig, progress: Progress = silent) -> "Forward":
        """The door to a model, loaded once; any other model is unloaded first.

        Raises:
            ModelError: If the model or its adapter cannot be loaded.
        """
        with self._lock:
            found = self._doors.known(model, progress)
            try:
                found = found or self._opened(model, progress)
            except EngineError as error:
                self._door = None
                self._status = EngineStatus(state="failed", error=str(error))
                raise
            except BaseException as error:
                self._door = None
                self._status = EngineStatus(state="failed", error=f"{type(error).__name__}")
                raise
            door = self._door = found.door
            card = card_of(door)
            self._status = EngineStatus(state="ready", model=card, checks=found.checks)
            self._refuse_changed()
            if (named := self._named.get()) is not None:
                found.refuse(registry.of(named[0]))
            return door

    def _opened(self, model: ModelConfig, progress: Progress) -> "Opened":
        self._door = None
        if not self._doors.holds(model):
            self.live.make_way(PATIENCE)
        self._status = EngineStatus(state="loading", model={"name": model.model})
        progress(0, 1, f"loading {model.model}")
        return self._doors.open(model, progress)

    def _refuse_changed(self) -> None:
        """Refuse to go on with a run whose name no longer says what it reads.

        Raises:
            ModelError: If a model, an adapter or a file is another than when the run was named.
        """
        named = self._named.get()
        if named is not None and self.digest(named[0]) != named[1]:
            raise ModelError(CHANGED)

    def unload(self) -> None:
        """Give the model's memory back."""
        with self._lock:
            self.live.make_way(0.0)
            self._door = None
            self._status = EngineStatus()
            self._doors.close()

    def status(self) -> EngineStatus:
        """What is loaded now; cheap, never waits for the model."""
        status, door = self._status, self._door
        if door is None:
            return status
        from engine.model import loading

        used, total = loading.memory(door.loaded.device)
        return dataclasses.replace(status, memory_used=used, memory_total=total)

    def default_layers(self, model: ModelConfig) -> tuple[int, int]:
        """Source and target block: the study's for a preset, else at the same relative depth.

        Raises:
            ModelError: If the model cannot be found.
        """
        preset = configs.PRESETS.get(model.model)
        if preset is not None:
            return preset.source_layer, preset.target_layer
        blocks, _ = declared_shape(locate(model, self.root))
        return configs.depth_matched(blocks or self.load(model).blocks)

    # Names

    def digest(self, config: RunConfig, progress: Progress = silent) -> str:
        """The name of the record this config leads to; needs no model in memory.

        A model's files are read whole the first time, and `progress` is told.

        Raises:
            EngineError: If the model, the vectors or the questions cannot be found.
        """
        return self.names.telling(progress).digest(config)

    def is_stored(self, config: RunConfig) -> bool:
        """Whether running this config would only read a record."""
        return self.store.is_whole(self.digest(config))

    def questions(self, config: EvaluateConfig) -> QuestionSet:
        """The questions a sweep would ask, sampled.

        Raises:
            DataError: If the file is missing or has no usable question.
        """
        return self.names.questions(config)

    # Work

    def run(self, config: RunConfig, progress: Progress = silent, place: Path | None = None) -> str:
        """Do what a config says unless it is already stored; the digest of the record.

        Args:
            config: Of any kind in the registry.
            progress: Told how far it is; may raise to stop.
            place: File or folder that it writes to, for the kinds whose record has one.

        Raises:
            EngineError: For everything the user can mend.
            Cancelled: When `progress` raises it.
        """
        kind = _placed(config, place)
        self._fetch(config, progress)
        digest = self.digest(config, progress)
        work = registry.function(kind.run)
        before = self._named.set((config, digest))
        try:
            with watched():
                if kind.has_place:
                    work(self, config, digest, progress, place)
                elif not self.store.is_whole(digest):
                    work(self, config, digest, progress)
        finally:
            self._named.reset(before)
        return digest

    def _fetch(self, config: RunConfig, progress: Progress) -> None:
        """Load a hub's model that is not here yet: its record is named by what its files hold."""
        asked = config.sweep if isinstance(config, AdaptiveConfig) else config
        model = getattr(asked, "model", None)
        if isinstance(model, ModelConfig) and not are_here(model, self.root):
            self.load(model, progress)

    # Jobs

    def submit(self, config: RunConfig, place: Path | None = None) -> Job:
        """Queue a config; the job's result is the digest of what it shows.

        Args:
            config: Of any kind in the registry.
            place: File or folder that it writes to, for the kinds whose record has one.

        Raises:
            EngineError: At once, for what can be known before it runs.
        """
        kind = _placed(config, place)
        request: dict[str, Any] = {
            "kind": kind.job,
            "method": config.method,
            "config": configs.as_json(config),
        }
        if place is None:
            digest = self.digest(config)
        else:
            registry.function(kind.check)(self, config, place)
            request["place"] = self._shown_place(place)
            digest = configs.digest(request)
            self._refuse_two_writers(place, request["place"], digest)

        def work(progress: Progress) -> str:
            if place is None and self.digest(config) != digest:
                raise ModelError(CHANGED)
            return config.shows(self.run(config, progress, place))

        return self.jobs.submit(config.task(place), kind.job, work, digest=digest, request=request)

    def submit_again(self, request: dict[str, Any]) -> Job:
        """Queue what a job's record asks for; what it had finished is not done again.

        Raises:
            EngineError: If it is of another version, or what it needs is gone.
        """
        config = registry.from_json(request["method"], request["config"])
        place = request.get("place")
        return self.submit(config, None if place is None else self.store.root / place)

    def _shown_place(self, place: Path) -> str:
        root = self.store.root
        return str(place.relative_to(root)) if place.is_relative_to(root) else str(place.absolute())

    def _refuse_two_writers(self, place: Path, where: str, digest: str) -> None:
        for job in self.jobs.active():
            is_there = job.request is not None and job.request.get("place") == where
            if is_there and job.digest != digest and not job.cancelling:
                raise ConfigError(f"A job is writing to {place.name} already: choose another name.")

    def submit_load(self, model: ModelConfig) -> Job:
        """Queue the loading of a model."""
        are_here(model, self.root)

        def work(progress: Progress) -> None:
            self.load(model, progress)
            progress(1, 1, "ready")

        return self.jobs.submit(f"Load {model.short_name}", "load", work)

    def submit_unload(self) -> Job:
        """Queue the unloading of the model, after the work that is queued before it."""

        def work(progress: Progress) -> None:
            self.unload()
            progress(1, 1, "unloaded")

        return self.jobs.submit("Unload the model", "unload", work)

    def estimate_seconds(self, config: RunConfig) -> float | None:
        """Seconds a like run took on this model, scaled by its work; None without one."""
        return estimate(self.store, config)


def usual_store() -> Path:
    """Where records lie for a program that names no place.

    `$VECTORSCOPE_STORE`, else the repository within it, else the current folder.
    """
    here, named = Path.cwd(), os.environ.get("VECTORSCOPE_STORE")
    return Path(named) if named else ROOT if here.is_relative_to(ROOT) else here


def _opened(folder: str | Path | None) -> Store:
    return Store(Path(folder or usual_store()).expanduser().resolve())


def _placed(config: RunConfig, place: Path | None) -> registry.Run:
    """The kind of run of a config, which names a place where its record needs one, and only there.

    Raises:
        ConfigError: If it does not.
    """
    kind = registry.of(config)
    if kind.has_place and place is None:
        raise ConfigError(f"{kind.title} writes to a place of its own: name a file or folder.")
    if place is not None and not kind.has_place:
        raise ConfigError(f"{kind.title} is kept in the store: leave out {place}.")
    return kind


_shared: dict[Path, Engine] = {}
_shared_lock = threading.Lock()


def shared_engine(root: Path | None = None) -> Engine:
    """The process's one engine for a store; `engine.STORE` by default."""
    place = Path(root or os.environ.get("VECTORSCOPE_STORE") or STORE).resolve()
    with _shared_lock:
        if place not in _shared:
            _shared[place] = Engine(Store(place))
        return _shared[place]
