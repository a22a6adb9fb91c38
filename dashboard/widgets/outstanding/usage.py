"""Whether a vector was talked with or written with. Draws nothing."""

from collections.abc import Sequence
from typing import Any

from dashboard.session import resources
from engine.configs.chats import Pane
from engine.errors import EngineError

SEARCHED = 60
"""Newest conversations and grids that are looked through."""


def acts(panes: Sequence[Pane], reference: str) -> bool:
    """Whether a vector changes what a pane says.

    Args:
        panes: Of one exchange.
        reference: DIGEST:INDEX.
    """
    acting = (part for pane in panes for column in pane.columns for part in column.blend)
    return any(f"{part.digest}:{part.index}" == reference for part in acting)


def uses(column: dict[str, Any], digest: str, index: int) -> bool:
    """Whether a column of a grid changes something by this vector."""
    parts = [(part["digest"], part["index"]) for part in column["blend"] if part["weight"] != 0]
    return column["scale"] != 0 and (digest, index) in parts


def is_talked_with(reference: str) -> bool:
    """Whether it acted in one of the newest conversations."""
    for info in resources.records("conversation")[:SEARCHED]:
        try:
            talk = resources.conversation(info.digest)
        except EngineError:
            # The library says that it is damaged.
            continue
        if talk is not None and any(acts(one.turn.panes, reference) for one in talk.exchanges):
            return True
    return False


def is_written_with(reference: str) -> bool:
    """Whether a column of one of the newest grids uses it."""
    digest, _, index = reference.partition(":")
    configs = (
        resources.header(info.digest, info.path)["config"]
        for info in resources.records("generation")[:SEARCHED]
    )
    return any(
        uses(column, digest, int(index)) for one in configs for column in one["configurations"]
    )
