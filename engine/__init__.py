"""The headless engine: finds, measures and compares steering vectors. Knows nothing of screens."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.runs.engine import Engine

__all__ = ["ROOT", "Engine"]

# Threads that spin while they wait take the cores from whoever else works; read by torch at import.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

ROOT = Path(__file__).resolve().parents[1]
"""The checkout: presets and shipped data lie below it."""


def __getattr__(name: str) -> Any:
    """`Engine`, loaded when it is first asked for: configs and errors are used without it."""
    if name != "Engine":
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    from engine.runs.engine import Engine

    return Engine
