"""Turns a loaded LoRA off for the length of a pass, cheaply enough to do it for every token."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from torch import nn


class AdapterSwitch:
    """The off switch of one model's adapter; of no effect on a model without one."""

    def __init__(self, model: nn.Module, has_adapter: bool) -> None:
        """Look up once what PEFT's own `disable_adapter` looks up at every entry.

        Args:
            model: Wrapped by PEFT when it has an adapter.
            has_adapter: Whether it is.
        """
        self._model: Any = model
        self._has_adapter = has_adapter
        self._layers = _lora_layers(model) if has_adapter else None

    @contextmanager
    def off(self) -> Iterator[None]:
        """Within this context the model is the base model."""
        if self._layers is None:
            with self._model.disable_adapter() if self._has_adapter else nullcontext():
                yield
            return
        before = [layer._disable_adapters for layer in self._layers]
        try:
            for layer in self._layers:
                layer._disable_adapters = True
            yield
        finally:
            for layer, flag in zip(self._layers, before, strict=True):
                layer._disable_adapters = flag


def _lora_layers(model: Any) -> list[Any] | None:
    """All layers that a LoRA changes; None where only PEFT itself can say what to turn off."""
    from peft.tuners.lora import LoraLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    modules = list(model.modules())
    layers = [module for module in modules if isinstance(module, LoraLayer)]
    is_plain = not any(isinstance(module, AuxiliaryTrainingWrapper) for module in modules)
    # A flag of PEFT without a public setter that leaves `requires_grad` alone.
    has_flag = all(hasattr(layer, "_disable_adapters") for layer in layers)
    return layers if layers and is_plain and has_flag else None
