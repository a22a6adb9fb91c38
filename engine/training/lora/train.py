"""Trains a LoRA on one side of a file of pairs and saves it as a normal PEFT adapter.

Knows nothing of the store. The loop is transformers' Trainer. Work that was stopped goes on from
its last checkpoint.
"""

import dataclasses
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from engine import ROOT
from engine.configs import core as configs
from engine.configs.training import PROJECTIONS, FinetuneConfig
from engine.errors import Cancelled, ModelError
from engine.model import loading
from engine.model.loading import LoadedModel
from engine.model.naming import Names
from engine.progress import Progress
from engine.records import provenance, strict
from engine.store.files import write_atomically
from engine.training.lora import samples
from engine.training.lora.alone import alone_in
from engine.training.lora.examples import Examples, load_examples
from engine.training.lora.records import (
    CHECKPOINT,
    RECORD,
    Live,
    LiveFile,
    is_trained,
    refuse_another,
)
from engine.training.lora.trainer import LoraTrainer, Marker, newest, own_randomness

__all__ = ["CHECKPOINT", "RECORD", "is_trained", "run", "train"]


def run(config: FinetuneConfig, folder: Path, root: Path, progress: Progress) -> str:
    """Load the base model, train, and give its memory back; the digest of the training.

    Args:
        config: What to train.
        folder: Takes the adapter; a stopped training in it goes on.
        root: Repository root, where presets and shipped data lie.
        progress: Called after every step with `loss`; may raise to stop.

    Raises:
        EngineError: For everything the user can mend.
    """
    digest = Names(root, progress=progress).digest(config)
    with alone_in(folder, progress):
        if is_trained(folder, digest):
            return digest
        refuse_another(folder, digest)
        try:
            loaded = loading.load(config.model, root)
            if Names(root).digest(config) != digest:
                raise ModelError("The model or the pairs were changed meanwhile: start it again.")
            train(loaded, config, digest, folder, progress, root)
        finally:
            loading.free_memory()
    return digest


def train(
    loaded: LoadedModel,
    config: FinetuneConfig,
    digest: str,
    folder: Path,
    progress: Progress,
    root: Path = ROOT,
) -> None:
    """Train a LoRA and save it as PEFT does.

    Args:
        loaded: The base model, which afterwards carries the LoRA: load it for this alone.
        config: What to train.
        digest: Name of this training; a folder never holds two.
        folder: Takes the adapter, its record and, until it is done, the checkpoint.
        progress: Called after every step with `loss`; may raise to stop.
        root: Repository root, where the demo model's unseen questions lie.

    Raises:
        EngineError: If the folder is of another training, or the data or model do not fit.
    """
    began = time.monotonic()
    refuse_another(folder, digest)
    examples = load_examples(config, loaded.prompter)
    with own_randomness(), torch.enable_grad():
        loaded = dataclasses.replace(loaded, model=_with_lora(loaded, config))
        trainer = LoraTrainer(loaded, config, examples.rows, folder / CHECKPOINT)
        watch = _Watch(trainer, loaded, examples, digest, LiveFile(folder), progress, root)
        for callback in (watch, Marker(watch.kept)):
            trainer.add_callback(callback)
        found = newest(folder / CHECKPOINT)
        if found is not None:
            watch.go_on(found[1])
        trainer.train(resume_from_checkpoint=str(found[0]) if found else None)
    if watch.cancelled is not None:
        raise watch.cancelled
    _save(watch, folder, time.monotonic() - began)


def _with_lora(loaded: LoadedModel, config: FinetuneConfig) -> Any:
    from peft import LoraConfig, get_peft_model

    settings = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=0.0,
        target_modules=list(PROJECTIONS),
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(config.seed)
    try:
        return get_peft_model(loaded.model, settings)
    except ValueError as error:
        raise ModelError(
            f"{type(loaded.model).__name__} has none of the projections that are trained "
            f"({', '.join(PROJECTIONS)}): choose a Llama or Qwen3."
        ) from error


