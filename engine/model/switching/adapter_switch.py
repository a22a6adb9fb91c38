"""Puts an adapter's modules into a model or takes them out, cheaply enough for every token.

PEFT adapts a model by putting modules of its own in the place of the model's. What stands where is
noted once, and a switch changes the entries of the tree, so that without an adapter the model is
the base model itself, and several adapters share one set of weights. Knows nothing of files.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import nn

from engine.model.switching.precedence import Precedence

ABSENT = object()
"""Stands where a tree has no entry."""


class Swap(NamedTuple):
    """One entry of a module's submodules or parameters that an adapter replaces."""

    place: dict[str, Any]
    key: str
    base: Any
    adapted: Any


@dataclass(frozen=True, eq=False)
class Adapter:
    """An adapter that is ready to be switched on; its memory goes with the last reference."""

    swaps: Sequence[Swap]
    peft: Any
    """The model as PEFT wraps it, whose own pass is right while the adapter is on."""
    notes: tuple[str, ...] = ()
    """What a reader of anything made with it should know."""


class AdapterSwitch:
    """Which adapter is in a model's tree; one caller at a time."""

    def __init__(self, model: nn.Module) -> None:
        """Take a model without adapters, or one that PEFT has wrapped, whose adapter is on."""
        self.lock = Precedence()
        self.model: Any = model
        is_wrapped = hasattr(model, "peft_config")
        self._current = Adapter(_replaced_by(model), model) if is_wrapped else None

    @property
    def current(self) -> Adapter | None:
        """The adapter that is on; None is the base model."""
        return self._current

    @contextmanager
    def on(self, adapter: Adapter | None) -> Iterator[None]:
        """Within this context the adapter answers, or for None the base model."""
        with self.lock:
            before = self._current
            try:
                self._set(adapter)
                yield
            finally:
                self._set(before)

    def _set(self, adapter: Adapter | None) -> None:
        if adapter is self._current:
            return
        if self._current is not None:
            for place, key, base, _ in self._current.swaps:
                put(place, key, base)
        self._current = adapter
        if adapter is not None:
            for place, key, _, adapted in adapter.swaps:
                put(place, key, adapted)


def put(place: dict[str, Any], key: str, value: Any) -> None:
    """Set an entry of a tree, or remove it; the order of the others stays."""
    if value is ABSENT:
        place.pop(key, None)
    else:
        place[key] = value


def _replaced_by(model: Any) -> list[Swap]:
    """What PEFT replaced in a model that it has wrapped in memory."""
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    found: list[Swap] = []

    def search(module: nn.Module) -> None:
        for key, child in module._modules.items():
            if isinstance(child, AuxiliaryTrainingWrapper):
                found.append(Swap(module._modules, key, child.original_module, child))
            elif isinstance(child, BaseTunerLayer):
                found.append(Swap(module._modules, key, child.get_base_layer(), child))
            elif child is not None:
                search(child)

    search(model.get_base_model())
    return found
