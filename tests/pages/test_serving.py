"""The process that serves pages hands over all that was drawn before a run ends."""

import asyncio
import inspect
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from streamlit.delta_generator_singletons import context_dg_stack, get_default_dg_stack_value
from streamlit.runtime import Runtime
from streamlit.runtime.runtime import AsyncObjects

from dashboard.cards import card
from dashboard.session import navigation, serving
from engine import ROOT


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.AbstractEventLoop]:
    """A server's event loop, in a thread of its own."""
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    monkeypatch.setattr(serving, "_loop", lambda: made)
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join()
    made.close()


def test_a_run_ends_when_all_it_drew_was_taken_over(loop) -> None:
    taken = []
    loop.call_soon_threadsafe(time.sleep, 0.2)
    for part in range(5):
        loop.call_soon_threadsafe(taken.append, part)

    assert serving.deliver()

    assert taken == [0, 1, 2, 3, 4]


def test_a_run_draws_into_the_page_wherever_the_one_before_it_drew() -> None:
    usual = get_default_dg_stack_value()
    try:
        context_dg_stack.set((*usual, usual[0]))
        serving.begin()
        assert context_dg_stack.get() == usual
    finally:
        context_dg_stack.set(usual)


def test_a_server_that_hangs_does_not_hold_a_run_for_ever(loop) -> None:
    loop.call_soon_threadsafe(time.sleep, 0.5)

    assert not serving.deliver(0.05)


def test_without_a_server_nothing_waits_and_nothing_is_prepared(monkeypatch) -> None:
    monkeypatch.setattr(serving.sys, "setswitchinterval", lambda _: pytest.fail("was changed"))

    serving.prepare()

    assert serving.deliver(0.0)


def test_streamlit_still_has_its_loop_where_it_is_looked_for() -> None:
    assert "eventloop" in AsyncObjects.__annotations__
    assert "self._async_objs" in inspect.getsource(Runtime)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ("", []),
        ("hub.example.org, b.example", ["localhost", "127.0.0.1", "hub.example.org", "b.example"]),
    ],
)
def test_a_proxys_names_are_allowed_beside_those_of_this_machine(
    asked: str, allowed: list[str]
) -> None:
    command = ["make", "-n", "run", f"ALLOWED_HOSTS={asked}"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    words = told.split()
    found = [words[i + 1] for i, word in enumerate(words) if word == "--server.allowedHosts"]
    assert found == allowed


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://localhost:8501/", ""),
        ("http://localhost:8501/curves", ""),
        ("https://hub.example.org/user/a/proxy/8501/", "/user/a/proxy/8501"),
        ("https://hub.example.org/user/a/proxy/8501/curves", "/user/a/proxy/8501"),
    ],
)
def test_links_begin_where_the_browser_sees_the_dashboard(
    monkeypatch: pytest.MonkeyPatch, url: str, base: str
) -> None:
    monkeypatch.setattr(navigation.runtime, "exists", lambda: True)
    monkeypatch.setattr(navigation.st, "context", SimpleNamespace(url=url))

    assert navigation.base() == base


def test_a_card_says_the_path_that_the_server_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = card.view("/curves?run=aa", {"seed": "0"})
    monkeypatch.setattr(navigation.st, "get_option", lambda name: "/lab/scope/")

    drawn = card.framed("A title", "", "", 10, shown).svg

    assert "/lab/scope/curves?run=aa" in drawn
    assert navigation.base() == "/lab/scope"
