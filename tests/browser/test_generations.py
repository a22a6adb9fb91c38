import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store import Store
from tests.browser.server import settle, wait_until_healthy
from tests.pages.pair_samples import CONTRASTIVE, fill_families
from tests.pages.text_samples import GRID, fill_texts

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
JOB = 120_000
"""Milliseconds for a job that loads the model first, on a busy machine."""
CHART = "[data-testid=stVegaLiteChart] svg"
TILES = "[data-testid=stVegaLiteChart] path[aria-roledescription='rect mark']"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard over invented vectors of both families and invented texts."""
    root = tmp_path_factory.mktemp("store")
    fill_families(Store(root))
    fill_texts(Store(root))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py"]
    environment = {**os.environ, "VECTORSCOPE_STORE": str(root), "OMP_NUM_THREADS": "1"}
    for name in ("VECTORSCOPE_MODEL", "VECTORSCOPE_ADAPTER"):
        environment.pop(name, None)
    log = (root / "server.log").open("wb")
    server = subprocess.Popen(
        [*command, f"--server.port={port}"], cwd=ROOT, env=environment, stdout=log, stderr=log
    )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)
        log.close()


def test_what_a_model_writes_stays_characters(page: object) -> None:
    # The page fixture fails on any request to another host and on errors in the console.
    page.goto(f"/generations?gen={GRID}")
    evil = page.get_by_text("<script>alert(1)</script> <img src=x onerror=alert(2)>")
    evil.wait_for()

    page.get_by_text("Mark changes").click()
    page.locator("[data-testid=stHtml] ins").first.wait_for()

    # Each changed text is cut where it differs, so words are looked for one stretch at a time.
    inside = page.locator("[data-testid=stHtml]").first
    assert "<script>alert(1)</script>" in inside.inner_text()
    assert "![x](http://evil.example/x.png)" in inside.inner_text()
    assert page.locator("[data-testid=stHtml] :is(img, script, a)").count() == 0
    assert page.locator("img[src*=evil], img[src='x']").count() == 0


def test_keys_label_texts_and_turn_pages(page: object) -> None:
    page.goto(f"/generations?gen={GRID}")
    page.get_by_text("Let the dough rest for 1 hours. Prompt 0, column 0.").wait_for()

    page.get_by_role("button", name="Honest").wait_for()
    page.get_by_role("heading", name="History").wait_for()
    page.keyboard.press("2")
    badges = page.locator(".stMarkdownBadge", has_text="honest").locator("visible=true")
    badges.nth(1).wait_for()
    page.keyboard.press("ArrowRight")

    page.get_by_text("Let the dough rest for 1 hours. Prompt 1, column 0.").wait_for()
    page.wait_for_url(re.compile("p=2"))


def test_a_text_is_written_to_its_end_and_its_link_shows_it_again(page: object) -> None:
    page.goto("/generations?prompt=Please+help+me+to+sleep+well.")
    for left in ("^2 texts", "^1 text"):
        settle(page)
        page.get_by_role("button", name="Remove the last").click()
        page.get_by_text(re.compile(left)).wait_for()
    settle(page)

    page.get_by_role("button", name=re.compile("^Generate")).click()

    page.wait_for_url(re.compile("gen="))
    # Labels are offered once every text is there.
    page.get_by_role("button", name="Honest").wait_for(timeout=JOB)
    written = texts_on(page)
    assert len(written[-1].split()) > 3
    page.goto(page.url)
    page.get_by_role("button", name="Honest").wait_for()
    assert texts_on(page) == written


def texts_on(page: object) -> list[str]:
    """The prompt and the texts that are seen."""
    return page.locator("[data-testid=stChatMessage]").locator("visible=true").all_inner_texts()


def test_a_grid_is_queued_shown_and_stopped(page: object) -> None:
    page.goto("/generations?prompt=Please+help+me+sleep.")
    page.get_by_role("button", name="Remove the last").click()
    page.get_by_text(re.compile("^2 texts")).wait_for()
    page.get_by_role("button", name="Remove the last").click()
    page.get_by_text(re.compile("^1 text")).wait_for()

    page.get_by_role("button", name=re.compile("^Generate")).click()

    page.get_by_text("Please help me sleep.").first.wait_for()
    page.wait_for_url(re.compile("gen="))
    page.get_by_role("button", name="Stop Shortcut S").click()


def test_a_click_on_the_layer_map_opens_its_cell(page: object) -> None:
    page.goto("/similarity")
    page.locator(CHART).first.wait_for()

    page.locator(TILES).nth(8).click()

    page.wait_for_url(re.compile(f"a={CONTRASTIVE}.*cell="))
    page.get_by_role("button", name="Generate").first.wait_for()


@pytest.mark.parametrize(
    "path", [f"/generations?gen={GRID}", "/similarity", "/similarity?mode=all"]
)
def test_it_can_be_read_on_a_phone_and_in_the_dark(page: object, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.goto(path)

    ready = CHART if "similarity" in path else "[data-testid=stChatMessage]"
    page.locator(ready).first.wait_for()

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
