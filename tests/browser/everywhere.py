"""Every page as a reader sees it, one after the other. Knows nothing of what is looked for."""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

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
    try:
        yield page
    finally:
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


class Look(NamedTuple):
    """A theme and a size of window in which every view is looked at."""

    scheme: str
    width: int
    height: int

    def __str__(self) -> str:
        """As a report names it."""
        return f"{self.scheme} {self.width}"


class Asked(NamedTuple):
    """What a harness is asked to look at, and where.

    Attributes:
        names: Beginnings of the views' names; none asks for all.
        address: Of a dashboard that runs; None starts one over the shipped records.
        notes: Where each look is written down as it ends; looks that stand there are not repeated.
    """

    names: Sequence[str] = ()
    address: str | None = None
    notes: Path | None = None


class Summary(NamedTuple):
    """How much was found, and on how much."""

    kinds: int
    views: int
    looks: int


def looked(find: Callable[[Any], list[str]], looks: Sequence[Look], asked: Asked) -> Summary:
    """What `find` finds on every view in every look, each printed as it is found.

    Args:
        find: Given an open page, gives findings.
        looks: Themes and sizes.
        asked: Which views, and where.
    """
    views = chosen(paths(), asked.names)
    known = _noted(asked.notes)
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder, browsing() as browser, ExitStack() as stack:
        address = asked.address
        if address is None:
            store = filled(Path(folder) / "store")
            address = stack.enter_context(Dashboard(store)).address
        for name, path in views.items():
            for look in looks:
                place = f"{name} {look}"
                if place not in known:
                    known[place] = _one(browser, address, path, look, find)
                    _note(asked.notes, place, known[place])
                    say(f"{place}: {len(known[place])}")
                    for one in known[place]:
                        say(f"       {one}")
                for one in known[place]:
                    found.setdefault(one, []).append(place)
    _report(found)
    return Summary(len(found), len(views), len(looks))


def _one(
    browser: Any, address: str, path: str, look: Look, find: Callable[[Any], list[str]]
) -> list[str]:
    """What is found in a tab of its own; a view that never stands is a finding too."""
    try:
        with tab(browser, address, *look) as page:
            go(page, path)
            return find(page)
    except Exception as error:  # noqa: BLE001 - one view that breaks must not end the others
        return [f"not looked at: {' '.join(str(error).split())[:200]}"]


def _noted(notes: Path | None) -> dict[str, list[str]]:
    """The looks that an earlier run wrote down; a line cut off in its middle is looked at again."""
    known: dict[str, list[str]] = {}
    lines = notes.read_text(encoding="utf-8").splitlines() if notes and notes.exists() else []
    for line in lines:
        with suppress(ValueError):
            told = json.loads(line)
            known[told["place"]] = told["found"]
    return known


def _note(notes: Path | None, place: str, found: list[str]) -> None:
    if notes is not None:
        with notes.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"place": place, "found": found}) + "\n")


def _report(found: dict[str, list[str]]) -> None:
    """A line for every kind of finding, with where it is seen."""
    for one, where in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        more = f" and {len(where) - 3} more" if len(where) > 3 else ""
        say(f"{len(where):4d} x {one}\n       {', '.join(where[:3])}{more}")


def command(about: str | None, main: Callable[[Asked], int]) -> int:
    """Run a harness with what its command line says; its exit code."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("views", nargs="*", help="beginnings of the views' names; all if none")
    parser.add_argument("--address", help="of a dashboard that runs already")
    parser.add_argument(
        "--notes", type=Path, help="file to write each look to; what stands there is not repeated"
    )
    given = parser.parse_args()
    return main(Asked(given.views, given.address, given.notes))


def filled(store: Path) -> Path:
    """The records that ship with the project, and two adapters and datasets."""
    states.fill(store)
    states.fill_training(store)
    return store
