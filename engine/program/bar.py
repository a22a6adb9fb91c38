"""How far work is, for whoever waits at a terminal or in a notebook. Knows nothing of the work."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from engine.progress import Progress, silent


@contextmanager
def bar() -> Iterator[Progress]:
    """A progress bar on stderr, gone when the work is over."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("starting", total=None)

        def progress(done: int, total: int, message: str = "", **_metrics: float) -> None:
            shown.update(task, completed=done, total=total, description=message)

        yield progress


@contextmanager
def bar_if_seen() -> Iterator[Progress]:
    """The same where stderr is a terminal or a notebook that can draw it; else nobody is told."""
    console = Console(stderr=True)
    # Without ipywidgets a notebook would get a warning in place of a bar.
    if console.is_jupyter:
        is_seen = importlib.util.find_spec("ipywidgets") is not None
    else:
        is_seen = console.is_terminal
    if not is_seen:
        yield silent
        return
    with bar() as progress:
        yield progress
