"""Rotation in the plane of two orthonormal directions v and u, towards an angle.

Vu & Nguyen 2025 (angular steering, arXiv 2510.26243): within the plane a state keeps its length
n = |(h.v, h.u)| and is turned to the angle a; outside of it nothing changes. Here s is the share of
the way, the shorter one round: from its own angle p to p + s (a - p).
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from engine.model.operators.projection import along


def change(
    state: Float[Tensor, "rows tokens hidden"],
    strength: Float[Tensor, "rows 1 1"],
    parts: Mapping[str, Tensor],
) -> Float[Tensor, "rows tokens hidden"]:
    """The states turned in the plane of `unit` and `second` towards `angle` [rows, 1, 1]."""
    first, second = along(state, parts["unit"]), along(state, parts["second"])
    length, own = torch.hypot(first, second), torch.atan2(second, first)
    way = torch.remainder(parts["angle"] - own + torch.pi, 2 * torch.pi) - torch.pi
    turned = own + strength * way
    moved = torch.addcmul(state, length * turned.cos() - first, parts["unit"])
    return moved.addcmul_(length * turned.sin() - second, parts["second"])
