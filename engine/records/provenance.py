"""How and where a record was made.

Knows nothing of records, models or files; names no path and no user.
"""

import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from engine import ROOT
from engine.records.records import Provenance

PACKAGES = ("torch", "transformers", "peft", "numpy", "safetensors", "streamlit")
GIT_SECONDS = 5.0
"""A checkout on a slow network disk must not hold up a finished run for longer."""


def collect(seconds: float, device: str, dtype: str) -> Provenance:
    """The provenance of work that took `seconds` and ended now.

    Args:
        seconds: Duration of the work.
        device: Where it ran, as shown to readers.
        dtype: Precision of the model.
    """
    commit, dirty = _checkout(ROOT)
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        seconds=round(float(seconds), 3),
        packages=_versions(),
        commit=commit,
        dirty=dirty,
        device=device,
        dtype=dtype,
    )


def since(began: float, identity: dict[str, Any]) -> Provenance:
    """The provenance of work on a model that ends now.

    Args:
        began: When it began, by the monotonic clock.
        identity: What the loaded model says of itself.
    """
    return collect(time.monotonic() - began, identity["device"], identity["dtype"])


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _checkout(root: Path) -> tuple[str | None, bool | None]:
    """Commit and whether tracked files differ from it; None for both outside a checkout."""
    lines = (_git(root, "rev-parse", "--show-toplevel", "HEAD") or "").splitlines()
    # A copy unpacked inside somebody's own repository must not claim that one's commit.
    if len(lines) != 2 or Path(lines[0]).resolve() != root.resolve():
        return None, None
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return lines[1], None if changes is None else bool(changes.strip())


def _git(root: Path, *arguments: str) -> str | None:
    """What git prints, or None if it cannot answer."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
            # Without this, `status` takes a lock that a commit made meanwhile would trip over.
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
