"""transformers' Trainer set up for one LoRA: data, optimiser, checkpoints that can be trusted.

Knows nothing of pairs, looks or records.
"""

import json
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from engine.configs.training import FinetuneConfig
from engine.model.loading import LoadedModel
from engine.store.files import UNREADABLE, write_atomically
from engine.training.lora.examples import Example, batch_of

CHECKPOINT_STEPS = 25
WARM_UP = 5
WEIGHT_DECAY = 0.01
LARGEST_GRADIENT = 1.0
DONE = "vectorscope.json"
"""Written last into a checkpoint; one without it was cut off, and is not read."""


class ExampleRows(Dataset[Example]):
    """Examples as torch wants them."""

    def __init__(self, rows: Sequence[Example]) -> None:
        """Take the examples as they are."""
        self._rows = rows

    def __len__(self) -> int:
        """How many."""
        return len(self._rows)

    def __getitem__(self, index: int) -> Example:
        """One of them."""
        return self._rows[index]


class EpochShuffle(Sampler[int]):
    """Every epoch in an order of its own, which depends on the seed and the epoch alone."""

    def __init__(self, count: int, seed: int, epoch: Callable[[], int]) -> None:
        """Ask `epoch` which one begins, so that a resumed training draws the same order."""
        self._count, self._seed, self._epoch = count, seed, epoch

    def __iter__(self) -> Iterator[int]:
        """The indices of the epoch that begins."""
        source = torch.Generator().manual_seed(self._seed * 100_003 + self._epoch())
        yield from torch.randperm(self._count, generator=source).tolist()

    def __len__(self) -> int:
        """How many."""
        return self._count


class LoraTrainer(Trainer):
    """A Trainer that shuffles by its seed, keeps every loss and saves only the LoRA."""

    def __init__(
        self, loaded: LoadedModel, config: FinetuneConfig, rows: Sequence[Example], folder: Path
    ) -> None:
        """Set up the training of `loaded.model`, wrapped by its LoRA, in `folder`."""
        self.losses: list[float] = []
        self.config, self._placed = config, loaded.device
        trained = [weight for weight in loaded.model.parameters() if weight.requires_grad]
        adam = torch.optim.AdamW(trained, lr=config.rate, weight_decay=WEIGHT_DECAY)
        steps = -(-len(rows) // config.batch) * config.epochs
        super().__init__(
            model=loaded.model,
            args=_arguments(config, folder, loaded.device),
            train_dataset=ExampleRows(rows),
            data_collator=self._collate,
            optimizers=(adam, torch.optim.lr_scheduler.LambdaLR(adam, _schedule(steps))),
        )
        # It prints every loss to stdout.
        self.remove_callback(PrinterCallback)

    def _collate(self, rows: Sequence[Example]) -> dict[str, torch.Tensor]:
        batch = batch_of(rows, self.config, torch.device("cpu"))
        return {"input_ids": batch.ids, "attention_mask": batch.mask, "labels": batch.labels}

    def get_train_dataloader(self) -> DataLoader[Example]:
        """Batches of the epoch that begins."""
        rows: Any = self.train_dataset
        per_epoch = -(-len(rows) // self.config.batch)
        order = EpochShuffle(
            len(rows), self.config.seed, lambda: self.state.global_step // per_epoch
        )
        return DataLoader(
            rows, batch_size=self.config.batch, sampler=order, collate_fn=self._collate
        )

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], *_rest: object, **_named: object
    ) -> torch.Tensor:
        """Mean loss over the labelled tokens of a batch."""
        # A model placed by name may lie on another GPU than the first, which a Trainer assumes.
        placed = {name: value.to(self._placed) for name, value in inputs.items()}
        loss = model(**placed, use_cache=False).loss
        self.losses.append(float(loss.detach()))
        return loss.to(self.args.device)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Save the LoRA alone; embeddings are not trained, and asking about them needs the hub."""
        model: Any = self.model
        model.save_pretrained(output_dir, save_embedding_layers=False)


def _schedule(steps: int) -> Callable[[int], float]:
    """Five steps of warm-up, the first of which already learns, then linearly towards zero."""
    return lambda step: min((step + 1) / WARM_UP, 1.0, max(1 - step / steps, 0.0))


def _arguments(config: FinetuneConfig, folder: Path, device: torch.device) -> TrainingArguments:
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch,
        max_grad_norm=LARGEST_GRADIENT,
        seed=config.seed,
        use_cpu=device.type == "cpu",
        save_strategy="steps",
        save_steps=CHECKPOINT_STEPS,
        # The newest may be half written when a process is killed.
        save_total_limit=2,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
    # On a machine of several GPUs a Trainer would split every batch over all of them.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


class Marker(TrainerCallback):
    """Marks a checkpoint as whole, with what else the next step depends on."""

    def __init__(self, state: Callable[[], dict[str, Any]]) -> None:
        """Ask `state` what to keep."""
        self._state = state

    def on_save(self, args: Any, state: Any, *_: Any, **__: Any) -> None:
        """Write the mark, after all files of the checkpoint."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        write_atomically(folder / DONE, json.dumps(self._state()).encode())


def newest(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The newest whole checkpoint and what was kept with it; those cut off are removed."""
    whole: dict[int, tuple[Path, dict[str, Any]]] = {}
    for path in folder.glob("checkpoint-*"):
        try:
            kept = json.loads((path / DONE).read_text(encoding="utf-8"))
            whole[int(path.name.removeprefix("checkpoint-"))] = path, kept
        except UNREADABLE:
            shutil.rmtree(path, ignore_errors=True)
    return whole[max(whole)] if whole else None


@contextmanager
def own_randomness() -> Iterator[None]:
    """Give back Python's, numpy's and torch's random state, which every Trainer seeds."""
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
