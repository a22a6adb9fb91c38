"""How long a run may take, from what a like run took here before. Knows nothing of models."""

import functools
from pathlib import Path
from typing import Any, NamedTuple

from engine.configs import core as configs
from engine.configs.core import EvaluateConfig
from engine.configs.registry import AnyRun
from engine.errors import StoreError
from engine.records.records import RecordInfo
from engine.store.headers import read_record
from engine.store.store import Store

ANSWERS_PER_TEXT = 2.0
"""A text beside a sweep takes as long as so many A/B answers (measured on the demo model)."""
KNOWLEDGE_TEXTS = 100
"""About as many askings as a shipped file of knowledge questions has."""
LOOKED_AT = 40
"""Newest records that are searched for a like run."""


def estimate(store: Store, config: AnyRun) -> float | None:
    """Seconds of the newest run of this method on this model, scaled by its work."""
    wanted = configs.as_json(config)
    amount = _work(config.method, wanted, _named(store, config))
    for info in store.list()[:LOOKED_AT]:
        if info.model != config.model.short_name or info.kind == "experiment":
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
    except StoreError:
        return None
    method = "ab" if record["kind"] == "evaluation" else record["method"]
    names = [n for one in record.get("vector_names", {}).values() for n in one["names"]]
    amount = _work(method, record["config"], len(names))
    return _Run(method, amount, float(record["provenance"]["seconds"]))


def _named(store: Store, config: AnyRun) -> int:
    if not isinstance(config, EvaluateConfig):
        return 0
    count = 0
    for ref in config.vectors:
        if ref.indices is not None:
            count += len(ref.indices)
        elif store.has(ref.digest):
            count += len(store.load_vectors(ref.digest).vectors)
    return count


def _beside(config: dict[str, Any], named: int, scales: int, orders: int) -> float:
    """Work of a sweep's side effects, in answers; a record without them has no such fields."""
    if not config.get("side_effects"):
        return 0.0
    known = KNOWLEDGE_TEXTS if config["knowledge"] else 0
    texts = config["neutral"] + config["written"] * orders + known
    return ANSWERS_PER_TEXT * texts * (1 + (named + config["effect_controls"]) * scales)


def _work(method: str, config: dict[str, Any], named: int) -> float:
    if method == "ab":
        orders = 2 if config["orders"] == "both" else 1
        scales = len([s for s in config["scales"] if s != 0])
        answers = (named + config["controls"]) * scales * config["max_questions"] * orders
        return answers + _beside(config, named, scales, orders)
    if method == "generation":
        texts = len(config["prompts"]) * len(config["configurations"]) * config["samples"]
        return float(texts * config["max_new_tokens"])
    if "vectors" not in config:
        return 1.0
    turns = config.get("steps") or config.get("iterations") or 1
    return float(config["vectors"] * turns * len(config.get("prompts", {}).get("prompts", [1])))
