"""Walks every screen in every state, light and dark, wide and narrow.

Run from the root: `.venv/bin/python -m tests.browser.walk [--keep FOLDER] [--only WORLD]`. It
prints a line for everything that is wrong, and ends with 1 if there was anything.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dashboard.session import navigation
from tests.browser import states
from tests.browser.links import ROUTES, Route, differences, follow, snapshot
from tests.browser.server import Dashboard, browsing, settle
from tests.browser.states import View

WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
LOOKS = (("light", WIDE), ("dark", WIDE), ("dark", NARROW), ("light", NARROW))
"""In this order only one thing changes from one look to the next, but for the last."""
WORLDS = ("still", "links", "busy", "failed")
PATIENCE = 40_000
"""Milliseconds to wait for words; a busy machine may need them."""

SAID = "words => words.every(word => document.body.innerText.includes(word))"
FACTS = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  // What lies in a closed expander or popover is not drawn yet.
  const bare = kind => [...document.querySelectorAll(kind)].filter(one => one.checkVisibility(
    {contentVisibilityAuto: true, opacityProperty: true, visibilityProperty: true}));
  const named = one => one.getAttribute('aria-label') || one.getAttribute('alt')
    || one.getAttribute('title') || one.textContent.trim()
    || one.querySelector('[aria-label], [alt], title')
    || one.closest('[aria-label]') || (one.labels && one.labels.length);
  const marks = '[data-testid=stVegaLiteChart], [data-testid=stDataFrame], main img, '
    + 'main button, main input:not([type=file]), main textarea, main [role=combobox]';
  const background = getComputedStyle(document.querySelector('[data-testid=stApp]'));
  return {
    tracebacks: document.querySelectorAll('[data-testid=stException]').length,
    widths: [document.documentElement.scrollWidth - innerWidth,
             main.scrollWidth - main.clientWidth],
    nameless: bare(marks).filter(one => !named(one)).map(one => one.outerHTML.slice(0, 160)),
    background: background.backgroundColor,
    inks: [...new Set([...document.querySelectorAll('[data-testid=stVegaLiteChart] svg *')]
      .filter(one => one.getAttribute('stroke') && one.getAttribute('opacity') !== '0')
      .map(one => one.getAttribute('stroke')))],
  };
}"""


class Watched:
    """A tab, and what went wrong in it: foreign requests and errors in the console."""

    def __init__(self, context: Any, address: str) -> None:
        """Open a tab in this context, which shows the dashboard at this address."""
        self.tab = context.new_page()
        self.tab.set_default_timeout(PATIENCE)
        self.wrong: list[str] = []
        self._ours = (address, address.replace("http:", "ws:"), "data:", "blob:")
        self.tab.on("request", lambda request: self._request(request.url))
        self.tab.on("console", self._console)
        self.tab.on("pageerror", lambda error: self.wrong.append(f"error in the page: {error}"))

    def _request(self, url: str) -> None:
        if not url.startswith(self._ours):
            self.wrong.append(f"foreign request: {url}")

    def _console(self, message: Any) -> None:
        """Keep errors, but for the probes below a deep path, which Streamlit answers with 404."""
        where = message.location.get("url", "")
        probe = where.endswith(("/_stcore/health", "/_stcore/host-config"))
        if message.type == "error" and not probe:
            self.wrong.append(f"console: {message.text} {where}")

    def open(self, path: str) -> None:
        """Go there."""
        self.tab.goto(path)

    def take_wrong(self) -> list[str]:
        """What went wrong since this was asked last."""
        found, self.wrong[:] = list(self.wrong), []
        return found


@contextmanager
def watching(browser: Any, address: str) -> Iterator[Watched]:
    """A tab of its own."""
    context = browser.new_context(viewport=WIDE, base_url=address, color_scheme="light")
    yield Watched(context, address)
    context.close()


