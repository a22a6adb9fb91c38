"""An invented probe of the first set of `samples.fill`: one vector steers and reads nothing."""

from typing import Any

from engine.configs import core as configs
from engine.configs.core import VectorRef
from engine.configs.reads.probes import ProbeConfig
from engine.statistics.reads import probe_words
from engine.store.store import Store
from tests.pages.samples import MODEL

SET = "aaaa00000001"
KINDS = ("answer-mean", "state-prompt")
READS = {(0, "answer-mean"): (0.8, False), (1, "answer-mean"): (0.03, True)}
"""AUROC and whether it is beyond random, of those that are not 1.00 and beyond."""


def _row(vector: int, block: int, kind: str, is_fit: bool = False) -> dict[str, Any]:
    auroc, beyond = READS.get((vector, kind), (1.0, True))
    return {
        "vector_set": "fit" if is_fit else SET,
        "vector": vector,
        "name": "logistic fit" if is_fit else f"melbo_{vector:02d}",
        "method": "logistic" if is_fit else "melbo",
        "block": block,
        "own": True,
        "classes": kind,
        "auroc": auroc,
        "low": max(auroc - 0.1, 0.0),
        "high": min(auroc + 0.1, 1.0),
        "pairs": auroc,
        "recall": None,
        "p": 1 / 65 if beyond else 0.2,
        "beyond": beyond,
        "roc": "u5d3,3d7,2",
    }


def _random(block: int, kind: str) -> dict[str, Any]:
    return {
        "block": block, "classes": kind, "units": 10, "low": 0.3, "high": 0.7, "best": 0.93,
        "best_pairs": 0.95, "picked": 0.8, "shuffled": 0.5, "shuffled_best": 0.7,
        "band_low": " ".join(["0.1"] * 11), "band_high": " ".join(["0.9"] * 11),
    }  # fmt: skip


def probe(store: Store, model: str = "demo") -> str:
    """Store a probe of the set's first two vectors, in a model."""
    config = ProbeConfig(vectors=(VectorRef(digest=SET),))
    asked = configs.as_json(config)
    digest = configs.digest({"method": config.method, **asked})
    rows = [
        *(_row(vector, 1, kind) for kind in KINDS for vector in (0, 1)),
        *(_row(-1, 1, kind, is_fit=True) for kind in KINDS),
    ]
    record: dict[str, Any] = {
        "name": config.method,
        "title": "Probe on advice",
        "config": asked,
        "asked": asked,
        "model": {**MODEL, "short_name": model},
        "vectors": [SET],
        "evaluations": [],
        "pairs": {"name": "advice", "poles": ["deceptive", "honest"], "train": 180, "test": 60,
                  "marked": True},
        "random": 64,
        "shuffles": 20,
        "neutral": 44,
        "neutral_needed": 100,
        "tables": {"rows": rows, "random": [_random(1, kind) for kind in KINDS]},
        "notes": [],
        "provenance": {"created": "2026-11-29T10:09:00+00:00", "seconds": 3.0, "packages": {},
                       "commit": "abc", "dirty": False, "device": "cpu", "dtype": "float32"},
    }  # fmt: skip
    sentences = probe_words.sentences(record)
    store.save_experiment(digest, record | {"sentences": sentences, "summary": sentences[0]})
    return digest
