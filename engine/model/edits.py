"""Interventions as values: what to change in the residual stream, one list of edits per row.

Knows nothing of models. `forward` asks an `EditBatch` to change a hidden state and nothing else
ever touches the model. What a change is stands in `operators`.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.steering.interventions import Operation
from engine.configs.steering.windows import Window, window
from engine.errors import ConfigError
from engine.model.operators.gates import PromptGate as PromptGate
from engine.model.operators.gates import TokenGate as TokenGate
from engine.model.operators.registry import OPERATORS

NO_BLOCK = 10**9
"""Stands for the first edited block of a row that has no edit."""
MANY_OFF = 0.25
"""Share of rows left as they are from which the others are changed on their own."""


def reached_block(site: Site) -> int:
    """The block whose output an edit at this site changes; -1 is the embedding."""
    return site.block - (site.kind == "block_in")


@dataclass(frozen=True, kw_only=True, eq=False)
class Edit:
    """One change of one row at one site."""

    site: Site
    vector: Float[Tensor, " hidden"]
    scale: float
    """The operator's strength; 0 leaves the row as it is, bit for bit."""
    operation: Operation = "add"
    positions: str = "all"
    preserve_norm: bool = False
    """Rescale every changed position to the norm it had."""
    parts: Mapping[str, Float[Tensor, "some features"]] = field(default_factory=dict)
    """What the operator needs beside the vector, by the names in `operators.registry`."""
    gate: TokenGate | None = None
    """Where it may act; None is everywhere."""

    @property
    def window(self) -> Window:
        """Which positions it changes."""
        return window(self.positions)


class _Kind(NamedTuple):
    """What edits share that are made together."""

    site: Site
    operation: Operation
    positions: str
    preserve_norm: bool
    gate: TokenGate | None

    @classmethod
    def of(cls, edit: Edit) -> "_Kind":
        """What this edit shares with others."""
        return cls(edit.site, edit.operation, edit.positions, edit.preserve_norm, edit.gate)

    @property
    def adds_up(self) -> bool:
        """Whether several of one row are their sum."""
        return OPERATORS[self.operation].adds_up and not self.preserve_norm


@dataclass(frozen=True, kw_only=True, eq=False)
class SiteEdits:
    """Edits of many rows that share everything but vector and strength."""

    site: Site
    parts: Mapping[str, Float[Tensor, "rows some features"]]
    """What the operator needs, by name; "add": vectors already multiplied by their strengths."""
    scales: Float[Tensor, " rows"]
    """Strengths. Zero leaves the row as it is, bit for bit."""
    operation: Operation = "add"
    positions: str = "all"
    preserve_norm: bool = False
    gate: TokenGate | None = None

    @functools.cached_property
    def _on(self) -> Bool[Tensor, " rows"]:
        return self.scales != 0

    @functools.cached_property
    def _chosen(self) -> Tensor | None:
        """Places of the rows that are changed, where most are not."""
        on = self._on
        return on.nonzero()[:, 0] if float(on.float().mean()) < 1 - MANY_OFF else None

    @functools.cached_property
    def _all_on(self) -> bool:
        return bool(self._on.all())

    def to(self, device: torch.device) -> "SiteEdits":
        """The same on a device, so that no block waits for a copy."""
        parts = {name: part.to(device) for name, part in self.parts.items()}
        return replace(self, parts=parts, scales=self.scales.to(device))

    def take(self, rows: slice | Sequence[int] | Tensor) -> "SiteEdits":
        """The same for some rows, in that order."""
        at = rows if isinstance(rows, slice | Tensor) else torch.tensor(list(rows))
        parts = {name: part[at] for name, part in self.parts.items()}
        return replace(self, parts=parts, scales=self.scales[at])

    def spread(self, places: Sequence[int], rows: int) -> "SiteEdits":
        """The same at some places among `rows`, of which the others are left as they are."""
        index = torch.tensor(list(places))

        def wide(part: Tensor) -> Tensor:
            found = part.new_zeros(rows, *part.shape[1:])
            found[index] = part
            return found

        parts = {name: wide(part) for name, part in self.parts.items()}
        return replace(self, parts=parts, scales=wide(self.scales))

    def apply(
        self,
        hidden: Float[Tensor, "rows tokens hidden"],
        first: int,
        prompt_length: int,
        is_open: Bool[Tensor, "rows tokens"] | None = None,
    ) -> Float[Tensor, "rows tokens hidden"]:
        """The hidden state after the edit.

        Args:
            hidden: States of positions `first`, `first + 1`, ...
            first: Position of the first token given.
            prompt_length: Tokens in the prompt, counted from position 0.
            is_open: Where its gate opens, for the same positions; None is everywhere.
        """
        span = window(self.positions)
        stop = span.end(prompt_length)
        begin = max(span.begin(prompt_length) - first, 0)
        end = hidden.shape[1] if stop is None else min(hidden.shape[1], stop - first)
        if begin >= end:
            return hidden
        part = hidden[:, begin:end]
        changed = self._change(part)
        if is_open is not None:
            changed = torch.where(is_open[:, begin:end, None], changed, part)
        if begin == 0 and end == hidden.shape[1]:
            return changed
        return torch.cat([hidden[:, :begin], changed, hidden[:, end:]], dim=1)

    def _change(self, part: Float[Tensor, "rows some hidden"]) -> Float[Tensor, "rows some hidden"]:
        chosen = self._chosen
        if chosen is not None:
            if not len(chosen):
                return part
            chosen = chosen.to(part.device)
            return part.index_copy(0, chosen, self.take(chosen)._change(part[chosen]))
        # float32: a small vector added to a large bfloat16 state would be rounded twice.
        state = part.float()
        parts = {name: one.to(state) for name, one in self.parts.items()}
        strengths = self.scales.to(state)[:, None, None]
        operator = OPERATORS[self.operation]
        changed = operator.change(state, strengths, parts)
        if self.preserve_norm:
            norms = state.norm(dim=-1, keepdim=True)
            changed = changed * norms / changed.norm(dim=-1, keepdim=True).clamp_min(1e-12)
        # Rows that only add have a zero vector where they are left alone.
        if not self._all_on and not (operator.adds_up and not self.preserve_norm):
            changed = torch.where(self._on.to(state.device)[:, None, None], changed, state)
        return changed.to(part.dtype)