def visit(watched: Watched, view: View) -> None:
    """Go to a view from the page that is open: by the menu, or by its link where it has more."""
    dress(watched.tab, "light", WIDE)
    if "?" in view.path or view.screen in navigation.HIDDEN:
        watched.open(view.path)
    else:
        title = navigation.PAGES[view.screen][0]
        watched.tab.get_by_role("link", name=title, exact=True).click()


def dress(tab: Any, scheme: str, size: dict[str, int]) -> None:
    """Change theme and size in place."""
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size(size)


def problems(facts: dict[str, Any], scheme: str) -> list[str]:
    """What is wrong with a screen as it is drawn."""
    found = [f"{facts['tracebacks']} tracebacks"] if facts["tracebacks"] else []
    if max(facts["widths"]) > 0:
        found.append(f"wider than the window by {facts['widths']}")
    found += [f"without a name: {one}" for one in facts["nameless"]]
    dark = sum(int(part) for part in facts["background"][4:-1].split(",")[:3]) < 200
    if dark != (scheme == "dark"):
        found.append(f"the theme is not {scheme}: {facts['background']}")
    foreign = {"dark": "#1f2328", "light": "#f1f3f5"}[scheme]
    if foreign in facts["inks"]:
        found.append(f"a chart has the ink {foreign} of the other theme")
    return found


def inks(
    watched: Watched,
    view: View,
    looks: Sequence[tuple[str, dict[str, int]]] = LOOKS,
    keep: Path | None = None,
) -> list[str]:
    """Look at the view that is open, in every look; what is wrong with it."""
    tab = watched.tab
    try:
        tab.wait_for_function(SAID, arg=list(view.words), polling=100)
    except Exception as error:  # noqa: BLE001  playwright's own kind is not at hand here.
        seen = tab.locator("body").inner_text()
        missing = [word for word in view.words if word not in seen]
        if keep is not None:
            tab.screenshot(path=keep / f"{view.name}-lost.png")
        return [f"{view.name}: not seen: {missing} ({type(error).__name__})", *watched.take_wrong()]
    found: dict[str, list[str]] = {}
    for scheme, size in looks:
        dress(tab, scheme, size)
        is_busy = view.state in ("running", "queued")
        tab.wait_for_timeout(1000) if is_busy else settle(tab)
        name = f"{view.name}-{scheme}-{size['width']}"
        wrong = _lasting(tab, scheme)
        if keep is not None:
            tab.wait_for_timeout(500)
            # A chart that was not there yet has no ink, and may come in that of the other theme.
            wrong = _lasting(tab, scheme)
            tab.screenshot(path=keep / f"{name}.png")
        for one in wrong:
            found.setdefault(one, []).append(f"{scheme} {size['width']}")
    seen = [f"{view.name} ({', '.join(where)}): {one}" for one, where in found.items()]
    return [*seen, *(f"{view.name}: {one}" for one in watched.take_wrong())]


def _lasting(tab: Any, scheme: str) -> list[str]:
    """What is still wrong after five seconds: charts are drawn again after the theme changes."""
    wrong = problems(tab.evaluate(FACTS), scheme)
    for _ in range(10):
        if not wrong:
            break
        tab.wait_for_timeout(500)
        wrong = problems(tab.evaluate(FACTS), scheme)
    return wrong


