"""What axe-core finds on every page: `python -m tests.browser.axe [VIEW…]`.

Every page x light and dark x three widths. Prints a line for every element that breaks a rule, and
ends with 1 if there was any. axe-core comes with axe-playwright-python; nothing is downloaded.
"""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

from tests.browser import everywhere
from tests.browser.walk import say

SCHEMES = ("light", "dark")
MADE_UP = re.compile(r"\.?(st-emotion-cache-\w+|\be[0-9a-z]{6,}\b)")
RUN = """async () => (await axe.run(document, {resultTypes: ['violations'],
  rules: {'color-contrast-enhanced': {enabled: false}}})).violations.flatMap(
  rule => rule.nodes.map(node => [rule.id, node.target.join(' '),
    [...node.any, ...node.all, ...node.none].map(one => one.message).join('; '), node.html]))"""


def script() -> Path | None:
    """Where axe-core lies, None where its package is not installed."""
    found = importlib.util.find_spec("axe_playwright_python")
    places = [] if found is None else list(found.submodule_search_locations or ())
    paths = [Path(place) / "axe.min.js" for place in places]
    return next((path for path in paths if path.is_file()), None)


def violations(page: Any) -> list[str]:
    """Every element of the open page that breaks a rule: the rule, the element, and why."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(content=str((script() or Path()).read_text(encoding="utf-8")))
    found = []
    for rule, target, why, html in page.evaluate(RUN):
        found.append(
            f"{rule}: {' '.join(why.split())[:200]} | {_short(html)} | {_short(target[-60:])}"
        )
    return sorted(set(found))


def at_full_length(page: Any) -> list[str]:
    """The same in a window in which nothing is out of sight, as that has no contrast to axe."""
    size = page.viewport_size
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(max(size["height"], tall), 6000)})
    everywhere.rest(page)
    found = violations(page)
    page.set_viewport_size(size)
    return found


def _short(markup: str) -> str:
    """Markup without the classes that Streamlit makes up."""
    return " ".join(MADE_UP.sub("", markup).split())[:160]


def main(asked: everywhere.Asked) -> int:
    """Look at the views asked for; on a dashboard of its own unless an address is given."""
    if script() is None:
        say("axe-playwright-python is not installed, so nothing was looked at.")
        return 2
    sizes = everywhere.SIZES.items()
    looks = [everywhere.Look(scheme, *size) for scheme in SCHEMES for size in sizes]
    told = everywhere.looked(at_full_length, looks, asked)
    say(f"{told.kinds} kinds of violation on {told.views} views x {told.looks} looks")
    return 1 if told.kinds else 0


if __name__ == "__main__":
    sys.exit(everywhere.command(__doc__, main))
