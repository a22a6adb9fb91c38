"""Requests beside the queue: who waits for another model keeps no place of those who can work."""

import threading
import time
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

from engine.configs.core import ModelConfig
from engine.runs.job import Job
from engine.runs.live import AT_ONCE, Live

PATIENCE = 5.0
HERE, ELSEWHERE = ModelConfig(model="demo"), ModelConfig(model="smollm2")


class Busy:
    """An engine with one model in memory, whose worker never comes to load the other."""

    def load_beside(self, model: ModelConfig) -> Any:
        hurried = SimpleNamespace(hurried=nullcontext)
        return SimpleNamespace(lock=hurried) if model == HERE else None

    def submit_load(self, model: ModelConfig) -> Job:
        return Job(id="0", title="Load", kind="load")


def test_those_who_wait_for_another_model_are_in_nobodys_way() -> None:
    live = Live(Busy())
    waiting = [live.ask(f"other {n}", ELSEWHERE, lambda *_: 0) for n in range(AT_ONCE)]
    end = time.monotonic() + PATIENCE
    while not all(one.message for one in waiting) and time.monotonic() < end:
        time.sleep(0.001)

    asked = live.ask("here", HERE, lambda *_: 7)

    assert asked.wait(PATIENCE)
    assert (asked.state, asked.value) == ("done", 7)
    for one in waiting:
        one.stop()
        assert one.wait(PATIENCE)
        assert one.state == "stopped"


def test_who_waits_for_a_place_can_be_stopped() -> None:
    live, is_over = Live(Busy()), threading.Event()
    working = [live.ask(str(n), HERE, lambda *_: is_over.wait(PATIENCE)) for n in range(AT_ONCE)]
    asked = live.ask("one too many", HERE, lambda *_: 7)
    asked.stop()

    assert asked.wait(PATIENCE / 2)
    assert (asked.state, asked.value) == ("stopped", None)
    is_over.set()
    assert all(one.wait(PATIENCE) and one.state == "done" for one in working)


def test_a_model_that_goes_lets_an_answer_end_first_and_stops_it_after_its_patience() -> None:
    live, began = Live(Busy()), threading.Event()

    def short(_: Any, stop: Any) -> str:
        began.set()
        for _ in range(20):
            time.sleep(0.005)
            stop()
        return "whole"

    def endless(_: Any, stop: Any) -> None:
        began.set()
        while True:
            time.sleep(0.005)
            stop()

    asked = live.ask("short", HERE, short)
    assert began.wait(PATIENCE)
    live.make_way(PATIENCE)
    assert (asked.state, asked.value) == ("done", "whole")

    began.clear()
    asked = live.ask("endless", HERE, endless)
    assert began.wait(PATIENCE)
    live.make_way(0.05)
    assert asked.state == "stopped"
