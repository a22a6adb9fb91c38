"""Commands made from configs: their options are the fields, with type, default and help.

Knows nothing of what the commands do.
"""

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import typer

from engine import STORE as HOME
from engine.cli import options
from engine.cli.answering import open_engine
from engine.cli.own import named
from engine.cli.own.field import HELP as FIELD_HELP
from engine.cli.own.field import Taker, applied
from engine.configs.core import Dtype, ModelConfig, PromptsConfig, RunConfig, VectorRef, require
from engine.configs.fields import Offered, offered
from engine.configs.steering.interventions import Intervention
from engine.store.references import reference, with_digests
from engine.store.store import Store

REQUIRED = inspect.Parameter.empty
MODEL_OWN = ("source_layer", "target_layer")
"""Fields whose default on the command line is the model's own."""


class Option(NamedTuple):
    """One option of a command."""

    name: str
    hint: Any
    default: Any
    help: str
    flags: tuple[str, ...] = ()
    """How it is written, where that does not follow from the name."""
    is_argument: bool = False
    """Whether it is written without its name."""
    data: tuple[str, ...] = ()
    """What its file may be read as, where it names a file of data; see `Setting.data`."""

    @property
    def parameter(self) -> inspect.Parameter:
        """What typer reads."""
        told: Any = typer.Option(*self.flags, help=self.help)
        if self.is_argument:
            told = typer.Argument(help=self.help)
        kind, hint = inspect.Parameter.KEYWORD_ONLY, Annotated[self.hint, told]
        return inspect.Parameter(self.name, kind, default=self.default, annotation=hint)


STORE_HELP = "Holds vectors/ and results/."
STORE = Option("store", Path, HOME, STORE_HELP, ("--store",))
StoreDir = Annotated[Path, typer.Option("--store", help=STORE_HELP)]
PROMPTS = (
    Option("prompt", str | None, None, "The one prompt to start from."),
    Option("prompts", str | None, None, "File of prompts.", data=("prompts",)),
)
FIELD = Option("field", list[str] | None, None, FIELD_HELP)
SEED = Option("seed", int, 0, "Of every random draw.")
Work = Callable[[dict[str, Any]], None]
"""What a command does with the values of its options by name."""


def command(about: str, asked: Iterable[Option], work: Work) -> Callable[..., None]:
    """A function that typer takes for a command; where it reads data, it has `--field` too.

    Args:
        about: Its line in the help.
        asked: Its options, in the order of the help.
        work: Does what is asked.
    """
    asked = list(asked)
    takers = [Taker(one.name, one.data, one.default) for one in asked if one.data]
    parameters = [one.parameter for one in [*asked, *([FIELD] if takers else [])]]

    def run(**given: Any) -> None:
        root = Path(given.get("store", HOME)).resolve()
        work(applied(given, takers, root) if takers else given)

    run.__doc__ = about
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def command_for(
    config: type[RunConfig], asked: Iterable[Option], work: Work, adapter: str | None = None
) -> Callable[..., None]:
    """The command of a kind of run whose record lies in the store.

    Args:
        config: Its class, whose first line stands in the help.
        asked: Options before those that every such command has.
        work: Does what is asked.
        adapter: The usual one.
    """
    model = of_model(adapter)
    if config.many_adapters:
        many = Option("adapter", list[str] | None, None, "PEFT LoRA, or several as name=folder.")
        model = [many if one.name == "adapter" else one for one in model]
    return command(about(config), [*asked, *model, STORE, SEED], work)


def about(config: type[Any]) -> str:
    """The line of a config's command: the first of its class."""
    return (inspect.getdoc(config) or "").partition("\n")[0]


def options_of(config: type[Any]) -> dict[str, Option]:
    """The options for a config's fields by the options' names, the seed left out."""
    found: dict[str, Option] = {}
    for field in offered(config):
        if field.name != "seed":
            found |= {one.name: one for one in _options(field)}
    return found


