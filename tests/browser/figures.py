"""How long a reader waits for every screen: `python -m tests.browser.figures [--json FILE]`.

Starts the real dashboard on copies of stores and clicks in a real Chromium. Prints a Markdown
table; the exit code is 1 if a target is missed. Not part of the tests: it takes minutes, and its
figures mean little on a machine that does other things.
"""

import argparse
import functools
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from engine.store.headers import read_record
from tests.browser import figures_clicks as clicks
from tests.browser import figures_store, states
from tests.browser.figures_table import Figure, markdown, plain
from tests.browser.server import Dashboard, browsing

OVERVIEW, CURVES, _, _, LIBRARY = clicks.PAGES
VIOLIN, LOOK = 0.5, 2.0
"""Promised seconds: a violin after the click, and any view of a large store."""
FEW = 5
"""Repeats of what opens a browser context."""
out, told = Console(stderr=True, highlight=False), Console(highlight=False, soft_wrap=True)


class Report:
    """Measures, and says on the way what came out."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []

    def add(
        self,
        name: str,
        repeats: int,
        once: Callable[[int], float],
        target: float | None = None,
        server: Dashboard | None = None,
    ) -> None:
        """Measure something several times.

        Args:
            name: What a reader waits for.
            repeats: How often.
            once: Does it and gives the seconds; is told how often it was done before.
            target: Seconds that were promised.
            server: Whose processor time is noted as well.
        """
        seconds, cpu = [], []
        for number in range(repeats):
            before = used(server)
            seconds.append(once(number))
            cpu += [] if before is None else [used(server) - before]
        found = Figure(name, tuple(seconds), target, os.getloadavg()[0], tuple(cpu))
        self.figures.append(found)
        out.print(f"{name}: {found.middle:.2f} s, late {found.late:.2f} s, load {found.load:.1f}")


def used(server: Dashboard | None) -> float | None:
    """Seconds of processor time that a server has taken so far."""
    if server is None:
        return None
    times = psutil.Process(server.pid).cpu_times()
    return float(times.user + times.system)


@contextmanager
def tab(browser: Any, address: str, path: str, wanted: str) -> Iterator[Any]:
    """A tab that shows a whole view."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, base_url=address)
    page = context.new_page()
    page.set_default_timeout(clicks.PATIENCE)
    page.goto(path)
    page.wait_for_function(f"() => {wanted}", timeout=clicks.PATIENCE)
    yield page
    context.close()


def first_pages(report: Report, browser: Any, root: Path, repeats: int) -> None:  # noqa: ARG001
    """From nothing to the whole overview: the server starts as well, and has read nothing yet."""

    def start(number: int) -> float:
        store = figures_store.shipped(root / f"shipped{number}")
        began = time.monotonic()
        with Dashboard(store) as dashboard:
            clicks.opened(browser, dashboard.address, "/", clicks.whole(OVERVIEW))
            return time.monotonic() - began

    report.add("server start to whole Overview, nothing read before", 3, start)


def shipped(report: Report, browser: Any, root: Path, repeats: int) -> None:
    """Everything that is measured on the records that come with the project."""
    with Dashboard(figures_store.shipped(root / "shipped")) as server:
        add = functools.partial(report.add, server=server)
        home = functools.partial(clicks.opened, browser, server.address, "/")
        home(clicks.whole(OVERVIEW))
        add("Overview in a fresh browser context", FEW, lambda _: home(clicks.whole(OVERVIEW)))
        with tab(browser, server.address, "/curves", clicks.whole(CURVES)) as page:
            violins(add, page, server, repeats, "violin of a new vector after the key", VIOLIN)
            overview_of_cells(add, page)
            waits(add, page, repeats, "idle")
            server.submit(states.requests()[1])
            server.wait(states.EVALUATE, "running")
            page.reload()
            page.get_by_text(re.compile("[0-9] of [0-9,]+ answers")).first.wait_for()
            waits(add, page, repeats, "while a sweep runs")


def waits(add: Callable[..., None], page: Any, repeats: int, when: str) -> None:
    """A change of one widget, and of the page."""
    add(f"page switch, {when}", repeats, lambda n: switched(page, n))
    clicks.switch(page, CURVES)
    add(f"rerun, {when}", repeats, lambda n: clicks.toggle(page, n % 2 == 1))


