"""How the text of options becomes values, and how every command opens the engine and answers."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.configs.core import STUDY_PROMPT, ModelConfig
from engine.errors import ConfigError
from engine.questions import files
from engine.runs.engine import Engine
from engine.store.store import Store

HELP = {
    "model": "Preset (demo, qwen3-14b, llama-3.2-3b), hub id, folder.",
    "adapter": "PEFT LoRA: folder, hub id, or demo.",
    "dtype": "auto, float32, bfloat16 or float16.",
    "device": "auto, cpu, cuda or cuda:N.",
    "store": "Holds vectors/ and results/.",
    "seed": "Of every random draw.",
}
Model = Annotated[str, typer.Option(help=HELP["model"])]
Adapter = Annotated[str | None, typer.Option(help=HELP["adapter"])]
Dtype = Annotated[str, typer.Option(help=HELP["dtype"])]
Device = Annotated[str, typer.Option(help=HELP["device"])]
StoreDir = Annotated[Path, typer.Option("--store", help=HELP["store"])]
Seed = Annotated[int, typer.Option(help=HELP["seed"])]


def prompts(prompt: str | None, file: str | None) -> tuple[str, ...]:
    """The prompts of `--prompt` or of the file `--prompts`, else the study's.

    Raises:
        ConfigError: If both are given, or the prompt is empty.
    """
    if prompt is not None and file is not None:
        raise ConfigError("Give --prompt or --prompts, not both.")
    if prompt is not None and not prompt.strip():
        raise ConfigError("The prompt is empty: write one after --prompt.")
    return files.load_prompts(file) if file is not None else (prompt or STUDY_PROMPT,)


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


def parse_layers(text: str, words: tuple[str, ...]) -> str | tuple[int, ...]:
    """One of some words, or blocks separated by commas.

    Raises:
        ConfigError: If it is neither.
    """
    if text.strip() in words:
        return text.strip()
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdigit() for part in parts):
        known = ", ".join(words)
        raise ConfigError(f"Layers {text!r} are not known: use {known}, or blocks as 7,8.")
    return tuple(int(part) for part in parts)


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


def model_config(model: str, adapter: str | None, dtype: Any, device: str) -> ModelConfig:
    """The model that the options name."""
    if dtype not in ("auto", "float32", "bfloat16", "float16"):
        raise ConfigError(
            f"Precision {dtype!r} is not known: use auto, float32, bfloat16 or float16."
        )
    return ModelConfig(model=model, adapter=adapter, dtype=dtype, device=device)


def open_engine(store: Path) -> Engine:
    """An engine over a store, without job records."""
    return Engine(Store(store.resolve()), keep_jobs=False)


def answer(**values: Any) -> None:
    """Print the one JSON object that ends every command's output."""
    print(json.dumps(values))


def done(engine: Engine, digest: str, **more: Any) -> None:
    """Answer with a stored record."""
    answer(digest=digest, path=engine.store.find(digest).path, **more)
