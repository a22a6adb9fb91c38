"""`find METHOD`: vectors by every finder that is registered."""

from pathlib import Path
from typing import Annotated, Any

import typer

from engine import ROOT
from engine.cli import tables
from engine.cli.options import (
    Adapter,
    Count,
    Device,
    Dtype,
    Kind,
    Model,
    Norm,
    Prompt,
    Prompts,
    Seed,
    Source,
    StoreDir,
    System,
    Target,
    done,
    layers,
    model_config,
    one_of,
    open_engine,
)
from engine.configs.core import STUDY_PROMPT, STUDY_SYSTEM, ModelConfig, PromptsConfig
from engine.configs.finders import FinderConfig, MelboConfig, PowerIterationConfig, RandomConfig
from engine.configs.pairs import (
    DECEPTIVE_SYSTEM,
    HONEST_SYSTEM,
    ContrastiveConfig,
    FinetuneDiffConfig,
)
from engine.errors import ConfigError
from engine.questions import files
from engine.questions.pairs import load_pairs

find_app = typer.Typer(no_args_is_help=True, help="Find vectors.")


def _prompts(prompt: str | None, file: str | None, system: str) -> PromptsConfig:
    if prompt is not None and file is not None:
        raise ConfigError("Give --prompt or --prompts, not both.")
    given = files.load_prompts(file) if file is not None else (prompt or STUDY_PROMPT,)
    if prompt is not None and not prompt.strip():
        raise ConfigError("The prompt is empty: write one after --prompt.")
    return PromptsConfig(prompts=given, system=system or None)


def find_and_report(store: Path, config: FinderConfig) -> None:
    """Run a finder and print its vectors."""
    engine = open_engine(store)
    with tables.bar() as progress:
        digest = engine.run(config, progress)
    found = engine.store.load_vectors(digest)
    tables.vectors(found)
    done(engine, digest, vectors=len(found.vectors), notes=list(found.notes))


@find_app.command("melbo")
def find_melbo(
    prompt: Prompt = None,
    prompts: Prompts = None,
    system: System = STUDY_SYSTEM,
    source_layer: Source = None,
    target_layer: Target = None,
    vectors: Count = 12,
    steps: Annotated[int, typer.Option(help="Gradient steps.")] = 50,
    tokens: Annotated[int, typer.Option(help="Last positions read at the target.")] = 2,
    norm: Norm = 1.0,
    variant: Annotated[str, typer.Option(help="orthogonal or study.")] = "orthogonal",
    model: Model = "demo",
    adapter: Adapter = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    store: StoreDir = ROOT,
    seed: Seed = 0,
) -> None:
    """Vectors of a given norm that move a later layer most."""
    chosen = model_config(model, adapter, dtype, device)
    one_of("variant", variant, ("orthogonal", "study"))
    source, target = layers(store, chosen, source_layer, target_layer)
    find_and_report(
        store,
        MelboConfig(
            model=chosen,
            prompts=_prompts(prompt, prompts, system),
            source_layer=source,
            target_layer=target,
            vectors=vectors,
            steps=steps,
            tokens=tokens,
            norm=norm,
            variant=variant,  # type: ignore[arg-type]
            seed=seed,
        ),
    )


@find_app.command("power-iteration")
def find_power_iteration(
    prompt: Prompt = None,
    prompts: Prompts = None,
    system: System = STUDY_SYSTEM,
    source_layer: Source = None,
    target_layer: Target = None,
    vectors: Count = 8,
    iterations: Annotated[int, typer.Option(help="Multiplications by J^T J at most.")] = 15,
    tokens: Annotated[int, typer.Option(help="Last positions read at the target.")] = 4,
    norm: Norm = 1.0,
    variant: Annotated[str, typer.Option(help="lanczos, powers or study.")] = "lanczos",
    tolerance: Annotated[float, typer.Option(help="Largest residual to accept.")] = 1e-3,
    model: Model = "demo",
    adapter: Adapter = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    store: StoreDir = ROOT,
    seed: Seed = 0,
) -> None:
    """Top right singular vectors of the Jacobian from source to target."""
    chosen = model_config(model, adapter, dtype, device)
    one_of("variant", variant, ("lanczos", "powers", "study"))
    source, target = layers(store, chosen, source_layer, target_layer)
    find_and_report(
        store,
        PowerIterationConfig(
            model=chosen,
            prompts=_prompts(prompt, prompts, system),
            source_layer=source,
            target_layer=target,
            vectors=vectors,
            iterations=iterations,
            tokens=tokens,
            norm=norm,
            variant=variant,  # type: ignore[arg-type]
            tolerance=tolerance,
            seed=seed,
        ),
    )


@find_app.command("random")
def find_random(
    source_layer: Source = None,
    vectors: Count = 4,
    norm: Norm = 1.0,
    kind: Kind = "isotropic",
    model: Model = "demo",
    adapter: Adapter = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    store: StoreDir = ROOT,
    seed: Seed = 0,
) -> None:
    """Random directions of a given norm: the control."""
    chosen = model_config(model, adapter, dtype, device)
    source, _ = layers(store, chosen, source_layer, None)
    find_and_report(
        store,
        RandomConfig(
            model=chosen,
            source_layer=source,
            vectors=vectors,
            norm=norm,
            kind=kind,
            seed=seed,
        ),
    )


