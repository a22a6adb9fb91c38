"""The clicks to a steered text in a real browser, on the demo model that is really asked."""

import re
from collections.abc import Iterator

import pytest

from tests.browser import figures_store
from tests.browser.measure_chat import STEERED, Reader
from tests.browser.server import Dashboard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(chromium: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard over the shipped records."""
    with Dashboard(figures_store.shipped(tmp_path_factory.mktemp("shipped") / "store")) as found:
        yield found


def test_one_click_says_something_one_key_says_it_at_another_strength(
    chromium: object, served: Dashboard
) -> None:
    reader = Reader(chromium, served.address)
    reader.open("/chat", "Chat")
    reader.click("chat_first_0")
    reader.answered()
    first, address = reader.texts(), reader.page.url
    said, unsteered, steered = first
    assert unsteered != steered
    # The conversation's field stands in sight, whatever the answers' length.
    assert reader.page.get_by_test_id("stChatInput").is_visible()
    head = "getComputedStyle(document.querySelector('{}')).backgroundColor".format
    wrapper = head("div:has(> .st-key-chat_head)")
    assert reader.page.evaluate(wrapper) == reader.page.evaluate(head("[data-testid=stApp]"))

    reader.move("Home")
    reader.page.wait_for_url(re.compile("turn=[1-9]"))
    reader.answered()
    reader.page.get_by_text(re.compile(r"\d of \d")).first.wait_for()
    assert reader.texts()[:2] == [said, unsteered]
    assert reader.texts()[2] != steered
    assert reader.page.locator(STEERED).count() == 0

    reader.open(address, "Chat")
    assert reader.texts() == first