def switched(page: Any, number: int) -> float:
    """One switch around the pages of the menu."""
    return clicks.switch(page, clicks.PAGES[number % len(clicks.PAGES)])


def violins(
    add: Callable[..., None], page: Any, server: Dashboard, repeats: int, name: str, target: float
) -> None:
    """Vectors that nobody has looked at, one after the other."""
    names = vectors(server.store, page.url)
    count = min(repeats, len(names) - 1)
    add(name, count, lambda number: clicks.next_vector(page, names[number + 1]), target)


def vectors(store: Path, address: str) -> list[str]:
    """Names of the vectors of the run that an address shows, in the order of the page."""
    run = re.search("run=([0-9a-z]+)", address)
    paths = sorted((store / "results").glob(f"ab_*{run[1] if run else ''}*.parquet"))
    sets = read_record(paths[0])["vector_names"]
    return [name for one in sets.values() for name in one["names"]]


def overview_of_cells(add: Callable[..., None], page: Any) -> None:
    """24 vectors x 7 scales, drawn anew each time."""
    one, every = clicks.chart_of("Share of"), clicks.chart_of("Change by vector and scale")

    def there(number: int) -> float:
        if number:
            clicks.tab(page, "One vector", one)
        return clicks.tab(page, "All vectors", every)

    add("overview of 24 x 7 cells after the click", FEW, there)
    clicks.tab(page, "One vector", one)


def large(report: Report, browser: Any, root: Path, repeats: int) -> None:
    """500 records, one of them a sweep of four million rows."""
    run = figures_store.large(root / "large")
    with Dashboard(root / "large") as server:
        add = functools.partial(report.add, server=server)
        inks = functools.partial(clicks.opened, browser, server.address)
        library, view = clicks.whole(LIBRARY), clicks.whole(CURVES)
        path = f"/curves?run={run}"
        for words, count in (("nothing read before", 1), ("read before", FEW)):
            name = f"Library of 500 records, {words}"
            add(name, count, lambda _: inks("/library", library), LOOK)
        for words, count in (("not read before", 1), ("read before", FEW)):
            name = f"Scale curves of 4 million rows, {words}"
            add(name, count, lambda _: inks(path, view), LOOK)
        with tab(browser, server.address, path, view) as page:
            from_the_menu(add, page)
            violins(add, page, server, repeats, "violin of a new vector of 4 million rows", LOOK)
    shutil.rmtree(root / "large/results/.readings")
    with Dashboard(root / "large") as server:
        report.add(
            "Scale curves of 4 million rows, first page of a new server, its statistics not kept",
            1,
            lambda _: clicks.opened(browser, server.address, path, view),
            server=server,
        )


def from_the_menu(add: Callable[..., None], page: Any) -> None:
    """Both large views, opened by turns in a tab that shows one of them."""

    def there(mark: clicks.Mark, other: clicks.Mark, number: int) -> float:
        if number:
            clicks.switch(page, other)
        return clicks.switch(page, mark)

    for mark, other, name in (
        (LIBRARY, CURVES, "Library of 500 records, from the menu"),
        (CURVES, LIBRARY, "Scale curves of 4 million rows, from the menu"),
    ):
        add(name, FEW, functools.partial(there, mark, other), LOOK)


PARTS = {"first": first_pages, "shipped": shipped, "large": large}


def main() -> int:
    """Measure, print, and say by the exit code whether all targets are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="file for every single wait")
    parser.add_argument("--repeats", type=int, default=20, help="of reruns, switches and violins")
    parser.add_argument("--only", choices=tuple(PARTS), help="one part of it")
    given = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as folder, browsing() as browser:
        for name, part in PARTS.items():
            if given.only in (None, name):
                part(report, browser, Path(folder), given.repeats)
    told.print(markdown(report.figures), markup=False)
    if given.json:
        given.json.write_text(json.dumps(plain(report.figures), indent=1), encoding="utf-8")
    return int(any(one.misses for one in report.figures))


if __name__ == "__main__":
    sys.exit(main())
