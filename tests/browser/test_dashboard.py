"""What every run of the suite can afford of the browser; `make rows` and `walk` do the rest.

One dashboard over invented records serves all of these in turn.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from engine.store.store import Store
from tests.browser import states
from tests.browser.server import Dashboard, settle
from tests.browser.states import FIND, GENERATE, View, at_work, grid_digest, requests, stopped
from tests.browser.walk import NARROW, WIDE, Watched, inks, visit
from tests.pages.text_samples import GRID

pytestmark = pytest.mark.browser

LOOKS = (("light", WIDE), ("dark", NARROW))
JOB = 120_000
"""Milliseconds for a job's first step: on a busy machine, importing torch alone takes long."""
WAIT = JOB / 1000
CHART = "[data-testid=stVegaLiteChart] svg"
DOTS = "[data-testid=stVegaLiteChart] path[aria-roledescription=circle]"


def walk(watched: Watched, *views: View, looks: tuple = LOOKS) -> list[str]:
    """What is wrong with these views."""
    found = []
    for view in views:
        visit(watched, view)
        found += inks(watched, view, looks)
    return found


def test_every_screen_of_a_filled_store(watched: Watched, address: str) -> None:
    trained = View("train", "done", "/train?adapter=first", ("Use this adapter", "Examples"))
    first = {view.screen: view for view in reversed(states.DONE)}
    watched.open("/")

    screens = [view.screen for view in states.EMPTY]
    for screen, view in first.items():
        assert walk(watched, view, looks=(LOOKS[1 - screens.index(screen) % 2],)) == []
    assert walk(watched, trained) == []


@pytest.mark.parametrize("screen", ["curves"])
def test_links_to_what_is_not_here(watched: Watched, address: str, screen: str) -> None:
    one = next(view for view in states.MISSING if view.screen == screen)

    assert walk(watched, one, looks=LOOKS[:1]) == []


def test_a_click_on_a_dot_opens_its_question_and_keys_change_the_vector(page: object) -> None:
    page.goto("/curves?vec=melbo_00")
    page.get_by_role("heading", name="Scale curves").wait_for()

    page.locator(DOTS).nth(40).click()
    page.get_by_text("is the survival answer as given").wait_for()
    page.wait_for_url(re.compile("q=0000"))
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("vec=melbo_01"))
    page.locator(CHART).nth(2).wait_for()


def test_another_run_shows_its_own_questions(page: object, store: Path) -> None:
    kept = Store(store)
    found, named = kept.load_evaluation("eeee00000003"), "corrigibility"
    twin = replace(found, digest="eeee00000004", questions=replace(found.questions, name=named))
    path = kept.save_evaluation(twin)
    chosen = page.get_by_role("radio", checked=True).first
    page.goto("/curves?run=eeee00000003")
    page.get_by_role("radio", name="survival").wait_for()

    page.get_by_role("combobox").first.click()
    page.get_by_role("option", name=re.compile("^corrigibility")).click()
    page.wait_for_url(re.compile("run=eeee00000004"))
    settle(page)
    seen = [chosen.inner_text()]
    page.get_by_role("tab", name="All vectors").click()
    settle(page)
    seen.append(chosen.inner_text())
    path.unlink()

    assert seen == ["corrigibility", "corrigibility"]


def test_back_undoes_a_choice_and_then_leaves_the_page(page: object) -> None:
    page.goto("/")
    page.get_by_role("link", name="Scale curves").click()
    page.wait_for_url(re.compile("run="))
    page.get_by_text("Wilson intervals").wait_for()
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
    # For a moment the list of the running and that of the finished jobs are both on screen.
    expect(done).to_have_count(1, timeout=JOB)
    page.reload()
    done.click()

    page.get_by_role("heading", name="Discover").wait_for()
    page.wait_for_url(re.compile("found="))
    page.get_by_text("Evaluate these vectors").wait_for()


def test_what_a_model_writes_stays_characters(page: object) -> None:
    # The page fixture fails on any request to another host and on errors in the console.
    page.goto(f"/generations?gen={GRID}")
    evil = page.get_by_text("<script>alert(1)</script> <img src=x onerror=alert(2)>")
    evil.first.wait_for()

    page.get_by_text("Mark changes").click()
    page.locator("[data-testid=stHtml] ins").first.wait_for()

    # Each changed text is cut where it differs, so words are looked for one stretch at a time.
    inside = page.locator("[data-testid=stHtml]").first
    assert "<script>alert(1)</script>" in inside.inner_text()
    assert "![x](http://evil.example/x.png)" in inside.inner_text()
    assert page.locator("[data-testid=stHtml] :is(img, script, a)").count() == 0
    assert page.locator("img[src*=evil], img[src='x']").count() == 0


def test_keys_label_texts_and_turn_pages(page: object, store: Path) -> None:
    page.goto(f"/generations?gen={GRID}&view=read")
    page.get_by_text("Let the dough rest for 1 hours. Prompt 0, column 0.").wait_for()

    page.get_by_role("button", name="Honest").wait_for()
    page.get_by_role("heading", name="History").wait_for()
    page.keyboard.press("2")
    # The label goes on to the next text.
    page.get_by_text("Labelled honest.").wait_for()
    page.keyboard.press("j")
    page.wait_for_url(re.compile("[&]t="))

    assert list(Store(store).labels(GRID).values()) == ["honest"]


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
    page.get_by_role("radio", name="Honest").first.wait_for(timeout=JOB)
    written = texts_on(page)
    assert len(written[-1].split()) > 3
    page.goto(page.url)
    page.get_by_role("radio", name="Honest").first.wait_for()
    settle(page)
    assert texts_on(page) == written


def texts_on(page: object) -> list[str]:
    """The prompt and the texts that are seen."""
    return page.locator("[data-testid=stChatMessage]").locator("visible=true").all_inner_texts()


def test_jobs_wait_run_and_are_stopped(
    watched: Watched, dashboard: Dashboard, address: str
) -> None:
    asked = {request["method"]: request for request in requests()}
    gen, tab = grid_digest(dashboard.store), watched.tab
    dashboard.submit(asked["melbo"], asked["generation"])
    dashboard.wait(FIND, "running", seconds=WAIT)
    watched.open("/")

    work = {(view.screen, view.state): view for view in at_work(FIND, gen)}
    assert walk(watched, work["discover", "running"], work["generations", "queued"]) == []
    visit(watched, states.DONE[0])
    tab.get_by_role("heading", name="Vectorscope").wait_for()
    tab.get_by_role("button", name="Cancel").first.click()
    dashboard.wait(FIND, "cancelled", seconds=WAIT)
    assert walk(watched, stopped(FIND, gen)[0], *at_work(GENERATE, gen), looks=LOOKS[:1]) == []
    tab.get_by_role("button", name="Stop Shortcut S").click()
    dashboard.wait(GENERATE, "cancelled", seconds=WAIT)
    assert walk(watched, *stopped(GENERATE, gen), looks=LOOKS[:1]) == []
