"""`find melbo | power-iteration | random`."""

from pathlib import Path
from typing import Annotated

import typer

from engine import datasets, reports
from engine.cli_values import done, layers, model_config, open_engine
from engine.config import (
    STUDY_PROMPT,
    STUDY_SYSTEM,
    FinderConfig,
    MelboConfig,
    PowerIterationConfig,
    PromptsConfig,
    RandomConfig,
)
from engine.engine import ROOT
from engine.errors import ConfigError
from engine.options import (
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
    one_of,
)

find_app = typer.Typer(no_args_is_help=True, help="Find vectors.")


def _prompts(prompt: str | None, file: str | None, system: str) -> PromptsConfig:
    if prompt is not None and file is not None:
        raise ConfigError("Give --prompt or --prompts, not both.")
    given = datasets.load_prompts(file) if file is not None else (prompt or STUDY_PROMPT,)
    if prompt is not None and not prompt.strip():
        raise ConfigError("The prompt is empty: write one after --prompt.")
    return PromptsConfig(prompts=given, system=system or None)


def find_and_report(store: Path, config: FinderConfig) -> None:
    """Run a finder and print its vectors."""
    engine = open_engine(store)
    with reports.bar() as progress:
        digest = engine.run(config, progress)
    found = engine.store.load_vectors(digest)
    reports.vectors(found)
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
