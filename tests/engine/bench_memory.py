"""How much memory a model of a real shape takes to load, find, evaluate and generate on a CPU.

Run from the root: `.venv/bin/python -m tests.engine.bench_memory --folder SCRATCH`. Random
bfloat16 weights of the real Llama-3.2-3B configuration are written shard by shard, used by a
fresh process through the same configs as the dashboard's, and deleted afterwards. What is counted
is the resident set with mapped files (RssAnon + RssFile); the kernel keeps its peak (VmHWM),
which is set back before every stage. Linux only.
"""

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import torch
from rich.console import Console
from rich.table import Table
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from engine import ROOT
from engine.bench.shapes import SHAPES
from engine.configs.core import PRESETS, ModelConfig, VectorRef, depth_matched
from engine.configs.finders import MelboConfig, PowerIterationConfig
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.configs.pairs import ContrastiveConfig
from engine.configs.sweeps import EvaluateConfig
from engine.runs.engine import Engine
from engine.store.store import Store

GIB = 2**30
SHARD_BYTES = GIB
ALLOWED = 1.35
"""Largest peak, as a multiple of the weights, that is a pass."""
NEEDED = 1.6
"""Free memory that is asked for before anything begins, as a multiple of the weights."""


class Amounts(NamedTuple):
    """How much of each job is done."""

    pairs: int
    melbo: int
    powers: int
    questions: int
    controls: int
    texts: int
    tokens: int


FEW = Amounts(pairs=6, melbo=2, powers=2, questions=4, controls=4, texts=1, tokens=8)
FULL = Amounts(pairs=40, melbo=12, powers=8, questions=1, controls=24, texts=12, tokens=2)
COUNTED = ("VmHWM", "RssAnon", "RssFile")
out = Console(highlight=False, width=None if sys.stdout.isatty() else 110)


def main() -> int:
    """Write the weights, use them in a fresh process, print what it took, delete them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=sorted(SHAPES), default="llama-3.2-3b")
    parser.add_argument("--folder", type=Path, help="where the weights go for as long as it takes")
    parser.add_argument("--use", type=Path, help="weights that an earlier run kept")
    parser.add_argument("--keep", action="store_true", help="do not delete the weights")
    parser.add_argument("--full", action="store_true", help="batches as large as a study's")
    parser.add_argument("--stages", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.stages:
        return _stages(asked.stages, FULL if asked.full else FEW)
    place = asked.use or Path(tempfile.mkdtemp(prefix="weights-", dir=asked.folder))
    try:
        if not asked.use:
            began = time.monotonic()
            size = write_weights(asked.shape, place)
            out.print(f"{size / GIB:.2f} GiB written in {time.monotonic() - began:.0f} s")
        command = [sys.executable, "-m", "tests.engine.bench_memory", "--stages", str(place)]
        command += ["--full"] * asked.full
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    finally:
        if not (asked.keep or asked.use):
            shutil.rmtree(place)


def write_weights(shape: str, folder: Path) -> int:
    """A random model as a folder of bfloat16 shards, a shard at a time; its weights in bytes."""
    config = SHAPES[shape]()
    with torch.device("meta"):
        empty = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    names: dict[str, str] = {}
    for number, shard in enumerate(_shards(dict(empty.named_parameters()))):
        file = f"model-{number:05d}.safetensors"
        generator = torch.Generator().manual_seed(number)
        save_file(
            {name: _drawn(name, shape_, generator) for name, shape_ in shard.items()},
            folder / file,
            {"format": "pt"},
        )
        names |= dict.fromkeys(shard, file)
    size = sum(weight.numel() * 2 for weight in empty.parameters())
    index = {"metadata": {"total_size": size}, "weight_map": names}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    config.dtype = torch.bfloat16
    config.architectures = [type(empty).__name__]
    config.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(ROOT / PRESETS["demo"].location)
    tokenizer.save_pretrained(folder)
    GenerationConfig(eos_token_id=tokenizer.eos_token_id).save_pretrained(folder)
    return size


def _shards(weights: dict[str, torch.Tensor]) -> Iterator[dict[str, torch.Size]]:
    part: dict[str, torch.Size] = {}
    size = 0
    for name, weight in weights.items():
        if part and size + 2 * weight.numel() > SHARD_BYTES:
            yield part
            part, size = {}, 0
        part[name] = weight.shape
        size += 2 * weight.numel()
    yield part


def _drawn(name: str, shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    if name.endswith("norm.weight"):
        return torch.ones(shape, dtype=torch.bfloat16)
    # Uniform numbers of the deviation of trained weights: drawn four times as fast as normal ones.
    width = 0.02 * math.sqrt(3)
    return torch.empty(shape, dtype=torch.bfloat16).uniform_(-width, width, generator=generator)


def resident() -> dict[str, int]:
    """Bytes of this process by kind: the peak, what is its own, what is mapped from files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines)
    return {name: int(found[name].split()[0]) * 1024 for name in COUNTED}


