"""The lock of a model: fair, and those who are hurried go first, even into the middle of a pass."""

import threading
import time
from collections.abc import Callable

import pytest
import torch

from engine.configs.core import Site
from engine.model.edits import EditBatch
from engine.model.switching.precedence import Precedence
from tests import tiny

PATIENCE = 5.0


def start(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_its_holder_may_take_it_again_and_others_wait() -> None:
    lock, seen = Precedence(), []

    def other() -> None:
        with lock:
            seen.append("other")

    with lock:
        with lock:
            thread = start(other)
            wait_until(lambda: len(lock._queue) == 1)
        assert seen == []
        assert lock.acquire(blocking=False)
        lock.release()
    thread.join(PATIENCE)
    assert seen == ["other"]


def test_who_waits_gets_in_before_who_comes_again() -> None:
    lock, order = Precedence(), []

    def other() -> None:
        with lock:
            order.append("other")

    lock.acquire()
    thread = start(other)
    wait_until(lambda: len(lock._queue) == 1)
    lock.release()
    with lock:
        order.append("again")
    thread.join(PATIENCE)
    assert order == ["other", "again"]


def test_who_is_hurried_goes_into_the_middle_of_a_pass_and_others_stay_out_till_then() -> None:
    lock, order = Precedence(), []

    def hurried() -> None:
        with lock.hurried():
            for token in range(3):
                with lock:
                    order.append(f"token {token}")
                time.sleep(0.01)

    def waiting() -> None:
        with lock:
            order.append("another job")

    with lock, lock:
        threads = [start(waiting)]
        wait_until(lambda: len(lock._queue) == 1)
        threads.append(start(hurried))
        wait_until(lambda: bool(lock._hurried))
        lock.give_way()
        order.append("the pass goes on")
    for thread in threads:
        thread.join(PATIENCE)
    assert order == ["token 0", "token 1", "token 2", "the pass goes on", "another job"]
    assert lock.acquire(blocking=False)


def test_a_job_goes_on_by_a_block_between_two_who_are_hurried() -> None:
    lock, order = Precedence(), []
    is_over = threading.Event()

    def job() -> None:
        for block in range(4):
            with lock:
                lock.give_way()
                order.append(block)
        is_over.set()

    def talkative() -> None:
        while not is_over.is_set():
            with lock.hurried(), lock:
                time.sleep(0.002)

    with lock:
        threads = [start(job), start(talkative)]
        wait_until(lambda: len(lock._queue) == 1 and bool(lock._hurried))
    assert is_over.wait(PATIENCE)
    for thread in threads:
        thread.join(PATIENCE)
    assert order == [0, 1, 2, 3]
    assert not lock._is_owed
    assert lock.acquire(blocking=False)


def test_nobody_gives_way_to_nobody_nor_the_hurried_to_each_other() -> None:
    lock = Precedence()
    with lock:
        lock.give_way()
        assert lock._depth == 1
    with lock.hurried(), lock:
        lock.give_way()
        assert lock._depth == 1
    lock.give_way()
    assert lock._owner is None


def test_whoever_goes_in_between_two_blocks_changes_nothing_of_the_pass(monkeypatch) -> None:
    door = tiny.door("qwen3")
    tokens = [5, 9, 7, 3, 11]
    edits = EditBatch.add(Site(block=1), tiny.seeded(2, 32))
    expected = door.next_logits(tokens, edits)
    between = []

    def another() -> None:
        monkeypatch.setattr(Precedence, "give_way", lambda _: None)
        between.append(door.next_logits(tokens[::-1], EditBatch.add(Site(block=0), 9 * edits_of())))
        monkeypatch.setattr(Precedence, "give_way", lambda _: another())

    def edits_of() -> torch.Tensor:
        return tiny.seeded(1, 32, seed=4)

    monkeypatch.setattr(Precedence, "give_way", lambda _: another())
    fresh = tiny.door("qwen3")
    fresh.loaded = door.loaded
    found = fresh.next_logits(tokens, edits)

    assert len(between) == door.blocks
    assert torch.equal(found, expected)
    assert all(torch.equal(one, between[0]) for one in between)


class _Interrupted(BaseException):
    """As Ctrl-C, which may come at any moment of a wait."""


def _interrupts(lock: Precedence, monkeypatch) -> None:
    """The next wait of this thread is broken off."""
    me, waits, left = threading.get_ident(), lock._changed.wait_for, [True]

    def wait_for(predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        if threading.get_ident() == me and left:
            left.clear()
            raise _Interrupted
        return waits(predicate, timeout)

    monkeypatch.setattr(lock._changed, "wait_for", wait_for)


def test_a_job_that_is_broken_off_while_it_gives_way_leaves_the_lock_whole(monkeypatch) -> None:
    lock = Precedence()
    is_asked, is_over = threading.Event(), threading.Event()

    def talks() -> None:
        with lock.hurried():
            is_asked.set()
            with lock:
                is_over.set()

    def job() -> None:
        with lock, lock:
            start(talks)
            assert is_asked.wait(PATIENCE)
            _interrupts(lock, monkeypatch)
            lock.give_way()

    with pytest.raises(_Interrupted):
        job()
    assert is_over.wait(PATIENCE)
    assert lock.acquire(blocking=False)
    assert lock._depth == 1
    lock.release()


def test_who_gives_up_while_it_is_owed_a_turn_keeps_nobody_out(monkeypatch) -> None:
    lock = Precedence()
    lock._is_owed = True
    lock._owner = -1
    _interrupts(lock, monkeypatch)
    with pytest.raises(_Interrupted):
        lock.acquire()

    lock._owner = None

    with lock.hurried():
        assert lock.acquire(blocking=False)
