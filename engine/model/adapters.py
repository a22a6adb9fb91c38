"""Reads a PEFT adapter for a model in memory, and refuses one that does not belong to it.

The model's own weights are neither copied nor changed: what PEFT puts into the tree is noted for
the switch and taken out again. Knows nothing of running a model.
"""

import json
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from engine.errors import ModelError
from engine.model.switching.adapter_switch import ABSENT, Adapter, AdapterSwitch, Swap, put

KINDS = {
    "LORA", "ADALORA", "IA3", "LOHA", "LOKR", "OFT", "VERA", "LN_TUNING", "HRA",
    "FOURIERFT", "RANDLORA", "DELORA",
}  # fmt: skip
"""Kinds of PEFT that act by nothing but modules in the place of the model's; each is tested."""
_NAME = "adapter"
_BLOCK = re.compile(r"\.(?:layers|h|blocks|block)\.(\d+)\.")
_MISFIT = re.compile(r"size mismatch for (\S+): .*?\[([\d, ]*)\].*?\[([\d, ]*)\]")
_VOCABULARY = ("embed_tokens", "lm_head", "wte", "embed_in", "embed_out")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """An adapter and the model it is held against, by the names that a reader knows."""

    folder: str
    """Of the adapter, or its hub id."""
    name: str
    base: str
    blocks: int
    tokenizer: Any
    """The model's, which is used."""


def read(switch: AdapterSwitch, fit: Fit) -> Adapter:
    """Read an adapter and hold it against the model, which stays as it is.

    Args:
        switch: Of the model; no adapter may be on.
        fit: Where the adapter lies, and what to call it and the model.

    Raises:
        ModelError: If it cannot be read, acts in another way, or is not of this model.
    """
    with switch.lock:
        causal = switch.model
        settings = _settings(fit)
        with _tree(causal, written=_written(causal, fit)) as tree:
            peft = _wrapped(causal, settings, fit)
            peft.requires_grad_(False)
            peft.eval()
            swaps = tree.swaps()
        if not swaps:
            raise ModelError(f"The adapter {fit.name} changes nothing in {fit.base}.")
        return Adapter(tuple(swaps), peft, _notes(settings, fit))