def forget_peak() -> None:
    """Let the kernel begin to count the peak from now."""
    Path("/proc/self/clear_refs").write_text("5")


def _stages(folder: Path, amounts: Amounts) -> int:
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    size = int(index["metadata"]["total_size"])
    free = psutil.virtual_memory().available
    if free < NEEDED * size:
        out.print(f"{free / GIB:.1f} GiB are free, {NEEDED * size / GIB:.1f} GiB are needed.")
        return 2
    table = Table(title=f"weights {size / GIB:.2f} GiB, bfloat16, {torch.get_num_threads()} cores")
    columns = ("stage", "seconds", "peak GiB", "own GiB", "mapped GiB", "peak / weights")
    for name in columns:
        table.add_column(name, justify="left" if name == "stage" else "right")
    worst = 0.0
    with tempfile.TemporaryDirectory() as store:
        for name, work in _work(Engine(Store(Path(store)), keep_jobs=False), folder, amounts):
            forget_peak()
            began = time.monotonic()
            work()
            took, found = time.monotonic() - began, resident()
            worst = max(worst, found["VmHWM"] / size)
            figures = [f"{found[kind] / GIB:.2f}" for kind in COUNTED]
            row = (name, f"{took:.1f}", *figures, f"{found['VmHWM'] / size:.3f}")
            out.print(*row)
            table.add_row(*row)
    out.print(table)
    out.print(f"largest peak {worst:.3f} x the weights; at most {ALLOWED} is a pass")
    return int(worst > ALLOWED)


def _work(
    engine: Engine, folder: Path, amounts: Amounts
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every stage by name, each with what the dashboard would ask."""
    model = ModelConfig(model=str(folder), dtype="bfloat16", device="cpu")
    yield "load, self-tests", lambda: engine.load(model)
    source, target = depth_matched(engine.load(model).blocks)
    contrastive = ContrastiveConfig(model=model, max_rows=amounts.pairs)
    yield f"contrastive, {amounts.pairs} pairs, all layers", lambda: engine.run(contrastive)
    slice_: dict[str, Any] = {"model": model, "source_layer": source, "target_layer": target}
    melbo = MelboConfig(**slice_, vectors=amounts.melbo, steps=2)
    yield f"MELBO, {amounts.melbo} vectors, 2 steps", lambda: engine.run(melbo)
    powers = PowerIterationConfig(**slice_, vectors=amounts.powers, iterations=2)
    yield f"power iteration, {amounts.powers} vectors, 2 rounds", lambda: engine.run(powers)
    sweep = EvaluateConfig(
        model=model,
        vectors=(VectorRef(digest=engine.digest(melbo)),),
        scales=(-1.0, 0.0, 1.0),
        max_questions=amounts.questions,
        controls=amounts.controls,
    )
    rows = 1 + 2 * (amounts.melbo + amounts.controls)
    yield f"A/B sweep, {rows} rows, {amounts.questions} questions", lambda: engine.run(sweep)
    blend = (BlendPart(digest=engine.digest(melbo)),)
    steered = [
        Configuration(name=str(number), blend=blend, scale=float(number))
        for number in range(amounts.texts + 1)
    ]
    grid = GenerateConfig(
        model=model, configurations=tuple(steered), max_new_tokens=amounts.tokens, neutral=2
    )
    texts = f"{len(steered)} texts of {amounts.tokens} tokens"
    yield f"generation, {texts}, side effects", lambda: engine.run(grid)


if __name__ == "__main__":
    sys.exit(main())
