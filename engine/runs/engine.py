"""`Engine`: a config goes in, the digest of a stored record comes out.

What pages and the command line call. Importing it does not import torch: that happens on the
worker, when a model is first needed.
"""

import functools
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine import ROOT
from engine.configs import core as configs
from engine.configs import registry
from engine.configs.core import EvaluateConfig, ModelConfig
from engine.configs.grids import GenerateConfig
from engine.configs.registry import AnyRun
from engine.errors import EngineError
from engine.model import collection
from engine.model.identity import declared_blocks, resolve
from engine.progress import Progress, silent
from engine.questions import files
from engine.questions.sources import read_source
from engine.records.records import QuestionSet
from engine.runs import single
from engine.runs.estimates import estimate
from engine.runs.job import Job
from engine.runs.queue import JobQueue
from engine.store.store import Store

if TYPE_CHECKING:
    from engine.model.checks import Check
    from engine.model.forward import Forward
    from engine.model.loading import LoadedModel


@dataclass(frozen=True, kw_only=True)
class EngineStatus:
    """What the engine card shows."""

    state: Literal["not loaded", "loading", "ready", "failed"] = "not loaded"
    model: dict[str, Any] | None = None
    """name, title, blocks, hidden, dtype, device, adapter, kind."""
    checks: tuple["Check", ...] = ()
    memory_used: int = 0
    memory_total: int = 0
    error: str | None = None


class Engine:
    """One model at a time, one worker, one store."""

    def __init__(self, store: Store, root: Path = ROOT, keep_jobs: bool = True) -> None:
        """Open a store.

        Args:
            store: Where records lie.
            root: Repository root, where presets and shipped data lie.
            keep_jobs: Write job records, so that interrupted ones can be offered again.
        """
        self.store = store
        self.root = root
        self.jobs = JobQueue(store.root / "results" / "jobs" if keep_jobs else None)
        self._lock = threading.RLock()
        self._door: Forward | None = None
        self._key: ModelConfig | None = None
        self._status = EngineStatus()

    # The model

    def load(self, model: ModelConfig, progress: Progress = silent) -> "Forward":
        """The door to a model, loaded once; any other model is unloaded first.

        Raises:
            ModelError: If the model or its adapter cannot be loaded.
        """
        with self._lock:
            if self._door is not None and self._key == model:
                return self._door
            resolve(model, self.root)
            self.unload()
            self._status = EngineStatus(state="loading", model={"name": model.model})
            progress(0, 1, f"loading {model.model}")
            try:
                self._open(model)
                collection.set_aside()
            except EngineError as error:
                self._status = EngineStatus(state="failed", error=str(error))
                raise
            except BaseException as error:
                self._status = EngineStatus(state="failed", error=f"{type(error).__name__}")
                raise
            return self._door

    def _open(self, model: ModelConfig) -> None:
        from engine.model import checks, forward, loading

        door = forward.Forward(loading.load(model, self.root))
        door.loaded.sizes.keep_in(self.store.root / "results" / ".partial")
        found = tuple(checks.run_checks(door))
        self._door, self._key = door, model
        self._status = EngineStatus(state="ready", model=_card(door.loaded, door), checks=found)

    def unload(self) -> None:
        """Give the model's memory back."""
        with self._lock:
            if self._door is None:
                self._status = EngineStatus()
                return
            from engine.model import loading

            self._door = self._key = None
            self._status = EngineStatus()
            loading.free_memory()

    def status(self) -> EngineStatus:
        """What is loaded now; cheap, never waits for the model."""
        status, door = self._status, self._door
        if door is None:
            return status
        from engine.model import loading

        used, total = loading.memory(door.loaded.device)
        return EngineStatus(**{**_shallow(status), "memory_used": used, "memory_total": total})

    def default_layers(self, model: ModelConfig) -> tuple[int, int]:
        """Source and target block: the study's for a preset, else at the same relative depth.

        Raises:
            ModelError: If the model cannot be found.
        """
        preset = configs.PRESETS.get(model.model)
        if preset is not None:
            return preset.source_layer, preset.target_layer
        blocks = declared_blocks(resolve(model, self.root))
        return configs.depth_matched(blocks or self.load(model).blocks)

    # Digests

    def digest(self, config: AnyRun) -> str:
        """The name of the record this config leads to; needs no model in memory.

        Raises:
            EngineError: If the model or the questions cannot be found.
        """
        payload = configs.as_json(config)
        payload["method"] = config.method
        # A folder is known by its content, so that it may be named or moved as one likes.
        source = resolve(config.model, self.root)
        payload["model"] = {
            "fingerprint": source.fingerprint,
            "revision": source.revision,
            "adapter": source.adapter_fingerprint,
            "dtype": config.model.dtype,
        }
        if isinstance(config, EvaluateConfig):
            questions = self.questions(config)
            payload["questions"] = {"sha256": questions.sha256, "polarity": questions.polarity}
            payload["behaviour"] = questions.behaviour
        for name in getattr(config, "files", ()):
            payload[name] = payload[name] and read_source(payload[name]).sha256
        return configs.digest(payload)

    def is_stored(self, config: AnyRun) -> bool:
        """Whether running this config would only read a record."""
        return self.store.has(self.digest(config))

    def questions(self, config: EvaluateConfig) -> QuestionSet:
        """The questions a sweep would ask, sampled.

        Raises:
            DataError: If the file is missing or has no usable question.
        """
        path = self._question_file(config.questions)
        return _questions(
            str(path),
            path.stat().st_mtime_ns if path.exists() else 0,
            config.behaviour,
            config.max_questions,
            config.seed,
        )

    def _question_file(self, name: str) -> Path:
        path = Path(name)
        if path.is_absolute() or path.exists():
            return path
        if (self.root / path).exists() or name not in files.public_names():
            return self.root / path
        return files.fetch_questions(name)

    # Work

    def run(self, config: AnyRun, progress: Progress = silent) -> str:
        """Do what a config says unless it is already stored; the digest of the record.

        Raises:
            EngineError: For everything the user can mend.
            Cancelled: When `progress` raises it.
        """
        digest = self.digest(config)
        if self.store.has(digest):
            return digest
        load = functools.partial(self.load, config.model, progress)
        if isinstance(config, EvaluateConfig):
            asked = self.questions(config)
            single.evaluate(self.store, load, asked, config, digest, progress)
        elif isinstance(config, GenerateConfig):
            single.generate(self.store, load, config, digest, progress)
        else:
            single.find(self.store, load, config, digest, progress)
        return digest

    # Jobs

    def submit(self, config: AnyRun) -> Job:
        """Queue a config; the job's result is the digest of the record.

        Raises:
            EngineError: At once, for what can be known before it runs.
        """
        digest = self.digest(config)
        kind = {"ab": "evaluate", "generation": "generate"}.get(config.method, "find")
        return self.jobs.submit(
            _title(config),
            kind,
            lambda progress: self.run(config, progress),
            digest=digest,
            request={"kind": kind, "method": config.method, "config": configs.as_json(config)},
        )

    def submit_again(self, request: dict[str, Any]) -> Job:
        """Queue what an interrupted job's record asks for."""
        return self.submit(registry.from_json(request["method"], request["config"]))

    def submit_load(self, model: ModelConfig) -> Job:
        """Queue the loading of a model."""
        resolve(model, self.root)

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

    def estimate_seconds(self, config: AnyRun) -> float | None:
        """Seconds a like run took on this model, scaled by its work; None without one."""
        return estimate(self.store, config)


