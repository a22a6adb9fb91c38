"""Tabs that click through the dashboard, and what each of them must see. Starts nothing.

Every click has one right answer: the tab remembers what it asked for, and when the page has
settled compares that with the address, the headings, the charts and the tables on it.
"""

import contextlib
import random
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.browser.figures_clicks import PAGES, WHOLE, Mark

PATIENCE = 90_000
"""Milliseconds until a view counts as never shown: ten tabs and a sweep may share two cores."""
LAG = 90.0
"""Seconds that a click may take to show, however busy the machine is."""
CURVES = next(mark for mark in PAGES if mark.name == "Scale curves")
METRICS = {"Logit difference": "difference", "Paired change": "change"}
"""Words on the switch of Scale curves, and what its address calls them."""
WORDS = {"difference": "Logit difference of", "change": "Paired change of"}
BROKEN = '[data-testid="stException"]'
SHOWN = """() => ({
  address: location.href,
  title: document.querySelector('h1')?.innerText ?? '',
  charts: [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')]
    .map(chart => chart.getAttribute('aria-label') ?? ''),
  run: document.querySelector('.st-key-run input')?.value
    ?? document.querySelector('.st-key-run')?.innerText ?? '',
  errors: [...document.querySelectorAll('[data-testid="stException"]')].map(e => e.innerText),
  words: document.querySelector('[data-testid="stMain"]')?.innerText ?? '',
})"""


class Shown(NamedTuple):
    """What stands on a settled page."""

    address: str
    title: str
    charts: list[str]
    """What each chart says of itself."""
    run: str
    """The line of the run that is chosen."""
    errors: list[str]
    words: str


class Asked(NamedTuple):
    """What a tab has asked for so far."""

    page: Mark
    run: str = ""
    vector: str = ""
    metric: str = "difference"

    @property
    def words(self) -> str:
        """In short."""
        return " ".join((self.page.name, self.run, self.vector, self.metric))


def wrong(asked: Asked, shown: Shown) -> list[str]:
    """Sentences on everything that does not belong to what was asked for."""
    found = [f"an exception on {asked.page.name}: {text[:200]}" for text in shown.errors]
    if asked.page.title not in shown.title:
        found.append(f"asked for {asked.page.name}, got the heading {shown.title!r}")
    if asked.page is not CURVES:
        return found
    query = {key: values[0] for key, values in parse_qs(urlsplit(shown.address).query).items()}
    for key, value in (("run", asked.run), ("metric", asked.metric)):
        if query.get(key, "difference" if key == "metric" else "") != value:
            found.append(f"asked for {key} {value}, the address says {query.get(key)}")
    if asked.run[:4] not in shown.run:
        found.append(f"asked for the run {asked.run}, the page shows {shown.run!r}")
    # The first vector of a run is left out of the address.
    if query.get("vec", asked.vector) != asked.vector:
        found.append(f"asked for {asked.vector}, the address says {query['vec']}")
    wanted = f"{WORDS[asked.metric]} {asked.vector} per question"
    if not any(wanted in chart for chart in shown.charts):
        found.append(f"asked for {wanted!r}, the charts are {shown.charts}")
    strange = [c for c in shown.charts if re.search(r" of \S+_\d\d", c) and asked.vector not in c]
    return found + [f"a chart of another vector beside {asked.vector}: {c!r}" for c in strange]


