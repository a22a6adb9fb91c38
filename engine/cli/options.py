"""The command line's options, how their text becomes values, and how every command answers."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.configs.core import ModelConfig, RandomKind, VectorRef
from engine.configs.sweeps import knowledge_of
from engine.errors import ConfigError
from engine.runs.engine import Engine
from engine.store.store import Store

Model = Annotated[str, typer.Option(help="Preset (demo, qwen3-14b, llama-3.2-3b), hub id, folder.")]
Adapter = Annotated[str | None, typer.Option(help="PEFT LoRA: folder, hub id, or demo.")]
Dtype = Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
StoreDir = Annotated[Path, typer.Option("--store", help="Holds vectors/ and results/.")]
Seed = Annotated[int, typer.Option(help="Of every random draw.")]
Prompt = Annotated[str | None, typer.Option(help="The one prompt to start from.")]
Prompts = Annotated[str | None, typer.Option("--prompts", help="File of prompts.")]
System = Annotated[str, typer.Option(help="System prompt; empty for none.")]
Source = Annotated[int | None, typer.Option(help="Block at whose output vectors are added.")]
Target = Annotated[int | None, typer.Option(help="Block whose output is read.")]
Norm = Annotated[float, typer.Option(help="Norm of every vector.")]
Questions = Annotated[str, typer.Option(help="Question file.")]
Kind = Annotated[
    RandomKind, typer.Option(help="isotropic, or covariance: as the residual stream is.")
]
SideEffects = Annotated[
    bool, typer.Option(help="Also KL, perplexity, written answers and knowledge.")
]
Neutral = Annotated[int, typer.Option(help="Neutral prompts for side effects.")]
Written = Annotated[int, typer.Option(help="Questions whose answers are written out.")]
Knowledge = Annotated[
    str | None, typer.Option(help="Knowledge questions; empty for none. Default: the model's own.")
]
Count = Annotated[int, typer.Option(help="How many vectors.")]


def reference(store: Store, name: str) -> VectorRef:
    """The vectors a command line names: a digest or file, with `:INDEX` for one of them.

    A file from elsewhere is taken into the store, so that the record made from it can be read.

    Raises:
        ConfigError: If the index is not a number.
    """
    target, _, index = name.partition(":") if not Path(name).is_file() else (name, "", "")
    if index and not index.isdigit():
        raise ConfigError(f"{name!r} ends in {index!r}, which is no index: write FILE:0, FILE:1...")
    if Path(target).suffix or Path(target).is_file():
        found = store.load_vectors(Path(target))
        if not store.has(found.digest):
            store.save_vectors(found)
        digest = found.digest
    else:
        digest = store.find(target).digest
    return VectorRef(digest=digest, indices=(int(index),) if index else None)


def parse_scales(text: str) -> tuple[float, ...]:
    """Numbers separated by commas.

    Raises:
        ConfigError: If one of them is no number.
    """
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ConfigError(
            f"Scales {text!r} are not numbers: write them with commas, as --scales=-10,0,10."
        ) from None


def side_effect_fields(
    is_wanted: bool, model: str, neutral: int, written: int, knowledge: str | None
) -> dict[str, Any]:
    """Fields of an `EvaluateConfig` for side effects; none, and so the old digest, without.

    Raises:
        ConfigError: If knowledge questions are named but no side effects are asked for.
    """
    if knowledge and not is_wanted:
        raise ConfigError("Knowledge questions are a side effect: add --side-effects.")
    if not is_wanted:
        return {}
    return {
        "side_effects": True,
        "neutral": neutral,
        "written": written,
        "knowledge": knowledge_of(model) if knowledge is None else knowledge,
    }


def one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is none of the choices."""
    if value not in choices:
        raise ConfigError(f"{name} {value!r} is not known: use {' or '.join(choices)}.")


def spread_vectors(arguments: list[str]) -> list[str]:
    """Let `--vectors A B C` stand for three `--vectors`, as shells expand `vectors/*`."""
    spread: list[str] = []
    is_open = False
    for argument in arguments:
        if argument.startswith("-"):
            is_open = argument == "--vectors"
            if is_open:
                continue
            spread.append(argument)
        elif is_open:
            spread += ["--vectors", argument]
        else:
            spread.append(argument)
    return spread


def model_config(model: str, adapter: str | None, dtype: str, device: str) -> ModelConfig:
    """The model that the options name."""
    if dtype not in ("auto", "float32", "bfloat16", "float16"):
        raise ConfigError(
            f"Precision {dtype!r} is not known: use auto, float32, bfloat16 or float16."
        )
    return ModelConfig(model=model, adapter=adapter, dtype=dtype, device=device)  # type: ignore[arg-type]


def open_engine(store: Path) -> Engine:
    """An engine over a store, without job records."""
    return Engine(Store(store.resolve()), keep_jobs=False)


def answer(**values: Any) -> None:
    """Print the one JSON object that ends every command's output."""
    print(json.dumps(values))


def done(engine: Engine, digest: str, **more: Any) -> None:
    """Answer with a stored record."""
    answer(digest=digest, path=engine.store.find(digest).path, **more)


def layers(
    store: Path, model: ModelConfig, source: int | None, target: int | None
) -> tuple[int, int]:
    """Source and target block: as given, else the model\'s defaults."""
    if source is not None and target is not None:
        return source, target
    default_source, default_target = open_engine(store).default_layers(model)
    return (
        default_source if source is None else source,
        default_target if target is None else target,
    )
