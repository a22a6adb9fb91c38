"""`generate`: texts of the base and the fine-tuned model, steered and not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.cli import answering
from engine.cli.from_config import PROMPTS, Option, build, command_for, model_of, options_of, values
from engine.cli.options import parse_scales, prompts, rivals
from engine.configs.grid_columns import columns
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.errors import ConfigError
from engine.records.grids import Generation
from engine.store.references import parts_of, reference
from engine.store.store import Store


def command() -> Callable[..., None]:
    """The command, made from the configs of a grid and of one of its columns."""
    grid, column = options_of(GenerateConfig), options_of(Configuration)
    asked = [
        Option("vectors", list[str] | None, None, "Files or digests, FILE:INDEX."),
        *PROMPTS,
        grid.pop("system"),
        Option("scales", str, "1", "Comma-separated; a share for ablate."),
        column.pop("relative"),
        Option("blend", str | None, None, "Weights: all vectors become one."),
        *column.values(),
        Option("rival", list[str] | None, None, "System prompt that rivals steering, or a file."),
        Option("tuned", bool | None, None, "Steer only one.", ("--tuned/--base",)),
        *grid.values(),
    ]
    return command_for(GenerateConfig, asked, _generate)


def _generate(given: dict[str, Any]) -> None:
    shared = Configuration(name="shared", **values(Configuration, given))
    place = answering.open_engine(given["store"]).store
    named = _blends(place, given["vectors"] or [], given["blend"])
    first, *more = given["adapter"] or [None]
    if given["tuned"] and first is None:
        raise ConfigError("--tuned steers the fine-tuned model: name it with --adapter.")
    given["adapter"], scales = first, parse_scales(given["scales"])
    model = replace(model_of(given), more_adapters=tuple(more))
    config = build(
        GenerateConfig,
        given,
        prompts=prompts(given["prompt"], given["prompts"]),
        model=model,
        configurations=columns(
            shared, named, scales, model.tuned, given["tuned"], rivals(given["rival"] or [])
        ),
    )
    answering.run(config, given["store"], _told)


def _told(found: Generation) -> dict[str, Any]:
    return {"rows": len(found.frame), "notes": list(found.notes)}


def _blends(
    store: Store, names: list[str], weights: str | None
) -> dict[str, tuple[BlendPart, ...]]:
    parts: dict[str, BlendPart] = {}
    for name in names:
        parts |= parts_of(store, reference(store, name))
    if weights is None:
        return {name: (part,) for name, part in parts.items()}
    given = parse_scales(weights)
    if len(given) != len(parts) or not parts:
        raise ConfigError(
            f"--blend has {len(given)} weights for {len(parts)} vectors: give one for each."
        )
    weighted = [
        BlendPart(digest=part.digest, index=part.index, weight=weight)
        for part, weight in zip(parts.values(), given, strict=True)
    ]
    name = " ".join(f"{w:+g}*{n}" for n, w in zip(parts, given, strict=True))
    return {f"({name})": tuple(weighted)}