class Tab:
    """One reader: clicks by its own dice, and keeps what was wrong."""

    def __init__(self, page: Any, runs: dict[str, list[str]], seed: int) -> None:
        """Be nowhere yet; `start` opens Scale curves.

        Args:
            page: A fresh tab.
            runs: Names of the vectors of each run, in the order of the page.
            seed: Of the dice.
        """
        self.page, self._runs, self._dice = page, runs, random.Random(seed)
        self.problems: list[str] = []
        self.clicks = 0
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.problems.append(f"the page's script: {error}"))
        self._asked = self._anywhere()

    async def act(self) -> None:
        """One click, or an address at first, and what must be true after it."""
        choices: list[Callable[[], Awaitable[None]]] = [self._menu]
        if self._asked.page is CURVES:
            choices += [self._step, self._step, self._step, self._metric]
        choices += [self._open]
        act = self._dice.choice(choices) if self.clicks else self._first
        before = self._asked
        try:
            await act()
            await self.settle(before)
        except Exception as error:  # noqa: BLE001  Whatever stops a reader is what is sought.
            line = str(error).splitlines()[0]
            self.problems.append(f"{act.__name__} to {self._asked.words}: {line}")
            # A new address is the way out of anything; it is judged by the next click.
            with contextlib.suppress(Exception):
                self.problems[-1] += f"; {await self._picture()}"
                await self._open()
        self.clicks += 1

    async def settle(self, before: Asked) -> None:
        """Wait until the page is whole, then compare it with what was asked for.

        Args:
            before: What was asked for before the click.
        """
        mark = self._asked.page
        heading = f"document.querySelector('h1')?.innerText.includes('{mark.title}')"
        broken = f"document.querySelector('{BROKEN}')"
        wanted = f"{heading} && ({mark.wanted} || {broken}) && {WHOLE}"
        await self.page.wait_for_function(f"() => {wanted}", timeout=PATIENCE, polling=50)
        # A starved browser may not even have sent the click yet: the old view is whole, too.
        until = time.monotonic() + LAG
        while (found := await self._wrong()) and time.monotonic() < until:
            await self.page.wait_for_timeout(500)
            await self.page.wait_for_function(f"() => {wanted}", timeout=PATIENCE, polling=50)
        if found and not wrong(before, await self._shown()):
            found = [f"a click without effect: {before.words} stayed, not {self._asked.words}"]
        if found:
            self.problems += found
            # What comes next is not judged by this again.
            await self._open()

    async def _wrong(self) -> list[str]:
        return wrong(self._asked, await self._shown())

    async def _shown(self) -> Shown:
        return Shown(**await self.page.evaluate(SHOWN))

    def _anywhere(self) -> Asked:
        run = self._dice.choice(list(self._runs))
        return Asked(CURVES, run, self._dice.choice(self._runs[run]))

    async def _open(self) -> None:
        """An address typed in: a new session."""
        asked = self._asked = self._anywhere()
        await self.page.goto(f"/curves?run={asked.run}&vec={asked.vector}", wait_until="commit")
        await self.page.wait_for_selector("h1", timeout=PATIENCE)

    async def _first(self) -> None:
        """The first address, once the sweep that runs beside has answered something."""
        await self._open()
        await self.page.get_by_text(re.compile("[0-9] of [0-9,]+ answers")).first.wait_for()

    async def _menu(self) -> None:
        """Another page; what was chosen on Scale curves is still chosen when it is opened again."""
        mark = self._dice.choice([mark for mark in PAGES if mark is not self._asked.page])
        await self.page.get_by_test_id("stSidebarNavLink").filter(has_text=mark.name).first.click()
        self._asked = self._asked._replace(page=mark)

    async def _step(self) -> None:
        """The next vector or the one before, around the ends."""
        names, by = self._runs[self._asked.run], self._dice.choice((-1, 1))
        name = names[(names.index(self._asked.vector) + by) % len(names)]
        await self.page.locator(
            f".st-key-vec_{'next' if by > 0 else 'previous'} button"
        ).first.click()
        self._asked = self._asked._replace(vector=name)

    async def _metric(self) -> None:
        """The other figure of each question."""
        words, metric = next(pair for pair in METRICS.items() if pair[1] != self._asked.metric)
        await self.page.locator(".st-key-metric button").filter(has_text=words).first.click()
        self._asked = self._asked._replace(metric=metric)

    def _note_console(self, message: Any) -> None:
        """Errors, but for the probes below a deep path, which Streamlit answers with 404."""
        where = message.location.get("url", "")
        is_probe = where.endswith(("/_stcore/health", "/_stcore/host-config"))
        if message.type == "error" and not is_probe:
            self.problems.append(f"the console: {message.text[:200]} {where}")

    async def _picture(self) -> str:
        shown = await self._shown()
        return f"title {shown.title!r}, charts {shown.charts}, words {shown.words[:2000]!r}"
