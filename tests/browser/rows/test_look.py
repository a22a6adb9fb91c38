"""What stands where the eye is, in windows of every size, over the records that ship."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import axe, everywhere, overflow
from tests.browser.server import Dashboard

pytestmark = pytest.mark.browser

DOTS = "[data-testid=stVegaLiteChart] path[aria-roledescription=circle]"
VIOLIN, CONTROLS = ".st-key-violin [data-testid=stVegaLiteChart]", ".st-key-metric, .st-key-vec"
WINDOWS = {"a small laptop": (1280, 720), "1440 x 900 at 150 %": (960, 600)}


@pytest.fixture(scope="module")
def shipped(chromium: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard over what ships with the project."""
    store = everywhere.filled(tmp_path_factory.mktemp("shipped"))
    with Dashboard(store) as found:
        yield found.address


def box(page: Any, what: str) -> dict[str, float]:
    """Where something stands in the window."""
    found = page.locator(what).locator("visible=true").first.bounding_box()
    assert found is not None, what
    return found


@pytest.mark.parametrize(("width", "height"), WINDOWS.values(), ids=WINDOWS)
def test_the_violin_and_its_controls_are_on_screen(
    chromium: object, shipped: str, width: int, height: int
) -> None:
    with everywhere.tab(chromium, shipped, "light", width, height) as page:
        everywhere.go(page, "/curves")

        for what in (VIOLIN, *CONTROLS.split(", ")):
            place = box(page, what)
            assert place["y"] >= 0
            assert place["y"] + place["height"] <= height, what
        assert box(page, VIOLIN)["height"] >= 200


def test_a_large_window_is_used(chromium: object, shipped: str) -> None:
    with everywhere.tab(chromium, shipped, "light", 2560, 1440) as page:
        everywhere.go(page, "/curves")

        place = box(page, VIOLIN)

        assert place["height"] > 700
        assert place["width"] > 2000