@dataclass(frozen=True, kw_only=True, eq=False)
class EditBatch:
    """All edits of one batch."""

    rows: int
    groups: tuple[SiteEdits, ...] = ()
    _opened: dict[TokenGate, tuple[int, Tensor]] = field(default_factory=dict, init=False)
    """Of the pass under way: where each gate opens, from which position on."""

    @classmethod
    def none(cls, rows: int) -> "EditBatch":
        """A batch in which no row is edited."""
        return cls(rows=rows)

    @classmethod
    def add(
        cls, site: Site, deltas: Float[Tensor, "rows hidden"], positions: str = "all"
    ) -> "EditBatch":
        """One vector per row added at one site; `deltas` may require a gradient."""
        scales, parts = torch.ones(len(deltas)), {"vector": deltas[:, None]}
        group = SiteEdits(site=site, parts=parts, scales=scales, positions=positions)
        return cls(rows=len(deltas), groups=(group,))

    @classmethod
    def stack(cls, rows: Sequence[Sequence[Edit]]) -> "EditBatch":
        """One list of edits per row, put together by site, operation, positions and gate.

        What one row changes at one block is added up (add), or made in the row's own order.
        """
        slots: dict[tuple[int, _Kind], list[tuple[int, Edit]]] = {}
        for row, edits in enumerate(rows):
            # Of each block: how many changes of this row came before, and the latest one's kind.
            latest: dict[int, tuple[int, _Kind | None]] = {}
            for edit in edits:
                kind = _Kind.of(edit)
                turn, before = latest.get(reached_block(edit.site), (-1, None))
                turn += not (kind == before and kind.adds_up)
                latest[reached_block(edit.site)] = turn, kind
                slots.setdefault((turn, kind), []).append((row, edit))
        in_turn = sorted(slots.items(), key=lambda slot: slot[0][0])
        groups = tuple(_stacked(kind, members, len(rows)) for (_, kind), members in in_turn)
        return cls(rows=len(rows), groups=groups)

    @property
    def lowest_block(self) -> int:
        """The last block whose output no edit changes or reads; -1 is the embedding."""
        return min((_first_block(g.site, g.gate) for g in self.groups), default=NO_BLOCK)

    def to(self, device: torch.device) -> "EditBatch":
        """The same on a device."""
        return EditBatch(rows=self.rows, groups=tuple(g.to(device) for g in self.groups))

    def select(self, rows: slice | Sequence[int]) -> "EditBatch":
        """The same edits for some rows only."""
        count = len(range(*rows.indices(self.rows))) if isinstance(rows, slice) else len(rows)
        return EditBatch(rows=count, groups=tuple(g.take(rows) for g in self.groups))

    def spread(self, places: Sequence[int], rows: int) -> "EditBatch":
        """The same edits at some places among `rows`, of which the others are left as they are."""
        return EditBatch(rows=rows, groups=tuple(g.spread(places, rows) for g in self.groups))

    def at(
        self,
        hidden: Float[Tensor, "rows tokens hidden"],
        block: int,
        first: int,
        prompt_length: int,
    ) -> Float[Tensor, "rows tokens hidden"]:
        """The output of `block` after all edits that fall there.

        The input of block b and the output of block b-1 are one place. Adding at the MLP's
        output equals adding at the block's, because nothing lies between it and the residual sum.
        """
        for gate in dict.fromkeys(g.gate for g in self.groups):
            if gate is not None and gate.block == block:
                self._opened[gate] = first, gate.opens(hidden)
        for group in self.groups:
            if reached_block(group.site) == block:
                is_open = self._open(group.gate, first, hidden.shape[1])
                hidden = group.apply(hidden, first, prompt_length, is_open)
        return hidden

    def _open(self, gate: TokenGate | None, first: int, count: int) -> Tensor | None:
        """Where a gate opens at some positions; the last block may be asked for fewer."""
        if gate is None:
            return None
        begin, is_open = self._opened[gate]
        return is_open[:, first - begin : first - begin + count]


