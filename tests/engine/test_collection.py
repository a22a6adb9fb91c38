"""What is set aside is not walked by a collection, and is found once it has become garbage."""

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from engine.model import collection


class Ring:
    """Refers to itself: only the collector can end it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def nothing_set_aside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(collection, "_is_kept_short", threading.Event())
    yield
    gc.unfreeze()


def test_what_is_set_aside_is_not_walked_until_all_is() -> None:
    ring = Ring()
    collection.set_aside()
    known = weakref.ref(ring)

    del ring
    gc.collect()

    assert known() is not None
    collection.walk()
    assert known() is None


def test_what_has_just_become_garbage_is_found_though_it_was_set_aside() -> None:
    collection._is_kept_short.set()
    ring = Ring()
    known = weakref.ref(ring)
    gc.freeze()

    del ring
    collection.collect()

    assert known() is None
    assert gc.get_freeze_count() > 0


def test_a_process_that_serves_no_pages_sets_nothing_aside() -> None:
    collection.walk()
    collection.collect()

    assert gc.get_freeze_count() == 0


def test_a_process_that_serves_walks_over_everything_now_and_then(monkeypatch) -> None:
    class OverError(Exception):
        """Ends the endless."""

    left = iter(range(3))
    clock = iter([0.0, 1.0, 31.0, 32.0, 33.0])

    def sleep(_seconds: float) -> None:
        if next(left, None) is None:
            raise OverError

    walks = []
    monkeypatch.setattr(collection.time, "sleep", sleep)
    monkeypatch.setattr(collection.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(collection, "walk", lambda: walks.append(gc.get_freeze_count()))

    with pytest.raises(OverError):
        collection._keep_short()

    assert len(walks) == 1
    assert walks[0] > collection.GROWN
