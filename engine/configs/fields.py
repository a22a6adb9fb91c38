"""A setting of a config: its default and what it means, in one place for commands and forms.

Knows nothing of typer or Streamlit.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin, get_type_hints

_KEY = "setting"


@dataclass(frozen=True)
class Setting:
    """What a person is told of a field, and how a command and a form ask for it."""

    help: str
    """One line, as `--help` shows it."""
    label: str | None = None
    """Heading of its widget; None takes the field's name."""
    about: str | None = None
    """What the widget says on hovering; None takes `help`."""
    before: str | None = None
    """Field before which it is asked, where that is not the one after it in the class."""
    option: str | None = None
    """Its name on the command line, where that is not the field's."""
    flag: tuple[Any, Any] | None = None
    """Values of an option that is a switch: off, on."""
    lists_choices: bool = False
    """Whether `--help` lists the choices; else `help` names them."""
    is_rare: bool = False
    """Whether a form keeps it among further settings."""
    rank: int = 0
    """Its turn on a form among fields of its kind, the lowest first."""
    least: int | float | None = None
    """Smallest value that a widget offers; None is 0 for whole numbers."""
    most: int | float | None = None
    """Largest value that a widget offers."""
    step: int | float | None = None
    """Step of its widget."""
    file: Literal["questions", "pairs", "answers"] | None = None
    """What the file holds that it names; a form offers those that come with the project."""
    data: tuple[str, ...] = ()
    """As which kinds of own data `--field` reads the file that it names, the likelier first."""
    suggestions: tuple[str, ...] = ()
    """Words that a form offers for a text, beside what a reader writes."""
    words: dict[str, str] | None = None
    """What its choices are called on a form."""
    is_segmented: bool = False
    """Whether a form shows its choices side by side."""
    placeholder: str | None = None
    """What an empty widget says."""


def setting(
    default: Any = dataclasses.MISSING,
    help: str = "",  # noqa: A002  What every command line calls it.
    *,
    default_factory: Callable[[], Any] | None = None,
    **told: Any,
) -> Any:
    """A dataclass field that commands and forms offer.

    Args:
        default: Its value where nobody chooses.
        help: One line for `--help`.
        default_factory: Makes the default, where it cannot be shared.
        told: Further parts of a `Setting`.
    """
    metadata = {_KEY: Setting(help=help, **told)}
    if default_factory is not None:
        return field(default_factory=default_factory, metadata=metadata)
    return field(default=default, metadata=metadata)


def with_default(config: type[Any], name: str, default: Any) -> Any:
    """The setting of a field that a class inherits, with another default."""
    inherited = next(one for one in dataclasses.fields(config) if one.name == name)
    return field(default=default, metadata=dict(inherited.metadata))


@dataclass(frozen=True)
class Offered:
    """One field as commands and forms see it."""

    name: str
    hint: Any
    """Its type."""
    default: Any
    setting: Setting

    @property
    def choices(self) -> tuple[Any, ...]:
        """The words that it may be; empty where it is no choice."""
        return get_args(self.hint) if get_origin(self.hint) is Literal else ()

    @property
    def label(self) -> str:
        """Heading of its widget."""
        return self.setting.label or self.name.replace("_", " ").capitalize()

    @property
    def about(self) -> str:
        """What its widget says on hovering."""
        return self.setting.help if self.setting.about is None else self.setting.about


def offered(config: type[Any]) -> list[Offered]:
    """The fields that commands and forms offer, in the order in which they are asked: seed last."""
    hints = get_type_hints(config)
    found: list[Offered] = []
    for one in dataclasses.fields(config):
        told = one.metadata.get(_KEY)
        if told is None:
            continue
        default = one.default
        if one.default_factory is not dataclasses.MISSING:
            default = one.default_factory()
        found.append(Offered(one.name, hints[one.name], default, told))
    for moved in [one for one in found if one.setting.before is not None]:
        found.remove(moved)
        names = [other.name for other in found]
        place = moved.setting.before
        found.insert(names.index(place) if place in names else len(found), moved)
    return sorted(found, key=lambda one: one.name == "seed")
