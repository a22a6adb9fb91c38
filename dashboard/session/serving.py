"""What pages ask of the process that serves them: short pauses, and that nothing drawn is lost."""

import asyncio
import sys
import threading

from streamlit import runtime
from streamlit.delta_generator_singletons import context_dg_stack, get_default_dg_stack_value

from engine.model import collection

TURN = 0.001
"""Seconds for which one thread may hold up the others. Every part of a page that is sent makes the
server wait for its turn a few times, and a computing job takes all of each turn; Python's own
five milliseconds make half a second of that."""
PATIENCE = 10.0
"""Seconds after which a run ends anyway: its page may be half drawn then, but is not held."""


def prepare() -> None:
    """Make this process one that answers while it computes; where it serves nothing, do nothing."""
    if _loop() is not None:
        sys.setswitchinterval(TURN)
        collection.keep_short()


def begin() -> None:
    """At the top of every run: draw into the page, wherever the run before it was drawing.

    A part of the sidebar that looks again by itself leaves its thread drawing there. A click that
    comes while such a look ends is drawn by the same thread: the page stood in the sidebar then,
    and its own place was white until the next click.
    """
    context_dg_stack.set(get_default_dg_stack_value())


def deliver(seconds: float = PATIENCE) -> bool:
    """Wait until the server has taken over all that this run of a page has drawn.

    Streamlit queues what a script draws on its event loop, and drops what still waits there when
    another run of the same session begins. The timer of a fragment may begin one at any moment: on
    a busy machine a page then stayed half drawn until the next click.

    Args:
        seconds: After which it is given up.

    Returns:
        Whether all was taken over.
    """
    loop = _loop()
    if loop is None:
        return True
    is_taken = threading.Event()
    # The loop does what it is asked for in the order in which it was asked.
    loop.call_soon_threadsafe(is_taken.set)
    return is_taken.wait(seconds)


def _loop() -> asyncio.AbstractEventLoop | None:
    """The server's event loop, None without a server."""
    if not runtime.exists():
        return None
    # Streamlit has no public name for it.
    parts = getattr(runtime.get_instance(), "_async_objs", None)
    loop = getattr(parts, "eventloop", None)
    return loop if isinstance(loop, asyncio.AbstractEventLoop) else None
