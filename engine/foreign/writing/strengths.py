"""Strengths of a sweep as multiples of its vectors. Knows nothing of files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.configs.core import Site
from engine.errors import ConfigError
from engine.records import steered
from engine.records.records import EvaluationHead, measured
from engine.statistics.cells import CONTROL

UNKNOWN = (
    "The study's scales are multiples of the vector, and this record does not keep the norms its "
    "shares are of: use csv, or measure again."
)
DIGITS = 6
"""Of a multiple worked out from norms, so that vectors of one length share their scales."""


@dataclass(frozen=True, kw_only=True)
class Strengths:
    """What one unit of a sweep's scale is of each vector."""

    units: Mapping[tuple[str, int], float] | None
    """Multiple of the vector that a scale of 1 is, by set ("control") and index; None where
    scales are multiples already."""

    @classmethod
    def of(cls, found: EvaluationHead) -> "Strengths":
        """Those of a sweep in which vectors were added.

        A relative scale s adds s R v / |v|, with R the median residual norm at the site, which the
        record keeps: that is s R / |v| times the vector.

        Raises:
            ConfigError: If scales are relative, and R, |v| or the site is not one figure on record.
        """
        if found.config.get("scale_unit") != "relative":
            return cls(units=None)
        layers = steered.of_config(found.config).layers
        if layers != "own" and (isinstance(layers, str) or len(layers) > 1):
            raise ConfigError(
                "The study's rows have one scale, and here every block had its own, a share of its "
                "residual norm: use csv."
            )
        used = None if isinstance(layers, str) else Site(block=layers[0])
        answers = found.model.get("answers")
        residuals = (answers if isinstance(answers, dict) else {}).get("residual_norms") or {}
        units = {}
        for key, (site, norm) in _places(found).items():
            residual = residuals.get((used or site).words)
            if residual is not None and norm > 0:
                units[key] = float(residual) / norm
        untold = bool(found.config.get("controls")) and not found.controls
        if untold or not set(measured(found.config, found.vector_names)) <= set(units):
            raise ConfigError(UNKNOWN)
        return cls(units=units)

    def multiple(self, vector_set: str, index: int, row: Mapping[str, Any]) -> float:
        """Of the vector that a row added.

        Raises:
            ConfigError: If the record does not keep what that takes.
        """
        scale = float(row["scale"])
        if self.units is None or scale == 0:
            return scale
        unit = self.units.get((vector_set, index))
        if unit is None:
            raise ConfigError(UNKNOWN)
        return float(f"{scale * unit:.{DIGITS}g}")


def _places(found: EvaluationHead) -> dict[tuple[str, int], tuple[Site, float]]:
    """Site and norm of every vector and control, as far as the record tells."""
    told = {**found.vector_names, CONTROL: found.controls}
    return {
        (name, index): (Site(**site), float(norm))
        for name, one in told.items()
        for index, (site, norm) in enumerate(
            zip(one.get("sites", ()), one.get("norms", ()), strict=False)
        )
    }
