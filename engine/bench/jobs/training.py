"""One step of a LoRA's training."""

import copy
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import TrainerCallback

from engine.bench.arithmetic import Portion, Products, tokens_of
from engine.bench.setting import Job, Outcome, Setting, largest
from engine.bench.shapes import ALPHA, RANK, with_lora
from engine.bench.timing import Laps
from engine.configs.training import FinetuneConfig
from engine.training.lora.examples import Example, load_examples
from engine.training.lora.trainer import LoraTrainer, own_randomness


class _Marks(TrainerCallback):
    """Tells when a step is over."""

    def __init__(self, laps: Laps) -> None:
        self._laps = laps

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self._laps.mark()


def lora(setting: Setting) -> Job:
    """The same batches and losses; the study takes two examples at a time, four times a step."""
    sizes, loaded = setting.sizes, setting.door.loaded
    config = FinetuneConfig(
        model=loaded.config,
        rank=RANK,
        alpha=ALPHA,
        epochs=1,
        batch=sizes.lora_batch,
        seed=setting.seed,
    )
    rows = load_examples(config, loaded.prompter).rows[: sizes.lora_batch * sizes.lora_steps]
    model = with_lora(copy.deepcopy(loaded.causal), setting.seed, is_trained=False)
    fresh = {name: w.detach().clone() for name, w in _trained(model).items()}

    def renew() -> None:
        with torch.no_grad():
            for name, weight in _trained(model).items():
                weight.copy_(fresh[name])

    def ours() -> Outcome:
        renew()
        laps = Laps(loaded.device)
        with tempfile.TemporaryDirectory() as folder, own_randomness(), torch.enable_grad():
            trainer = LoraTrainer(replace(loaded, model=model), config, rows, Path(folder))
            trainer.add_callback(_Marks(laps))
            trainer.train()
        return Outcome(torch.tensor(trainer.losses), laps.typical)

    def study() -> Outcome:
        renew()
        laps = Laps(loaded.device)
        losses = setting.study.lora_losses(model, config, rows, laps.mark)
        return Outcome(torch.tensor(losses), laps.typical)

    return Job(
        name="lora",
        title=f"LoRA of rank {RANK}, one step of {sizes.lora_batch} examples",
        study=study,
        ours=ours,
        flops=lambda _: [
            Portion(
                _flops(setting, rows) / sizes.lora_steps,
                sum(len(r.prompt) + len(r.answer) for r in rows) // sizes.lora_steps,
            )
        ],
        difference=largest,
        unit="of the loss",
        tolerance=1e-4,
    )


def _trained(model: Any) -> dict[str, Tensor]:
    return {n: weight for n, weight in model.named_parameters() if weight.requires_grad}


def _flops(setting: Setting, rows: tuple[Example, ...]) -> int:
    """All steps: the frozen weights forward and back to the inputs, the LoRA's also to itself."""
    dimensions, total = setting.dimensions, 0
    for row in rows:
        length, learnt = len(row.prompt) + len(row.answer), len(row.answer)
        # The last token predicts nothing.
        span: Products = dimensions.span(
            dimensions.blocks, tokens_of(length - 1), tokens_of(length - 1, len(row.prompt) - 1)
        )
        total += span.with_gradient + 2 * dimensions.head(learnt)
        total += 3 * dimensions.adapter(RANK, length - 1)
    return total
