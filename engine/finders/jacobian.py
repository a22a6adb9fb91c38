"""The Jacobian from a vector added at a source block to the states of a target block.

Linearised once per run: the graph is built for a whole block of vectors and kept, so that each
product with J^T J costs two backward passes and no forward pass. Knows nothing of solvers.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.model.batches import Batches, Kind
from engine.model.edits import EditBatch
from engine.model.forward import Forward, Start, plain_attention

KEPT_GRAPHS = 4
"""Prompts whose graphs are held at once; with more, each is rebuilt for every product."""


class _Linearised:
    """One prompt's map, for `width` vectors at once."""

    def __init__(self, door: Forward, start: Start, target: int, last: int, width: int) -> None:
        site = Site(block=start.after)
        self.theta = torch.zeros(width, door.hidden, device=door.loaded.device, requires_grad=True)
        # Fused attention kernels have no second derivative; the plain one has.
        with plain_attention():
            edits = EditBatch.add(site, self.theta)
            self.states = door.states(start, edits, target, last)
            self.dummy = torch.zeros_like(self.states, requires_grad=True)
            (self.pulled,) = torch.autograd.grad(
                self.states, self.theta, self.dummy, create_graph=True
            )

    def gram(self, vectors: Float[Tensor, "width hidden"]) -> Float[Tensor, "width hidden"]:
        rows = vectors.to(self.theta)
        (pushed,) = torch.autograd.grad(self.pulled, self.dummy, rows, retain_graph=True)
        (back,) = torch.autograd.grad(self.states, self.theta, pushed, retain_graph=True)
        return back.float().cpu()


class Jacobian:
    """J^T J averaged over prompts, or added up, as an operator on rows."""

    def __init__(
        self,
        door: Forward,
        prompts: list[list[int]],
        source: int,
        target: int,
        last: int,
        width: int,
        is_sum: bool = False,
    ) -> None:
        """Prepare the prompts' states up to the source block.

        Args:
            door: The model.
            prompts: Token ids of each prompt.
            source: Block at whose output the vector is added, at every position.
            target: Block whose output is read.
            last: How many last positions are read.
            width: How many vectors one product takes; halved when memory runs out.
            is_sum: Whether the prompts' products are added up, not averaged.
        """
        self._starts = [door.start(tokens, source) for tokens in prompts]
        self._divisor = 1 if is_sum else len(prompts)
        self._build = lambda start: _Linearised(door, start, target, last, self.width)
        self._keeps = len(prompts) <= KEPT_GRAPHS
        self._kept: list[_Linearised] = []
        lengths = [len(tokens) for tokens in prompts]
        kind = Kind(
            job="the search",
            unit="vectors",
            keeps="curvature",
            tokens=sum(lengths) if self._keeps else max(lengths),
            blocks=target - source,
        )
        self._sizes = Batches(door.loaded, kind, width)
        self.notes: list[str] = []
        """What a reader should know of how it went."""

    @property
    def width(self) -> int:
        """How many vectors one product takes now."""
        return self._sizes.rows

    def gram(self, vectors: Float[Tensor, "vectors hidden"]) -> Float[Tensor, "vectors hidden"]:
        """Mean, or sum, over prompts of J^T J applied to each row; float32 on the CPU."""
        out = torch.zeros(vectors.shape)

        def work(part: range) -> None:
            try:
                out[part.start : part.stop] = self._one(vectors[part.start : part.stop])
            except (RuntimeError, MemoryError):
                # Graphs of this width would leave no room for narrower ones.
                self._kept.clear()
                raise

        self._sizes.over(len(vectors), work, self._remark)
        return out

    def _remark(self, note: str) -> None:
        self.notes[:] = [note]

    def _one(self, rows: Tensor) -> Tensor:
        padded = torch.zeros(self.width, rows.shape[1])
        padded[: len(rows)] = rows
        total = torch.zeros_like(padded)
        if self._keeps and not self._kept:
            self._kept = [self._build(start) for start in self._starts]
        for index, start in enumerate(self._starts):
            linear = self._kept[index] if self._keeps else self._build(start)
            total += linear.gram(padded)
        return total[: len(rows)] / self._divisor
