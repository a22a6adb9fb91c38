"""Generations as its reader wants it: a form that loses nothing, and texts that can be read."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from engine.store.store import Store
from tests.browser import figures_store
from tests.browser.server import ROOT, Dashboard, settle
from tests.pages import grid_routes
from tests.pages.grid_routes import Route

pytestmark = pytest.mark.browser

ROUTES, STEPS = 30, 7
TITLES = {"curves": "Scale curves", "library": "Library", "similarity": "Similarity"}


@pytest.fixture(scope="module")
def served(chromium: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard over the shipped records."""
    with Dashboard(figures_store.shipped(tmp_path_factory.mktemp("shipped") / "store")) as found:
        yield found


@pytest.fixture
def tab(chromium: Any, served: Dashboard) -> Iterator[Any]:
    """A tab of its own."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


class InBrowser:
    """Goes a route through the form in a tab."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        page.goto(f"{address}/generations")
        self._form()

    def _form(self) -> None:
        self.press("new_grid")
        self._at("grid_prompts").locator("textarea").wait_for()
        settle(self.page)

    def _at(self, key: str) -> Any:
        return self.page.locator(f".st-key-{key}")

    def press(self, key: str) -> None:
        self._at(key).locator("button").first.click()
        settle(self.page)

    def open(self, popover: str) -> None:
        self.press(popover)

    def close(self, popover: str) -> None:  # noqa: ARG002  Only one is open.
        self.page.keyboard.press("Escape")
        settle(self.page)

    def rerun(self) -> None:
        # A click on the page's title, so that no field has the focus, and the key that runs it.
        self.page.get_by_role("heading").first.click()
        self.page.keyboard.press("r")
        settle(self.page)

    def reload(self) -> None:
        self.page.reload()
        self._at("grid_prompts").locator("textarea").wait_for()
        settle(self.page)

    def leave(self, page: str) -> None:
        self._menu(TITLES[page], page)
        self._menu("Generations", "generations")
        self._at("grid_prompts").locator("textarea").wait_for()
        settle(self.page)

    def _menu(self, title: str, page: str) -> None:
        self.page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=True).click()
        self.page.wait_for_url(f"**/{page}*")
        settle(self.page)

    def write(self, key: str, value: Any, leave_at_once: str | None = None) -> None:
        place = self._at(key)
        place.locator("input, textarea, [role=radio]").first.wait_for(state="attached")
        if isinstance(value, bool):
            if place.locator("input").is_checked() != value:
                place.locator("label").first.click()
        elif place.locator("[role=radio]").count():
            place.get_by_role("radio").filter(has_text=value).last.click()
        elif place.locator("[role=combobox]").count():
            place.locator("[role=combobox]").click()
            self.page.get_by_role("option", name=value, exact=True).click()
        else:
            self._type(place.locator("input, textarea").first, value, leave_at_once)
            return
        settle(self.page)

    def _type(self, field: Any, value: Any, then: str | None) -> None:
        field.click()
        field.fill("")
        field.type(f"{value:g}" if isinstance(value, float) else str(value))
        if then is None:
            field.press("Tab")
        elif then == "generate":
            field.press("Control+Enter")
            self._at("new_grid").wait_for()
            settle(self.page)
            self._form()
        else:
            self.leave(then)
        settle(self.page)

    def read(self, key: str) -> Any:
        place = self._at(key)
        place.locator("input, textarea, [role=radio]").first.wait_for(state="attached")
        if place.locator("[role=switch]").count():
            return place.locator("input").is_checked()
        if place.locator("[role=radio]").count():
            return place.locator("[role=radio][aria-checked=true]").inner_text().strip()
        shown = place.locator("input, textarea").first.input_value()
        known = grid_routes.fields().get(key, ("",))
        return float(shown) if isinstance(known[0], int | float) and shown else shown


@pytest.mark.parametrize("seed", range(ROUTES))
def test_a_route_through_the_form_keeps_every_value(tab: Any, served: Dashboard, seed: int) -> None:
    route = Route(InBrowser(tab, served.address), seed, reloads=True)
    route.write("grid_max_new_tokens", 5, False)
    route.write("grid_neutral", 0, False)
    for _ in route.steps(STEPS):
        pass
    assert route.lost() == []


def test_the_typed_prompt_is_there_after_the_keyboard_has_generated(
    tab: Any, served: Dashboard
) -> None:
    form = InBrowser(tab, served.address)
    form.open("sampling")
    form.write("grid_max_new_tokens", 4)
    form.close("sampling")

    form.write("grid_prompts", "A prompt that I typed just now", "generate")

    assert form.read("grid_prompts") == "A prompt that I typed just now"


# What is drawn, and reading it

LARGE = max(
    (one for one in Store(ROOT).list() if (one.kind, one.model) == ("generation", "demo")),
    key=lambda one: one.created,
).digest
"""A shipped grid of 262 columns; it was drawn 34,530 pixels tall."""


def opened(tab: Any, served: Dashboard, query: str) -> None:
    tab.goto(f"{served.address}/generations?{query}")
    tab.locator(".st-key-new_grid").wait_for()
    settle(tab)


def test_a_large_grid_opens_on_a_few_columns_and_the_rest_is_chosen(
    tab: Any, served: Dashboard
) -> None:
    opened(tab, served, f"gen={LARGE}")
    tall = tab.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    assert tall < 3500
    # A text is in view without scrolling.
    box = tab.get_by_text("Be on time for the promotion.").first.bounding_box()
    assert box["y"] + box["height"] < 900

    tab.locator(".st-key-fv input").click()
    tab.get_by_role("option").filter(has_text="random vectors").click()
    settle(tab)
    tab.get_by_text("in 256 of 262 columns").wait_for()
    assert "fv=random" in tab.url
    tab.locator(".st-key-q input").fill("pyjamas")
    tab.keyboard.press("Enter")
    settle(tab)
    tab.get_by_text(re.compile(r"\d+ texts of 7860")).wait_for()
    assert "q=pyjamas" in tab.url


def test_keys_read_on_and_label_the_text_in_view_alone(tab: Any, served: Dashboard) -> None:
    given = Store(served.store)
    opened(tab, served, f"gen={LARGE}")
    tab.keyboard.press("1")
    settle(tab)
    assert given.labels(LARGE) == {}

    opened(tab, served, f"gen={LARGE}&view=read")
    tab.get_by_text("Text 1 of 7860").wait_for()
    tab.keyboard.press("j")
    tab.get_by_text("Text 2 of 7860").wait_for()
    settle(tab)
    # The prompt asks for advice: these are the words, though a few of its texts are judged others.
    tab.locator(".st-key-label_1").get_by_text("Deceptive").wait_for()
    tab.keyboard.press("1")
    tab.get_by_text("Text 3 of 7860").wait_for()
    settle(tab)
    assert given.labels(LARGE) == {1: "deceptive"}
    tab.keyboard.press("u")
    tab.get_by_text("Text 2 of 7860").wait_for()
    settle(tab)
    assert given.labels(LARGE) == {}
    tab.keyboard.press("k")
    tab.get_by_text("Text 1 of 7860").wait_for()

    tab.locator(".st-key-read_hide button").first.click()
    settle(tab)
    shown = tab.locator("[data-testid=stMain]").inner_text()
    assert "log-prob" not in shown
    for _ in range(30):
        tab.keyboard.press("j")
        tab.wait_for_timeout(250)
    tab.get_by_text("Text 31 of 7860").wait_for()