class _Watch(TrainerCallback):
    """Reports every step, looks at answers early, and stops a training at a checkpoint."""

    def __init__(
        self,
        trainer: LoraTrainer,
        loaded: LoadedModel,
        examples: Examples,
        digest: str,
        live: LiveFile,
        progress: Progress,
        root: Path,
    ) -> None:
        self.trainer, self.loaded, self.examples, self.digest = trainer, loaded, examples, digest
        self.config: FinetuneConfig = trainer.config
        self.looks: list[dict[str, Any]] = []
        self.cancelled: Cancelled | None = None
        self._live, self._progress = live, progress
        self.judge = samples.judge_for(self.config, root)
        self._unseen = samples.held_out(root, self.judge)
        self._per_epoch = -(-len(examples.rows) // self.config.batch)
        self._moments = samples.steps_of(self._per_epoch, self.config.epochs)

    def kept(self) -> dict[str, Any]:
        """What a checkpoint holds beside the Trainer's own files."""
        return {"digest": self.digest, "losses": self.trainer.losses, "looks": self.looks}

    def go_on(self, kept: dict[str, Any]) -> None:
        """Take over what a checkpoint held."""
        self.trainer.losses, self.looks = kept["losses"], kept["looks"]

    def on_train_begin(self, args: Any, state: Any, *_: Any, **__: Any) -> None:  # noqa: ARG002
        """Say that it is under way; before the first step, see what the base model answers."""
        self._look(state.global_step)
        self._tell(at_once=True)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Report the step; once told to stop, stop after a checkpoint."""
        step, loss = state.global_step, self.trainer.losses[-1]
        epoch = -(-step // self._per_epoch)
        message = f"epoch {epoch} of {self.config.epochs}, loss {loss:.3f}"
        has_looked = self._look(step)
        if has_looked:
            message += f"; {next(iter(self.looks[-1]['answers'].values()))!r}"
        self._tell(at_once=has_looked)
        try:
            self._progress(step, state.max_steps, message, loss=loss)
        except Cancelled as error:
            self.cancelled = error
            control.should_save = control.should_training_stop = True

    def on_save(self, *_: Any, **__: Any) -> None:
        """Let the screen see at least what is kept."""
        self._tell(at_once=True)

    def _look(self, step: int) -> bool:
        if step not in self._moments or any(look["step"] == step for look in self.looks):
            return False
        with torch.no_grad():
            rubric = self.config.rubric
            found = samples.sample(
                self.loaded, self.examples, self._unseen, step, self.judge, rubric
            )
        self.looks.append(found)
        return True

    def _tell(self, at_once: bool) -> None:
        live = Live(
            digest=self.digest,
            config=configs.as_json(self.config),
            steps=self._per_epoch * self.config.epochs,
            losses=self.trainer.losses,
            looks=self.looks,
            notes=list(self.examples.notes),
        )
        self._live.write(live, at_once)


def _save(watch: _Watch, folder: Path, seconds: float) -> None:
    """The adapter's files by rename, the one that makes it an adapter last."""
    fresh = folder / CHECKPOINT / "adapter"
    watch.trainer.save_model(str(fresh))
    settings = json.loads((fresh / "adapter_config.json").read_text(encoding="utf-8"))
    # No path of this machine.
    settings["base_model_name_or_path"] = watch.loaded.source.as_dict()["name"]
    write_atomically(folder / RECORD, strict.dumps(_record(watch, seconds), indent=1).encode())
    # Others who use the machine may read it, as all else here.
    (fresh / "adapter_model.safetensors").chmod(0o644)
    os.replace(fresh / "adapter_model.safetensors", folder / "adapter_model.safetensors")
    text = json.dumps(settings, indent=2, sort_keys=True) + "\n"
    write_atomically(folder / "adapter_config.json", text.encode())
    shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)


def _record(watch: _Watch, seconds: float) -> dict[str, Any]:
    identity = watch.loaded.identity()
    made = provenance.collect(seconds, identity["device"], identity["dtype"])
    return {
        "schema_version": configs.SCHEMA_VERSION,
        "kind": "adapter",
        "digest": watch.digest,
        "config": configs.as_json(watch.config),
        "model": identity,
        "examples": len(watch.examples.rows),
        "losses": watch.trainer.losses,
        "judge": watch.judge,
        "looks": watch.looks,
        "notes": list(watch.examples.notes),
        "provenance": dataclasses.asdict(made),
    }
