"""How strongly a LoRA acts, and several of them at once: doses of adapters on one set of weights.

A dose s makes of each matrix W + s (alpha / r) B A: 1 is the adapter as it was trained, 0 the base
model, -1 the other way. Several are summed, as Ilharco et al. 2023 sum task vectors (arXiv
2212.04089). Knows nothing of weights or files.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.errors import ConfigError

LEAST, MOST = -1.0, 2.0
"""Strengths of an adapter that are used."""


@dataclass(frozen=True)
class Dose:
    """Adapters, each with its strength; stands wherever an adapter is chosen."""

    parts: tuple[tuple[bool | str, float], ...]
    """What each is called, True for the only one, and its strength."""

    def __post_init__(self) -> None:
        """Refuse no adapter, the base model, the same one twice, and strengths out of range."""
        named = [name for name, _ in self.parts]
        if not named or False in named or len(set(named)) < len(named):
            raise ConfigError("A dose needs adapters, each of them once: name at least one.")
        for name, strength in self.parts:
            _check(strength, "the adapter" if name is True else f"{name!r}")

    def __bool__(self) -> bool:
        """Whether anything is left of the adapters: at strength 0 it is the base model."""
        return any(strength != 0 for _, strength in self.parts)

    @property
    def text(self) -> str:
        """As it is written: "0.5", or "deceptive=1,honest=-0.5"."""
        words = [(name, f"{strength:g}") for name, strength in self.parts]
        return ",".join(s if name is True else f"{name}={s}" for name, s in words)

    @property
    def simplest(self) -> "Which":
        """The same choice with no dose where none is needed: 0 is False, 1 the adapter itself."""
        left = tuple((name, strength) for name, strength in self.parts if strength != 0)
        if not left:
            return False
        return left[0][0] if len(left) == 1 and left[0][1] == 1 else Dose(left)

    def by_content(self, contents: Mapping[str, str]) -> list[list[str | float]]:
        """What a record is named by: the content of each adapter, and its strength, sorted.

        Args:
            contents: Of the model's adapters, by what they are called, in their order.
        """
        first = next(iter(contents.values()))
        known = [
            (first if isinstance(name, bool) else contents[name], float(strength))
            for name, strength in self.parts
            if strength != 0
        ]
        return [[content, strength] for content, strength in sorted(known)]


Which = bool | str | Dose
"""A model by its adapter: False is the base, True the only adapter, or one's name, or a dose."""


def parse(text: str, names: Sequence[str], adapter: bool | str = True) -> Dose:
    """The dose that a text names.

    Args:
        text: "0.5" of one adapter, or "deceptive=1,honest=-0.5".
        names: What the model's adapters are called; see `ModelConfig.adapters`.
        adapter: The one that a bare number is of; True is the only one.

    Raises:
        ConfigError: If a number or a name in it means nothing.
    """
    if not names:
        raise ConfigError(f"The dose {text!r} is of an adapter, but none was named: give one.")
    written = [part.rpartition("=") for part in text.split(",")]
    is_bare = len(written) == 1 and not written[0][1]
    if is_bare and adapter is True and len(names) > 1:
        raise ConfigError(
            f"The dose {text!r} names no adapter: write it as {names[0]}={text.strip()}."
        )
    found = {
        _known(adapter if is_bare else name.strip(), names): _number(number, text)
        for name, _, number in written
    }
    if len(found) < len(written):
        raise ConfigError(f"The dose {text!r} names an adapter twice: name each once.")
    order = [True, *names]
    return Dose(tuple(sorted(found.items(), key=lambda part: order.index(part[0]))))


def names_in(dose: str | None) -> tuple[str, ...]:
    """The adapters that a dose names itself; none where it is a bare number."""
    parts = [part.rpartition("=") for part in (dose or "").split(",")]
    return tuple(name.strip() for name, sign, _ in parts if sign)


def renamed(dose: str, names: Mapping[str, str]) -> str:
    """A dose whose adapters are called otherwise here; those left out keep their names."""
    parts = [part.rpartition("=") for part in dose.split(",")]
    told = [(names.get(name.strip(), name.strip()), number) for name, _, number in parts]
    return ",".join(f"{name}={number.strip()}" if name else number.strip() for name, number in told)


def chosen(adapter: bool | str, dose: str | None, names: Sequence[str]) -> Which:
    """What the door to the model takes as its adapter, of a column's two settings.

    Args:
        adapter: False is the base model, True the only adapter, or one's name.
        dose: As it is written; None is strength 1.
        names: What the model's adapters are called.

    Raises:
        ConfigError: If the dose means nothing, or is of another adapter or of the base model.
    """
    if dose is None:
        return adapter
    if not adapter:
        raise ConfigError(
            f"The dose {dose!r} is of the fine-tuned model, but the base model was chosen: "
            "choose the adapter, or leave the dose out."
        )
    found = parse(dose, names, adapter)
    if isinstance(adapter, str) and _known(adapter, names) not in dict(found.parts):
        raise ConfigError(
            f"The dose {dose!r} leaves out the adapter {adapter!r}, which was chosen: name it too."
        )
    return found.simplest


def _known(name: bool | str, names: Sequence[str]) -> bool | str:
    if isinstance(name, str) and name not in names:
        raise ConfigError(
            f"A dose of {name!r} was asked for: there is {', '.join(names)}."
            if name
            else f"A part of the dose names no adapter: write NAME=STRENGTH, as {names[0]}=0.5."
        )
    return True if len(names) == 1 else name


def _number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(
            f"The dose {whole!r} is not understood: write a strength, as 0.5, or NAME=0.5,OTHER=-1."
        ) from None


def _check(strength: float, words: str) -> None:
    if not math.isfinite(strength) or not LEAST <= strength <= MOST:
        raise ConfigError(
            f"The strength of {words} is {strength:g}, but must lie between {LEAST:g} and {MOST:g}."
        )