Layers = Annotated[str, typer.Option(help="all, or blocks with commas.")]
Position = Annotated[
    str | None,
    typer.Option(help="last-prompt, answer-mean, letter, template or template-K."),
]
Negative = Annotated[str | None, typer.Option(help="Negative pole, where it is another file.")]
Behaviour = Annotated[str, typer.Option(help="Positive answer of A/B questions.")]
MaxRows = Annotated[int | None, typer.Option(help="How many rows to use; default all.")]
Study = Annotated[bool, typer.Option("--study", help="Padding read as text, as the study did.")]

NATURAL = {"answers": "answer-mean", "letters": "letter", "questions": "last-prompt"}


def _layers(text: str) -> Any:
    if text.strip() == "all":
        return "all"
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdigit() for part in parts):
        raise ConfigError(f"Layers {text!r} are not known: use all, or blocks as --layers 3,4,5.")
    return tuple(int(part) for part in parts)


def _natural(path: str, negative: str | None, behaviour: str) -> str:
    """Where states are read when nobody says so, by what the file holds."""
    return NATURAL[load_pairs(path, negative, behaviour).kind]


def find_contrastive(
    pairs: Annotated[str, typer.Option(help="File of pairs.")] = "data/pairs/advice.json",
    negative: Negative = None,
    layers: Layers = "all",
    estimator: Annotated[
        str, typer.Option(help="mean-difference, pca or logistic.")
    ] = "mean-difference",
    position: Position = None,
    contrast: Annotated[str | None, typer.Option(help="answers, system, both or none.")] = None,
    positive_system: Annotated[str, typer.Option(help="For system and both.")] = DECEPTIVE_SYSTEM,
    negative_system: Annotated[str, typer.Option(help="For system and both.")] = HONEST_SYSTEM,
    behaviour: Behaviour = "survival",
    max_rows: MaxRows = None,
    shuffles: Annotated[int, typer.Option(help="Draws of a shuffled-label null.")] = 0,
    fine_tuned: Annotated[bool, typer.Option(help="Read with the adapter on.")] = False,
    study: Study = False,
    system: System = STUDY_SYSTEM,
    model: Model = "demo",
    adapter: Adapter = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    store: StoreDir = ROOT,
    seed: Seed = 0,
) -> None:
    """What separates two poles of the same questions, at every block."""
    one_of("estimator", estimator, ("mean-difference", "pca", "logistic"))
    chosen = contrast or ("both" if study else "answers")
    one_of("contrast", chosen, ("answers", "system", "both", "none"))
    if position is None:
        in_prompt = chosen == "system" or study
        position = "last-prompt" if in_prompt else _natural(pairs, negative, behaviour)
    config = ContrastiveConfig(
        model=model_config(model, adapter, dtype, device),
        pairs=pairs,
        negative=negative,
        layers=_layers(layers),
        estimator=estimator,  # type: ignore[arg-type]
        position=position,
        contrast=chosen,  # type: ignore[arg-type]
        positive_system=positive_system,
        negative_system=negative_system,
        behaviour=behaviour,
        max_rows=max_rows,
        shuffles=shuffles,
        fine_tuned=fine_tuned,
        variant="study" if study else "default",
        system=system or None,
        seed=seed,
    )
    find_and_report(store, config)


def find_finetune_diff(
    prompts: Annotated[
        str, typer.Option("--prompts", help="File of prompts or pairs.")
    ] = "data/pairs/advice.json",
    negative: Negative = None,
    layers: Layers = "all",
    position: Position = None,
    behaviour: Behaviour = "survival",
    max_rows: MaxRows = None,
    study: Study = False,
    system: System = STUDY_SYSTEM,
    model: Model = "demo",
    adapter: Adapter = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    store: StoreDir = ROOT,
    seed: Seed = 0,
) -> None:
    """What an adapter changes on the same tokens, at every block."""
    if position is None:
        position = "last-prompt" if study else _natural(prompts, negative, behaviour)
    config = FinetuneDiffConfig(
        model=_with_adapter(model_config(model, adapter, dtype, device)),
        prompts=prompts,
        negative=negative,
        layers=_layers(layers),
        position=position,
        behaviour=behaviour,
        max_rows=max_rows,
        variant="study" if study else "default",
        system=system or None,
        seed=seed,
    )
    find_and_report(store, config)


def _with_adapter(model: ModelConfig) -> ModelConfig:
    """The demo model comes with its own adapter; any other must be told."""
    if model.adapter is None and model.model == "demo":
        return model_config(model.model, "demo", model.dtype, model.device)
    return model


def attach(find_app: typer.Typer) -> None:
    """Add both commands to `find`."""
    find_app.command("contrastive")(find_contrastive)
    find_app.command("finetune-diff")(find_finetune_diff)
