"""What one turn of a conversation becomes elsewhere: a grid, a contrast pair.

Knows nothing of widgets, files or pages.
"""

from dataclasses import replace
from typing import Any, NamedTuple

from engine.configs.chats import Pane, Turn
from engine.configs.core import ModelConfig, as_json
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.errors import ConfigError
from engine.records.conversations import Exchange


class Grid(NamedTuple):
    """A turn as the settings of a grid, and what a grid cannot hold of it."""

    config: dict[str, Any]
    left_out: tuple[str, ...]


def grid(turn: Turn, model: ModelConfig, has_earlier: bool) -> Grid:
    """One prompt, a column a pane.

    Args:
        turn: What was asked.
        model: Which model, with its adapters.
        has_earlier: Whether turns stand before it.

    Raises:
        ConfigError: If several vectors of a pane cannot be one column.
    """
    settings = turn.settings
    config = GenerateConfig(
        model=model,
        prompts=(turn.said,),
        system=settings.system,
        configurations=tuple(column(one) for one in turn.panes),
        max_new_tokens=settings.max_new_tokens,
        temperature=settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        seed=settings.seed,
    )
    told = {
        "the turns before it": has_earlier,
        "the answer's given beginning": bool(settings.prefill),
        "that it was raw text": settings.is_raw,
    }
    return Grid(as_json(config), tuple(words for words, is_so in told.items() if is_so))


def column(pane: Pane) -> Configuration:
    """The column of a grid that does what a pane does.

    Raises:
        ConfigError: If its vectors act in ways that no one column has.
    """
    acting = pane.columns
    if not acting:
        return Configuration(name=pane.name, adapter=pane.adapter, dose=pane.dose)
    first = replace(acting[0], name=pane.name)
    if len(acting) == 1:
        return first
    same = all(one.how == first.how and one.scale_unit == "absolute" for one in acting)
    if not same or first.operation != "add" or first.preserve_norm:
        raise ConfigError(
            f"The vectors of {pane.name!r} cannot be one column of a grid: only multiples of "
            "vectors that are added in the same way can. Switch the others off and ask again."
        )
    # Their sum, each times its own strength.
    parts = tuple(replace(one.blend[0], weight=one.scale) for one in acting)
    return replace(first, blend=_summed(parts), scale=1.0)


def _summed(parts: tuple[BlendPart, ...]) -> tuple[BlendPart, ...]:
    """The same with one part a vector."""
    found: dict[tuple[str, int], float] = {}
    for one in parts:
        found[one.digest, one.index] = found.get((one.digest, one.index), 0.0) + one.weight
    return tuple(BlendPart(digest=d, index=i, weight=w) for (d, i), w in found.items())


def pair(one: Exchange, positive: int, negative: int) -> dict[str, Any]:
    """A turn's answers of two panes as a row of a file of pairs.

    Args:
        one: The turn with its answers.
        positive: The pane whose behaviour a vector is to add.
        negative: The other pane.
    """
    row = {
        "question": one.turn.said,
        "positive": one.answered(positive),
        "negative": one.answered(negative),
    }
    system = one.turn.settings.system
    return row if system is None else {"system": system, **row}
