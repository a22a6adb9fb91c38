"""Interrupted work is asked for again with the same settings, and goes on where it was."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from engine.configs import core as configs
from engine.configs import registry
from engine.configs.core import ModelConfig
from engine.configs.studies import CorrigibilityConfig, DeceptionConfig
from engine.errors import Cancelled, ConfigError, StoreError
from engine.evaluators import ab
from engine.model import batches
from engine.runs.engine import Engine
from engine.runs.studies import corrigibility, deception
from engine.store import writer
from engine.store.store import Store
from engine.store.units import Partial
from engine.store.writer import Stream
from tests import tiny
from tests.engine.test_ab import Units, config, run

CONFIGS = [
    CorrigibilityConfig(controls=3, questions=(("data/questions/survival.jsonl", "survival"),)),
    DeceptionConfig(model=ModelConfig(adapter="demo"), scales=(1.0, 2.0), study=True),
]


@pytest.mark.parametrize("study", CONFIGS, ids=lambda study: study.method)
def test_a_study_survives_its_way_through_json(study) -> None:
    written = json.loads(json.dumps(configs.as_json(study)))

    assert registry.from_json(study.method, written) == study


@pytest.mark.parametrize("study", CONFIGS, ids=lambda study: study.method)
def test_a_studys_job_says_how_to_ask_again(
    study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[object] = []
    for module in (corrigibility, deception):
        monkeypatch.setattr(module, "run", lambda _engine, asked, *_: ran.append(asked))
    engine = Engine(Store(tmp_path), keep_jobs=False)

    first = engine.submit(study)
    engine.jobs.wait(first, timeout=10.0)
    again = engine.submit_again(json.loads(json.dumps(first.request)))
    engine.jobs.wait(again, timeout=10.0)

    assert ran == [study, study]
    assert again.digest == first.digest


def test_a_request_of_another_version_is_refused() -> None:
    with pytest.raises(ConfigError, match="from another version"):
        registry.from_json("deception", {"model": {"model": "demo"}, "scales": [1], "colour": 1})


# What is written while the next batch is computed


def test_a_stream_writes_in_order_and_is_done_when_it_is_left() -> None:
    written: list[int] = []
    go = threading.Event()
    # A job of another test may still be ending in this process.
    others = threading.enumerate()

    def write(number: int) -> None:
        assert go.wait(10)
        written.append(number)

    with Stream(write) as keep:
        keep(0)
        keep(1)
        assert written == [], "the caller goes on before anything is written"
        go.set()
        for number in range(2, 20):
            keep(number)

    assert written == list(range(20))
    left = [thread for thread in threading.enumerate() if thread not in others]
    assert not [thread for thread in left if thread.name == "stream"]


def test_a_stream_does_not_hold_more_than_a_few_units() -> None:
    stopped, passed = threading.Event(), []

    def feed() -> None:
        with Stream(lambda _: stopped.wait(10)) as keep:
            for number in range(10):
                keep(number)
                passed.append(number)

    feeder = threading.Thread(target=feed)
    feeder.start()
    feeder.join(0.2)

    assert len(passed) == writer.AHEAD + 1
    stopped.set()
    feeder.join(10)
    assert len(passed) == 10


def test_a_disk_that_fails_ends_the_run_at_the_next_unit_or_at_the_end() -> None:
    tried: list[int] = []

    def write(number: int) -> None:
        tried.append(number)
        raise StoreError("disk full")

    def run(numbers: range) -> None:
        with Stream(write) as keep:
            for number in numbers:
                keep(number)

    with pytest.raises(StoreError, match="disk full"):
        run(range(1))
    with pytest.raises(StoreError, match="disk full"):
        run(range(1, 100))

    assert tried == [0, 1], "nothing is written after a failure"


def test_a_stopped_run_still_writes_what_is_finished() -> None:
    written: list[int] = []

    def write(number: int) -> None:
        time.sleep(0.01)
        written.append(number)

    def run() -> None:
        with Stream(write) as keep:
            keep(0)
            keep(1)
            raise Cancelled("job")

    with pytest.raises(Cancelled):
        run()

    assert written == [0, 1]


class Killing(Partial):
    """Ends its process in the middle of writing the fourth unit."""

    saved = 0

    def save_arrays(self, name: str, arrays: dict) -> None:
        if self.saved == 3:
            (self.folder / ".half.tmp").write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
        super().save_arrays(name, arrays)
        self.saved += 1


def killed(work: Callable[[], object]) -> bool:
    """Whether a copy of this process, doing `work`, was killed."""
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_a_sweep_killed_while_it_writes_resumes_to_the_identical_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ab, "QUESTIONS_PER_UNIT", 1)
    monkeypatch.setitem(batches.TOKENS_PER_BATCH, "cpu", 200)
    door, left, asked = tiny.door("qwen3"), Partial(tmp_path), []
    assert killed(lambda: run(door, config(), units=Killing(tmp_path)))
    original = ab.answer_question
    monkeypatch.setattr(
        ab, "answer_question", lambda *rest: (asked.append(rest[1]), original(*rest))
    )

    finished = left.units()
    again = run(door, config(), units=left).frame
    answered = len(asked)
    whole = run(door, config(), units=Units()).frame

    assert len(finished) == 3
    assert answered == len(asked) - answered - 3
    pd.testing.assert_frame_equal(again, whole, check_exact=True)
