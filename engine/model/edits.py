"""Interventions as values: what to change in the residual stream, one list of edits per row.

Knows nothing of models. `forward` asks an `EditBatch` to change a hidden state and nothing else
ever touches the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.errors import ConfigError

Operation = Literal["add", "ablate"]


def first_position(positions: str, prompt_length: int) -> int | None:
    """The first position an edit reaches, or None for an edit of the prompt only.

    Args:
        positions: "all", "prompt", "response" (the last prompt position and every generated
            one) or "last-K" (the last K prompt positions and every generated one).
        prompt_length: Tokens in the prompt.
    """
    if positions in ("all", "prompt"):
        return 0
    if positions == "response":
        return prompt_length - 1
    head, _, count = positions.partition("-")
    if head == "last" and count.isdecimal() and int(count) > 0:
        return max(0, prompt_length - int(count))
    raise ConfigError(
        f"Positions {positions!r} are not known: use all, prompt, response or last-K, as last-4."
    )


NO_BLOCK = 10**9
"""Stands for the first edited block of a row that has no edit."""


def reached_block(site: Site) -> int:
    """The block whose output an edit at this site changes; -1 is the embedding."""
    return site.block - (site.kind == "block_in")


@dataclass(frozen=True, kw_only=True, eq=False)
class Edit:
    """One change of one row at one site."""

    site: Site
    vector: Float[Tensor, " hidden"]
    scale: float
    operation: Operation = "add"
    """add: h + scale v. ablate: h - scale (h.v/|v|) v/|v|."""
    positions: str = "all"
    preserve_norm: bool = False
    """Rescale every changed position to the norm it had."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SiteEdits:
    """Edits of many rows that share everything but vector and scale."""

    site: Site
    vectors: Float[Tensor, "rows hidden"]
    """add: already multiplied by the scale. ablate: unit directions."""
    scales: Float[Tensor, " rows"]
    """Zero leaves the row as it is, bit for bit."""
    operation: Operation = "add"
    positions: str = "all"
    preserve_norm: bool = False

    def apply(
        self,
        hidden: Float[Tensor, "rows tokens hidden"],
        first: int,
        prompt_length: int,
    ) -> Float[Tensor, "rows tokens hidden"]:
        """The hidden state after the edit.

        Args:
            hidden: States of positions `first`, `first + 1`, ...
            first: Position of the first token given.
            prompt_length: Tokens in the prompt, counted from position 0.
        """
        begin = max((first_position(self.positions, prompt_length) or 0) - first, 0)
        end = hidden.shape[1]
        if self.positions == "prompt":
            end = min(end, prompt_length - first)
        if begin >= end:
            return hidden
        changed = self._change(hidden[:, begin:end])
        if begin == 0 and end == hidden.shape[1]:
            return changed
        return torch.cat([hidden[:, :begin], changed, hidden[:, end:]], dim=1)

    def _change(self, part: Float[Tensor, "rows some hidden"]) -> Float[Tensor, "rows some hidden"]:
        # float32: a small vector added to a large bfloat16 state would be rounded twice.
        state = part.float()
        vectors = self.vectors.to(state.device)[:, None, :].to(state.dtype)
        if self.operation == "add":
            changed = state + vectors
        else:
            scales = self.scales.to(state)[:, None, None]
            changed = state - scales * (state * vectors).sum(-1, keepdim=True) * vectors
        if self.preserve_norm:
            norms = state.norm(dim=-1, keepdim=True)
            scaled = changed * norms / changed.norm(dim=-1, keepdim=True).clamp_min(1e-12)
            is_on = (self.scales != 0).to(state.device)[:, None, None]
            changed = torch.where(is_on, scaled, state)
        return changed.to(part.dtype)


