"""`generate`: texts of the base and the fine-tuned model, steered and not."""

from typing import Any

from engine.cli.drawing import console, draw, notes
from engine.cli.from_config import SEED, STORE, Option, about, build, of_model, options_of, values
from engine.cli.from_config import command as made
from engine.cli.options import done, open_engine, parse_scales, prompts
from engine.configs.grid_columns import columns
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.errors import ConfigError
from engine.program.bar import bar
from engine.records.grids import Generation
from engine.store.references import parts_of, reference
from engine.store.store import Store

EFFECTS = {
    "relative size": "relative",
    "KL from base": "kl",
    "neutral perplexity": "neutral_perplexity",
}
"""Figures of a configuration, by the heading of their column."""


def command() -> Any:
    """The command, made from the configs of a grid and of one of its columns."""
    grid, column = options_of(GenerateConfig), options_of(Configuration)
    every = [
        Option("vectors", list[str] | None, None, "Files or digests, FILE:INDEX."),
        Option("prompt", str | None, None, "The one prompt to start from."),
        Option("prompts", str | None, None, "File of prompts."),
        grid.pop("system"),
        Option("scales", str, "1", "Comma-separated; a share for ablate."),
        column.pop("relative"),
        Option("blend", str | None, None, "Weights: all vectors become one."),
        *column.values(),
        Option("tuned", bool | None, None, "Steer only one.", ("--tuned/--base",)),
        *grid.values(),
    ]
    return made(about(GenerateConfig), [*every, *of_model(), STORE, SEED], _generate)


def _generate(given: dict[str, Any]) -> None:
    engine = open_engine(given["store"])
    shared = Configuration(name="shared", **values(Configuration, given))
    named = _blends(engine.store, given["vectors"] or [], given["blend"])
    if given["tuned"] and given["adapter"] is None:
        raise ConfigError("--tuned steers the fine-tuned model: name it with --adapter.")
    has_adapter, scales = given["adapter"] is not None, parse_scales(given["scales"])
    config = build(
        GenerateConfig,
        given,
        prompts=prompts(given["prompt"], given["prompts"]),
        configurations=columns(shared, named, scales, has_adapter, given["tuned"]),
    )
    with bar() as progress:
        digest = engine.run(config, progress)
    found = engine.store.load_generation(digest)
    report(found)
    done(engine, digest, rows=len(found.frame), notes=list(found.notes))


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


def report(found: Generation) -> None:
    """Every text as plain text, then what each configuration does beside."""
    for prompt, rows in found.frame.groupby("prompt", sort=False):
        console.print(f"\n> {plain(str(prompt))}", markup=False, style="bold")
        for row in rows.to_dict("records"):
            sample = f" #{row['sample']}" if found.config["samples"] > 1 else ""
            label = f" · {row['label']}" if row["label"] else ""
            figures = f"{row['tokens']} tokens, repetition {row['repetition']:.2f}"
            head = f"[{row['configuration']}{sample}] {figures}, {row['mean_logprob']:.2f} nats"
            console.print(f"{head}{label}", markup=False, style="dim")
            console.print(f"  {plain(row['text'])}", markup=False)
    rows = []
    for name, effects in found.side_effects.items():
        labels = found.frame[found.frame.configuration == name].label
        counts = ", ".join(f"{n} {label}" for label, n in labels.value_counts().items() if label)
        rows.append(dict.fromkeys(EFFECTS.values()) | effects | {"name": plain(name), "n": counts})
    columns = {heading: f"{{{key}:.3g}}" for heading, key in EFFECTS.items()}
    columns = {"configuration": "{name}", **columns, "labels": "{n}"}
    draw(f"Side effects · {found.digest}", rows, columns, left=columns)
    notes(found.notes)


def plain(text: str) -> str:
    """A text in which nothing can steer a terminal: control characters are written out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
