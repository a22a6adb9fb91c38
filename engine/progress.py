"""How long work reports where it is. Knows nothing of threads, files or screens."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Progress(Protocol):
    """Called between units of work; raises `Cancelled` when the user asked to stop."""

    def __call__(self, done: int, total: int, message: str = "", **metrics: float) -> None:
        """Report `done` of `total` units; `metrics` are figures to plot while it runs."""


def silent(done: int, total: int, message: str = "", **metrics: float) -> None:  # noqa: ARG001
    """Report to nobody."""
