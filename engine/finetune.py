"""Trains a LoRA on one side of a file of pairs and saves it as a normal PEFT adapter.

Knows nothing of the store. Work that was stopped goes on from its last checkpoint.
"""

import dataclasses
import json
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine import config as configs
from engine import loading, provenance
from engine.errors import Cancelled, ConfigError, ModelError
from engine.evaluators.cells import end_tokens
from engine.evaluators.side_effects import greedy
from engine.files import write_atomically
from engine.finetune_configs import PROJECTIONS, FinetuneConfig
from engine.finetune_examples import Examples, batch_of, load_examples
from engine.forward import Forward
from engine.identity import resolve
from engine.loading import LoadedModel
from engine.progress import Progress
from engine.sources import read_source

RECORD = "vectorscope.json"
"""Provenance, beside the adapter's own files."""
CHECKPOINT = ".checkpoint"
CHECKPOINT_STEPS = 25
WARM_UP = 5
WEIGHT_DECAY = 0.01
LARGEST_GRADIENT = 1.0
LOOKS = 3
"""Questions whose answers are looked at after every epoch."""
LOOK_TOKENS = 32


@dataclass(eq=False)
class _Training:
    """Where a training is."""

    loaded: LoadedModel
    """Its model is wrapped by the LoRA."""
    config: FinetuneConfig
    examples: Examples
    digest: str
    optimizer: torch.optim.Optimizer
    step: int = 0
    losses: list[float] = field(default_factory=list)
    looks: list[dict[str, Any]] = field(default_factory=list)
    """After every epoch: question -> answer."""

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.examples.rows) // self.config.batch)

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.config.epochs

    @property
    def weights(self) -> dict[str, Tensor]:
        """The LoRA's own parameters."""
        named = self.loaded.model.named_parameters()
        return {name: weight for name, weight in named if weight.requires_grad}


def digest_of(config: FinetuneConfig, root: Path) -> str:
    """The name of a training: of its settings, the model's files and the pairs' content.

    Raises:
        EngineError: If the model or the pairs cannot be found.
    """
    source = resolve(config.model, root)
    payload = configs.as_json(config) | {
        "method": config.method,
        "pairs": read_source(config.pairs).sha256,
        "model": {
            "fingerprint": source.fingerprint,
            "revision": source.revision,
            "dtype": config.model.dtype,
        },
    }
    return configs.digest(payload)


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
    digest = digest_of(config, root)
    if not is_trained(folder, digest):
        try:
            train(loading.load(config.model, root), config, digest, folder, progress)
        finally:
            loading.free_memory()
    return digest


def train(
    loaded: LoadedModel, config: FinetuneConfig, digest: str, folder: Path, progress: Progress
) -> None:
    """Train a LoRA and save it as PEFT does.

    Args:
        loaded: The base model, which afterwards carries the LoRA: load it for this alone.
        config: What to train.
        digest: Name of this training; a folder never holds two.
        folder: Takes the adapter, its record and, until it is done, the checkpoint.
        progress: Called after every step with `loss`; may raise to stop.

    Raises:
        EngineError: If the folder is of another training, or the data or model do not fit.
    """
    began = time.monotonic()
    training = _begin(loaded, config, digest)
    _resume(training, folder)
    try:
        while training.step < training.steps:
            loss = _step(training)
            message = f"epoch {_epoch(training)} of {config.epochs}, loss {loss:.3f}"
            if training.step % training.steps_per_epoch == 0:
                training.looks.append(_look(training))
                message += f"; {next(iter(training.looks[-1].values()))!r}"
            if training.step % CHECKPOINT_STEPS == 0:
                _checkpoint(training, folder)
            progress(training.step, training.steps, message, loss=loss)
    except Cancelled:
        _checkpoint(training, folder)
        raise
    _save(training, folder, time.monotonic() - began)


def is_trained(folder: Path, digest: str) -> bool:
    """Whether the folder already holds this training.

    Raises:
        ConfigError: If it holds something else.
    """
    if not (folder / "adapter_config.json").exists():
        return False
    try:
        held = json.loads((folder / RECORD).read_text(encoding="utf-8"))["digest"]
    except (OSError, ValueError, KeyError):
        held = None
    if held != digest:
        raise ConfigError(f"{folder} already holds another adapter: choose another folder.")
    return True


def _begin(loaded: LoadedModel, config: FinetuneConfig, digest: str) -> _Training:
    from peft import LoraConfig, get_peft_model

    examples = load_examples(config, loaded.prompter)
    settings = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=0.0,
        target_modules=list(PROJECTIONS),
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        try:
            model = get_peft_model(loaded.model, settings)
        except ValueError as error:
            raise ModelError(
                f"{type(loaded.model).__name__} has none of the projections that are trained "
                f"({', '.join(PROJECTIONS)}): choose a Llama or Qwen3."
            ) from error
    model.eval()
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    return _Training(
        loaded=dataclasses.replace(loaded, model=model),
        config=config,
        examples=examples,
        digest=digest,
        optimizer=torch.optim.AdamW(trained, lr=config.rate, weight_decay=WEIGHT_DECAY),
    )


