"""Starting the real dashboard and a real headless Chromium. Knows nothing of what is checked."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium_path() -> str | None:
    """Where Debian puts Chromium, under either of its names."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def browsing() -> Iterator[object]:
    """A headless Chromium; needs playwright and `chromium_path`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


class Dashboard:
    """A dashboard over a store, handed jobs by the test, killed and started again at will."""

    host = "tests.browser.host"
    """The module that runs it."""

    def __init__(self, store: Path, model: Path | None = None) -> None:
        """Start it and wait until it answers.

        Args:
            store: The folder of its records; may be empty or filled later.
            model: A model's folder; None for the demo model.
        """
        self.store, self._model = store, model
        store.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it again, on the same port."""
        environment = _environment(self.store)
        if self._model is not None:
            environment["VECTORSCOPE_MODEL"] = str(self._model)
        with (self.store / "server.log").open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.host, str(self.port)],
                cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=out, stderr=out, text=True,
            )  # fmt: skip
        wait_until_healthy(self.address, self._process)

    def submit(self, *requests: dict[str, Any]) -> None:
        """Queue what jobs' records would ask for."""
        self._order(*({"submit": request} for request in requests))

    def cancel(self, title: str = "all") -> None:
        """Cancel the jobs of this title."""
        self._order({"cancel": title})

    def _order(self, *orders: dict[str, Any]) -> None:
        for order in orders:
            print(json.dumps(order), file=self._process.stdin, flush=True)

    def jobs(self) -> dict[str, str]:
        """State by title, as the records of the jobs say; the newest of equal titles."""
        found = []
        for path in (self.store / "results/jobs").glob("*.json"):
            # A record is replaced while it is looked at, or forgotten.
            with contextlib.suppress(OSError, ValueError):
                found.append(json.loads(path.read_text(encoding="utf-8")))
        return {j["title"]: j["state"] for j in sorted(found, key=lambda j: j["created"])}

    def wait(self, title: str, *states: str, seconds: float = 120.0) -> None:
        """Return when the job of this title is in one of these states.

        Raises:
            TimeoutError: If it does not come there.
        """
        end = time.monotonic() + seconds
        while self.jobs().get(title) not in states:
            if time.monotonic() > end:
                raise TimeoutError(f"{title} is {self.jobs().get(title)}, not {states}")
            time.sleep(0.1)

    @property
    def pid(self) -> int:
        """Of the server's process, whose time and memory are measured."""
        return self._process.pid

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait(timeout=10)
        self._process.stdin.close()

    def __enter__(self) -> "Dashboard":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.kill()


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _environment(store: Path) -> dict[str, str]:
    # One thread: on a busy machine two threads wait for each other most of the time.
    environment = {**os.environ, "VECTORSCOPE_STORE": str(store), "OMP_NUM_THREADS": "1"}
    for name in ("VECTORSCOPE_MODEL", "VECTORSCOPE_ADAPTER"):
        environment.pop(name, None)
    return environment


def settle(page: object) -> None:
    """Wait until the page's script has run with what was typed."""
    page.wait_for_timeout(300)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def wait_until_healthy(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers.

    Raises:
        RuntimeError: If it ends or takes longer than half a minute.
    """
    for _ in range(150):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except urllib.error.HTTPError:
            # It asks for a token, so it is there.
            return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                break
            time.sleep(0.2)
    raise RuntimeError("The dashboard did not start.")
