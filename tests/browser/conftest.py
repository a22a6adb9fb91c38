"""The real dashboard in a real headless Chromium, over a store that vanishes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import states
from tests.browser.server import Dashboard, browsing, chromium_path
from tests.browser.walk import WIDE, Watched, dress

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


@pytest.fixture(scope="module")
def tab(profile: object, dashboard: Dashboard) -> Iterator[Watched]:
    """The tab of nearly all tests: in a fresh one the scripts take twice as long to start."""
    found = Watched(profile, dashboard.address)
    found.tab.set_default_timeout(PATIENCE)
    yield found
    found.tab.close()


@pytest.fixture
def watched(tab: Watched) -> Iterator[Watched]:
    """The tab as a new one looks; it fails the test on a foreign request or a console's error.

    What it showed before is gone with the first address that is opened.
    """
    dress(tab.tab, "light", WIDE)
    tab.take_wrong()
    yield tab
    assert tab.take_wrong() == []


@pytest.fixture
def fresh(profile: object, dashboard: Dashboard) -> Iterator[Watched]:
    """A tab of its own, for a test that leaves something in it."""
    found = Watched(profile, dashboard.address)
    found.tab.set_default_timeout(PATIENCE)
    yield found
    found.tab.close()
    assert found.wrong == []


@pytest.fixture
def page(watched: Watched, address: str) -> object:
    """The tab itself, over a filled store."""
    return watched.tab
