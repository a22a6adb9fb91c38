"""Gates: where a condition vector's projection lets an intervention act.

A gate for each token is read in the steered pass itself. A gate for a whole prompt is decided on
the unsteered model before the pass: z of the prompt's mean state, as Lee et al. 2024 (arXiv
2409.05907) decide from pooled states. A text whose gate stays shut is not touched at all.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor

from engine.configs.core import Site
from engine.configs.steering.doses import Which
from engine.configs.steering.gates import Gate
from engine.errors import ConfigError
from engine.evaluators.steering.directions import stored_vector
from engine.evaluators.steering.usual import Usual, pooled
from engine.model.edits import Edit, EditBatch, PromptGate, TokenGate
from engine.model.forward import Forward
from engine.records.records import VectorSet


def gate_at(
    gate: Gate | None, sets: Mapping[str, VectorSet], door: Forward, usual: Usual
) -> TokenGate | None:
    """The gate of an intervention, with its condition vector and what is usual there.

    Raises:
        ConfigError: If the vector or the block does not exist.
    """
    if gate is None:
        return None
    door.check_layer(gate.block, "block of the condition")
    found = sets[gate.digest]
    if gate.index >= len(found.vectors):
        raise ConfigError(
            f"The condition is vector {gate.index} of {gate.digest}, which has vectors 0 to "
            f"{len(found.vectors) - 1}: choose one of them."
        )
    vector = stored_vector(found, gate.index)
    if len(vector) != door.hidden:
        raise ConfigError(
            f"The condition vector has width {len(vector)}, but the model has hidden size "
            f"{door.hidden}: use a vector found on this model."
        )
    unit, site = vector / vector.norm().clamp_min(1e-12), Site(block=gate.block)
    states = usual.pooled(site) if gate.per == "prompt" else usual.tokens(site)
    along = states @ unit
    kind = PromptGate if gate.per == "prompt" else TokenGate
    return kind(
        block=gate.block,
        unit=unit,
        mean=float(along.mean()),
        sd=float(along.std()),
        level=gate.level,
        is_above=gate.is_above,
    )


@dataclass(kw_only=True, eq=False)
class SteeredRows:
    """The edits of many rows, for any text: a prompt gate opens for one and not for another."""

    door: Forward
    rows: Sequence[Sequence[Edit]]
    adapter: Which = True
    _batches: dict[tuple[bool, ...], EditBatch] = field(default_factory=dict, init=False)

    @functools.cached_property
    def gates(self) -> list[PromptGate]:
        """Those that are decided before a text is run, each once."""
        found = [e.gate for row in self.rows for e in row if isinstance(e.gate, PromptGate)]
        return list(dict.fromkeys(found))

    def on(self, prompt: list[int]) -> EditBatch:
        """The batch for a text with this prompt; the same object where the same gates open."""
        gates = self.gates
        open_now = _open(self.door, gates, prompt, self.adapter)
        key = tuple(open_now[gate] for gate in gates)
        if key not in self._batches:
            rows = [decided(row, open_now) for row in self.rows]
            self._batches[key] = EditBatch.stack(rows).to(self.door.loaded.device)
        return self._batches[key]


def by_prompt(
    door: Forward,
    prompts: Sequence[list[int]],
    rows: Sequence[Sequence[Edit]],
    adapter: Which,
) -> list[list[Edit]]:
    """Every row's edits on its own prompt, once its prompt gates are decided."""
    known: dict[tuple[int, ...], dict[PromptGate, bool]] = {}
    found = []
    for prompt, row in zip(prompts, rows, strict=True):
        gates = [edit.gate for edit in row if isinstance(edit.gate, PromptGate)]
        seen = known.setdefault(tuple(prompt), {})
        lacking = [gate for gate in dict.fromkeys(gates) if gate not in seen]
        seen |= _open(door, lacking, prompt, adapter)
        found.append(decided(row, seen))
    return found


def decided(row: Sequence[Edit], open_now: Mapping[PromptGate, bool]) -> list[Edit]:
    """The edits whose prompt gate opens, without it, and those that have none."""
    return [
        replace(edit, gate=None) if isinstance(edit.gate, PromptGate) else edit
        for edit in row
        if not isinstance(edit.gate, PromptGate) or open_now[edit.gate]
    ]


def _open(
    door: Forward, gates: Sequence[PromptGate], prompt: list[int], adapter: Which
) -> dict[PromptGate, bool]:
    if not gates:
        return {}
    sites = [Site(block=block) for block in dict.fromkeys(gate.block for gate in gates)]
    states: dict[Site, Tensor] = door.capture(prompt, sites, adapter)
    means = {site.block: pooled(state) for site, state in states.items()}
    return {gate: bool(gate.opens(means[gate.block][None, None])) for gate in gates}
