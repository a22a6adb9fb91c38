"""Every page as a reader sees it, one after the other. Knows nothing of what is looked for."""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dashboard.session import navigation
from tests import shipped
from tests.browser import states
from tests.browser.server import Dashboard, browsing, settle
from tests.browser.walk import say

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


def looked(
    look: Callable[[Any, str, dict[str, str]], dict[str, list[str]]],
    names: Sequence[str],
    address: str | None,
) -> tuple[dict[str, list[str]], int]:
    """What `look` finds on these views, or on all, and how many they are; each finding is printed.

    Args:
        look: Given a browser, an address and the views' paths; gives findings and where they are.
        names: Beginnings of the views' names.
        address: Of a dashboard that runs; None starts one over the shipped records.
    """
    views = chosen(paths(), names)
    with tempfile.TemporaryDirectory() as folder, browsing() as browser:
        if address is not None:
            found = look(browser, address, views)
        else:
            with Dashboard(filled(Path(folder) / "store")) as dashboard:
                found = look(browser, dashboard.address, views)
    _report(found)
    return found, len(views)


def _report(found: dict[str, list[str]]) -> None:
    """A line for every kind of finding, with where it is seen."""
    for one, where in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        more = f" and {len(where) - 3} more" if len(where) > 3 else ""
        say(f"{len(where):4d} x {one}\n       {', '.join(where[:3])}{more}")


def command(about: str | None, main: Callable[[Sequence[str], str | None], int]) -> int:
    """Run a harness with what its command line says; its exit code."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("views", nargs="*", help="beginnings of the views' names; all if none")
    parser.add_argument("--address", help="of a dashboard that runs already")
    given = parser.parse_args()
    return main(given.views, given.address)


def filled(store: Path) -> Path:
    """The records that ship with the project, and two adapters and datasets."""
    states.fill(store)
    states.fill_training(store)
    return store
