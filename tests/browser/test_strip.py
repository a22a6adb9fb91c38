"""A token strip in a real browser: walked by keys, opened, and never read as markup."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.browser.server import ROOT, settle, wait_until_healthy
from tests.pages.strip_samples import TEXTS

pytestmark = pytest.mark.browser
QUICK = 3.0
"""Seconds in which 2,048 tokens are drawn and walked; a quarter of it on a quiet machine."""


@pytest.fixture(scope="module")
def address(chromium: object) -> Iterator[str]:
    """A page of nothing but strips."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "tests/browser/strip_app.py",
         f"--server.port={port}"],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait(timeout=10)


@pytest.fixture
def tab(chromium: object, address: str) -> Iterator[object]:
    """A tab that fails the test on an error or a foreign request."""
    page = chromium.new_page(base_url=address)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((address, "ws:", "data:", "blob:"))
            else wrong.append(asked.url)
        ),
    )
    yield page
    page.close()
    assert wrong == []


def in_focus(page: object) -> str:
    """What a reader who listens is told of the token in focus."""
    found = "document.activeElement.shadowRoot?.activeElement"
    return page.evaluate(f"{found}?.getAttribute('aria-label') ?? ''")


def test_keys_walk_a_strip_and_open_a_token(tab: object) -> None:
    tab.goto("/")
    tokens = tab.get_by_role("option")
    tokens.first.wait_for()

    # Markup that a model wrote is shown as its letters, and spaces and line ends are seen.
    assert tokens.count() == len(TEXTS)
    assert tokens.nth(5).locator(".x").inner_text() == "<b>Ig"
    assert tokens.nth(4).locator(".x").inner_text() == "?\u23ce"
    assert tokens.nth(1).locator(".x b").count() == 0
    # Each token has a bar for each vector, on the side of its sign, and solid beyond the band.
    bars = [tokens.nth(i).locator(".b").first.get_attribute("class") for i in (4, 5, 6)]
    assert bars == ["b down", "b up beyond", "b down beyond"]
    assert tokens.nth(5).locator(".b").count() == 2
    assert "steered" in tokens.nth(6).get_attribute("class")

    # One token alone is reached by Tab; from there the keys walk.
    assert tab.locator(".t[tabindex='0']").count() == 1
    tokens.first.focus()
    for _ in range(6):
        tab.keyboard.press("ArrowRight")
    assert in_focus(tab).startswith(
        "7 of 8: \u201cnore\u201d; contrastive_01 \u22122.50 sd, beyond"
    )
    assert "state changed by steering" in in_focus(tab)
    tab.keyboard.press("Enter")
    tab.get_by_text("picked 6, gone False").wait_for()
    assert tokens.nth(6).get_attribute("aria-selected") == "true"
    tab.get_by_text("Likeliest in its place").wait_for()
    assert in_focus(tab).startswith("7 of 8")
    tab.keyboard.press("Home")
    assert in_focus(tab).startswith("1 of 8: \u201c<|im_start|>\u201d; special token")
    # The choice is taken back by choosing it again.
    tokens.nth(6).click()
    tab.get_by_text("picked None, gone False").wait_for()

    tab.get_by_role("button", name="Change of log p").click()
    assert tokens.nth(5).locator(".b").count() == 1
    tab.get_by_role("button", name="Prompt").click()
    assert [tab.locator(".t").nth(i).is_visible() for i in (4, 5)] == [False, True]


def test_a_long_text_stays_usable(tab: object) -> None:
    tab.goto("/?of=long")
    tokens = tab.get_by_role("option")
    tokens.first.wait_for()
    settle(tab)
    assert tokens.count() == 2048

    began = time.monotonic()
    tokens.nth(1000).focus()
    for _ in range(8):
        tab.keyboard.press("ArrowRight")
    assert in_focus(tab).startswith("1009 of 2048")
    tab.keyboard.press("End")
    assert in_focus(tab).startswith("2048 of 2048")
    assert time.monotonic() - began < QUICK
