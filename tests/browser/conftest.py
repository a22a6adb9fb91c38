"""The real dashboard in a real headless Chromium, over a store that vanishes."""

from collections.abc import Iterator

import pytest

from engine.store import Store
from tests.browser.server import browsing, chromium_path, serving
from tests.pages.samples import fill
from tests.pages.test_studies import DECEPTION, deception

PATIENCE = 30_000
"""Milliseconds to wait for a text; a slow machine may need them, a quick one does not."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """A browser, or a skip that says why there is none."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    if chromium_path() is None:
        pytest.skip("neither chromium nor chromium-browser is on the path")
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard over one invented run and one invented study."""
    root = tmp_path_factory.mktemp("store")
    fill(Store(root))
    Store(root).save_experiment(DECEPTION, deception(study=True))
    with serving(root, root / "server.log") as place:
        yield place


@pytest.fixture
def page(chromium: object, address: str) -> Iterator[object]:
    """A fresh tab that fails the test on a foreign request or an error in the console."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, base_url=address)
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    foreign: list[str] = []
    errors: list[str] = []
    tab.on("request", lambda request: _note_foreign(request.url, address, foreign))
    tab.on("console", lambda message: _note_error(message, errors))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    context.close()
    assert foreign == []
    assert errors == []


def _note_foreign(url: str, address: str, foreign: list[str]) -> None:
    socket_address = address.replace("http:", "ws:")
    if not url.startswith((address, socket_address, "data:", "blob:")):
        foreign.append(url)


def _note_error(message: object, errors: list[str]) -> None:
    """Keep errors, but for the probes below a deep path, which Streamlit answers with 404."""
    where = message.location.get("url", "")
    probe = where.endswith(("/_stcore/health", "/_stcore/host-config"))
    if message.type == "error" and not probe:
        errors.append(f"{message.text} {where}")
