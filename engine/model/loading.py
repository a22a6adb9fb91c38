"""A model, its tokenizer and its adapters in memory, and where they come from.

Knows nothing of running them: `forward` is the only caller of what is loaded here.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from engine.configs.core import ModelConfig
from engine.configs.steering.doses import Dose, Which
from engine.errors import ModelError
from engine.model import adapters, collection
from engine.model import memory as allocator
from engine.model.adapters import Fit
from engine.model.checkpoints import reading
from engine.model.checkpoints.decoders import refuse_unsteerable, text_decoder
from engine.model.declared import generating
from engine.model.declared.positions import positions_of
from engine.model.dosing.kept import Doses, named
from engine.model.gguf import unpacking
from engine.model.identity import ModelSource, bring, resolve, sources
from engine.model.memory import BatchSizes
from engine.model.prompts import Prompter
from engine.model.switching.adapter_switch import Adapter, AdapterSwitch
from engine.progress import Progress, silent

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
EAGER = "{} has no fused attention: it is computed step by step (eager), which is slower."
OWN_CODE = (
    "This checkpoint brings code of its own, which is never run: transformers' is used instead."
)
QUANTISED = "The weights are quantised ({}): all figures are of them, not of the full weights."


@dataclass(eq=False)
class LoadedModel:
    """Everything in memory for one model."""

    config: ModelConfig
    source: ModelSource
    model: Any
    """The causal LM as the library loads it; of one made in memory, as PEFT wraps it."""
    prompter: Prompter
    device: torch.device
    dtype: torch.dtype
    sizes: BatchSizes = field(default_factory=BatchSizes)
    """Of batches that had to be made smaller for this model."""
    held: AdapterSwitch | None = None
    """The switch of `model`, shared by all that hold it; another model gets its own."""
    adapters: Mapping[str, Adapter] = field(default_factory=dict)
    """By what they are called; the first is the one meant where none is named."""
    quantised: str | None = None
    """The method by which the checkpoint's weights are quantised; None where they are not."""
    more: tuple[ModelSource, ...] = ()
    """Where the adapters after the first come from."""
    red: tuple[str, ...] = ()
    """Sentences on red self-tests that refuse no job."""
    doses: Doses = field(default_factory=Doses, init=False)
    """Of these adapters, asked for lately."""

    def __post_init__(self) -> None:
        """Know the adapter of a model that was wrapped in memory, and how long its texts are."""
        self.prompter.positions = positions_of(self.causal, text_decoder(self.causal).module)
        if self.held is None or self.held.model is not self.model:
            self.held = AdapterSwitch(self.model)
            current = self.held.current
            name = next(iter(self.config.adapters), "adapter")
            self.adapters = {} if current is None else {name: current}

    @property
    def switch(self) -> AdapterSwitch:
        """Turns adapters on and off; its lock lets one caller in at a time."""
        assert self.held is not None
        return self.held

    def adapter(self, wanted: Which) -> Adapter | None:
        """The adapter of a name or a dose, for True the first one; None is the base model.

        Raises:
            ConfigError: If none is called so.
            ModelError: If an adapter is more than plain LoRA, which has no dose.
        """
        wanted = wanted.simplest if isinstance(wanted, Dose) else wanted
        if isinstance(wanted, Dose):
            return self.doses.of(wanted, self.adapters)
        if isinstance(wanted, str):
            return named(self.adapters, wanted)
        return next(iter(self.adapters.values()), None) if wanted else None

    def using(self, wanted: Which) -> AbstractContextManager[None]:
        """Within this context the base model or one of its adapters answers, to one caller."""
        return self.switch.on(self.adapter(wanted))

    @property
    def tokenizer(self) -> Any:
        """The tokenizer, as loaded."""
        return self.prompter.tokenizer

    @property
    def causal(self) -> Any:
        """The causal LM below any adapter wrapper."""
        return self.model.get_base_model() if hasattr(self.model, "peft_config") else self.model

    @property
    def has_adapter(self) -> bool:
        """Whether a LoRA is loaded."""
        return bool(self.adapters)

    @property
    def blocks(self) -> int:
        """How many decoder blocks."""
        return int(self.causal.config.get_text_config().num_hidden_layers)

    @property
    def hidden(self) -> int:
        """Width of the residual stream."""
        return int(self.causal.config.get_text_config().hidden_size)

    @property
    def attention(self) -> str:
        """How attention is computed: "sdpa", or "eager" where the architecture has no SDPA."""
        return str(self.causal.config.get_text_config()._attn_implementation)

    @property
    def is_packed(self) -> bool:
        """Whether the weights are quantised in memory too, and not unpacked on the way."""
        return getattr(self.causal, "hf_quantizer", None) is not None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that belong beside everything this model gives.

        Raises:
            ModelError: If its chat template cannot be rendered.
        """
        attends = hasattr(self.causal.config.get_text_config(), "num_attention_heads")
        is_slow = attends and self.attention != "sdpa"
        attention = EAGER.format(type(self.causal).__name__) if is_slow else ""
        stored = "" if self.quantised is None else QUANTISED.format(self.quantised)
        own = getattr(self.causal.config, "auto_map", None)
        own = own or getattr(self.tokenizer, "init_kwargs", {}).get("auto_map")
        of_weights = [said for said in (attention, stored, OWN_CODE if own else "") if said]
        of_adapters = [note for one in self.adapters.values() for note in one.notes]
        return (*self.prompter.notes, *of_weights, *of_adapters, *self.red)

    @property
    def stop_tokens(self) -> tuple[int, ...]:
        """Ids of every token that ends a text: those of the generation config and tokenizer."""
        declared = getattr(self.causal, "generation_config", None)
        ends = getattr(declared, "eos_token_id", None)
        return generating.stop_tokens(ends, self.tokenizer.eos_token_id)

    @property
    def own_choice(self) -> dict[str, Any]:
        """How its own generation config would choose tokens; see `generating.own_choice`."""
        declared = getattr(self.causal, "generation_config", None)
        return generating.own_choice(vars(declared) if declared is not None else {})

    def identity(self) -> dict[str, Any]:
        """What a record says of the model it was made with."""
        return {
            **self.source.as_dict(),
            "short_name": self.config.short_name,
            "architecture": type(self.causal).__name__,
            "blocks": self.blocks,
            "hidden": self.hidden,
            "template_hash": self.prompter.template_hash,
            "date": self.config.date if self.prompter.reads_date else None,
            "stop_tokens": [self._token(one) for one in self.stop_tokens],
            "own_choice": self.own_choice,
            **self._others(),
            "device": str(self.device),
            "attention": self.attention,
            "quantised": self.quantised,
            "dtype": str(self.dtype).removeprefix("torch."),
        }

    def _token(self, one: int) -> str:
        return str(self.tokenizer.convert_ids_to_tokens(one) or one)

    def _others(self) -> dict[str, Any]:
        """What a record says of several adapters: what columns call each, and its content."""
        if not self.more:
            return {}
        every = zip(self.adapters, (self.source, *self.more), strict=True)
        known = {name: source.as_dict() for name, source in every}
        kept = ("adapter", "adapter_fingerprint")
        return {"adapters": {name: {k: one[k] for k in kept} for name, one in known.items()}}


def load(config: ModelConfig, root: Path, progress: Progress = silent) -> LoadedModel:
    """Bring a model into memory; unload any other one before.

    Args:
        config: Which model, adapter, precision and device.
        root: Repository root, where presets' folders lie.
        progress: Told how far a GGUF is fetched and unpacked; may raise to stop.

    Raises:
        ModelError: If a file is missing, the hub cannot be reached or the adapter does not fit.
    """
    base = replace(config, adapter=None, more_adapters=())
    source = bring(base, root, progress)
    device = chosen_device(config.device)
    if device.type == "cpu":
        allocator.keep_freed()
    dtype = _dtype(config.dtype, device)
    declared = reading.configuration(source)
    # Of weights that are unpacked on the way nothing says so afterwards.
    quantised = reading.quantised(declared, source.name) or _packed(source)
    tokenizer = reading.tokenizer(source)
    model: Any = reading.weights(source, declared, device, dtype)
    vocabulary = reading.vocabulary(model, tokenizer, source.name)
    model.requires_grad_(False)
    model.eval()
    refuse_unsteerable(model, source.name)
    _refuse_changed(source, base, root)
    # A hub's files may have come just now.
    source = source if source.is_here else resolve(base, root)
    loaded = LoadedModel(
        config=base,
        source=source,
        model=model,
        prompter=Prompter(tokenizer, vocabulary),
        device=device,
        dtype=dtype,
        quantised=quantised,
    )
    return with_adapter(loaded, config, root)


def with_adapter(loaded: LoadedModel, config: ModelConfig, root: Path) -> LoadedModel:
    """The same model in memory, with the adapters that a config names, or with none.

    Args:
        loaded: Whose weights are used, with or without an adapter of its own.
        config: Of the same model, precision and device; its date is told to the chat template.
        root: Repository root, where presets lie.

    Raises:
        ModelError: If the adapter cannot be read or is not of this model, or files were changed.
    """
    every = sources(config, root)
    if every[0].fingerprint != loaded.source.fingerprint:
        raise ModelError(_changed(every[0]))
    found = {}
    for name, source in zip(config.adapters, every, strict=False):
        words = source.as_dict()
        fit = Fit(
            folder=source.adapter or "",
            name=words["adapter"],
            base=words["name"],
            blocks=loaded.blocks,
            tokenizer=loaded.tokenizer,
        )
        found[name] = adapters.read(loaded.switch, fit)
    # A hub's files may have come just now.
    after = sources(config, root)
    for source, now in zip(every, after, strict=True):
        if source.is_here and source.as_dict() != now.as_dict():
            raise ModelError(_changed(source))
    return replace(
        loaded,
        config=config,
        source=after[0],
        more=after[1:],
        adapters=found,
        prompter=loaded.prompter.on(config.date),
    )


def _packed(source: ModelSource) -> str | None:
    """The types of a GGUF's quantised numbers; None for any other model."""
    told = unpacking.told(Path(source.folder)) if source.gguf and source.folder else {}
    return f"GGUF {told['types']}" if told.get("types") else None


