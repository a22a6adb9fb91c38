"""The lock of a model: one caller at a time, in the order of asking, and some before all others.

A person who waits for the next word goes before a job that runs for an hour. While anyone is
hurried, the others stay out, and whoever is inside lets them in between two blocks of its pass.
Knows nothing of models.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Precedence:
    """A lock that its holder may take again, as `threading.RLock`, but fair."""

    def __init__(self) -> None:
        """Nobody is inside."""
        self._changed = threading.Condition(threading.Lock())
        self._owner: int | None = None
        self._depth = 0
        self._queue: deque[int] = deque()
        """Threads that wait and are not hurried, the first come first."""
        self._hurried: dict[int, int] = {}
        """Threads that go before the others, and how often each said so."""
        self._is_halfway = False
        """Whether somebody let them in in the middle of a pass, who goes on before all others."""
        self._is_owed = False
        """Whether one of the others has a turn before the next who is hurried: at most a block of
        a pass, but without it people who talk one after the other would stop a job for good."""

    def __enter__(self) -> "Precedence":
        """Wait until nobody else is inside."""
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        """Let the next one in."""
        self.release()

    def acquire(self, blocking: bool = True) -> bool:
        """Go in; False if somebody is inside and `blocking` does not allow to wait."""
        me = threading.get_ident()
        with self._changed:
            if self._owner != me:
                if not blocking and not self._is_open(me):
                    return False
                self._wait(me)
                self._owner = me
                self._is_owed = self._is_owed and me in self._hurried
            self._depth += 1
        return True

    def release(self) -> None:
        """Go out; once for each time that the caller went in."""
        with self._changed:
            self._depth -= 1
            if self._depth == 0:
                self._owner = None
                self._changed.notify_all()

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Within this context the caller goes before all who are not hurried.

        They stay out even while it is not inside, so that a text is written without their passes in
        between. What needs another lock that such a one may hold has to be done before.
        """
        me = threading.get_ident()
        with self._changed:
            self._hurried[me] = self._hurried.get(me, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                self._hurried[me] -= 1
                if not self._hurried[me]:
                    del self._hurried[me]
                self._is_owed = self._is_owed or (not self._hurried and self._others_wait)
                self._changed.notify_all()

    def give_way(self) -> None:
        """Let those in who are hurried; for whoever is inside and is not, between two blocks.

        What it has computed so far must not depend on what they do.
        """
        # Without the lock: asked between all blocks of all passes, and the next time is soon.
        if not self._hurried:
            return
        me = threading.get_ident()
        with self._changed:
            if me in self._hurried or self._owner != me:
                return
            depth, self._depth, self._owner = self._depth, 0, None
            self._is_halfway = True
            self._changed.notify_all()
            try:
                self._changed.wait_for(lambda: self._owner is None and self._lets_others)
            except BaseException:
                # Ctrl-C: whoever called goes out as often as it went in, so it has to be in.
                self._changed.wait_for(lambda: self._owner is None)
                raise
            finally:
                self._owner, self._depth, self._is_halfway = me, depth, False
                self._is_owed = False

    def _wait(self, me: int) -> None:
        if self._is_open(me):
            return
        if me not in self._hurried:
            self._queue.append(me)
        try:
            self._changed.wait_for(lambda: self._is_open(me))
        finally:
            if me in self._queue:
                self._queue.remove(me)
            # Whoever was owed a turn may have given up, and the hurried wait for nobody.
            self._is_owed = self._is_owed and self._others_wait

    @property
    def _others_wait(self) -> bool:
        return self._is_halfway or bool(self._queue)

    @property
    def _lets_others(self) -> bool:
        return self._is_owed or not self._hurried

    def _is_open(self, me: int) -> bool:
        """Whether this thread may go in now."""
        if self._owner is not None:
            return False
        if me in self._hurried:
            return not self._is_owed
        is_next = not self._queue or self._queue[0] == me
        return is_next and self._lets_others and not self._is_halfway
