"""An invented suggestion and an invented blend of the vectors of `samples.fill`."""

import math
from typing import Any

from engine.configs import core as configs
from engine.configs.budgets.blends import BlendConfig
from engine.configs.budgets.suggest import SuggestConfig
from engine.configs.core import VectorRef
from engine.configs.grids import BlendPart, Configuration
from engine.configs.sweeps import EvaluateConfig
from engine.statistics.budgets import words
from engine.store.store import Store
from tests.pages.samples import MODEL

FIRST, SECOND = "aaaa00000001", "bbbb00000002"
ASKED = EvaluateConfig(
    vectors=tuple(VectorRef(digest=one, indices=(0,)) for one in (FIRST, SECOND)), scales=(1.0,)
)
HELD = {
    "effect": 1.5, "low": 1.2, "high": 1.8, "band_low": -0.2, "band_high": 0.25, "p": 1 / 65,
    "controls": 64, "questions": 30, "is_beyond": True,
}  # fmt: skip


def suggestion(store: Store) -> str:
    """Store a suggestion: set the first set's second vector."""
    cell = {
        "operation": "set", "vector_set": FIRST, "vector": 1, "name": "melbo_01",
        "method": "melbo", "block": 1, "strength": 1.25, "kl_mean": 0.1, "kl_p95": 0.5,
        "change": 1.75, "allowed": True, "reached": True,
    }  # fmt: skip
    config = SuggestConfig.of_sweep(ASKED)
    return _saved(
        store,
        config,
        {
            "tables": {"cells": [cell], "controls": []},
            "best": cell,
            "held": HELD,
            "use": _column(BlendPart(digest=FIRST, index=1), scale=1.25, operation="set"),
        },
        words.suggestion,
    )


def blend(store: Store) -> str:
    """Store a blend that is best half-way between two vectors at right angles."""
    angles = [math.pi * k / 4 for k in range(8)]
    curve = [
        {
            "angle": angle, "strength": 1.0, "kl_mean": 0.1, "kl_p95": 0.5, "allowed": True,
            "first": math.cos(angle - 0.8), "second": 0.9 * math.cos(angle - 0.8),
            "low": 0.9 * math.cos(angle - 0.8) - 0.1, "high": 0.9 * math.cos(angle - 0.8) + 0.1,
        }
        for angle in angles
    ]  # fmt: skip
    alone = {"held": HELD, "less": 0.2, "less_low": 0.1, "less_high": 0.3, "slack": 0.01}
    return _saved(
        store,
        BlendConfig.of_sweep(ASKED),
        {
            "tables": {"cells": [], "curve": curve},
            "angles": angles,
            "second": math.pi / 2,
            "names": ["melbo_00", "power-iteration_00"],
            "ends": [[0, 4], [2, 6]],
            "nested": {
                "best": 1, "wanted": 1, "held": HELD, "planes": [0.1] * 20, "p": 1 / 21,
                "pure": [alone | {"place": place} for place in (0, 2)],
            },
            "band": {"low": -0.2, "high": 0.2, "largest": 0.3, "planes": 20, "cells": 160},
            "use": _column(BlendPart(digest=FIRST), BlendPart(digest=SECOND, weight=0.5)),
        },
        words.blend,
    )  # fmt: skip


def _column(*parts: BlendPart, **changes: Any) -> dict[str, Any]:
    return configs.as_json(Configuration(name="found", blend=parts, **changes))


def _saved(store: Store, config: Any, parts: dict[str, Any], say: Any) -> str:
    settings = {"grid": "000000000001", "direction": config.direction, "budget": config.budget}
    settings |= {"of": config.of}
    digest = configs.digest({"method": config.method, **settings})
    record = {
        "name": config.method,
        "title": f"{config.title} on survival",
        "config": settings,
        "sweep": configs.as_json(config.sweep),
        "model": MODEL,
        "vectors": [FIRST, SECOND],
        "evaluations": [],
        "questions": {"name": "survival", "behaviour": "survival"},
        "choosing": ["q0", "q1"],
        "reporting": ["q2", "q3"],
        "notes": [],
        "provenance": {"created": "2026-11-29T10:09:00+00:00", "seconds": 3.0, "packages": {},
                       "commit": "abc", "dirty": False, "device": "cpu", "dtype": "float32"},
        **parts,
    }  # fmt: skip
    sentences = say(record)
    store.save_experiment(digest, record | {"sentences": sentences, "summary": sentences[0]})
    return digest
