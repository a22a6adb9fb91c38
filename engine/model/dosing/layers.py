"""An adapter out of others at strengths: W + the sum of s (alpha / r) B A at every matrix.

Each of PEFT's modules is copied without its weights, which the copies share, so a dose costs no
memory. Knows nothing of how a dose is written.
"""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import nn

from engine.errors import ModelError
from engine.model.switching.adapter_switch import Adapter, Swap

_HELD = ("lora_A", "lora_B", "lora_dropout", "lora_embedding_A", "lora_embedding_B")
"""Where a module of PEFT keeps what it has of each adapter."""


class Part(NamedTuple):
    """One adapter of a dose."""

    name: str
    adapter: Adapter
    strength: float


class _Member(NamedTuple):
    """What one adapter does at one place."""

    swap: Swap
    strength: float


def dosed(parts: Sequence[Part]) -> Adapter:
    """The sum of adapters, each times its strength, over the same base.

    Args:
        parts: At least one; a strength may be negative.

    Raises:
        ModelError: If one acts by more than LoRA's products, so that no strength is defined.
    """
    places: dict[tuple[int, str], list[_Member]] = {}
    for part in parts:
        for swap in part.adapter.swaps:
            _refuse_other(swap.adapted, part, is_alone=len(parts) == 1)
            members = places.setdefault((id(swap.place), swap.key), [])
            members.append(_Member(swap, part.strength))
    swaps = tuple(members[0].swap._replace(adapted=_sum(members)) for members in places.values())
    return Adapter(swaps, parts[0].adapter.peft)


def _refuse_other(module: Any, part: Part, is_alone: bool) -> None:
    from peft.tuners import lora

    # A call that was set on the module itself would still be the original's.
    is_plain = type(module) in (lora.Linear, lora.Embedding) and "forward" not in vars(module)
    if not is_plain or _is_variant(module) or module.merged:
        of_one = f"its strength cannot be {part.strength:g}, but is 0 or 1"
        raise ModelError(
            f"The adapter {part.name} acts by {_kind(module)}, not by plain LoRA alone: "
            f"{of_one if is_alone else 'it cannot be summed with another'}."
        )


def _kind(module: Any) -> str:
    if isinstance(module, nn.Parameter):
        return "weights that it replaces"
    if hasattr(module, "original_module"):
        return "whole modules that it replaces"
    if "forward" in vars(module):
        return "calls set on its modules"
    tuner = type(module).__module__.split(".")[2]
    of_lora = "DoRA or its like" if _is_variant(module) else type(module).__qualname__
    return of_lora if tuner == "lora" else tuner.upper()


def _is_variant(module: Any) -> bool:
    """Whether it computes another product than LoRA's."""
    return bool(getattr(module, "lora_variant", None))


def _sum(members: Sequence[_Member]) -> Any:
    """A module with the LoRAs of all members, each with its strength in its scaling."""
    layer = copy.copy(members[0].swap.adapted)
    layer._modules = dict(layer._modules)
    scaling: dict[str, float] = {}
    held: dict[str, dict[str, Any]] = {name: {} for name in _HELD}
    for number, (swap, strength) in enumerate(members):
        own = swap.adapted
        for name in own.active_adapters:
            if name not in own.scaling:
                continue
            called = f"{number}_{name}"
            scaling[called] = strength * own.scaling[name]
            for where, kept in held.items():
                if name in getattr(own, where):
                    kept[called] = getattr(own, where)[name]
    for where, kept in held.items():
        is_module = not where.startswith("lora_embedding")
        setattr(layer, where, (nn.ModuleDict if is_module else nn.ParameterDict)(kept))
    layer.scaling = scaling
    layer._active_adapter = list(scaling)
    return layer