@pytest.mark.parametrize(("width", "height"), WINDOWS.values(), ids=WINDOWS)
def test_a_clicked_dot_opens_its_question_beside_the_chart(
    chromium: object, shipped: str, width: int, height: int
) -> None:
    with everywhere.tab(chromium, shipped, "light", width, height) as page:
        everywhere.go(page, "/curves")

        # Another dot may lie on top of it: any will do.
        dot = box(page, DOTS)
        page.mouse.click(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
        page.wait_for_url(re.compile("q="))
        everywhere.rest(page)

        violin, text = box(page, VIOLIN), box(page, ".st-key-question_text")
        assert text["x"] >= violin["x"] + violin["width"]
        assert text["y"] < violin["y"] + violin["height"]
        assert text["y"] + 80 < height


def test_the_page_opens_on_the_best_vector(chromium: object, shipped: str) -> None:
    with everywhere.tab(chromium, shipped, "light", 1280, 720) as page:
        everywhere.go(page, "/curves")

        said = page.locator(".st-key-vector_badges").inner_text()

        assert "beyond the best" in said
        assert "melbo_00" not in page.locator(".st-key-vec input").input_value()


def test_a_phone_shows_the_whole_name_that_a_menu_cuts(chromium: object, shipped: str) -> None:
    with everywhere.tab(chromium, shipped, "light", 390, 844) as page:
        everywhere.go(page, "/curves")

        menu = page.locator(".st-key-run [data-testid=stSelectbox]")
        field, whole = menu.locator("input"), menu.get_attribute("data-whole")
        assert field.evaluate("one => one.scrollWidth > one.clientWidth")
        assert whole == field.input_value()
        below = menu.evaluate(
            """one => [getComputedStyle(one, '::after').content, one.getBoundingClientRect().bottom
              - one.querySelector('input').getBoundingClientRect().bottom]"""
        )
        assert below[0].strip('"') == whole
        assert below[1] > 20
        assert box(page, ".st-key-run input")["width"] > 250

        page.set_viewport_size({"width": 2560, "height": 1440})
        page.wait_for_function(
            "() => !document.querySelector('.st-key-run [data-testid=stSelectbox][data-whole]')"
        )


def test_what_stands_beside_a_cut_name_is_level_with_its_field(
    chromium: object, shipped: str
) -> None:
    with everywhere.tab(chromium, shipped, "light", 1280, 720) as page:
        everywhere.go(page, everywhere.paths()["discover-done"])
        page.wait_for_selector("[data-testid=stSelectbox][data-whole]")

        field = box(page, ".st-key-found [data-testid=stSelectbox] input")
        button = box(page, "[class*=st-key-noting_found_] button")

        middle = field["y"] + field["height"] / 2
        assert abs(button["y"] + button["height"] / 2 - middle) < 6


def test_what_is_drawn_of_a_vector_is_in_the_link(chromium: object, shipped: str) -> None:
    with everywhere.tab(chromium, shipped, "light", 1280, 720) as page:
        everywhere.go(page, "/curves?dots=false&band=false&scales=-0.5&scales=0.5&part=letter")
        page.get_by_role("button", name="View").first.click()
        page.get_by_text("Dots", exact=True).click()
        everywhere.rest(page)
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowRight")
        page.wait_for_url(re.compile("vec="))
        everywhere.rest(page)
        link = page.url

    with everywhere.tab(chromium, shipped, "light", 1280, 720) as page:
        everywhere.go(page, link)
        page.get_by_role("button", name="View").first.click()

        for label, is_on in (("Dots", True), ("Random band", False), ("% choosing A", True)):
            assert page.get_by_role("switch", name=label).is_checked() == is_on, label
        pressed = page.locator(
            ".st-key-scales button[aria-checked=true], .st-key-scales button[aria-pressed=true]"
        )
        assert pressed.all_inner_texts() == ["-0.5", "0.5"]


FEW = ("overview-done", "discover-done", "curves-done-one", "library-done-list")
"""What `python -m tests.browser.axe` and `overflow` look at in every size, these see once."""


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 2560)])
def test_axe_finds_nothing(chromium: object, shipped: str, scheme: str, width: int) -> None:
    if axe.script() is None:
        pytest.skip("axe-playwright-python is not installed")
    height, views = everywhere.SIZES[width], everywhere.paths()
    with everywhere.tab(chromium, shipped, scheme, width, height) as page:
        for name in FEW:
            everywhere.go(page, views[name])
            assert axe.at_full_length(page) == [], name


@pytest.mark.parametrize("width", overflow.WIDTHS)
def test_nothing_is_clipped_or_covered(chromium: object, shipped: str, width: int) -> None:
    views = everywhere.paths()
    with everywhere.tab(chromium, shipped, "light", width, overflow.WIDTHS[width]) as page:
        for name in FEW:
            everywhere.go(page, views[name])
            assert overflow.clipped(page) == [], name


def test_what_is_clipped_or_hard_to_see_is_found(chromium: object, shipped: str) -> None:
    if axe.script() is None:
        pytest.skip("axe-playwright-python is not installed")
    with everywhere.tab(chromium, shipped, "light", 1280, 720) as page:
        everywhere.go(page, "/curves")
        page.evaluate(
            """() => {
              const box = document.createElement('p');
              box.style = 'width: 60px; overflow: hidden; white-space: nowrap; color: #aaa';
              box.textContent = 'A sentence that is longer than its box';
              document.querySelector('h1').after(box);
            }"""
        )

        assert any("A sentence" in one for one in overflow.clipped(page))
        assert any(one.startswith("color-contrast") for one in axe.violations(page))


def test_an_image_is_copied_or_the_page_says_why_not(chromium: object, shipped: str) -> None:
    with everywhere.tab(chromium, shipped, "light", 1280, 720) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=shipped)
        everywhere.go(page, "/curves")
        page.get_by_role("button", name="Share").first.click()
        page.get_by_role("button", name="Copy image").click()
        page.get_by_text("Copied.").wait_for()
        kinds = page.evaluate("async () => (await navigator.clipboard.read())[0].types")
        page.evaluate("() => { delete window.ClipboardItem; }")
        page.get_by_role("button", name="Copy image").click()

        page.get_by_text("does not let the page copy pictures").wait_for()
        assert kinds == ["image/png"]
