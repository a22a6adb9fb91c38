"""The headless engine: finds, measures and compares steering vectors. Knows nothing of screens."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from engine.runs.engine import Engine

__all__ = ["CACHE", "ROOT", "STORE", "Engine", "export", "steer"]

# Threads that spin while they wait take the cores from whoever else works; read by torch at import.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

_BESIDE = Path(__file__).resolve().parents[1]
_IS_CHECKOUT = (_BESIDE / "data" / "polarity.json").is_file()

ROOT = _BESIDE if _IS_CHECKOUT else _BESIDE / "vectorscope_files"
"""The checkout, or what an installed engine brings of it: shipped data lie in its `data/`."""
STORE = Path(os.environ.get("VECTORSCOPE_STORE") or (ROOT if _IS_CHECKOUT else Path.cwd()))
"""Where commands and pages keep records if nobody says where: `$VECTORSCOPE_STORE`, else the
checkout; an installed engine keeps them in the current folder."""
CACHE = (ROOT if _IS_CHECKOUT else STORE) / "data" / "cache"
"""What was fetched and unpacked; never beside installed code, which may be write-protected."""


def steer(model: Any, vector: Any, strength: Any, **settings: Any) -> "AbstractContextManager[Any]":
    """`Engine().steer`: within the context a Hugging Face causal LM is steered.

    Args:
        model: A causal LM of transformers.
        vector: What `find` gave, a digest, `digest:index` or a file in the usual store, or numbers
            `[hidden]` with `block=`.
        strength: The multiple of the vector that is added at every token; 0 changes no bit.
        settings: `index=`, `block=`, `operation=`.

    Raises:
        ConfigError: On entry, if the vector does not fit the model.
    """
    from engine.runs.engine import Engine

    return Engine(keep_jobs=False).steer(model, vector, strength, **settings)


def export(record: Any, format: str, out: Any = None, layers: Any = None) -> Path:  # noqa: A002
    """`Engine().export`: vectors, or a sweep, in another tool's own layout.

    Args:
        record: What `find` or `evaluate` gave, a digest, `digest:index` or a file in the usual
            store.
        format: gguf, study, caa, svec or safetensors for vectors; json for a sweep.
        out: File, or folder of caa, which must not be there; by the record's name if left out.
        layers: Blocks of the vectors, counted from 0; all if left out.

    Raises:
        ConfigError: If the layout cannot say what the record is, or something lies there.
    """
    from engine.runs.engine import Engine

    return Engine(keep_jobs=False).export(record, format, out, layers)


def __getattr__(name: str) -> Any:
    """`Engine`, loaded when it is first asked for: configs and errors are used without it."""
    if name != "Engine":
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    from engine.runs.engine import Engine

    return Engine
