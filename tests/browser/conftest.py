"""The real dashboard in a real headless Chromium, over a store that vanishes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import states
from tests.browser.server import Dashboard, browsing, chromium_path
from tests.browser.walk import WIDE, Watched

PATIENCE = 60_000
"""Milliseconds to wait for a text; a slow machine may need them, a quick one does not."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """A browser, or a skip that says why there is none."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    if chromium_path() is None:
        pytest.skip("neither chromium nor chromium-browser is on the path")
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def dashboard(chromium: object, store: Path) -> Iterator[Dashboard]:
    """A dashboard over the empty folder."""
    with Dashboard(store) as found:
        yield found


@pytest.fixture(scope="module")
def profile(chromium: object, dashboard: Dashboard) -> Iterator[object]:
    """What all tabs share: above all the scripts, which are read and compiled only once."""
    context = chromium.new_context(viewport=WIDE, base_url=dashboard.address)
    yield context
    context.close()


@pytest.fixture(scope="module")
def address(dashboard: Dashboard) -> str:
    """The address of a dashboard over invented records of every kind."""
    states.fill_small(dashboard.store)
    return dashboard.address


@pytest.fixture
def watched(profile: object, dashboard: Dashboard) -> Iterator[Watched]:
    """A fresh tab that fails the test on a foreign request or an error in the console."""
    found = Watched(profile, dashboard.address)
    found.tab.set_default_timeout(PATIENCE)
    yield found
    found.tab.close()
    assert found.wrong == []


@pytest.fixture
def page(watched: Watched, address: str) -> object:
    """The tab itself, over a filled store."""
    return watched.tab
