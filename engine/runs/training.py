"""Fine-tuning and dataset building, each to a place of the user's choice.

Knows nothing of screens. Importing it does not import torch: that happens on the worker.
"""

from pathlib import Path

from engine.configs.datasets import DatasetConfig
from engine.configs.training import FinetuneConfig
from engine.model import model_files
from engine.model.identity import locate
from engine.progress import Progress
from engine.questions.sources import sha256_of
from engine.runs.engine import Engine
from engine.training.dataset import files as dataset_files
from engine.training.lora import process
from engine.training.lora.records import is_trained, refuse_another


def check_adapter(engine: Engine, config: FinetuneConfig, folder: Path) -> None:
    """Refuse a folder that holds another training.

    Raises:
        EngineError: For what can be known before it runs.
    """
    digest = engine.digest(config)
    if not is_trained(folder, digest):
        refuse_another(folder, digest)


def train(
    engine: Engine, config: FinetuneConfig, _digest: str, progress: Progress, folder: Path
) -> None:
    """Train in a process that loads a copy of the model beside the engine's own.

    A stopped training in the folder goes on. The curve `loss` is the loss so far.

    Raises:
        EngineError: For everything the user can mend.
    """
    progress(0, 1, f"loading {config.model.model}")
    process.run(config, folder, engine.root, progress)


def check_dataset(engine: Engine, config: DatasetConfig, path: Path) -> None:
    """Refuse a file that cannot be written, and a model or seeds that are not there.

    Raises:
        EngineError: For what can be known before it runs.
    """
    dataset_files.check_path(config, path)
    locate(config.model, engine.root)
    for name in (config.seeds, config.avoid):
        if name is not None:
            sha256_of(name)


def build(
    engine: Engine, config: DatasetConfig, digest: str, progress: Progress, path: Path
) -> None:
    """Build a dataset with the engine's own model; a stopped build goes on.

    Raises:
        EngineError: For everything the user can mend.
    """
    progress(0, 1, f"loading {config.model.model}")
    from engine.training.dataset import build as dataset

    if not dataset.is_built(path, digest):
        door = engine.load(config.model, progress)
        dataset.build(door, config, digest, path, progress)


def memory_bytes(config: FinetuneConfig, root: Path) -> int | None:
    """Bytes of the copy that is trained, activations left out; None before it is downloaded.

    Raises:
        ModelError: If the model cannot be found.
    """
    found = locate(config.model, root)
    if found.folder is None:
        return None
    return sum(path.stat().st_size for path in model_files.weights(Path(found.folder)))
