"""How every command opens the engine, names the model and answers."""

import json
from pathlib import Path
from typing import Any

from engine.config import ModelConfig
from engine.engine import Engine
from engine.errors import ConfigError
from engine.store import Store


def model_config(model: str, adapter: str | None, dtype: str, device: str) -> ModelConfig:
    """The model that the options name."""
    if dtype not in ("auto", "float32", "bfloat16", "float16"):
        raise ConfigError(
            f"Precision {dtype!r} is not known: use auto, float32, bfloat16 or float16."
        )
    return ModelConfig(model=model, adapter=adapter, dtype=dtype, device=device)  # type: ignore[arg-type]


def open_engine(store: Path) -> Engine:
    """An engine over a store, without job records."""
    return Engine(Store(store.resolve()), keep_jobs=False)


def answer(**values: Any) -> None:
    """Print the one JSON object that ends every command's output."""
    print(json.dumps(values))


def done(engine: Engine, digest: str, **more: Any) -> None:
    """Answer with a stored record."""
    answer(digest=digest, path=engine.store.find(digest).path, **more)


def layers(
    store: Path, model: ModelConfig, source: int | None, target: int | None
) -> tuple[int, int]:
    """Source and target block: as given, else the model\'s defaults."""
    if source is not None and target is not None:
        return source, target
    default_source, default_target = open_engine(store).default_layers(model)
    return (
        default_source if source is None else source,
        default_target if target is None else target,
    )