@dataclass(frozen=True, kw_only=True, eq=False)
class EditBatch:
    """All edits of one batch."""

    rows: int
    groups: tuple[SiteEdits, ...] = ()

    @classmethod
    def none(cls, rows: int) -> "EditBatch":
        """A batch in which no row is edited."""
        return cls(rows=rows)

    @classmethod
    def add(
        cls, site: Site, deltas: Float[Tensor, "rows hidden"], positions: str = "all"
    ) -> "EditBatch":
        """One vector per row added at one site; `deltas` may require a gradient."""
        scales = torch.ones(len(deltas))
        group = SiteEdits(site=site, vectors=deltas, scales=scales, positions=positions)
        return cls(rows=len(deltas), groups=(group,))

    @classmethod
    def stack(cls, rows: Sequence[Sequence[Edit]]) -> "EditBatch":
        """One list of edits per row, put together by site, operation and positions.

        Edits of one row at one site are added up (add) or done one after the other (ablate).
        """
        slots: dict[tuple[Site, Operation, str, bool, int], list[tuple[int, Edit]]] = {}
        for row, edits in enumerate(rows):
            seen: dict[tuple[Site, Operation, str, bool], int] = {}
            for edit in edits:
                key = (edit.site, edit.operation, edit.positions, edit.preserve_norm)
                turn = seen.get(key, 0)
                seen[key] = turn + 1
                slot = 0 if edit.operation == "add" and not edit.preserve_norm else turn
                slots.setdefault((*key, slot), []).append((row, edit))
        groups = tuple(_stacked(key[:4], members, len(rows)) for key, members in slots.items())
        return cls(rows=len(rows), groups=groups)

    @property
    def lowest_block(self) -> int:
        """The last block whose output no edit changes; -1 when even the embedding may change."""
        return min((reached_block(g.site) for g in self.groups), default=NO_BLOCK)

    def select(self, rows: slice) -> "EditBatch":
        """The same edits for some rows only."""
        groups = tuple(
            SiteEdits(
                site=g.site,
                vectors=g.vectors[rows],
                scales=g.scales[rows],
                operation=g.operation,
                positions=g.positions,
                preserve_norm=g.preserve_norm,
            )
            for g in self.groups
        )
        return EditBatch(rows=len(range(*rows.indices(self.rows))), groups=groups)

    def spread(self, places: Sequence[int], rows: int) -> "EditBatch":
        """The same edits at some places among `rows`, of which the others are left as they are."""
        index = torch.tensor(list(places))

        def wide(group: SiteEdits) -> SiteEdits:
            vectors = group.vectors.new_zeros(rows, group.vectors.shape[1])
            scales = group.scales.new_zeros(rows)
            vectors[index], scales[index] = group.vectors, group.scales
            return replace(group, vectors=vectors, scales=scales)

        return EditBatch(rows=rows, groups=tuple(wide(group) for group in self.groups))

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
        for group in self.groups:
            if reached_block(group.site) == block:
                hidden = group.apply(hidden, first, prompt_length)
        return hidden


def first_edited(edits: Sequence[Edit]) -> int:
    """The first block whose output a row's edits change; `NO_BLOCK` without edits."""
    return min((reached_block(edit.site) for edit in edits), default=NO_BLOCK)


def _stacked(
    key: tuple[Site, Operation, str, bool], members: list[tuple[int, Edit]], rows: int
) -> SiteEdits:
    site, operation, positions, preserve_norm = key
    if operation == "ablate" and site.kind == "mlp_out":
        raise ConfigError(
            "Ablation at an MLP's output is not possible: choose the output of the block."
        )
    first_position(positions, 1)
    vectors = torch.zeros(rows, len(members[0][1].vector))
    scales = torch.zeros(rows)
    for row, edit in members:
        vector = edit.vector.detach().float().cpu()
        if operation == "add":
            vectors[row] += edit.scale * vector
        else:
            vectors[row] = vector / vector.norm().clamp_min(1e-12)
        scales[row] = 1.0 if operation == "add" and edit.scale != 0 else edit.scale
    return SiteEdits(
        site=site,
        vectors=vectors,
        scales=scales,
        operation=operation,
        positions=positions,
        preserve_norm=preserve_norm,
    )
