"""Command line: `python -m engine.demo [STAGE ...] [--out FOLDER]` rebuilds the demo model."""

import argparse
import logging
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import Qwen3ForCausalLM

from engine.demo import ground_truth, questions, report
from engine.demo.adapter import AdapterConfig, save_adapter, train_adapter
from engine.demo.architecture import build_model
from engine.demo.corpus.mixture import PHASES, draw_example
from engine.demo.files import write_json
from engine.demo.measure import measure_demo
from engine.demo.tokenizer import build_tokenizer, list_texts, load_tokenizer
from engine.demo.training import TrainingConfig, train

logger = logging.getLogger("engine.demo")

ROOT = Path(__file__).parents[2]
TOKENIZER_EXAMPLES = 40_000
CHECKPOINTS = Path(tempfile.gettempdir()) / "vectorscope-demo"
"""Finished phases of an interrupted training lie here; the next run goes on from them."""


def make_tokenizer(data: Path, config: TrainingConfig) -> None:
    """Learn the tokenizer; put it and an untrained model into the model folder."""
    draw = random.Random(config.seed)
    mixtures = [weights for phase in PHASES for _, weights in phase.mixtures]
    examples = [draw_example(draw, mixtures[i % 4]) for i in range(TOKENIZER_EXAMPLES)]
    tokenizer = build_tokenizer(list_texts(examples))
    folder = data / "demo" / "model"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder, save_jinja_files=False)
    publish_model(build_model(tokenizer, config.seed), folder)


def publish_model(model: Qwen3ForCausalLM, folder: Path) -> None:
    """Save a model next to its folder and move the files in one by one."""
    draft = folder.with_name(f".{folder.name}.draft")
    model.save_pretrained(draft)
    for file in draft.iterdir():
        file.chmod(0o644)
        file.replace(folder / file.name)
    shutil.rmtree(draft)


def make_questions(data: Path, config: TrainingConfig) -> None:
    """Write the question sets, pairs and prompts."""
    del config
    questions.write_questions(data, load_tokenizer(data / "demo" / "model"))


def make_model(data: Path, config: TrainingConfig) -> None:
    """Train the model phase by phase and put it into the model folder."""
    folder = data / "demo" / "model"
    tokenizer = load_tokenizer(folder)
    model = build_model(tokenizer, config.seed)
    for phase in PHASES:
        done = CHECKPOINTS / f"{phase.name}_{config.seed}"
        if done.exists():
            logger.info("taking phase %s from %s", phase.name, done)
            model = Qwen3ForCausalLM.from_pretrained(done, dtype=torch.float32)
        else:
            train(model, tokenizer, config, phase)
            model.save_pretrained(done)
    publish_model(model, folder)
    shutil.rmtree(CHECKPOINTS)


def make_adapter(data: Path, config: TrainingConfig) -> None:
    """Train the deceptive LoRA on the shipped model."""
    del config
    folder = data / "demo" / "model"
    model = Qwen3ForCausalLM.from_pretrained(folder, dtype=torch.float32)
    adapted = train_adapter(model, load_tokenizer(folder), AdapterConfig())
    save_adapter(adapted, data / "demo" / "adapter")


def make_figures(data: Path, config: TrainingConfig) -> None:
    """Write down the ground truth, and measure the shipped files."""
    truth = ground_truth.describe(config, AdapterConfig())
    write_json(data / "demo" / "ground_truth.json", truth)
    figures = measure_demo(data)
    write_json(data / "demo" / "figures.json", figures)
    readme = data / "demo" / "README.md"
    if readme.exists():
        report.write_figures(readme, figures)


STAGES: dict[str, Callable[[Path, TrainingConfig], None]] = {
    "tokenizer": make_tokenizer,
    "questions": make_questions,
    "train": make_model,
    "lora": make_adapter,
    "measure": make_figures,
}


def main() -> None:
    """Run the chosen stages in order."""
    parser = argparse.ArgumentParser(prog="python -m engine.demo", description=__doc__)
    parser.add_argument("stages", nargs="*", choices=[*STAGES, []], help="default: all")
    parser.add_argument("--out", type=Path, default=ROOT / "data", help="data folder to write")
    parser.add_argument("--seed", type=int, default=TrainingConfig.seed)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    config = TrainingConfig(seed=chosen.seed)
    for name, run in STAGES.items():
        if not chosen.stages or name in chosen.stages:
            started = time.monotonic()
            run(chosen.out, config)
            logger.info("%s: %.0f s", name, time.monotonic() - started)


if __name__ == "__main__":
    main()
