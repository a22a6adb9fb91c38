"""Views that are reached by clicking, and whether their links alone give them again."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.browser.server import settle

SNAPSHOT = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  const shown = kind => [...main.querySelectorAll(kind)].filter(one => one.checkVisibility(
    {contentVisibilityAuto: true, opacityProperty: true, visibilityProperty: true}));
  const state = one => one.type === 'checkbox' || one.type === 'radio' ? one.checked : one.value;
  return {
    text: main.innerText.split('\\n').map(line => line.trim()).filter(line => line),
    inputs: shown('input:not([type=file]), textarea').map(
      one => `${one.getAttribute('aria-label')}: ${state(one)}`),
    chosen: shown('[aria-checked=true], [aria-selected=true], [aria-pressed=true]').map(
      one => one.innerText),
    marks: shown('[data-testid=stVegaLiteChart]').flatMap(
      one => [...one.querySelectorAll('svg [aria-label][role]')]).map(
      one => one.getAttribute('aria-label')),
    cells: shown('[data-testid=stDataFrame]').flatMap(one => [...one.querySelectorAll('td')]).map(
      one => one.textContent),
  };
}"""
AGE = re.compile(r"just now|\d+ (?:min|h) ago")
CHART = "[data-testid=stVegaLiteChart] svg"


class Route(NamedTuple):
    """A way to a view: the page, then what is clicked there."""

    name: str
    page: str
    clicks: Callable[[Any], None]
    holds: str
    """What the link has to hold at the end, as a pattern."""


def snapshot(tab: Any) -> dict[str, list[str]]:
    """All that can be read on the page: words, what is typed and chosen, marks, cells.

    Charts and tables are drawn after the script has ended, and the tool tip goes with the mouse.
    """
    tab.mouse.move(0, 0)
    settle(tab)
    tab.wait_for_timeout(800)
    found, before = tab.evaluate(SNAPSHOT), None
    for _ in range(12):
        if found == before:
            break
        tab.wait_for_timeout(800)
        found, before = tab.evaluate(SNAPSHOT), found
    found["text"] = [AGE.sub("lately", line) for line in found["text"]]
    return found


def differences(first: dict[str, list[str]], second: dict[str, list[str]]) -> list[str]:
    """What is on one page and not on the other, in words."""
    found = []
    for kind, before in first.items():
        after = second[kind]
        # A slider's figures stand in either order.
        if Counter(before) != Counter(after):
            gone = [one for one in before if one not in after][:4]
            new = [one for one in after if one not in before][:4]
            found.append(f"{kind}: {len(before)} and {len(after)}, lost {gone}, new {new}")
    return found


def choose(tab: Any, label: str, place: int) -> None:
    """Take an option of a selection by its place."""
    one = tab.get_by_role("combobox", name=re.compile(label))
    # A menu closes when the page beneath it is scrolled.
    one.scroll_into_view_if_needed()
    tab.wait_for_timeout(400)
    one.click()
    tab.get_by_role("option").nth(place).click()
    settle(tab)


def press(tab: Any, name: str, kind: str = "button") -> None:
    """Click what is called so."""
    tab.get_by_role(kind, name=re.compile(name)).first.click()
    settle(tab)


def row(tab: Any, place: int, table: int = 0) -> None:
    """Choose a row of a table, which is a picture: only its place is known."""
    box = tab.locator("[data-testid=stDataFrame]").nth(table)
    box.locator("canvas").first.wait_for()
    tab.wait_for_timeout(500)
    box.click(position={"x": 16, "y": 36 + 35 * place + 17})
    settle(tab)


def mark(tab: Any, kind: str, place: int) -> None:
    """Click a mark of a chart."""
    one = tab.locator(f"[data-testid=stVegaLiteChart] path[aria-roledescription='{kind}']")
    one.nth(place).click()
    settle(tab)


def _curves(tab: Any) -> None:
    press(tab, "^Next")
    press(tab, "Paired change", "radio")
    press(tab, "^View")
    press(tab, "Letter", "radio")
    tab.get_by_role("button", name="-0.25", exact=True).click()
    settle(tab)
    tab.get_by_text("Random band").click()
    settle(tab)
    tab.keyboard.press("Escape")
    mark(tab, "circle", 30)


