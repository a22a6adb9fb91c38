"""How long the browser's reader waits: from a click, or from an address, to what was asked for.

Times are taken inside the page, from the click itself to the last stroke of the last chart, so
that the script that clicks does not count. Knows nothing of pages but what marks them whole.
"""

import time
from typing import Any, NamedTuple

QUIET = 250
"""Milliseconds without a new stroke after which a chart counts as drawn."""
PATIENCE = 180_000
"""Milliseconds until something counts as never shown."""

WATCH = """
([wanted, quiet]) => {
  const is = new Function("return (" + wanted + ")");
  const state = {began: null, shown: null, drawn: 0, result: null};
  window.watched = state;
  const begin = () => { if (state.began === null) state.began = performance.now(); };
  for (const kind of ["pointerdown", "keydown"])
    document.addEventListener(kind, begin, {capture: true, once: true});
  const look = () => {
    if (state.began !== null && state.shown === null && is()) state.shown = performance.now();
  };
  const seen = records => {
    const chart = '[data-testid="stVegaLiteChart"]';
    for (const record of records) {
      const node = record.target.nodeType === 1 ? record.target : record.target.parentElement;
      if (node && node.closest(chart)) state.drawn = performance.now();
    }
    look();
  };
  const watcher = new MutationObserver(seen);
  watcher.observe(document.body, {subtree: true, childList: true, attributes: true});
  const timer = setInterval(() => {
    look();
    if (state.shown === null) return;
    const last = Math.max(state.shown, state.drawn);
    if (performance.now() - last < quiet) return;
    clearInterval(timer);
    watcher.disconnect();
    state.result = last - state.began;
  }, 10);
}
"""


class Mark(NamedTuple):
    """A page of the menu, and what is there once it is whole."""

    name: str
    title: str
    wanted: str


def _selector(selector: str) -> str:
    return f"document.querySelector('{selector}')"


def chart_of(words: str) -> str:
    """JavaScript for: a chart whose description holds these words is drawn."""
    chart = f'[data-testid="stVegaLiteChart"][aria-label*="{words}"] svg'
    return _selector(chart)


TABLE = _selector('[data-testid="stDataFrame"] canvas')
PAGES = (
    Mark("Overview", "Vectorscope", chart_of("Change of the logit difference")),
    Mark("Scale curves", "Scale curves", chart_of("Share of")),
    Mark("Discover", "Discover", TABLE),
    Mark("Similarity", "Similarity", _selector('[data-testid="stVegaLiteChart"] svg')),
    Mark("Library", "Library", TABLE),
)
WHOLE = """document.querySelector('[data-testid="stApp"]').dataset.testScriptState === 'notRunning'
  && !document.querySelector('[data-stale="true"]')"""


def whole(mark: Mark) -> str:
    """JavaScript for: this page is there, all of it, and nothing is left of the last one."""
    heading = f"document.querySelector('h1')?.innerText.includes('{mark.title}')"
    return f"{heading} && {mark.wanted} && {WHOLE}"


def timed(page: Any, wanted: str, act: Any) -> float:
    """Seconds from the click or key that `act` makes until `wanted` is true and charts are drawn.

    Args:
        page: A tab.
        wanted: JavaScript; false before the click.
        act: Makes one click or presses one key.
    """
    page.evaluate(WATCH, [wanted, QUIET])
    act()
    page.wait_for_function("() => window.watched.result !== null", timeout=PATIENCE, polling=30)
    return float(page.evaluate("() => window.watched.result")) / 1000


def opened(browser: Any, address: str, path: str, wanted: str) -> float:
    """Seconds from an address in a fresh browser context to the whole view."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, base_url=address)
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        began = time.monotonic()
        page.goto(path, wait_until="commit")
        asked = f"() => document.body && ({wanted})"
        page.wait_for_function(asked, timeout=PATIENCE, polling=20)
        return time.monotonic() - began
    finally:
        context.close()


def switch(page: Any, mark: Mark) -> float:
    """Seconds from a click in the menu to the whole page."""
    link = page.get_by_test_id("stSidebarNavLink").filter(has_text=mark.name).first
    return timed(page, whole(mark), link.click)


def toggle(page: Any, on: bool) -> float:
    """Seconds that "% choosing A" on Scale curves takes to change the page's last sentence."""
    if not page.locator(".st-key-letters").count():
        page.get_by_role("button", name="View").first.click()
        page.locator(".st-key-letters label").first.wait_for()
    said = "document.body.innerText.includes('orange:')"
    wanted = f"{said if on else f'!{said}'} && {WHOLE}"
    return timed(page, wanted, page.locator(".st-key-letters label").first.click)


def next_vector(page: Any, name: str) -> float:
    """Seconds from the Right key to the drawn violin of the next vector."""
    return timed(page, chart_of(f"{name} per question"), lambda: page.keyboard.press("ArrowRight"))


def tab(page: Any, name: str, wanted: str) -> float:
    """Seconds from a click on a tab to what it shows."""
    return timed(page, wanted, page.get_by_test_id("stTab").filter(has_text=name).click)