def _options(field: Offered) -> list[Option]:
    told, kind = field.setting, get_origin(field.hint)
    if field.hint is PromptsConfig:
        system = field.default.system
        return [*PROMPTS, Option("system", str, system, "System prompt; empty for none.")]
    name = (told.option or field.name).removeprefix("--")
    flags = (told.option,) if told.option and told.option.startswith("--") else ()
    hint, default = field.hint, field.default
    if told.flag is not None:
        hint, default = bool, default == told.flag[1]
    elif field.name in MODEL_OWN:
        hint, default = int | None, None
    elif field.hint == tuple[VectorRef, ...]:
        hint, default = list[str] | None, None
    elif field.hint == tuple[float, ...]:
        hint, default = str, ",".join(f"{scale:g}" for scale in default)
    elif (kind is Literal and not told.lists_choices) or _is_layers(field.hint):
        hint = str
    return [Option(name, hint, default, told.help, flags, data=told.data)]


def _is_layers(hint: Any) -> bool:
    """Whether it is words or a tuple of blocks."""
    is_either = get_origin(hint) in (Union, UnionType)
    return is_either and any(get_origin(one) is tuple for one in get_args(hint))


def of_model(adapter: str | None = None, has_adapter: bool = True) -> list[Option]:
    """The options that name a model."""
    asked = options_of(ModelConfig)
    asked["adapter"] = asked["adapter"]._replace(default=adapter)
    return [one for one in asked.values() if has_adapter or one.name != "adapter"]


def model_of(given: dict[str, Any]) -> ModelConfig:
    """The model that a command was given.

    Raises:
        ConfigError: If its precision is not known.
    """
    *first, last = get_args(Dtype)
    require(
        given["dtype"] in (*first, last),
        f"Precision {given['dtype']!r} is not known: use {', '.join(first)} or {last}.",
    )
    return ModelConfig(**{one.name: given[one.name] for one in of_model() if one.name in given})


def values(config: type[Any], given: dict[str, Any]) -> dict[str, Any]:
    """The values of a config's fields that a command was given.

    Raises:
        ConfigError: If a text is no value of its field.
    """
    found = {
        field.name: _value(field, given)
        for field in offered(config)
        if field.hint is PromptsConfig or _name(field) in given
    }
    if not issubclass(config, Intervention):
        return found
    return with_digests(Store(given["store"].resolve()), found)


def _name(field: Offered) -> str:
    return (field.setting.option or field.name).removeprefix("--")


def _store(given: dict[str, Any]) -> Path:
    return Path(given.get("store") or HOME)


def _value(field: Offered, given: dict[str, Any]) -> Any:
    told = field.setting
    value: Any = given.get(_name(field))
    if field.hint is PromptsConfig:
        file = given["prompts"] and named.path_of(given["prompts"], _store(given), "prompts")
        asked = options.prompts(given["prompt"], file)
        return PromptsConfig(prompts=asked, system=given["system"] or None)
    if told.file in named.KINDS and isinstance(value, str):
        return named.path_of(value, _store(given), told.file) or None
    if told.flag is not None:
        return told.flag[bool(value)]
    if field.name in MODEL_OWN and value is None:
        layers = open_engine(given["store"]).default_layers(model_of(given))
        return layers[MODEL_OWN.index(field.name)]
    if field.hint == tuple[VectorRef, ...]:
        place = Store(given["store"].resolve())
        return tuple(reference(place, name) for name in value or [])
    if field.hint == tuple[float, ...]:
        return options.parse_scales(value)
    if _is_layers(field.hint):
        return options.parse_layers(value, get_args(get_args(field.hint)[0]))
    if field.choices:
        options.one_of(_name(field).replace("_", "-"), value, field.choices)
    return value or None if field.hint == str | None else value


def build(config: type[RunConfig], given: dict[str, Any], **more: Any) -> Any:
    """The config that a command was given.

    Args:
        config: Its class.
        given: Values of the options by name.
        more: Fields that the command has filled itself.

    Raises:
        ConfigError: If a value cannot work.
    """
    model = {} if "model" in more else {"model": model_of(given)}
    return config(**model | values(config, given) | more)
