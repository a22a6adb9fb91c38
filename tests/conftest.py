"""Settings that hold for every test: few threads, no spinning, no network."""

import gc
import os
import sys
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pytest

from tests import checked, sharing

checked.install()
# Until all is imported: what a module defines is seldom garbage, and to look for it takes seconds.
gc.disable()
ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The long browser tests have a command of their own."""
    parser.addoption("--rows", action="store_true", help="collect tests/browser/rows as well")
    parser.addoption("--matrix", action="store_true", help="run what the suite leaves out of it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a test marked as a matrix, the suite takes its first cases, --matrix the others."""
    seen: Counter[str] = Counter()
    left, chosen = [], []
    for item in items:
        marker = item.get_closest_marker("matrix")
        name = item.nodeid.partition("[")[0]
        seen[name] += 1
        is_short = marker is None or seen[name] <= marker.kwargs["keep"]
        (chosen if is_short != config.getoption("--matrix") else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
    items[:] = chosen


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the long browser tests out unless they are asked for."""
    rows = ROOT / "tests/browser/rows"
    is_long = collection_path == rows or rows in collection_path.parents
    return True if is_long and not config.getoption("--rows") else None


@pytest.fixture(autouse=True)
def _checked_anew() -> None:
    checked.begin()


def _take_one_thread() -> None:
    """Tiny models lose more to waiting threads than they gain from a second one."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def pytest_collection_finish() -> None:
    """Before the first fixture of a module: a sum over other threads has other last bits."""
    _take_one_thread()
    if "engine.runs.doors" in sys.modules:
        sharing.install()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before its fixtures, also those of its module."""
    sharing.begin(item)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    _take_one_thread()
