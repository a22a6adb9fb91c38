"""How long a run may take, from what a like run took here before. Knows nothing of models."""

import functools
from pathlib import Path
from typing import NamedTuple

from engine.configs import registry
from engine.configs.core import RunConfig
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError, StoreError
from engine.records.records import RecordInfo
from engine.store.headers import read_record
from engine.store.store import Store

LOOKED_AT = 40
"""Newest records that are searched for a like run."""


def estimate(store: Store, config: RunConfig) -> float | None:
    """Seconds of the newest run of this method on this model, scaled by its work."""
    model = getattr(config, "model", None)
    amount = config.amount(_named(store, config))
    if model is None or amount <= 0:
        return None
    for info in store.list()[:LOOKED_AT]:
        if info.model != model.short_name or info.kind == "experiment":
            continue
        before = _before(info)
        if before is not None and before.method == config.method and before.amount > 0:
            return before.seconds * amount / before.amount
    return None


class _Run(NamedTuple):
    method: str
    amount: float
    seconds: float


@functools.lru_cache(maxsize=256)
def _before(info: RecordInfo) -> _Run | None:
    """Work and time of a stored run; kept, because forms ask at every change."""
    try:
        record = read_record(Path(info.path))
        method = "ab" if record["kind"] == "evaluation" else record["method"]
        config = registry.from_json(method, record["config"])
    except (StoreError, ConfigError):
        return None
    names = [n for one in record.get("vector_names", {}).values() for n in one["names"]]
    amount = config.amount(len(names))
    return _Run(method, amount, float(record["provenance"]["seconds"]))


def _named(store: Store, config: RunConfig) -> int:
    if not isinstance(config, EvaluateConfig):
        return 0
    count = 0
    for ref in config.vectors:
        if ref.indices is not None:
            count += len(ref.indices)
        elif store.has(ref.digest):
            count += len(store.load_vectors(ref.digest).vectors)
    return count
