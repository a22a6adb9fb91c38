"""Every page as a reader sees it, one after the other. Knows nothing of what is looked for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dashboard.session import navigation
from tests import shipped
from tests.browser import states
from tests.browser.server import settle

PATIENCE = 60_000
"""Milliseconds to wait for a page."""
SIZES = {1280: 720, 1440: 900, 2560: 1440}
"""Widths with their heights, in CSS pixels."""
PHONE = {390: 844}
QUIET = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const busy = '[data-testid="stSkeleton"], [data-testid="stSpinner"], [data-stale="true"]';
  return app && app.dataset.testScriptState === 'notRunning' && document.querySelector('h1')
    && !document.querySelector(busy);
}"""


def paths() -> dict[str, str]:
    """Name and address of every view that is looked at: all pages, and what differs within one."""
    shown = {
        "chat": "/chat",
        "curves-question": "/curves?q=0000",
        "curves-cost": "/curves?kind=cost",
        "curves-adaptive": "/curves?kind=adaptive",
        "curves-methods": "/curves?tab=Methods",
        "vector-texts": f"/vector?v={states.MELBO}:1&v_tab=Texts",
        "generations-grid": f"/generations?gen={shipped.texts()}",
        "train": "/train",
    }
    views = {view.name: view.path for view in states.DONE if view.screen in navigation.PAGES}
    return {**views, **shown, **_more()}


def _more() -> dict[str, str]:
    """Pages of the menu that no state names."""
    known = {view.screen for view in states.DONE} | {"chat", "train"}
    return {name: navigation.link(name) for name in navigation.PAGES if name not in known}


@contextmanager
def tab(browser: Any, address: str, scheme: str, width: int, height: int) -> Iterator[Any]:
    """A tab of this theme and size."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, base_url=address, color_scheme=scheme
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def go(page: Any, path: str) -> None:
    """Open a view and wait until all of it stands."""
    page.goto(path)
    page.wait_for_function(QUIET)
    rest(page)


def rest(page: Any) -> None:
    """Wait until a view that changed stands: charts and tables are drawn after the script."""
    settle(page)
    before = -1
    for _ in range(20):
        page.wait_for_timeout(300)
        count = page.evaluate("document.querySelectorAll('*').length")
        if count == before and page.evaluate(QUIET):
            return
        before = count


def chosen(every: dict[str, str], names: Sequence[str]) -> dict[str, str]:
    """The views whose names begin so; all of them where nothing is asked for."""
    begun = tuple(names) or ("",)
    return {name: path for name, path in every.items() if name.startswith(begun)}


def filled(store: Path) -> Path:
    """The records that ship with the project, and two adapters and datasets."""
    states.fill(store)
    states.fill_training(store)
    return store
