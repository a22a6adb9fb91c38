"""Things can be told apart: own names, stars, tags and notes, and a search that finds by them."""

import re
from pathlib import Path
from typing import Any

import pytest

from engine.store import notes
from tests.browser.server import settle
from tests.pages.pair_samples import CONTRASTIVE

pytestmark = pytest.mark.browser

NAME, WORDS, TAG = "Refusal of weddings", "Found on a rainy day", "zebra"
SAYS = re.compile(r"1 of \d+ records")


def name_it(page: Any) -> None:
    page.goto(f"/library?record={CONTRASTIVE}")
    page.locator('[class*="st-key-noting_"] button').first.wait_for()
    settle(page)
    page.locator('[class*="st-key-noting_"] button').first.click()
    page.get_by_label("Your name for it").fill(NAME)
    tags = page.get_by_role("combobox", name="Tags")
    tags.fill(TAG)
    tags.press("Enter")
    page.get_by_label("Notes", exact=True).fill(WORDS)
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_text("Kept.", exact=True).wait_for()
    settle(page)


def search(page: Any, words: str) -> None:
    field = page.get_by_role("textbox", name="Text", exact=True)
    field.fill(words)
    field.press("Enter")
    settle(page)


def test_a_name_a_tag_a_note_and_a_star_are_kept_and_found(page: Any, store: Path) -> None:
    record = next((store / "vectors").glob(f"*{CONTRASTIVE}*")).read_bytes()
    name_it(page)
    page.keyboard.press("Escape")
    star = page.locator(f'[class*="st-key-star_"][class*="{CONTRASTIVE}"] button').first
    if not star.is_visible():
        page.locator('[class*="st-key-noting_"] button').first.click()
    star.click()
    settle(page)

    kept = notes.read(store, CONTRASTIVE)
    assert (kept.name, kept.words, kept.tags, kept.star) == (NAME, WORDS, (TAG,), True)
    # Beside the record, never inside.
    assert next((store / "vectors").glob(f"*{CONTRASTIVE}*")).read_bytes() == record
    for words in ("weddings", "rainy", TAG):
        page.goto("/library")
        page.get_by_role("heading", name="Library", exact=True).wait_for()
        search(page, words)
        page.get_by_text(SAYS).wait_for()
    page.goto("/library")
    page.get_by_role("radio", name="Starred").or_(
        page.get_by_role("button", name="Starred", exact=True)
    ).first.click()
    page.get_by_text(SAYS).wait_for()
    page.goto(f"/discover?found={CONTRASTIVE}")
    page.locator(".st-key-found").wait_for()
    settle(page)
    assert NAME in page.locator(".st-key-found").inner_html()


def test_sets_of_one_method_are_told_apart_without_a_hash(page: Any) -> None:
    page.goto("/discover")
    page.get_by_text("Evaluate these vectors").wait_for()
    settle(page)
    page.locator(".st-key-found [role=combobox]").click()
    options = page.get_by_role("option")
    options.first.wait_for()
    found = [re.sub(r"[0-9a-f]{12}", "", words) for words in options.all_inner_texts()]

    assert len(found) > 2
    assert len(set(found)) == len(found)
