"""What the record of a whole study holds, whichever study it is."""

import math
from dataclasses import asdict
from typing import Any

import pandas as pd

from engine.configs import core as configs
from engine.configs.studies import AnyStudy
from engine.records import provenance
from engine.runs.engine import Engine


def save(
    engine: Engine,
    config: AnyStudy,
    digest: str,
    model: dict[str, Any],
    began: float,
    **parts: Any,
) -> None:
    """Store a study's record.

    Args:
        engine: Its store takes the record.
        config: What was run.
        digest: Name of the record.
        model: Identity of the model, as in every other record.
        began: `time.monotonic()` at its start.
        parts: Digests of what it is made of, and its tables, as plain JSON.
    """
    made = provenance.since(began, model)
    record = {
        "name": config.method,
        "title": config.title,
        "config": configs.as_json(config),
        "model": model,
        **parts,
        "provenance": asdict(made),
    }
    engine.store.save_experiment(digest, record)


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A table as plain JSON; what is not a number becomes None."""
    return [
        {str(name): plain(value) for name, value in row.items()} for row in frame.to_dict("records")
    ]


def plain(value: Any) -> Any:
    """A table's value as JSON knows it."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
