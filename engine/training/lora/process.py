"""A training in a process of its own, so that a screen which is being drawn does not hold it up.

A step is thousands of calls, after each of which it would wait for the other threads of the
process to end their turn. Importing this does not import torch.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any

from engine import ROOT, errors
from engine.configs import core as configs
from engine.configs import registry
from engine.configs.training import FinetuneConfig
from engine.errors import Cancelled, EngineError
from engine.progress import Progress
from engine.records import strict

COMMAND = [sys.executable, "-m", "engine.training.lora.process"]
POLL = 0.1
"""Seconds between two looks at whether the owner is still there, once it says nothing more."""


def run(config: FinetuneConfig, folder: Path, root: Path, progress: Progress) -> str:
    """What `train.run` does, elsewhere; the digest of the training.

    Raises:
        EngineError: For everything the user can mend.
        Cancelled: When `progress` raises it; a checkpoint is kept.
        RuntimeError: If the process failed, with the end of its traceback.
    """
    order = {
        "config": configs.as_json(config),
        "folder": str(folder.absolute()),
        "root": str(root.absolute()),
        "working": os.getcwd(),
        "parent": os.getpid(),
    }
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors_of:
        # Any: its pipes, which the library's types hold for optional, are asked for here.
        child: Any = subprocess.Popen(
            COMMAND,
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors_of,
            encoding="utf-8",
        )  # fmt: skip
        try:
            child.stdin.write(json.dumps(order) + "\n")
            child.stdin.flush()
            ending = _follow(child, progress)
        finally:
            # With its input at an end it stops at a checkpoint, as when this process is killed.
            child.stdin.close()
            child.wait()
        errors_of.seek(0)
        return _outcome(ending, errors_of.read())


def _follow(child: Any, progress: Progress) -> dict[str, Any]:
    """Pass on every report; the last line, which says how it ended."""
    ending: dict[str, Any] = {}
    for line in child.stdout:
        ending = json.loads(line)
        if "report" not in ending:
            continue
        done, total, message, metrics = ending["report"]
        try:
            progress(done, total, message, **metrics)
        except Cancelled:
            child.stdin.close()
    return ending


def _outcome(ending: dict[str, Any], printed: str) -> str:
    if "digest" in ending:
        return str(ending["digest"])
    if ending.get("kind") == Cancelled.__name__:
        raise Cancelled("training")
    kind = getattr(errors, ending.get("kind", ""), None)
    if kind is not None:
        raise kind(ending["error"])
    raise RuntimeError("\n".join(printed.strip().splitlines()[-30:]) or "the training was killed")


def main(orders: IO[str], reports: IO[str]) -> None:
    """Do what the first line of `orders` says; stop at a checkpoint when they end.

    A process whose owner is gone ends at once: what it kept last is whole, and nobody would know
    that it still works.
    """
    order, stop = json.loads(orders.readline()), threading.Event()
    os.chdir(order["working"])

    def wait() -> None:
        orders.read()
        stop.set()
        _end_with(order["parent"])

    threading.Thread(target=wait, daemon=True).start()
    # After the watch began, for it takes seconds.
    from engine.training.lora import train

    def tell(**words: Any) -> None:
        reports.write(strict.dumps(words) + "\n")
        reports.flush()

    def progress(done: int, total: int, message: str = "", **metrics: float) -> None:
        if stop.is_set():
            raise Cancelled("training")
        tell(report=[done, total, message, metrics])

    try:
        config = registry.from_json(FinetuneConfig.method, order["config"])
        digest = train.run(config, Path(order["folder"]), Path(order["root"]), progress)
        tell(digest=digest)
    except (EngineError, Cancelled) as error:
        tell(kind=type(error).__name__, error=str(error))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL)
    os._exit(1)


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as _reports:
        # Whatever a library prints is no report.
        os.dup2(2, 1)
        main(sys.stdin, _reports)
