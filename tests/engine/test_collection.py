"""What is set aside is not walked by a collection, and is found once it has become garbage."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from engine import collection


class Ring:
    """Refers to itself: only the collector can end it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def nothing_set_aside() -> Iterator[None]:
    gc.collect()
    yield
    gc.unfreeze()


def test_what_is_made_meanwhile_is_set_aside_at_the_end() -> None:
    with collection.set_aside():
        ring = Ring()
    known = weakref.ref(ring)

    del ring
    gc.collect()

    assert known() is not None
    collection.walk()
    assert known() is None


def test_a_walk_sets_aside_again_what_is_left() -> None:
    kept = [[] for _ in range(1000)]
    gc.freeze()

    collection.walk()

    assert gc.get_freeze_count() > len(kept)


def test_a_walk_sets_nothing_aside_where_nothing_was() -> None:
    collection.walk()

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
