"""`generate`: texts of the base and the fine-tuned model, steered and not."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from engine import ROOT
from engine.cli import tables
from engine.cli.options import (
    Adapter,
    Device,
    Dtype,
    Model,
    Prompt,
    Prompts,
    Seed,
    StoreDir,
    System,
    done,
    model_config,
    one_of,
    open_engine,
    parse_scales,
    reference,
)
from engine.configs.core import STUDY_PROMPT, STUDY_SYSTEM, VectorRef
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.errors import ConfigError
from engine.questions import files
from engine.records.grids import Generation
from engine.runs.engine import Engine
from engine.store.store import Store


def generate(
    vectors: Annotated[list[str] | None, typer.Option(help="Files or digests, FILE:INDEX.")] = None,
    prompt: Prompt = None,
    prompts: Prompts = None,
    system: System = STUDY_SYSTEM,
    scales: Annotated[str, typer.Option(help="Comma-separated; a share for ablate.")] = "1",
    relative: Annotated[bool, typer.Option(help="Scales in residual norms.")] = False,
    blend: Annotated[str | None, typer.Option(help="Weights: all vectors become one.")] = None,
    operation: Annotated[str, typer.Option(help="add or ablate.")] = "add",
    layers: Annotated[str, typer.Option(help="own, all, or blocks as 7,8.")] = "own",
    positions: Annotated[str, typer.Option(help="all, prompt, response or last-K.")] = "all",
    unit: Annotated[bool, typer.Option(help="Give every vector norm 1.")] = False,
    preserve_norm: Annotated[bool, typer.Option(help="Keep the norm of every state.")] = False,
    tuned: Annotated[bool | None, typer.Option("--tuned/--base", help="Steer only one.")] = None,
    max_new_tokens: Annotated[int, typer.Option(help="Longest text.")] = 64,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest token.")] = 0.0,
    samples: Annotated[int, typer.Option(help="Texts per prompt and configuration.")] = 1,
    neutral: Annotated[int, typer.Option(help="Neutral prompts for side effects.")] = 16,
    model: Model = "demo",
    adapter: Adapter = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    store: StoreDir = ROOT,
    seed: Seed = 0,
) -> None:
    """What the model says: unsteered, and with each vector at each scale."""
    one_of("operation", operation, ("add", "ablate"))
    engine = open_engine(store)
    shared = Configuration(
        name="shared",
        operation=operation,  # type: ignore[arg-type]
        scale_unit="relative" if relative else "absolute",
        layers=_layers(layers),
        positions=positions,
        unit_norm=unit,
        preserve_norm=preserve_norm,
    )
    named = _blends(engine.store, vectors or [], blend)
    config = GenerateConfig(
        model=model_config(model, adapter, dtype, device),
        prompts=_prompts(prompt, prompts),
        system=system or None,
        configurations=columns(shared, named, parse_scales(scales), adapter is not None, tuned),
        max_new_tokens=max_new_tokens,
        temperature=temperature,
        samples=samples,
        neutral=neutral,
        seed=seed,
    )
    _run(engine, config)


def _run(engine: Engine, config: GenerateConfig) -> None:
    with tables.bar() as progress:
        digest = engine.run(config, progress)
    found = engine.store.load_generation(digest)
    report(found)
    done(engine, digest, rows=len(found.frame), notes=list(found.notes))


def columns(
    shared: Configuration,
    named: dict[str, tuple[BlendPart, ...]],
    scales: Sequence[float],
    has_adapter: bool,
    tuned: bool | None,
) -> tuple[Configuration, ...]:
    """Both baselines, then every vector at every scale.

    Args:
        shared: Holds all that the steered columns have in common.
        named: Vectors or blends by name.
        scales: Where 0 is left out, for it is the baseline.
        has_adapter: Whether there is a fine-tuned model.
        tuned: Steer only the fine-tuned (True) or the base model (False); None steers both.

    Raises:
        ConfigError: If the fine-tuned model is wanted and there is none.
    """
    if tuned and not has_adapter:
        raise ConfigError("--tuned steers the fine-tuned model: name it with --adapter.")
    flags = (False, True) if has_adapter else (False,)
    found = [Configuration(name="tuned" if flag else "base", adapter=flag) for flag in flags]
    for flag in flags:
        if tuned is not None and flag != tuned:
            continue
        for name, parts in named.items():
            for scale in dict.fromkeys(s for s in scales if s != 0):
                values = {n: getattr(shared, n) for n in shared.__dataclass_fields__}
                sign = f"{scale:+g}" if shared.operation == "add" else f"ablate {scale:g}"
                values |= {"name": f"{found[flag].name} {name} {sign}", "adapter": flag}
                found.append(Configuration(**values | {"blend": parts, "scale": scale}))
    return tuple(found)


def _prompts(prompt: str | None, file: str | None) -> tuple[str, ...]:
    if prompt is not None and file is not None:
        raise ConfigError("Give --prompt or --prompts, not both.")
    if prompt is not None and not prompt.strip():
        raise ConfigError("The prompt is empty: write one after --prompt.")
    return files.load_prompts(file) if file is not None else (prompt or STUDY_PROMPT,)


def _layers(text: str) -> str | tuple[int, ...]:
    if text in ("own", "all"):
        return text
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdigit() for part in parts):
        raise ConfigError(f"Layers {text!r} are not known: use own, all, or blocks as 7,8.")
    return tuple(int(part) for part in parts)


def _blends(
    store: Store, names: list[str], weights: str | None
) -> dict[str, tuple[BlendPart, ...]]:
    parts: dict[str, BlendPart] = {}
    for name in names:
        parts |= _parts(store, reference(store, name))
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


def _parts(store: Store, ref: VectorRef) -> dict[str, BlendPart]:
    found = store.load_vectors(ref.digest)
    indices = range(len(found.vectors)) if ref.indices is None else ref.indices
    # The digest tells vectors of one method apart; four digits of it are enough to a reader.
    return {
        f"{found.method}_{index:02d}@{ref.digest[:4]}": BlendPart(digest=ref.digest, index=index)
        for index in indices
    }


def report(found: Generation) -> None:
    """Every text as plain text, then what each configuration does beside."""
    for prompt, rows in found.frame.groupby("prompt", sort=False):
        tables.out.print(f"\n> {plain(str(prompt))}", markup=False, style="bold")
        for row in rows.to_dict("records"):
            sample = f" #{row['sample']}" if found.config["samples"] > 1 else ""
            label = f" · {row['label']}" if row["label"] else ""
            figures = f"{row['tokens']} tokens, repetition {row['repetition']:.2f}"
            head = f"[{row['configuration']}{sample}] {figures}, {row['mean_logprob']:.2f} nats"
            tables.out.print(f"{head}{label}", markup=False, style="dim")
            tables.out.print(f"  {plain(row['text'])}", markup=False)
    table = Table(title=f"Side effects · {found.digest}")
    for name in ("configuration", "relative size", "KL from base", "neutral perplexity", "labels"):
        table.add_column(name)
    for name, figures in found.side_effects.items():
        labels = found.frame[found.frame.configuration == name].label
        counts = ", ".join(f"{n} {label}" for label, n in labels.value_counts().items() if label)
        shown = [figures.get(key) for key in ("relative", "kl", "neutral_perplexity")]
        table.add_row(plain(name), *["" if f is None else f"{f:.3g}" for f in shown], counts)
    tables.out.print(table)
    for note in found.notes:
        tables.out.print(f"Note: {note}", markup=False)


def plain(text: str) -> str:
    """A text in which nothing can steer a terminal: control characters are written out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
