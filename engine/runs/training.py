"""Fine-tuning and dataset building as jobs of an engine.

Knows nothing of screens. Importing it does not import torch: that happens on the worker.
"""

from pathlib import Path
from typing import Any

from engine.configs import core as configs
from engine.configs.core import ModelConfig
from engine.configs.datasets import DatasetConfig
from engine.configs.training import FinetuneConfig
from engine.errors import ConfigError
from engine.model.identity import resolve
from engine.progress import Progress
from engine.questions.sources import read_source
from engine.runs.engine import Engine
from engine.runs.job import Job
from engine.training.dataset import files as dataset_files
from engine.training.lora import process
from engine.training.lora.records import config_from_json, digest_of, is_trained, refuse_another

FINETUNE, DATASET = FinetuneConfig.method, DatasetConfig.method


def submit_finetune(engine: Engine, config: FinetuneConfig, folder: Path) -> Job:
    """Queue a training, in a process that loads a copy of the model beside the engine's own.

    Args:
        engine: Whose worker trains.
        config: What to train.
        folder: Takes the adapter; a stopped training in it goes on.

    Returns:
        The job. Its result is the training's digest, its curve `loss` the loss so far.

    Raises:
        EngineError: At once, for what can be known before it runs.
    """
    digest = digest_of(config, engine.root)
    if not is_trained(folder, digest):
        refuse_another(folder, digest)

    def work(progress: Progress) -> str:
        progress(0, 1, f"loading {config.model.model}")
        return process.run(config, folder, engine.root, progress)

    return _submit(engine, f"Train {folder.name}", config, folder, work)


def submit_dataset(engine: Engine, config: DatasetConfig, path: Path) -> Job:
    """Queue the building of a dataset by the engine's own model, loaded for it where it is not.

    Args:
        engine: Whose worker and model build.
        config: What to build.
        path: Takes the pairs; a stopped build goes on.

    Returns:
        The job; its result is the dataset's digest.

    Raises:
        EngineError: At once, for what can be known before it runs.
    """
    dataset_files.check_path(config, path)
    resolve(config.model, engine.root)
    for name in (config.seeds, config.avoid):
        if name is not None:
            read_source(name)

    def work(progress: Progress) -> str:
        progress(0, 1, f"loading {config.model.model}")
        from engine.training.dataset import build

        digest = build.digest_of(config, engine.root)
        if not build.is_built(path, digest):
            door = engine.load(config.model, progress)
            build.build(door, config, digest, path, progress)
        return digest

    return _submit(engine, f"Build {path.stem}", config, path, work)


def submit_again(engine: Engine, request: dict[str, Any]) -> Job:
    """Queue what a job's record asks for; what it had finished is not done again.

    Raises:
        EngineError: If it is of another version, or what it needs is gone.
    """
    if request.get("method") == FINETUNE:
        place = engine.store.root / request["place"]
        return submit_finetune(engine, config_from_json(request["config"]), place)
    if request.get("method") == DATASET:
        place = engine.store.root / request["place"]
        return submit_dataset(engine, _dataset_config(request["config"]), place)
    return engine.submit_again(request)


def memory_bytes(config: FinetuneConfig, root: Path) -> int | None:
    """Bytes of the copy that is trained, activations left out; None before it is downloaded.

    Raises:
        ModelError: If the model cannot be found.
    """
    source = resolve(config.model, root)
    if not source.is_local:
        return None
    folder = Path(source.location)
    files = [*folder.glob("*.safetensors")] or [*folder.glob("*.bin")]
    return sum(path.stat().st_size for path in files)


def _dataset_config(values: dict[str, Any]) -> DatasetConfig:
    try:
        return DatasetConfig(**{**values, "model": ModelConfig(**values["model"])})
    except (TypeError, KeyError) as error:
        raise ConfigError(
            f"This dataset's request is incomplete or from another version: {error}."
        ) from error


def _submit(
    engine: Engine, title: str, config: FinetuneConfig | DatasetConfig, place: Path, work: Any
) -> Job:
    """Queue work that writes to one place, unless other work is about to write there."""
    root = engine.store.root
    where = str(place.relative_to(root)) if place.is_relative_to(root) else str(place.absolute())
    request = {
        "kind": config.method,
        "method": config.method,
        "config": configs.as_json(config),
        "place": where,
    }
    digest = configs.digest(request)
    for job in engine.jobs.active():
        is_there = job.request is not None and job.request.get("place") == where
        if is_there and job.digest != digest and not job.cancelling:
            raise ConfigError(f"A job is writing to {place.name} already: choose another name.")
    return engine.jobs.submit(title, config.method, work, digest=digest, request=request)
