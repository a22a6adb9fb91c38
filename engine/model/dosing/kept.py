"""Doses of one model's adapters that were asked for lately. Knows nothing of how one is made."""

import threading
from collections import OrderedDict
from collections.abc import Mapping

from engine.configs.steering.doses import Dose
from engine.errors import ConfigError
from engine.model.dosing.layers import Part, dosed
from engine.model.switching.adapter_switch import Adapter

MOST = 8
"""Doses that are kept: a table holds a few, and another is made in less time than one pass."""


def named(adapters: Mapping[str, Adapter], name: str) -> Adapter:
    """The adapter of a name.

    Raises:
        ConfigError: If none is called so.
    """
    if name not in adapters:
        known = ", ".join(adapters) or "none"
        raise ConfigError(f"No adapter is called {name!r}: there is {known}.")
    return adapters[name]


class Doses:
    """Gives the same adapter for the same dose, so that what hangs on it is made once."""

    def __init__(self) -> None:
        """Keep none yet."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[Dose, Adapter] = OrderedDict()

    def of(self, dose: Dose, adapters: Mapping[str, Adapter]) -> Adapter:
        """The sum of adapters at the strengths of a dose; see `dosed`.

        Args:
            dose: Kept by what it says, so the adapters must be the same at each call.
            adapters: By what they are called; the first is the only one.

        Raises:
            ConfigError: If there is no such adapter.
            ModelError: If one of them is more than plain LoRA.
        """
        with self._lock:
            found = self._kept.pop(dose, None) or dosed(_parts(dose, adapters))
            self._kept[dose] = found
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
            return found


def _parts(dose: Dose, adapters: Mapping[str, Adapter]) -> list[Part]:
    if not adapters:
        raise ConfigError(f"The dose {dose.text} is of an adapter, but none is loaded: name one.")
    first = next(iter(adapters))
    names = [first if name is True else str(name) for name, _ in dose.parts]
    strengths = [strength for _, strength in dose.parts]
    return [
        Part(name, named(adapters, name), strength)
        for name, strength in zip(names, strengths, strict=True)
    ]
