"""What a model writes to held-out prompts, steered by cells whose strength is known.

Greedy, batch of cells by batch; a killed run goes on from the batches that it finished. Knows
nothing of how a strength was found and of who judges.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.configs.steering.interventions import Operation
from engine.evaluators import aiming, text_figures
from engine.evaluators.cells import end_tokens
from engine.evaluators.equal_cost import cells
from engine.evaluators.sweeps import Units
from engine.model.edits import Edit
from engine.model.forward import Forward
from engine.progress import Progress
from engine.records.records import Question, VectorSet

CELLS_AT_ONCE = 16
"""Of one batch, which is also what a stopped run keeps."""
NOTHING = -1


class Pick(NamedTuple):
    """One cell whose texts are wanted."""

    operation: Operation
    vector_set: str
    vector: int
    strength: float
    """With its sign."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Prompts, and how long answers may be."""

    prompts: Sequence[str]
    system: str | None
    most: int
    """Tokens."""


def edits_of(
    door: Forward,
    config: EqualCostConfig,
    sets: Sequence[VectorSet],
    questions: Sequence[Question],
    picks: Sequence[Pick],
) -> list[list[Edit]]:
    """What each cell changes, pointed as the comparison pointed it.

    Raises:
        EngineError: If the comparison could not be made either.
    """
    ground = aiming.ground(door, config.sweep, sets, questions)
    makers: dict[Operation, Mapping[tuple[str, int], cells.Turn]] = {}
    for name in dict.fromkeys(pick.operation for pick in picks):
        turns = cells.turns(aiming.aimed(ground, config.sweep, name))
        makers[name] = {(turn.aim.vector_set, turn.aim.vector): turn for turn in turns}
    return [
        makers[pick.operation][pick.vector_set, pick.vector].edits(pick.strength) for pick in picks
    ]


def written(
    door: Forward,
    config: EqualCostConfig,
    rows: Sequence[Sequence[Edit]],
    asked: Asked,
    progress: Progress,
    units: Units,
) -> list[list[str]]:
    """Texts of every row, one per prompt; a row without edits is the unsteered model.

    Args:
        door: The model.
        config: Tells the weights that answer.
        rows: What each cell changes.
        asked: Prompts and longest answer.
        progress: Called after every token; may raise to stop.
        units: Keep finished batches.
    """
    prompter = door.loaded.prompter
    prompts = [prompter.tokens(one, asked.system, more=asked.most) for one in asked.prompts]
    tokens: list[np.ndarray] = []
    for first in range(0, len(rows), CELLS_AT_ONCE):
        part = rows[first : first + CELLS_AT_ONCE]
        words = f"texts: {first} of {len(rows)} cells"

        def tick(_count: int, first: int = first, words: str = words) -> None:
            progress(first, len(rows), words)

        tick(0)
        name = f"texts{first}-{first + len(part)}"
        kept = units.load_arrays(name)
        if kept is None:
            kept = {"tokens": _batch(door, config, part, prompts, asked.most, tick)}
            units.save_arrays(name, kept)
        tokens.append(kept["tokens"])
    progress(len(rows), len(rows), "texts are written")
    decode, every = door.loaded.tokenizer.decode, np.concatenate(tokens)
    return [
        [decode(one[one != NOTHING].tolist(), skip_special_tokens=True) for one in row]
        for row in every
    ]


def _batch(
    door: Forward,
    config: EqualCostConfig,
    rows: Sequence[Sequence[Edit]],
    prompts: list[list[int]],
    most: int,
    tick: Callable[[int], None],
) -> np.ndarray:
    """Tokens `[cells, prompts, most]`, filled up with `NOTHING`."""
    # Rows that share a prompt stand together: what lies before their edits is run once.
    places = [(cell, text) for text in range(len(prompts)) for cell in range(len(rows))]
    answers = text_figures.greedy(
        door,
        [prompts[text] for _, text in places],
        end_tokens(door),
        most,
        tick,
        adapter=config.sweep.which,
        edits=[rows[cell] for cell, _ in places],
    )
    found = np.full((len(rows), len(prompts), most), NOTHING, dtype=np.int32)
    for (cell, text), answer in zip(places, answers, strict=True):
        found[cell, text, : len(answer)] = answer
    return found