def _shallow(status: EngineStatus) -> dict[str, Any]:
    return {name: getattr(status, name) for name in status.__dataclass_fields__}


def _card(loaded: "LoadedModel", door: "Forward") -> dict[str, Any]:
    preset = configs.PRESETS.get(loaded.config.model)
    return {
        **loaded.identity(),
        "name": loaded.config.model,
        "title": preset.title if preset else loaded.config.short_name,
        "kind": "blocks by hand" if door.is_segmented else "hooks",
        "note": loaded.prompter.note,
    }


def _title(config: AnyRun) -> str:
    if isinstance(config, EvaluateConfig):
        count = len(config.vectors)
        return f"Evaluate {count} set{'s' * (count != 1)} on {Path(config.questions).stem}"
    if isinstance(config, GenerateConfig):
        return config.title
    count = getattr(config, "vectors", None)
    return " ".join(str(word) for word in ("Find", count, config.method, "vectors") if word)


@functools.lru_cache(maxsize=16)
def _questions(
    path: str, _changed: int, behaviour: str, max_questions: int, seed: int
) -> QuestionSet:
    return files.load_questions(path, behaviour, max_questions=max_questions, seed=seed)


_shared: dict[Path, Engine] = {}
_shared_lock = threading.Lock()


def shared_engine(root: Path | None = None) -> Engine:
    """The process's one engine for a store; `$VECTORSCOPE_STORE` or the repository by default."""
    place = Path(root or os.environ.get("VECTORSCOPE_STORE") or ROOT).resolve()
    with _shared_lock:
        if place not in _shared:
            _shared[place] = Engine(Store(place))
        return _shared[place]