def _everyone(tab: Any) -> None:
    press(tab, "All vectors, clustered", "radio")
    choose(tab, "Block", 3)
    press(tab, "by block", "radio")


def _one(tab: Any) -> None:
    press(tab, "One against all", "radio")
    mark(tab, "bar", 2)


def _span(tab: Any) -> None:
    press(tab, "In a subspace", "radio")
    choose(tab, "Vectors", 2)


def _texts(tab: Any) -> None:
    row(tab, 1, table=-1)
    press(tab, "Next prompt")
    press(tab, "Next prompt")
    tab.get_by_text("Mark changes").click()
    settle(tab)
    press(tab, "Side by side|One below", "radio")


def _dataset(tab: Any) -> None:
    press(tab, "Dataset", "radio")
    choose(tab, "Dataset", 1)


def _look(tab: Any) -> None:
    choose(tab, "Adapter", 1)
    slider = tab.get_by_role("slider").first
    slider.focus()
    slider.press("ArrowLeft")
    settle(tab)


def _audit(tab: Any) -> None:
    press(tab, "^Audit$", "radio")
    tab.get_by_role("combobox", name=re.compile("Record")).fill("corrigibility")
    tab.get_by_role("option").first.click()
    settle(tab)
    choose(tab, "Vectors", 5)
    press(tab, "Paired change", "radio")


def _library(tab: Any) -> None:
    press(tab, "^Vectors$", "radio")
    field = tab.get_by_role("textbox", name="Text")
    field.fill("10 vectors")
    field.press("Enter")
    settle(tab)
    row(tab, 2)


ROUTES = (
    Route("overview", "Overview", lambda tab: press(tab, "^survival$", "radio"), "ds="),
    Route("discover", "Discover", lambda tab: choose(tab, "Vector set", 2), "found="),
    Route("discover vector", "Discover", lambda tab: row(tab, 3), "vector="),
    Route("curves", "Scale curves", _curves, "(?=.*vec=)(?=.*q=)(?=.*metric=)"),
    Route("curves, other questions", "Scale curves", lambda tab: press(tab, "^survival$", "radio"),
          "run=|ds="),
    Route("curves, all", "Scale curves", lambda tab: press(tab, "All vectors", "tab"), "tab=All"),
    Route("curves, numbers", "Scale curves", lambda tab: press(tab, "Numbers", "tab"), "tab=Num"),
    Route("similarity, a cell", "Similarity", lambda tab: mark(tab, "rect mark", 23), "cell="),
    Route("similarity, other sets", "Similarity", lambda tab: choose(tab, "Columns", 3), "b="),
    Route("similarity, all", "Similarity", _everyone, "(?=.*mode=all)(?=.*map_block=)"),
    Route("similarity, one", "Similarity", _one, "(?=.*mode=one)(?=.*one=)"),
    Route("similarity, span", "Similarity", _span, "(?=.*mode=span)(?=.*part=)"),
    Route("generations", "Generations", _texts, "(?=.*gen=)(?=.*p=3)"),
    Route("studies", "Studies", lambda tab: choose(tab, "Study", 1), "study="),
    Route("train, a look", "Train", _look, "(?=.*adapter=)(?=.*look=)"),
    Route("train, a dataset", "Train", _dataset, "dataset="),
    Route("audit", "Library", _audit, "(?=.*section=audit)(?=.*audit=)"),
    Route("library", "Library", _library, "record="),
)  # fmt: skip


def follow(tab: Any, route: Route) -> None:
    """Go to a view by clicking."""
    tab.get_by_role("link", name=route.page, exact=True).click()
    tab.get_by_role("link", name=route.page, exact=True).and_(
        tab.locator("[aria-current=page]")
    ).wait_for()
    settle(tab)
    tab.wait_for_timeout(500)
    route.clicks(tab)
    tab.wait_for_timeout(300)