def _first_block(site: Site, gate: TokenGate | None) -> int:
    return min(reached_block(site), NO_BLOCK if gate is None else gate.block)


def first_edited(edits: Sequence[Edit]) -> int:
    """The first block whose output a row's edits change or read; `NO_BLOCK` without edits."""
    return min((_first_block(edit.site, edit.gate) for edit in edits), default=NO_BLOCK)


def _stacked(kind: _Kind, members: list[tuple[int, Edit]], rows: int) -> SiteEdits:
    _check(kind)
    width, scales = len(members[0][1].vector), torch.zeros(rows)
    operator = OPERATORS[kind.operation]
    parts: dict[str, Tensor] = {}
    for row, edit in members:
        # Of what adds up the strengths are in the vectors: one of 0 must not switch off the others.
        is_on = edit.scale != 0 or bool(scales[row])
        scales[row] = float(is_on) if operator.adds_up else edit.scale
        for name, value in _parts_of(edit, operator.needs).items():
            if name not in parts:
                height = max(len(one.parts.get(name, value)) for _, one in members)
                parts[name] = torch.zeros(rows, height, value.shape[-1])
            if operator.adds_up:
                parts[name][row, 0] += value[0]
            else:
                parts[name][row, : len(value)] = value
    assert all(part.shape[-1] in (1, width) for part in parts.values())
    return SiteEdits(parts=parts, scales=scales, **kind._asdict())


def _check(kind: _Kind) -> None:
    """Refuse what cannot be done.

    Raises:
        ConfigError: In one sentence.
    """
    if kind.site.kind == "mlp_out" and kind.operation != "add":
        what = "Ablation" if kind.operation == "ablate" else f"The operation {kind.operation}"
        raise ConfigError(
            f"{what} at an MLP's output is not possible: choose the output of the block."
        )
    window(kind.positions)
    if isinstance(kind.gate, PromptGate):
        raise TypeError("A prompt gate is decided before its text is run.")
    if kind.gate is not None and kind.gate.block > reached_block(kind.site):
        raise ConfigError(
            f"The condition is read at block {kind.gate.block}, after the change at the "
            f"{kind.site.words}: read it there or before."
        )


def _parts_of(edit: Edit, needs: Sequence[str]) -> dict[str, Float[Tensor, "some features"]]:
    """What an operator needs of one row, in float32 on the CPU."""
    vector = edit.vector.detach().float().cpu()
    own = {
        "vector": (edit.scale * vector)[None],
        "unit": (vector / vector.norm().clamp_min(1e-12))[None],
    }
    given = {name: part.detach().float().cpu() for name, part in edit.parts.items()}
    return {name: (given | own if name == "vector" else own | given)[name] for name in needs}
