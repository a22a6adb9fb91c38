"""Writing that goes on while its caller computes: one thread, in the order of the calls.

Knows nothing of what is written. The calls that write are atomic themselves, so that a process
killed at any moment loses what waits here and nothing else.
"""

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

AHEAD = 2
"""Calls that may wait: what they hold must not pile up when the disk is slow."""


class Stream:
    """Hands calls to one background thread; leaving the context waits until all are done.

    A call that failed ends the stream: its error is raised by the next call or on leaving, unless
    another error is on its way already; calls after it are not made.
    """

    def __init__(self, write: Callable[..., object]) -> None:
        """Stream calls of `write`; the thread starts with the first one."""
        self._write = write
        self._waiting: queue.Queue[tuple[Any, ...] | None] = queue.Queue(AHEAD)
        self._thread: threading.Thread | None = None
        self._failed: BaseException | None = None

    def __enter__(self) -> "Stream":
        """Begin; nothing is started before the first call."""
        return self

    def __call__(self, *arguments: Any) -> None:
        """Write `arguments` later, which the caller must not change any more.

        Raises:
            BaseException: Whatever an earlier call raised.
        """
        self._raise_failure()
        if self._thread is None:
            # A daemon, so that a process that is told to end does not wait for a broken disk.
            self._thread = threading.Thread(target=self._serve, name="stream", daemon=True)
            self._thread.start()
        self._waiting.put(arguments)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for what is left, also after a cancel or an error."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None
        if error is None:
            self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failed is not None:
            raise self._failed

    def _serve(self) -> None:
        while (arguments := self._waiting.get()) is not None:
            if self._failed is not None:
                continue
            try:
                self._write(*arguments)
            # It is raised again where the caller can see it.
            except BaseException as failure:  # noqa: BLE001
                self._failed = failure
