"""A finished job offers what it made; what is read stays until the reader opens that."""

import time

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import open_page, words
from tests.pages.samples import FakeEngine


def finish(engine: FakeEngine, app: AppTest) -> AppTest:
    while engine.jobs.active():
        time.sleep(0.02)
    return app.run()


def test_the_first_result_shows_by_itself(engine: FakeEngine) -> None:
    app = open_page("discover")
    app.button(key="find").click().run()
    app = finish(engine, app)

    assert not app.exception
    assert app.selectbox(key="found").value == engine.jobs.all()[0].result
    assert not [one.key for one in app.button if str(one.key).startswith("offer_")]


def test_what_is_stored_opens_at_once_as_its_button_says(filled: FakeEngine) -> None:
    app = open_page("discover")
    app.button(key="find").click().run()
    app = finish(filled, app)
    made = filled.jobs.all()[0].result
    assert app.selectbox(key="found").value != made
    assert app.button(key="find").label == "Find (stored)"
    app.button(key="find").click().run()

    assert not app.exception
    assert app.selectbox(key="found").value == made


def test_an_offer_waits_on_its_page_and_can_be_put_aside(filled: FakeEngine) -> None:
    app = open_page("discover")
    app.button(key="find").click().run()
    app = finish(filled, app.switch_page("../pages/library.py").run())
    made = filled.jobs.all()[0]
    assert f"offer_{made.id}" not in [button.key for button in app.button]

    app.switch_page("../pages/discover.py").run()
    assert "Find 12 vectors is done" in words(app)
    app.button(key=f"later_{made.id}").click().run()
    assert not app.exception
    assert app.selectbox(key="found").value != made.result
    assert f"offer_{made.id}" not in [button.key for button in app.button]
