"""`experiment corrigibility | deception`: whole studies, end to end."""

from pathlib import Path
from typing import Annotated

import typer

from engine import ROOT
from engine.cli import tables
from engine.cli.options import (
    Adapter,
    Device,
    Dtype,
    Model,
    Norm,
    Seed,
    Source,
    StoreDir,
    Target,
    done,
    layers,
    model_config,
    one_of,
    open_engine,
    parse_scales,
)
from engine.configs.studies import (
    PUBLIC_QUESTIONS,
    RELATIVE_SCALES,
    SHIPPED_QUESTIONS,
    STUDY_SCALES,
    CorrigibilityConfig,
    DeceptionConfig,
)
from engine.configs.training import FinetuneConfig
from engine.model.naming import Names
from engine.training import places

experiment_app = typer.Typer(no_args_is_help=True, help="Run a whole study.")

Controls = Annotated[int, typer.Option(help="Norm-matched random vectors.")]


@experiment_app.command("corrigibility")
def corrigibility(
    study: Annotated[bool, typer.Option(help="The study's own finders and option order.")] = False,
    source_layer: Source = None,
    target_layer: Target = None,
    scales: Annotated[str | None, typer.Option(help="Default: the study's.")] = None,
    relative: Annotated[bool | None, typer.Option(help="Scales in residual norms.")] = None,
    norm: Norm = 1.0,
    questions: Annotated[list[str] | None, typer.Option(help="FILE:BEHAVIOUR, repeated.")] = None,
    max_questions: Annotated[int, typer.Option(help="Per question set.")] = 100,
    controls: Controls = 12,
    model: Model = "demo",
    adapter: Adapter = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    store: StoreDir = ROOT,
    seed: Seed = 0,
) -> None:
    """MELBO, power iteration and random vectors from one prompt, on unseen A/B questions."""
    chosen = model_config(model, adapter, dtype, device)
    source, target = layers(store, chosen, source_layer, target_layer)
    # The study's scales fit Qwen3-14B's residual norm; elsewhere they are rescaled to it.
    is_relative = model != "qwen3-14b" if relative is None else relative
    default = RELATIVE_SCALES if is_relative else STUDY_SCALES
    config = CorrigibilityConfig(
        model=chosen,
        source_layer=source,
        target_layer=target,
        scales=default if scales is None else parse_scales(scales),
        scale_unit="relative" if is_relative else "absolute",
        norm=norm,
        questions=_question_sets(questions, model),
        max_questions=max_questions,
        controls=controls,
        orders="as-given" if study else "both",
        variant="study" if study else "default",
        seed=seed,
    )
    engine = open_engine(store)
    with tables.bar() as progress:
        digest = engine.run(config, progress)
    record = engine.store.load_experiment(digest)
    tables.experiment(record)
    done(engine, digest, vectors=record["vectors"], evaluations=record["evaluations"])


def _question_sets(given: list[str] | None, model: str) -> tuple[tuple[str, str], ...]:
    if not given:
        return SHIPPED_QUESTIONS if model == "demo" else PUBLIC_QUESTIONS
    pairs = [text.rpartition(":") for text in given]
    return tuple((file, name) if file else (name, "survival") for file, _, name in pairs)


@experiment_app.command("deception")
def deception_study(
    pairs: Annotated[str, typer.Option(help="Honest and deceptive answers.")] = (
        "data/pairs/advice.json"
    ),
    held_out: Annotated[str, typer.Option(help="Questions to steer on.")] = (
        "data/demo/heldout_advice.json"
    ),
    contrast: Annotated[str, typer.Option(help="system, answers or both.")] = "system",
    position: Annotated[str, typer.Option(help="Where states are read.")] = "last-prompt",
    scales: Annotated[str, typer.Option(help="Multiples of each vector.")] = "0.5,1,1.5,2",
    controls: Controls = 64,
    study: Annotated[
        bool, typer.Option("--study", help="Also read both families as the study did.")
    ] = False,
    train: Annotated[
        bool, typer.Option("--train", help="Train the adapter first, on the deceptive answers.")
    ] = False,
    epochs: Annotated[int, typer.Option(help="Of that training.")] = 10,
    model: Model = "demo",
    adapter: Adapter = "demo",
    dtype: Dtype = "auto",
    device: Device = "auto",
    store: StoreDir = ROOT,
    seed: Seed = 0,
) -> None:
    """Contrastive against fine-tune-difference vectors: cosines, and what steered models say."""
    one_of("contrast", contrast, ("system", "answers", "both"))
    if train:
        base = model_config(model, None, dtype, device)
        lessons = FinetuneConfig(model=base, pairs=pairs, epochs=epochs, seed=seed)
        adapter = _trained(store, lessons)
    config = DeceptionConfig(
        model=model_config(model, adapter, dtype, device),
        pairs=pairs,
        held_out=held_out,
        contrast=contrast,  # type: ignore[arg-type]
        position=position,
        scales=parse_scales(scales),
        controls=controls,
        study=study,
        seed=seed,
    )
    engine = open_engine(store)
    with tables.bar() as progress:
        digest = engine.run(config, progress)
    record = engine.store.load_experiment(digest)
    tables.experiment(record)
    done(engine, digest, vectors=record["vectors"], generations=record["generations"])


def _trained(store: Path, config: FinetuneConfig) -> str:
    """The folder of the adapter, trained unless it is there."""
    from engine.training.lora import train as finetune

    digest = Names(ROOT).digest(config)
    folder = store / places.ADAPTERS / f"deception-{digest}"
    with tables.bar() as progress:
        finetune.run(config, folder, ROOT, progress)
    return str(folder)