def say(line: str) -> None:
    """A line of the report, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Walk:
    """A walk through the worlds, and what was found wrong on it."""

    def __init__(self, browser: Any, folder: Path, keep: Path | None) -> None:
        """Use this browser, stores below `folder`, and keep pictures if a place is given."""
        self._browser, self._folder, self._keep = browser, folder, keep
        self.found: list[str] = []
        self.count = 0

    def views(self, address: str, views: Sequence[View]) -> None:
        """Open each view by its link and look at it."""
        with watching(self._browser, address) as watched:
            for view in views:
                dress(watched.tab, "light", WIDE)
                watched.open(view.path)
                wrong = inks(watched, view, keep=self._keep)
                self.found += wrong
                self.count += 1
                say(f"{view.name:38s} {'; '.join(wrong) or 'as it should be'}")

    def still(self) -> None:
        """Nothing is stored; then the shipped records, and links to what is not among them."""
        store = self._folder / "still"
        with Dashboard(store) as dashboard:
            self.views(dashboard.address, (*states.EMPTY, *states.MODES))
            states.fill(store)
            self.views(dashboard.address, (*states.DONE, *states.MISSING))

    def busy(self) -> None:
        """Jobs of every kind: in turn they run and are stopped, then they are interrupted."""
        store = self._folder / "busy"
        states.fill(store)
        gen, run = states.grid_digest(store), states.sweep_digest(store)
        with Dashboard(store) as dashboard:
            dashboard.submit(*states.requests())
            for title in states.TITLES:
                dashboard.wait(title, "running")
                self.views(dashboard.address, states.at_work(title, gen))
                dashboard.cancel(title)
                dashboard.wait(title, "cancelled")
                self.views(dashboard.address, states.stopped(title, gen, run))
            dashboard.submit(*states.requests())
            dashboard.wait(states.FIND, "running")
            dashboard.kill()
            dashboard.start()
            self.views(dashboard.address, states.interrupted(gen))

    def links(self) -> None:
        """Views that are reached by clicking, each opened by its link in a browser of its own."""
        store = self._folder / "links"
        states.fill(store)
        states.fill_training(store)
        with Dashboard(store) as dashboard:
            for route in ROUTES:
                with watching(self._browser, dashboard.address) as watched:
                    try:
                        wrong = self._link(watched, dashboard.address, route)
                    except Exception as error:  # noqa: BLE001  playwright's own is not at hand.
                        wrong = [f"could not be followed: {str(error).splitlines()[0]}"]
                self.found += [f"link of {route.name}: {one}" for one in wrong]
                self.count += 1
                say(f"{'link of ' + route.name:38s} {'; '.join(wrong) or 'gives the same view'}")

    def _link(self, watched: Watched, address: str, route: Route) -> list[str]:
        watched.open("/")
        follow(watched.tab, route)
        first, link = snapshot(watched.tab), watched.tab.url
        if re.search(route.holds, link) is None:
            return [f"{link} does not hold {route.holds}"]
        with watching(self._browser, address) as fresh:
            fresh.open(link)
            fresh.tab.get_by_role("heading", level=1).wait_for()
            wrong: list[str] = []
            for _ in range(5):
                # On a busy machine a page may rest before it is whole.
                found = differences(first, snapshot(fresh.tab))
                wrong = [f"{link}: {one}" for one in found]
                if not wrong:
                    break
            return [*wrong, *watched.take_wrong(), *fresh.take_wrong()]

    def failed(self) -> None:
        """A model whose weights are torn, and damaged records."""
        store = self._folder / "failed"
        states.fill(store)
        model = states.torn_model(self._folder / "torn")
        gen = states.grid_digest(store, str(model))
        with Dashboard(store, model) as dashboard:
            dashboard.submit(*states.requests(str(model)))
            for title in states.TITLES:
                dashboard.wait(title, "failed")
            states.damage(store)
            self.views(dashboard.address, states.failed(gen))


def main(words: Sequence[str]) -> int:
    """Walk; 1 if something is wrong."""
    asked = argparse.ArgumentParser(prog="python -m tests.browser.walk", description=__doc__)
    asked.add_argument("--keep", type=Path, help="a folder for the pictures")
    asked.add_argument(
        "--only", choices=("still", "links", "busy", "failed"), help="one of the worlds"
    )
    given = asked.parse_args(words)
    if given.keep is not None:
        given.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browsing() as browser:
        walk = Walk(browser, Path(folder), given.keep)
        for world in (given.only,) if given.only else WORLDS:
            getattr(walk, world)()
    say("\n".join([f"{walk.count} views, {len(walk.found)} wrong", *walk.found]))
    return 1 if walk.found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
