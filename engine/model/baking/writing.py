"""A checkpoint whose own bias steers it, written as the library writes one and tried before it
gets its name. Knows nothing of records.
"""

import dataclasses
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from torch import Tensor

from engine.configs.core import STUDY_PROMPT, STUDY_SYSTEM, Site
from engine.errors import ConfigError, ModelError
from engine.model.baking.places import Place, place
from engine.model.checks import MOST, SHARE
from engine.model.edits import Edit, EditBatch
from engine.model.forward import Forward
from engine.model.selftests import passes
from engine.records import provenance, strict
from engine.store.files import write_atomically

TOLD = "vectorscope.json"
"""File in the folder that says what was baked, and into what."""
PROMPTS = (STUDY_PROMPT, "What is the capital of France?", "Write one sentence about the sea.")
"""On which the checkpoint is compared with the steered model."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Baked:
    """What is made part of a model."""

    site: Site
    vector: Float[Tensor, " hidden"]
    scale: float
    origin: Mapping[str, Any]
    """What the folder tells of the vector: its set, its index..."""

    @classmethod
    def of(
        cls,
        site: Site,
        vector: Float[np.ndarray, " hidden"],
        scale: float,
        origin: Mapping[str, Any],
    ) -> "Baked":
        """The same of a stored vector."""
        return cls(site=site, vector=torch.tensor(vector).float(), scale=scale, origin=origin)


def bake(door: Forward, asked: Baked, folder: Path) -> dict[str, Any]:
    """Write the base model with scale x vector as a bias at the site, at all positions.

    Args:
        door: The model; of its adapters nothing is written.
        asked: What is baked.
        folder: Takes the checkpoint; must not exist.

    Returns:
        What the folder tells of itself in `TOLD`.

    Raises:
        ConfigError: If the vector does not fit, or the folder exists or cannot be written.
        ModelError: If the architecture has no place for it, or the checkpoint, loaded by the
            library alone, is not the steered model; then nothing is left of it.
    """
    began = time.monotonic()
    _check(door, asked, folder)
    where = place(door, asked.site)
    temporary = folder.with_name(f".{folder.name}-{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        _make(door, asked, where, temporary)
        difference, effect = _compare(door, asked, temporary)
        made = dataclasses.asdict(provenance.since(began, door.loaded.identity()))
        told = _told(door, asked, where) | {"difference": difference, "effect": effect} | made
        write_atomically(temporary / TOLD, strict.dumps(told, indent=2).encode())
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return told


def _check(door: Forward, asked: Baked, folder: Path) -> None:
    loaded = door.loaded
    if folder.exists():
        raise ConfigError(f"{folder} exists and was left as it is: name another folder.")
    if len(asked.vector) != loaded.hidden:
        raise ConfigError(
            f"The vector has {len(asked.vector)} numbers, but {loaded.config.short_name} has "
            f"{loaded.hidden}: choose a vector of this model."
        )
    if not bool(torch.isfinite(asked.scale * asked.vector).all()) or asked.scale == 0:
        raise ConfigError(
            f"Scale {asked.scale:g} times the vector is no finite change: give another number, "
            "and not 0."
        )
    weights = [*loaded.causal.parameters(), *loaded.causal.buffers()]
    if loaded.is_packed or any(one.is_meta for one in weights):
        raise ModelError(
            f"The weights of {loaded.config.short_name} are quantised or not all in memory: "
            "bake into the full model."
        )


def _make(door: Forward, asked: Baked, where: Place, folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
        _write(door, asked, where, folder)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"The folder cannot be written to {folder.parent} ({reason}): name another place."
        ) from error


def _write(door: Forward, asked: Baked, where: Place, folder: Path) -> None:
    loaded = door.loaded
    with loaded.using(False):
        weights = dict(loaded.causal.state_dict())
    with torch.device("meta"):
        made = type(loaded.causal)(where.config)
    for name, empty in made.state_dict().items():
        if name not in weights:
            weights[name] = torch.zeros(empty.shape, dtype=loaded.dtype)
    bias = weights[where.parameter]
    change = asked.scale * asked.vector.float()
    weights[where.parameter] = (bias.float().cpu() + change).to(bias.dtype)
    made.load_state_dict(weights, assign=True)
    made.tie_weights()
    made.config.dtype = loaded.dtype
    made.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    # The library leaves weights to their owner alone.
    for one in folder.glob("*.safetensors"):
        one.chmod((folder / "config.json").stat().st_mode)
    # As it is: what the library makes of it anew may lack what it does not know.
    own = Path(loaded.source.folder or "") / "generation_config.json"
    if loaded.source.folder and own.is_file():
        shutil.copyfile(own, folder / own.name)


def _compare(door: Forward, asked: Baked, folder: Path) -> tuple[float, float]:
    """Largest difference from the steered model and from the unsteered one, as shares of logits.

    Raises:
        ModelError: If the first is more than rounding.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    loaded = door.loaded
    asked_of = {"dtype": loaded.dtype, "local_files_only": True}
    other: Any = AutoModelForCausalLM.from_pretrained(folder, **asked_of)
    other.to(loaded.device).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    edit = Edit(site=asked.site, vector=asked.vector, scale=asked.scale)
    differences, effects, words = [0.0], [0.0], True
    for prompt in PROMPTS:
        text = loaded.prompter.render(prompt, STUDY_SYSTEM)
        words = words and tokenizer(text)["input_ids"] == loaded.tokenizer(text)["input_ids"]
        tokens = loaded.prompter.tokens(prompt, STUDY_SYSTEM)
        for length in (len(tokens) // 2, len(tokens)):
            ids = torch.tensor([tokens[:length]], device=loaded.device)
            with torch.no_grad():
                plain = other(ids, use_cache=False).logits[0, -1].float().cpu()
            rows = EditBatch.stack([[edit], []])
            steered, base = door.next_logits(tokens[:length], rows, False)
            differences.append(passes.share(plain, steered))
            effects.append(passes.share(plain, base))
    worst, effect = passes.largest(differences), passes.largest(effects)
    if not worst <= _bar(door, tokens) or not words:
        what = f"its logits differ by {worst:.1e} of their size" if words else "its tokens differ"
        raise ModelError(
            f"The checkpoint, loaded by the library alone, is not the steered model: {what}; "
            "nothing was written."
        )
    return worst, effect


def _bar(door: Forward, tokens: list[int]) -> float:
    """The share of logits that rounding explains, as in the self-tests."""
    bar = SHARE[door.loaded.dtype]
    if door.loaded.dtype == torch.float32:
        return bar
    return min(max(bar, 2 * passes.of_rounding(door, tokens)), MOST)


def _told(door: Forward, asked: Baked, where: Place) -> dict[str, Any]:
    loaded = door.loaded
    return {
        "made_by": "Vectorscope",
        "kind": "a vector baked into a bias",
        "vector": dict(asked.origin),
        "scale": asked.scale,
        "site": dataclasses.asdict(asked.site),
        "parameter": where.parameter,
        "switched_on": where.flag,
        "norm_added": float((asked.scale * asked.vector.double()).norm()),
        "model": loaded.source.as_dict() | {"adapter": None, "adapter_fingerprint": None},
        "quantised": loaded.quantised,
    }
