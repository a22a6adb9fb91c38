"""`find contrastive | finetune-diff`."""

from typing import Annotated, Any

import typer

from engine.cli_find import find_and_report
from engine.cli_values import model_config
from engine.config import STUDY_SYSTEM, ModelConfig
from engine.engine import ROOT
from engine.errors import ConfigError
from engine.options import Adapter, Device, Dtype, Model, Seed, StoreDir, System, one_of
from engine.pair_configs import (
    DECEPTIVE_SYSTEM,
    HONEST_SYSTEM,
    ContrastiveConfig,
    FinetuneDiffConfig,
)
from engine.pairs import load_pairs

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
