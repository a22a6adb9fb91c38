"""Drift: projections of a conversation's turns on vectors, beside random directions.

The whole conversation is one pass, as the model saw it before its last answer, and that answer.
Projections are of the unsteered pass: where a vector is added, the steered one would only show
that it was. A turn's figure is the mean over its tokens; the template's own tokens are no turn's.
Lu et al. 2026 (the assistant axis) follow a persona so. Knows nothing of stores.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.reads.drift import DriftAsk
from engine.configs.reads.strips import MOST_TOKENS, RANDOMS
from engine.errors import DataError
from engine.evaluators.tokens import axes as axes_of
from engine.evaluators.tokens.axes import Axis
from engine.evaluators.tokens.pieces import pieces
from engine.evaluators.tokens.spans import Span
from engine.evaluators.tokens.strips import Pointed
from engine.evaluators.tokens.turns import Laid, laid_out
from engine.evaluators.tokens.yardsticks import yardstick
from engine.model.forward import Forward
from engine.records.drift import Drift, Moved, TurnRead
from engine.records.strips import SHARE


def read(
    door: Forward,
    asked: DriftAsk,
    vectors: Sequence[Pointed],
    *,
    randoms: int = RANDOMS,
    check: Callable[[], None] = lambda: None,
) -> list[Drift]:
    """One drift a vector, all of one conversation.

    Args:
        door: The model.
        asked: The conversation, and the weights that read it.
        vectors: At least one, each with its place.
        randoms: Random directions at every block.
        check: Called between passes; may raise to stop.

    Raises:
        ConfigError: If a vector has no direction, or is not of this model.
        DataError: If the conversation is too long, or its template changes what was said.
    """
    laid = laid_out(door.loaded.prompter, asked)
    if len(laid.tokens) > MOST_TOKENS:
        raise DataError(
            f"The conversation has {len(laid.tokens):,} tokens, and a drift reads at most "
            f"{MOST_TOKENS:,}: choose an earlier turn."
        )
    door.loaded.prompter.positions.take(len(laid.tokens))
    blocks = [axes_of.read_block(one.site, one.name) for one in vectors]
    for block in blocks:
        door.check_layer(block, "block of the drift")
    check()
    axes = _axes(door, asked, vectors, blocks, randoms)
    check()
    figures = _figures(door, asked, laid.tokens, axes)
    told = pieces(door.loaded.tokenizer, laid.tokens)
    drifts = []
    for turn, one in enumerate(vectors):
        own, first = blocks[:turn].count(blocks[turn]), axes[blocks[turn]].vectors
        every = figures[blocks[turn]]
        drifts.append(_drift(asked, one, laid, told, every[:, own], every[:, first:]))
    return drifts


def _axes(
    door: Forward, asked: DriftAsk, vectors: Sequence[Pointed], blocks: Sequence[int], randoms: int
) -> dict[int, Axis]:
    """By block, its vectors in their order and the random directions."""
    sites = [Site(block=block) for block in dict.fromkeys(blocks)]
    known = yardstick(door, asked.which, sites)
    units: dict[int, list[Tensor]] = {}
    for block, one in zip(blocks, vectors, strict=True):
        units.setdefault(block, []).append(one.unit.float())
    return {
        block: axes_of.axis(known, block, own, randoms, asked.seed) for block, own in units.items()
    }


def _figures(
    door: Forward, asked: DriftAsk, tokens: Sequence[int], axes: Mapping[int, Axis]
) -> dict[int, Float[np.ndarray, "tokens directions"]]:
    """By block, figures of all tokens but the first."""
    found: dict[int, np.ndarray] = {}

    def take(_text: int, place: int, values: Float[Tensor, "tokens directions"]) -> None:
        found[list(axes)[place]] = values.numpy()

    whole = Span(tuple(tokens), 1, len(tokens))
    axes_of.project(door, [whole], list(axes.values()), take, asked.which)
    return found


def _drift(
    asked: DriftAsk,
    one: Pointed,
    laid: Laid,
    told: Sequence[str],
    values: Float[np.ndarray, " tokens"],
    random: Float[np.ndarray, "tokens randoms"],
) -> Drift:
    turns, means = [], []
    for place, (spoken, part) in enumerate(zip(asked.turns, laid.turns, strict=True)):
        # Values begin at the second token of all.
        part = slice(max(part.start, 1), part.stop)
        own = slice(part.start - 1, part.stop - 1)
        if part.stop <= part.start:
            continue
        others = random[own].astype(float).mean(axis=0)
        turns.append(
            TurnRead(
                place=place,
                role=spoken.role,
                is_steered=spoken.is_steered,
                pieces=tuple(told[part]),
                values=tuple(values[own].tolist()),
                mean=float(values[own].astype(float).mean()),
                bound=bound(others),
            )
        )
        means.append(others)
    return Drift(
        vector=one.reference,
        name=one.name,
        site=one.site.words,
        pane=asked.pane,
        turns=tuple(turns),
        moved=_moved(turns, means),
        randoms=random.shape[1],
        seed=asked.seed,
    )


def bound(others: Float[np.ndarray, " randoms"]) -> float:
    """Size below which `SHARE` of random directions lie, neither of whose signs means anything."""
    return float(np.quantile(np.abs(others), SHARE))


def _moved(
    turns: Sequence[TurnRead], means: Sequence[Float[np.ndarray, " randoms"]]
) -> Moved | None:
    answers = [place for place, one in enumerate(turns) if one.role == "assistant"]
    if len(answers) < 2:
        return None
    first, last = answers[0], answers[-1]
    value, others = turns[last].mean - turns[first].mean, means[last] - means[first]
    rank = 1 + int((np.abs(others) >= abs(value)).sum())
    return Moved(value=value, bound=bound(others), rank=rank, of=1 + len(others))