def _epoch(training: _Training) -> int:
    return -(-training.step // training.steps_per_epoch)


def _step(training: _Training) -> float:
    """One step of the optimiser; the loss before it."""
    batch = batch_of(
        [training.examples.rows[i] for i in _drawn(training)],
        training.config,
        training.loaded.device,
    )
    rising = min((training.step + 1) / WARM_UP, 1.0)
    rate = training.config.rate * min(rising, 1 - training.step / training.steps)
    for group in training.optimizer.param_groups:
        group["lr"] = rate
    with torch.enable_grad():
        out = training.loaded.model(
            input_ids=batch.ids, attention_mask=batch.mask, labels=batch.labels, use_cache=False
        )
        out.loss.backward()
    torch.nn.utils.clip_grad_norm_(list(training.weights.values()), LARGEST_GRADIENT)
    training.optimizer.step()
    training.optimizer.zero_grad(set_to_none=True)
    training.step += 1
    training.losses.append(float(out.loss.detach()))
    return training.losses[-1]


def _drawn(training: _Training) -> list[int]:
    """The examples of the coming step: every epoch is a shuffle of its own."""
    epoch, place = divmod(training.step, training.steps_per_epoch)
    source = torch.Generator().manual_seed(training.config.seed * 100_003 + epoch)
    order = torch.randperm(len(training.examples.rows), generator=source).tolist()
    return order[place * training.config.batch : (place + 1) * training.config.batch]


def _look(training: _Training) -> dict[str, str]:
    """What the model answers to the first questions by now."""
    door = Forward(training.loaded)
    asked = training.examples.questions[:LOOKS]
    prompts = [row.prompt for row in training.examples.rows[:LOOKS]]
    found = greedy(door, prompts, end_tokens(door), LOOK_TOKENS, lambda _: None, adapter=True)
    decode = training.loaded.tokenizer.decode
    texts = [decode(tokens, skip_special_tokens=True).strip() for tokens in found]
    return dict(zip(asked, texts, strict=True))


def _checkpoint(training: _Training, folder: Path) -> None:
    """Keep all that the next step depends on."""
    path = folder / CHECKPOINT / "state.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "digest": training.digest,
        "step": training.step,
        "losses": training.losses,
        "looks": training.looks,
        "weights": {name: w.detach().cpu() for name, w in training.weights.items()},
        "optimizer": training.optimizer.state_dict(),
    }
    partial = path.with_suffix(".tmp")
    torch.save(state, partial)
    os.replace(partial, path)


def _resume(training: _Training, folder: Path) -> None:
    path = folder / CHECKPOINT / "state.pt"
    if not path.is_file():
        return
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["digest"] != training.digest:
        raise ConfigError(
            f"{folder} holds a checkpoint of another training: choose another folder, or remove "
            f"{CHECKPOINT} in it."
        )
    with torch.no_grad():
        for name, weight in training.weights.items():
            weight.copy_(state["weights"][name])
    training.optimizer.load_state_dict(state["optimizer"])
    training.step, training.losses = state["step"], state["losses"]
    training.looks = state["looks"]


def _save(training: _Training, folder: Path, seconds: float) -> None:
    """The adapter's files by rename, the one that makes it an adapter last."""
    fresh = folder / CHECKPOINT / "adapter"
    training.loaded.model.save_pretrained(fresh, save_embedding_layers=False)
    (fresh / "README.md").unlink(missing_ok=True)
    settings = json.loads((fresh / "adapter_config.json").read_text(encoding="utf-8"))
    # No path of this machine.
    settings["base_model_name_or_path"] = training.loaded.source.as_dict()["name"]
    write_atomically(folder / RECORD, json.dumps(_record(training, seconds), indent=1).encode())
    os.replace(fresh / "adapter_model.safetensors", folder / "adapter_model.safetensors")
    text = json.dumps(settings, indent=2, sort_keys=True) + "\n"
    write_atomically(folder / "adapter_config.json", text.encode())
    shutil.rmtree(folder / CHECKPOINT, ignore_errors=True)


def _record(training: _Training, seconds: float) -> dict[str, Any]:
    identity = training.loaded.identity()
    made = provenance.collect(seconds, identity["device"], identity["dtype"])
    return {
        "schema_version": configs.SCHEMA_VERSION,
        "kind": "adapter",
        "digest": training.digest,
        "config": configs.as_json(training.config),
        "model": identity,
        "examples": len(training.examples.rows),
        "losses": training.losses,
        "looks": training.looks,
        "notes": list(training.examples.notes),
        "provenance": dataclasses.asdict(made),
    }
