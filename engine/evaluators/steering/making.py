"""What an operator needs at a site, and with it the edits of a row.

A target is t = m + r |v|, with m the mean projection of the usual states on v/|v|, r the target
in lengths of the vector (1 by default, 0 for a cap): for a difference of means the other side's
mean. The sign of a strength turns the vector round, except where a direction is removed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.steering.interventions import REMOVING, Intervention
from engine.errors import ConfigError
from engine.evaluators.steering.directions import Direction
from engine.evaluators.steering.usual import Usual
from engine.model.edits import Edit, TokenGate
from engine.model.operators.registry import OPERATORS
from engine.model.operators.transport import fit

TINY = 1e-12
Residuals = Mapping[Site, float]
"""Median norm of the residual stream, by site."""


@dataclass(kw_only=True, eq=False)
class Maker:
    """Makes edits of one intervention."""

    how: Intervention
    residuals: Residuals
    usual: Usual
    second: Float[Tensor, " hidden"] | None = None
    """The plane's second direction; None is the first principal one of the usual states."""
    gate: TokenGate | None = None
    _planes: dict[Site, Tensor] = field(default_factory=dict, init=False)

    def edits(
        self, directions: Mapping[Site, Direction], scale: float, is_relative: bool = False
    ) -> list[Edit]:
        """What a row changes; nothing for strength 0.

        Args:
            directions: At each site.
            scale: Strength; of adding a multiple of the vector.
            is_relative: Whether it is in units of the median residual norm, per unit vector.

        Raises:
            ConfigError: If the operator needs what the direction does not have.
        """
        if scale == 0:
            return []
        return [self._edit(site, one, scale, is_relative) for site, one in directions.items()]

    def _edit(self, site: Site, direction: Direction, scale: float, is_relative: bool) -> Edit:
        operation, strength = self.how.operation, scale
        if operation == "add":
            length = max(direction.norm, 1e-30)
            strength = scale * self.residuals[site] / length if is_relative else scale
        elif operation not in REMOVING:
            direction, strength = (direction if scale > 0 else direction.negated), abs(scale)
        return Edit(
            site=site,
            vector=direction.vector,
            scale=strength,
            operation=operation,
            positions=self.how.positions,
            preserve_norm=self.how.preserve_norm,
            parts=self._parts(site, direction),
            gate=self.gate,
        )

    def _parts(self, site: Site, direction: Direction) -> dict[str, Tensor]:
        operation = self.how.operation
        if operation in ("set", "cap", "floor"):
            return {"target": self._target(site, direction)[None, None]}
        if operation == "angular":
            return self._plane(site, direction)
        if operation == "low-rank":
            span = direction.span
            unit = direction.vector / max(direction.norm, TINY)
            return {"span": unit[None] if span is None else span}
        if operation == "transport":
            if direction.sides is None:
                raise ConfigError(
                    "Linear transport needs samples of two sides, which only contrastive and "
                    "fine-tune-difference vectors have: use one of them, or set."
                )
            gain, offset = fit(direction.sides.source, direction.sides.destination)
            return {"gain": gain[None], "offset": offset[None]}
        return {}

    def _target(self, site: Site, direction: Direction) -> Float[Tensor, ""]:
        unit = direction.vector / max(direction.norm, TINY)
        return (self.usual.last(site) @ unit).mean() + self.how.reach * direction.norm

    def _plane(self, site: Site, direction: Direction) -> dict[str, Tensor]:
        unit = direction.vector / max(direction.norm, TINY)
        other = self._second(site)
        other = other - (other @ unit) * unit
        length = float(other.norm())
        if length < 1e-3:
            raise ConfigError(
                "The second direction is the vector's own, so that they span no plane: choose "
                "another one."
            )
        other = other / length
        across = (self.usual.last(site) @ other).mean()
        angle = torch.atan2(across, self._target(site, direction))
        return {"second": other[None], "angle": angle[None, None]}

    def _second(self, site: Site) -> Float[Tensor, " hidden"]:
        if self.second is not None:
            return self.second / self.second.norm().clamp_min(TINY)
        if site not in self._planes:
            states = self.usual.last(site).double()
            rows = torch.linalg.svd(states - states.mean(0), full_matrices=False).Vh
            self._planes[site] = rows[0].float()
        return self._planes[site]

    def relative(self, directions: Mapping[Site, Direction], edits: Sequence[Edit]) -> float:
        """Norm of what is added / median residual norm at the site, the largest over sites.

        Of other operators than adding, the mean norm of the change of the usual states.
        """
        pairs = zip(directions.values(), edits, strict=False)
        return max((self._relative(one, edit) for one, edit in pairs), default=0.0)

    def _relative(self, direction: Direction, edit: Edit) -> float:
        residual = max(self.residuals[edit.site], 1e-30)
        if edit.operation == "add":
            return abs(edit.scale) * direction.norm / residual
        states = self.usual.last(edit.site)
        unit = edit.vector / edit.vector.norm().clamp_min(TINY)
        parts = {"unit": unit[None], **edit.parts}
        rows = {name: part.expand(len(states), *part.shape) for name, part in parts.items()}
        strengths = torch.full((len(states), 1, 1), float(edit.scale))
        changed = OPERATORS[edit.operation].change(states[:, None], strengths, rows)[:, 0]
        return float((changed - states).norm(dim=-1).mean()) / residual
