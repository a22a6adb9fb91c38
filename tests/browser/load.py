"""Many tabs at once while a sweep runs: `python -m tests.browser.load [--tabs 10] [--seconds 120]`.

Every tab clicks through pages, runs, vectors and figures, and checks that what it sees is what it
asked for. The server's memory is sampled. Prints a table; the exit code is 1 if anything was wrong.
Not part of the tests: it takes minutes.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from rich.console import Console

from engine.store.headers import read_record
from tests.browser import figures_store, states
from tests.browser.load_tabs import PATIENCE, Tab
from tests.browser.server import FLAGS, Dashboard, chromium_path

FLAT = 0.10
"""Growth of the server's memory after the warm-up, as a share, that counts as none."""
WARM_UP = 0.25
"""Share of the time in which pages and runs are first read and memory may grow."""
EVERY = 1.0
"""Seconds between two looks at the memory."""
WINDOW = 10
"""Refreshes whose median is compared: one look may fall into the middle of a page."""
TOLD = 10
"""Refreshes between two words on how it goes."""
out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False)


class Sample(NamedTuple):
    """One look at the server."""

    second: float
    megabytes: float


class Growth(NamedTuple):
    """Memory at the end of the warm-up and at the end."""

    warm: float
    end: float

    @property
    def share(self) -> float:
        """Of the warmed-up memory."""
        return self.end / self.warm - 1

    @property
    def is_flat(self) -> bool:
        """Whether memory stayed within `FLAT`."""
        return self.share <= FLAT


def growth(samples: Sequence[Sample], seconds: float) -> Growth:
    """Compare medians of a few looks after the warm-up and of the last ones.

    Raises:
        ValueError: If there are too few looks to compare.
    """
    later = [sample.megabytes for sample in samples if sample.second >= WARM_UP * seconds]
    if len(later) < 4:
        raise ValueError(f"{len(later)} looks after the warm-up are too few: click for longer.")
    window = min(WINDOW, len(later) // 2)
    return Growth(statistics.median(later[:window]), statistics.median(later[-window:]))


async def watch(pid: int, samples: list[Sample], tabs: Sequence[Tab]) -> None:
    """Look at the server's memory until this is cancelled; say now and then how it goes."""
    server, began = psutil.Process(pid), time.monotonic()
    while True:
        rss = server.memory_info().rss / 2**20
        samples.append(Sample(time.monotonic() - began, rss))
        if len(samples) % TOLD == 0:
            clicks, wrong = sum(tab.clicks for tab in tabs), sum(len(t.problems) for t in tabs)
            err.print(f"{samples[-1].second:.0f} s: {clicks} clicks, {wrong} wrong, {rss:.0f} MB")
        await asyncio.sleep(EVERY)


async def click(tab: Tab, until: float) -> None:
    """One reader, until the time is over."""
    while time.monotonic() < until:
        await tab.act()


async def readers(
    server: Dashboard, runs: dict[str, list[str]], tabs: int, seconds: float
) -> tuple[list[Tab], list[Sample]]:
    """All tabs at once, each a session of its own."""
    from playwright.async_api import async_playwright

    samples: list[Sample] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        found = [
            Tab(await _page(browser, server.address), runs, seed=number) for number in range(tabs)
        ]
        for tab in found:
            await tab.act()
        err.print(f"{len(found)} tabs are open")
        watcher = asyncio.create_task(watch(server.pid, samples, found))
        until = time.monotonic() + seconds
        await asyncio.gather(*(click(tab, until) for tab in found))
        watcher.cancel()
        await browser.close()
    return found, samples


async def _page(browser: Any, address: str) -> Any:
    context = await browser.new_context(viewport={"width": 1400, "height": 900}, base_url=address)
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    return page


def measured(store: Path) -> dict[str, list[str]]:
    """Runs of the store, each with the names of its vectors in the order of the page."""
    found = {}
    for path in sorted((store / "results").glob("ab_*.parquet")):
        record = read_record(path)
        names = [name for one in record["vector_names"].values() for name in one["names"]]
        found[record["digest"]] = names
    return found


def report(tabs: Sequence[Tab], samples: Sequence[Sample], seconds: float, job: str) -> bool:
    """Print what was seen; whether all was well."""
    problems = [f"tab {n}: {words}" for n, tab in enumerate(tabs) for words in tab.problems]
    rss = growth(samples, seconds)
    out.print("| | |\n| --- | ---: |")
    for name, value in (
        ("tabs", len(tabs)),
        ("clicks", sum(tab.clicks for tab in tabs)),
        ("fewest clicks of a tab", min(tab.clicks for tab in tabs)),
        ("wrong", len(problems)),
        ("the sweep at the end", job),
        ("server memory at first", f"{samples[0].megabytes:.0f} MB"),
        ("after the warm-up", f"{rss.warm:.0f} MB"),
        ("at the end", f"{rss.end:.0f} MB ({rss.share:+.1%})"),
        ("load average", f"{os.getloadavg()[0]:.1f}"),
    ):
        out.print(f"| {name} | {value} |", markup=False)
    for problem in problems:
        out.print(f"- {problem}", markup=False)
    if not rss.is_flat:
        out.print(f"- memory grew by {rss.share:.0%} after the warm-up", markup=False)
    # The sweep is far too long to end by itself: anything but "running" is a failure.
    return not problems and rss.is_flat and job == "running"


def main() -> int:
    """Click, compare, and say by the exit code whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tabs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=120.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = figures_store.shipped(Path(folder) / "store")
        with Dashboard(store) as server:
            server.submit(states.requests()[1])
            server.wait(states.EVALUATE, "running")
            runs = measured(store)
            tabs, samples = asyncio.run(readers(server, runs, given.tabs, given.seconds))
            job = server.jobs().get(states.EVALUATE, "gone")
    return int(not report(tabs, samples, given.seconds, job))


if __name__ == "__main__":
    sys.exit(main())
