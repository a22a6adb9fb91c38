"""Invented words of the first set of `samples.fill`: one vector has a star, the other has none."""

from typing import Any

from engine.configs import core as configs
from engine.configs.core import VectorRef
from engine.configs.reads.words import WordsConfig
from engine.statistics.reads import words_said
from engine.store.store import Store
from tests.pages.samples import MODEL

SET = "aaaa00000001"
PLACE = "output of block 1"
EFFECTS = {
    0: (("Never", 4.5, True), ("\u2423Rub", 3.9, False), ("*_[x](y)", 3.0, False),
        ("fourth", 2.0, False)),
    1: (("<script>", 1.5, False), ("\\n", 1.0, False)),
}  # fmt: skip


def _vector(index: int) -> dict[str, Any]:
    starred = sum(star for _, _, star in EFFECTS[index])
    return {
        "vector_set": SET,
        "vector": index,
        "name": f"melbo_{index:02d}",
        "block": 1,
        "site": PLACE,
        "residual": 5.0,
        "p": 1 / 65 if starred else 0.4,
        "threshold": 4.0,
        "starred": starred,
        "starred_effect": starred,
        "starred_jacobian": 0,
        "starred_logit": 0,
    }


def _words(index: int) -> list[dict[str, Any]]:
    row = {"of": index, "token": 7, "random": 2.5, "t": 4.4}
    effects = [
        row | {"reading": "effect", "sign": 1, "word": word, "value": value, "star": star}
        for word, value, star in EFFECTS[index]
    ]
    other = row | {"word": "plain", "value": -3.0, "star": False, "sign": -1}
    return [*effects, *(other | {"reading": name} for name in ("effect", "jacobian"))]


def words(store: Store, adapter: str | None = None) -> str:
    """Store the words of the set's first two vectors, in a model with or without an adapter."""
    config = WordsConfig(vectors=(VectorRef(digest=SET),), seed=int(adapter is not None))
    asked = configs.as_json(config)
    digest = configs.digest({"method": config.method, **asked})
    vectors = [_vector(index) for index in (0, 1)]
    sentences = words_said.sentences(vectors, config.random)
    record: dict[str, Any] = {
        "name": config.method,
        "title": f"Words of {SET}",
        "summary": sentences[0],
        "config": asked,
        "model": MODEL | {"adapter": adapter},
        "vectors": [SET],
        "evaluations": [],
        "tables": {
            "vectors": vectors,
            "words": [row for index in (0, 1) for row in _words(index)],
            "random": [{"site": PLACE, "reading": "effect", "word": "copies", "value": 2.0}],
        },
        "likely": 300,
        "vocabulary": 2304,
        "sentences": sentences,
        "notes": [],
        "provenance": {"created": "2026-11-29T10:09:00+00:00", "seconds": 3.0, "packages": {},
                       "commit": "abc", "dirty": False, "device": "cpu", "dtype": "float32"},
    }  # fmt: skip
    store.save_experiment(digest, record)
    return digest
