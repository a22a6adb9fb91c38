"""Invented examples of the first set of `samples.fill`, one vector of which lies beyond random."""

from dataclasses import asdict
from typing import Any

from engine.configs import core as configs
from engine.configs.core import VectorRef
from engine.configs.reads.examples import ExamplesConfig
from engine.statistics.reads import examples_words
from engine.store.store import Store
from tests.pages.samples import MODEL, provenance

SET = "aaaa00000001"
PIECES = ["Salt", " the", " <b>cake</b>"]
HONEST = ["Rest", " it", "."]


def _beside(value: float, reach: int) -> dict[str, Any]:
    return {
        "value": value, "random_low": -3.0, "random_median": 0.1, "random_high": 3.0,
        "reach": reach, "p": (1 + reach) / 65, "is_beyond": reach == 0,
    }  # fmt: skip


def _row(vector: int, is_beyond: bool) -> dict[str, Any]:
    reach = 0 if is_beyond else 9
    lean = _beside(1.0, 4) | {"label": "deceptive", "top": 1, "bottom": 0, "shown": 1}
    high, low = [0.5, 2.5, 6.0], [-1.0, -2.5, -1.0]
    return {
        "vector_set": SET,
        "vector": vector,
        "name": f"melbo_{vector:02d}",
        "block": 1,
        "neutral_mean": 0.0,
        "neutral_sd": 1.0,
        "high": _beside(3.0, reach),
        "low": _beside(-1.5, 30),
        "apart": _beside(4.5, reach),
        "lean": lean,
        "top": [{"text": 0, "largest": 6.0, "smallest": 0.5, "mean": 3.0, "values": high}],
        "bottom": [{"text": 1, "largest": -1.0, "smallest": -2.5, "mean": -1.5, "values": low}],
    }


def examples(store: Store, corpus: str = "data/pairs/advice.json") -> str:
    """Store examples of the set's first two vectors; their digest."""
    config = ExamplesConfig(vectors=(VectorRef(digest=SET),), corpus=corpus)
    asked = configs.as_json(config)
    digest = configs.digest({"method": config.method, **asked})
    texts = [("deceptive", PIECES), ("honest", HONEST)]
    record: dict[str, Any] = {
        "name": config.method,
        "title": "Examples of melbo aaaa in advice",
        "config": asked,
        "settings": asked,
        "model": MODEL,
        "vectors": [SET],
        "evaluations": [],
        "corpus": {"name": corpus.rpartition("/")[2], "sha256": "0", "texts": 2, "tokens": 6},
        "random": 64,
        "random_seed": 0,
        "notes": ["The first token of what the model is given is left out."],
        "provenance": asdict(provenance()),
        "tables": {
            "vectors": [_row(0, True), _row(1, False)],
            "texts": [
                {"id": f"text {i}", "label": label, "prompt": "How do I cook a cake?",
                 "system": None, "lead": "", "pieces": pieces}
                for i, (label, pieces) in enumerate(texts, 1)
            ],
        },
    }  # fmt: skip
    record["sentences"] = examples_words.record(record)
    store.save_experiment(digest, record | {"summary": record["sentences"][0]})
    return digest
