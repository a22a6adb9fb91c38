"""Parquet and Arrow files to rows, read in a process of its own: see `unpacking`.

Knows nothing of what columns mean.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.questions.own import limits, unpacking

SECONDS = 120.0
"""That a file may take."""


def rows_of(content: bytes, file: str) -> list[dict[str, Any]]:
    """The rows of a file, by column, images and other bytes left out.

    Raises:
        DataError: If it is no such file, damaged, or would take too much memory.
    """
    most = json.dumps({"bytes": limits.MOST_BYTES, "rows": limits.MOST_ROWS})
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-W", "ignore", str(Path(unpacking.__file__))],
            input=most.encode() + b"\n" + content,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"{file} takes longer than {SECONDS:.0f} s: give a part of it.") from None
    if done.returncode:
        raise _refusal(file, "it is damaged")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if not found:
        raise DataError(f"{file} is empty: give at least one row.")
    if isinstance(found[0], dict):
        reason = found[0]["error"]
        raise _too_large(file) if reason == unpacking.TOO_LARGE else _refusal(file, reason)
    return [row for _, row in found]


def _too_large(file: str) -> DataError:
    return DataError(
        f"{file} holds more than {limits.MOST_BYTES >> 20} MB of text: give a part of it."
    )


def _refusal(file: str, reason: str) -> DataError:
    form = "Arrow" if file.lower().endswith((".arrow", ".feather")) else "Parquet"
    return DataError(f"{file} is no {form} file that can be read: {reason}.")
