"""A peer in a process of its own environment, asked one job at a time.

Knows nothing of what is asked.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from engine.bench.timing import Clock
from engine.errors import ConfigError

SCRIPT = Path(__file__).parent / "scripts" / "serve.py"
LAST = 300
"""Characters of what a peer wrote before it ended."""


@dataclass(frozen=True)
class Answer:
    """What one run of a job gave: seconds and a finding, or why there is none."""

    seconds: float = float("nan")
    file: str | None = None
    texts: Any = None
    error: str | None = None


class Peer:
    """One peer with the model loaded; ends with its context."""

    def __init__(self, name: str, python: Path, folder: Path, threads: int, clock: Clock) -> None:
        """Start it.

        Args:
            name: Of its program.
            python: Of the environment that holds it.
            folder: Where the work lies.
            threads: It may use.
            clock: By which it tells its seconds.
        """
        self.name = name
        asked = [name, str(folder), str(threads), clock]
        self._log = folder / f"{name}.log"
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [str(python), "-W", "ignore", str(SCRIPT), *asked],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": "", "HF_HUB_OFFLINE": "1"},
            )
        self._told = self._line()

    def __enter__(self) -> "Peer":
        """Nothing more to do."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    @property
    def versions(self) -> dict[str, str]:
        """Of the peer and of what it stands on; empty where it did not start."""
        return self._told.get("versions", {})

    @property
    def ways(self) -> dict[str, str]:
        """By job, what of the peer is called; empty where it did not start."""
        return self._told.get("jobs", {})

    @property
    def missing(self) -> str | None:
        """Why it did not start; None if it did."""
        return self._told.get("error")

    def ask(self, job: str, settings: dict[str, Any]) -> Answer:
        """Run one job and wait for it."""
        assert self._process.stdin is not None
        wanted = {"job": job, "settings": settings, "name": f"{self.name}-{job}"}
        try:
            self._process.stdin.write(json.dumps(wanted) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return Answer(error=self._end())
        return Answer(**self._line())

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"error": self._end()}

    def _end(self) -> str:
        """The last line that a process wrote which ended by itself."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return (lines[-1] if lines else "it ended without a word")[-LAST:]


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment.

    Raises:
        ConfigError: If there is none.
    """
    found = environment / "bin" / "python"
    if not found.exists():
        raise ConfigError(
            f"{environment} holds no Python environment for the peers: make one with "
            "`python -m venv FOLDER` and `FOLDER/bin/pip install -r requirements-bench.txt`."
        )
    return found