def _refuse_changed(source: ModelSource, config: ModelConfig, root: Path) -> None:
    if source.is_here and resolve(config, root).as_dict() != source.as_dict():
        raise ModelError(_changed(source))


def _changed(source: ModelSource) -> str:
    return f"The files of {source.name} changed while they were loaded: load it again."


def free_memory() -> None:
    """Give back what an unloaded model held; call after the last reference is gone."""
    collection.walk()
    allocator.give_back()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def memory(device: torch.device | None) -> tuple[int, int]:
    """Bytes used and bytes in all: of the GPU, or of this process and machine on a CPU."""
    if device is not None and device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return total - free, total
    import psutil

    return psutil.Process().memory_info().rss, psutil.virtual_memory().total


def chosen_device(name: str) -> torch.device:
    """The device that "auto" or a name stands for.

    Raises:
        ModelError: If there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise ModelError(f"Device {name!r} is not one that is used here: give auto, cpu or cuda:N.")
    if device.type == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ModelError("Device cuda was asked for, but torch sees no GPU: use --device cpu.")
    if (count := torch.cuda.device_count()) <= (device.index or 0):
        raise ModelError(
            f"Device {name} was asked for, but torch sees {count}: count them from cuda:0 on."
        )
    return device


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    return DTYPES[name]
