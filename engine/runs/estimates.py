"""How long a run may take, from what a like run took here before. Knows nothing of models."""

import functools
import json
from pathlib import Path
from typing import Any, NamedTuple

from engine.configs import registry
from engine.configs.core import RunConfig
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError, StoreError
from engine.records.records import RecordInfo, measured
from engine.statistics import yardsticks
from engine.store.headers import read_record
from engine.store.store import Store

LOOKED_AT = 40
"""Newest records that are searched for a like run."""
NO_RUNS = ("experiment", "conversation")
"""Records whose time says nothing of a run: of many runs, or of somebody who talks."""


def estimate(store: Store, config: RunConfig) -> float | None:
    """Seconds of the newest run of this method on this model, scaled by its work."""
    model = getattr(config, "model", None)
    amount = _amount(store, config)
    if model is None or amount <= 0:
        return None
    runs = [info for info in store.list() if info.kind not in NO_RUNS]
    for info in runs[:LOOKED_AT]:
        if info.model != model.short_name:
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
    seconds = float(record["provenance"]["seconds"])
    if not isinstance(config, EvaluateConfig):
        return _Run(method, config.amount(0), seconds)
    vectors = measured(record["config"], record["vector_names"])
    return _Run(method, config.amount(len(vectors), _kinds(record, vectors)), seconds)


def _kinds(record: dict[str, Any], vectors: list[tuple[str, int]]) -> int:
    """How many sites and norms a stored sweep had controls for."""
    told = record.get("controls")
    if told:
        return len({json.dumps(pair) for pair in zip(told["sites"], told["norms"], strict=True)})
    # A record that does not tell its controls had them site by site.
    names = record["vector_names"]
    sites = {json.dumps(names[name]["sites"][i]) for name, i in vectors if "sites" in names[name]}
    return max(len(sites), 1)


def _amount(store: Store, config: RunConfig) -> float:
    if not isinstance(config, EvaluateConfig):
        return config.amount(0)
    chosen = []
    for ref in config.vectors:
        if store.has(ref.digest):
            found = store.load_vectors(ref.digest)
            count = len(found.vectors)
            indices = range(count) if ref.indices is None else ref.indices
            chosen += [(found, index) for index in indices if 0 <= index < count]
    kinds = yardsticks.places_of(chosen, config.scale_unit == "relative")
    return config.amount(len(chosen), len(kinds) or 1)
