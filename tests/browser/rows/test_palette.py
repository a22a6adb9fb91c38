"""One field goes anywhere: Ctrl-K opens it, and what is typed finds pages, vectors, runs and data.

"?" lists the keys of the page that is open.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from engine.store import notes
from tests.pages.pair_samples import CONTRASTIVE

pytestmark = pytest.mark.browser

RUN, MELBO = "eeee00000003", "aaaa00000001"
FIELD, LINES = ".vs-palette input", ".vs-palette [role=option]"
KEYS = "Keys of this page"


def opened(page: Any, path: str, heading: str) -> None:
    """A page whose palette listens."""
    page.goto(path)
    page.get_by_role("heading", name=heading, exact=True).first.wait_for()
    page.wait_for_function("'vectorscopeKeys' in window")


def palette(page: Any) -> Any:
    """Its field."""
    page.keyboard.press("Control+k")
    page.locator(FIELD).wait_for()
    return page.locator(FIELD)


def go(page: Any, words: str, line: str | re.Pattern[str]) -> None:
    """Type, and take the line that then stands first."""
    palette(page).fill(words)
    page.locator(f"{LINES}[aria-selected=true]").filter(has_text=line).wait_for()
    page.keyboard.press("Enter")


def test_the_keyboard_goes_to_a_page_a_vector_a_run_and_questions(page: Any) -> None:
    opened(page, "/", "Vectorscope")

    go(page, "simil", "Similarity")
    page.wait_for_url(re.compile("/similarity"))
    page.get_by_role("heading", name="Similarity", exact=True).first.wait_for()
    assert page.locator(FIELD).count() == 0

    go(page, f"{MELBO}:1", re.compile("Vector$"))
    page.wait_for_url(re.compile(f"/vector.*v={MELBO}(:|%3A)1"))

    go(page, f"survival {RUN}", re.compile("Evaluation$"))
    page.wait_for_url(re.compile(f"/curves.*run={RUN}"))
    page.get_by_role("heading", name="Scale curves", exact=True).first.wait_for()

    go(page, "corrigib", re.compile("Questions$"))
    page.wait_for_url(re.compile("/discover"))
    page.locator(".st-key-ab_questions input").first.wait_for(state="attached")
    page.wait_for_function(
        "document.querySelector('.st-key-ab_questions input').value.includes('corrigibility')"
    )


def test_a_vector_is_reached_by_its_code_of_three_keys(page: Any) -> None:
    opened(page, "/library", "Library")
    palette(page).fill(f"{MELBO}:2")
    code = page.locator(f"{LINES}[aria-selected=true] kbd")
    code.wait_for()
    keys = code.inner_text()
    page.keyboard.press("Escape")
    page.locator(FIELD).wait_for(state="detached")

    assert len(keys) == 3
    go(page, keys, keys)

    page.wait_for_url(re.compile(f"/vector.*v={MELBO}(:|%3A)2"))


def test_an_own_name_is_found_and_a_star_stands_first(page: Any, store: Path) -> None:
    notes.keep(store, CONTRASTIVE, "Kites over the bay", "", tags=[], star=True, seen="")
    opened(page, "/studies", "Studies")

    palette(page).fill("kites bay")
    line = page.locator(f"{LINES}[aria-selected=true]").filter(has_text="Kites over the bay")
    line.wait_for()
    assert "★" in line.inner_text()
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(f"/discover.*found={CONTRASTIVE}"))


def test_an_action_is_done_and_a_search_leads_to_the_library(page: Any) -> None:
    opened(page, "/library", "Library")
    go(page, "new grid", "New grid of texts")
    page.wait_for_url(re.compile("/generations"))
    page.locator(".st-key-grid_prompts textarea").wait_for()

    palette(page).fill("melbo 3 vectors, block")
    page.locator(LINES).filter(has_text="Search the library").click()
    page.wait_for_url(re.compile("/library.*lib_text=melbo"))
    page.get_by_text(re.compile(r"\d of \d+ records")).wait_for()


def test_a_question_mark_lists_the_keys_but_not_while_one_types(page: Any) -> None:
    opened(page, f"/curves?run={RUN}", "Scale curves")
    page.get_by_text("Wilson intervals").wait_for()
    dialog = page.get_by_role("dialog", name=KEYS)

    page.keyboard.press("?")
    dialog.wait_for()
    said = dialog.inner_text()
    assert "Ctrl + K" in said
    # Of this page, beside those that hold everywhere.
    assert "Next" in said
    assert "Previous" in said
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")

    opened(page, "/library", "Library")
    field = page.get_by_role("textbox", name="Text", exact=True)
    field.click()
    page.keyboard.type("why?")
    page.wait_for_function("document.activeElement.value === 'why?'")
    assert dialog.count() == 0