def _settings(fit: Fit) -> Any:
    from peft import PeftConfig

    try:
        with warnings.catch_warnings():
            # Of fields that a newer version has written; what matters of them is checked below.
            warnings.simplefilter("ignore")
            settings = PeftConfig.from_pretrained(fit.folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(_unreadable(fit, error)) from error
    kind = str(getattr(settings.peft_type, "value", settings.peft_type))
    if settings.is_prompt_learning or settings.is_adaption_prompt:
        raise ModelError(
            f"The adapter {fit.name} is of the kind {kind}, which adds tokens before the prompt: "
            "only adapters that change modules can be compared with their base."
        )
    if kind not in KINDS:
        raise ModelError(
            f"The adapter {fit.name} is of the kind {kind}, which is not known here: "
            f"use one of {', '.join(sorted(KINDS))}."
        )
    for field in ("alora_invocation_tokens", "layer_replication"):
        if getattr(settings, field, None):
            raise ModelError(
                f"The adapter {fit.name} uses {field}, which changes more than modules: "
                "merge it into its base and give that as --model."
            )
    settings.inference_mode = True
    return settings


def _written(causal: Any, fit: Fit) -> set[str]:
    """Names of the model's own weights that lie in the adapter's file, for PEFT to write into."""
    from peft.utils.save_and_load import load_peft_weights

    try:
        names = load_peft_weights(fit.folder, device="cpu").keys()
    except Exception as error:  # noqa: BLE001 - Whatever a damaged file raises.
        raise ModelError(_unreadable(fit, error)) from error
    own = {name for name, _ in causal.named_parameters(remove_duplicate=False)}
    inner = (name.removeprefix("base_model.model.").replace(".base_layer", "") for name in names)
    return {name for name in inner if name in own}


def _wrapped(causal: Any, settings: Any, fit: Fit) -> Any:
    from peft import PeftModel

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peft = PeftModel(causal, settings, _NAME)
            found = peft.load_adapter(
                fit.folder,
                _NAME,
                torch_device=str(causal.device),
                key_mapping=getattr(causal, "_checkpoint_conversion_mapping", None),
            )
    except RuntimeError as error:
        raise ModelError(_misfit(fit, error)) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise ModelError(_unreadable(fit, error)) from error
    _refuse_others(fit, found.unexpected_keys, found.missing_keys)
    return peft


def _refuse_others(fit: Fit, unexpected: Sequence[str], missing: Sequence[str]) -> None:
    """Refuse weights without a place in the model, and places left without weights.

    Raises:
        ModelError: By name.
    """
    blocks = [int(found[1]) for key in unexpected if (found := _BLOCK.search(key))]
    if blocks and max(blocks) >= fit.blocks:
        raise ModelError(
            f"The adapter {fit.name} has weights for block {max(blocks)}, but {fit.base} has "
            f"blocks 0 to {fit.blocks - 1}: choose the adapter that belongs to it."
        )
    for keys, words in (
        (unexpected, "holds weights that {base} has no place for"),
        (missing, "lacks weights that its settings promise for {base}"),
    ):
        if keys:
            rest = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
            raise ModelError(
                f"The adapter {fit.name} {words.format(base=fit.base)} ({_short(keys[0])}{rest}): "
                "choose the adapter that belongs to it."
            )


def _short(key: str) -> str:
    inner = rf"\.(?:{_NAME}|base_layer|original_module|modules_to_save)(?=\.)"
    return re.sub(inner, "", key).removeprefix("base_model.model.").removeprefix("model.")


def _misfit(fit: Fit, error: Exception) -> str:
    found = _MISFIT.search(str(error).replace("\n", " "))
    if found is None:
        return _unreadable(fit, error)
    key, theirs, ours = _short(found[1]), *(found[i].replace(", ", " x ") for i in (2, 3))
    if any(name in key for name in _VOCABULARY) and "lora_" not in key:
        return (
            f"The adapter {fit.name} was saved with a resized vocabulary ({key} is {theirs}, in "
            f"{fit.base} {ours}): merge it into its base and give that as --model."
        )
    return (
        f"The adapter {fit.name} does not fit {fit.base}: its {key} is {theirs}, but {ours} is "
        "needed; choose the adapter that belongs to it."
    )


def _unreadable(fit: Fit, error: Exception) -> str:
    # The library's own advice there is to run what the file says.
    if "weights_only" in str(error):
        return (
            f"The adapter {fit.name} holds pickled objects, which can run code and are not read: "
            "give it as safetensors."
        )
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"The adapter {fit.name} cannot be loaded on {fit.base}: {lines[0][:200]}"


class _Tree:
    """What stands in a model's tree, to see afterwards what was changed and to undo it."""

    def __init__(self, causal: Any, written: set[str]) -> None:
        self._causal, self._attributes = causal, set(vars(causal))
        self._before = [
            (place, dict(place))
            for module in causal.modules()
            for place in (module._modules, module._parameters, module._buffers)
        ]
        # The same numbers under other objects, so that PEFT may assign to them; copies where it
        # writes into them.
        copied = {id(causal.get_parameter(name)) for name in written}
        self._stand_ins: dict[int, nn.Parameter] = {}
        for place, _ in self._before:
            for key, value in place.items():
                if type(value) is nn.Parameter:
                    if id(value) not in self._stand_ins:
                        same = value.detach()
                        held = same.clone() if id(value) in copied else same
                        self._stand_ins[id(value)] = nn.Parameter(held, requires_grad=False)
                    place[key] = self._stand_ins[id(value)]
        self._versions = {id(w): w._version for w in self._stand_ins.values()}

    def swaps(self) -> list[Swap]:
        """All entries that differ from what stood there."""
        return [
            Swap(place, key, base, now)
            for place, before in self._before
            for key in dict.fromkeys([*before, *place])
            if (now := place.get(key, ABSENT)) is not (base := before.get(key, ABSENT))
            and not self._is_same(base, now)
        ]

    def _is_same(self, base: Any, now: Any) -> bool:
        stand_in: Any = self._stand_ins.get(id(base), ABSENT)
        if now is not stand_in:
            return False
        is_shared = bool(base.data_ptr() == stand_in.data_ptr())
        if is_shared and stand_in._version != self._versions[id(stand_in)]:
            # The base's own numbers are gone: nothing that follows would be right.
            raise RuntimeError("An adapter was written into its base's weights.")
        return is_shared or torch.equal(base, stand_in)

    def restore(self) -> None:
        """Set every entry as it stood."""
        for place, before in self._before:
            for key in [*place]:
                if key not in before:
                    del place[key]
            for key, value in before.items():
                put(place, key, value)
        for name in set(vars(self._causal)) - self._attributes:
            delattr(self._causal, name)


@contextmanager
def _tree(causal: Any, written: set[str]) -> Iterator[_Tree]:
    tree = _Tree(causal, written)
    try:
        yield tree
    finally:
        tree.restore()


def _notes(settings: Any, fit: Fit) -> tuple[str, ...]:
    """What is true of an adapter that fits all the same, and changes what its numbers mean."""
    notes, folder = [], Path(fit.folder)
    declared = str(settings.base_model_name_or_path or "").rstrip("/").split("/")[-1]
    if declared and declared.casefold() != fit.base.split("/")[-1].casefold():
        notes.append(
            f"The adapter {fit.name} names {declared} as its base, and is used on {fit.base} here."
        )
    template = _own_template(folder)
    if template is not None and template != getattr(fit.tokenizer, "chat_template", None):
        notes.append(
            f"The adapter {fit.name} comes with another chat template: {fit.base}'s own is used."
        )
    words = _own_words(folder)
    if words is not None and words != fit.tokenizer.get_vocab():
        notes.append(
            f"The adapter {fit.name} comes with another tokenizer: {fit.base}'s own is used."
        )
    return tuple(notes)


def _own_template(folder: Path) -> str | None:
    """The chat template in an adapter's folder; None if there is none, or several."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8", errors="replace")
    found = _object(folder / "tokenizer_config.json").get("chat_template")
    return found if isinstance(found, str) else None


def _own_words(folder: Path) -> dict[str, int] | None:
    """The tokens in an adapter's folder with their numbers; None if they are not told there."""
    found = _object(folder / "tokenizer.json")
    inner = found.get("model")
    words = inner.get("vocab") if isinstance(inner, dict) else None
    if not isinstance(words, dict):
        return None
    added = found.get("added_tokens") or []
    return words | {str(one["content"]): int(one["id"]) for one in added}


def _object(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
