"""Reloading a page gives back what its form held; another tab begins anew."""

import time
from collections.abc import Callable

import pytest

from tests.browser.server import settle

pytestmark = pytest.mark.browser


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_reload_keeps_the_form_of_a_training(page: object) -> None:
    page.goto("/train")
    rank = page.get_by_label("Rank", exact=True)
    rank.fill("5")
    rank.press("Enter")
    settle(page)
    page.get_by_role("radio", name="honest").click()
    page.get_by_label("Name", exact=True).fill("mine")
    page.get_by_label("Name", exact=True).press("Enter")
    settle(page)

    for _ in range(2):
        page.reload()
        page.get_by_role("heading", name="Train").wait_for()
        until(lambda: page.get_by_label("Rank", exact=True).input_value() == "5")
        until(lambda: page.get_by_label("Name", exact=True).input_value() == "mine")
        until(page.get_by_role("radio", name="honest").is_checked)

    other = page.context.new_page()
    other.goto("/train")
    other.get_by_label("Rank", exact=True).wait_for()
    settle(other)
    assert other.get_by_label("Rank", exact=True).input_value() == "32"
    other.close()


def test_a_reload_keeps_the_prompt_that_was_typed_over_that_of_the_link(page: object) -> None:
    page.goto("/generations?prompt=From+the+link")
    prompts = page.get_by_label("Prompt", exact=True)
    until(lambda: prompts.input_value() == "From the link")
    prompts.fill("Typed by hand")
    prompts.press("Tab")
    settle(page)

    page.reload()
    until(lambda: prompts.input_value() == "Typed by hand")

    page.goto("/generations?prompt=Another+link")
    until(lambda: prompts.input_value() == "Another link")
    page.wait_for_timeout(1000)
    settle(page)
    assert prompts.input_value() == "Another link"


def test_a_reload_keeps_the_prompt_and_the_numbers_of_a_search(page: object) -> None:
    page.goto("/discover")
    prompt = page.get_by_role("textbox", name="Prompts, one per line")
    prompt.fill("Typed by hand")
    prompt.press("Tab")
    settle(page)
    vectors = page.get_by_label("Vectors", exact=True)
    vectors.fill("3")
    vectors.press("Enter")
    settle(page)

    page.reload()

    until(lambda: prompt.input_value() == "Typed by hand")
    until(lambda: vectors.input_value() == "3")
