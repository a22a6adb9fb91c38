import re

import pytest

from tests.browser.server import settle

pytestmark = pytest.mark.browser

JOB = 120_000
"""Milliseconds for a job's first step: on a busy machine, importing torch alone takes long."""
CHART = "[data-testid=stVegaLiteChart] svg"
DOTS = "[data-testid=stVegaLiteChart] path[aria-roledescription=circle]"


def test_the_dashboard_starts_on_the_overview(page: object) -> None:
    page.goto("/")

    page.get_by_role("heading", name="Vectorscope").wait_for()
    page.get_by_text("Strongest vectors").wait_for()
    page.locator(CHART).first.wait_for()


def test_a_click_on_a_dot_opens_its_question_and_keys_change_the_vector(page: object) -> None:
    page.goto("/curves?vec=melbo_00")
    page.get_by_role("heading", name="Scale curves").wait_for()

    page.locator(DOTS).nth(40).click()
    page.get_by_text("is the survival answer as given").wait_for()
    page.wait_for_url(re.compile("q=0000"))
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("vec=melbo_01"))
    page.locator(CHART).nth(2).wait_for()


def test_a_click_on_the_heat_map_opens_the_vector(page: object) -> None:
    page.goto("/curves?tab=All+vectors")

    page.locator(
        "[data-testid=stVegaLiteChart] path[aria-roledescription='rect mark']"
    ).last.click()

    page.get_by_text("Random band").wait_for()
    page.wait_for_url(re.compile("vec="))


def test_back_undoes_a_choice_and_then_leaves_the_page(page: object) -> None:
    page.goto("/")
    page.get_by_role("link", name="Scale curves").click()
    page.wait_for_url(re.compile("run="))
    page.get_by_text("Random band").wait_for()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("vec=melbo_01"))

    page.go_back()
    page.wait_for_url(re.compile(r"curves\?run=[0-9a-z]+$"))
    page.go_back()
    page.go_back()

    page.get_by_role("heading", name="Vectorscope").wait_for()


def test_a_find_job_runs_from_the_form_while_pages_are_switched(page: object) -> None:
    page.goto("/discover?method=Random")
    page.get_by_role("button", name="Find").wait_for()
    page.get_by_label("Vectors", exact=True).fill("2")
    page.get_by_label("Vectors", exact=True).press("Enter")
    settle(page)

    page.get_by_role("button", name="Find").click()
    # A page left in the same instant as the click would take the click with it.
    page.get_by_text("Find 2 random vectors").first.wait_for(timeout=JOB)
    page.get_by_role("link", name="Scale curves").click()
    page.get_by_role("heading", name="Scale curves").wait_for()
    done = page.get_by_role("link", name=re.compile("Find 2 random vectors"))
    done.wait_for(timeout=JOB)
    page.reload()
    done.click()

    page.get_by_role("heading", name="Discover").wait_for()
    page.wait_for_url(re.compile("found="))
    page.get_by_text("Evaluate these vectors").wait_for()


def test_a_job_can_be_cancelled_from_another_page(page: object) -> None:
    page.goto("/discover")
    steps = page.get_by_role("spinbutton", name="Steps")
    steps.fill("5000")
    steps.press("Enter")
    settle(page)

    page.get_by_role("button", name="Find").click()
    page.get_by_text(re.compile("step [0-9]+ of 5000")).first.wait_for(timeout=JOB)
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("heading", name="Vectorscope").wait_for()
    page.get_by_role("button", name="Cancel").click()

    page.get_by_text("Find 12 melbo vectors · cancelled").wait_for()


def test_it_can_be_read_on_a_phone_and_in_the_dark(page: object) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.goto("/curves")

    page.locator(CHART).first.wait_for()

    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


def test_the_other_pages_open_on_a_phone_and_in_the_dark(page: object) -> None:
    # The page fixture fails on any request to another host and on errors in the console.
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")

    for name, seen in (
        ("studies", "Are the two directions the same?"),
        ("train", "Answers to learn"),
        ("audit", "What the file says of itself"),
        ("library", "Choose a row to see how the record was made"),
    ):
        page.goto(f"/{name}")
        page.get_by_text(seen).first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
