"""The vectors of a set that are to be written, and what a format has to be able to say of them.

Knows nothing of files.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from engine import ROOT
from engine.configs.core import PRESETS, ModelConfig, Site
from engine.errors import ConfigError, EngineError
from engine.model.identity import locate
from engine.records import strict
from engine.records.records import VectorSet

IMPORTED = "imported"
"""Method of sets that were read from foreign files, whose settings say the operation."""
PASSES_THROUGH = frozenset(
    {"LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"}
)
"""Models in which nothing lies between a block's MLP and the residual stream (FORMATS 2.0): adding
to the one is adding to the other. Gemma norms in between."""
_ODD_TYPES = {"GPTNeoX": "gpt_neox", "GPTJ": "gptj", "GPT2": "gpt2", "OPT": "opt"}
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Vectors of one set that are to be written, as the record has them."""

    found: VectorSet
    """The whole set."""
    indices: tuple[int, ...]
    """Which of its vectors, in the order of the set."""

    @property
    def vectors(self) -> Float[np.ndarray, "vectors hidden"]:
        """float32, with their length."""
        return np.ascontiguousarray(self.found.vectors[list(self.indices)], dtype=np.float32)

    @property
    def sites(self) -> tuple[Site, ...]:
        """One a vector."""
        return tuple(self.found.sites[i] for i in self.indices)

    @property
    def names(self) -> tuple[str, ...]:
        """One a vector; of imported ones those of their own file, where it told them apart."""
        own = self.found.config.get("names") if self.found.method == IMPORTED else None
        fits = isinstance(own, list) and len(own) == len(self.found.vectors)
        names = [str(one) for one in own] if fits and own else self.found.names
        return tuple(names[i] for i in self.indices)

    @property
    def method(self) -> str:
        """The finder, or what an imported file says that it was."""
        claimed = self.found.config.get("claimed_method")
        if self.found.method == IMPORTED and isinstance(claimed, str) and claimed != "unknown":
            return claimed
        return self.found.method

    @property
    def operation(self) -> str:
        """add, subtract, ablate or "not stated"; what the finders here find is added."""
        if self.found.method != IMPORTED:
            return "add"
        return str(self.found.config.get("operation", "not stated"))

    @property
    def model(self) -> str:
        """Hub id, folder or name of the model; a preset by the hub id that it stands for."""
        name = str(self.found.model.get("name") or "unknown")
        preset = PRESETS.get(name)
        return name if preset is None or preset.is_local else preset.location

    @property
    def hub_id(self) -> str | None:
        """OWNER/NAME on the hub; None for a local model."""
        is_id = _HUB_ID.fullmatch(self.model) and not Path(self.model).exists()
        return self.model if is_id else None

    @property
    def architecture(self) -> str | None:
        """Such as "Qwen3ForCausalLM"; None where neither the record nor the model's files say."""
        known = self.found.model.get("architecture")
        if isinstance(known, str) and known:
            return known
        declared = _declared(self.found).get("architectures")
        return str(declared[0]) if isinstance(declared, list) and declared else None

    @property
    def model_type(self) -> str:
        """Such as "qwen3", as transformers has it; "unknown" where nothing says so."""
        declared = _declared(self.found).get("model_type")
        if isinstance(declared, str) and declared:
            return declared
        name = re.sub(r"(ForCausalLM|LMHeadModel)$", "", self.architecture or "unknown")
        return _ODD_TYPES.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()

    @property
    def told(self) -> dict[str, str]:
        """Where the vectors come from, by short names, as text that any header takes."""
        found, model = self.found, self.found.model
        known = {
            "digest": found.digest,
            "method": self.method,
            "operation": self.operation,
            "model": self.model,
            "model_revision": model.get("revision"),
            "model_fingerprint": model.get("fingerprint"),
            "adapter": model.get("adapter"),
            "created": found.provenance.created,
            "names": json.dumps(self.names, ensure_ascii=False),
            "sites": json.dumps([f"{site.kind} {site.block}" for site in self.sites]),
            "config": strict.dumps(found.config),
        }
        return {key: str(value) for key, value in known.items() if value is not None}


def choose(
    found: VectorSet, indices: Sequence[int] | None = None, layers: Sequence[int] | None = None
) -> Chosen:
    """The vectors of a set at some blocks, or all.

    Args:
        found: The set.
        indices: Which of its vectors; None is all.
        layers: Blocks as the record counts them, from 0; None is all.

    Raises:
        ConfigError: If there is no such vector, or none at one of the blocks.
    """
    count = len(found.vectors)
    rows = list(range(count)) if indices is None else sorted(set(indices))
    if beyond := [i for i in rows if not 0 <= i < count]:
        raise ConfigError(
            f"{found.digest} has no vector {beyond[0]}: its vectors are 0 to {count - 1}."
        )
    if layers is not None:
        known = sorted({found.sites[i].block for i in rows})
        if missing := sorted(set(layers) - set(known)):
            said = ", ".join(map(str, known))
            raise ConfigError(
                f"{found.digest} has no vector at block {missing[0]}, only at {said}."
            )
        rows = [i for i in rows if found.sites[i].block in set(layers)]
    if not rows:
        raise ConfigError("No layer was named: name some, or leave the choice out.")
    odd = [i for i in rows if not np.isfinite(found.vectors[i]).all()]
    if odd:
        raise ConfigError(f"Vector {odd[0]} holds values that are no numbers: choose others.")
    return Chosen(found=found, indices=tuple(rows))


def outputs(chosen: Chosen, title: str) -> list[int]:
    """The block at whose output each vector acts, for formats that can say nothing else.

    The input of a block is the output of the one before it; an MLP's output is its block's output
    where nothing lies in between.

    Raises:
        ConfigError: If a vector acts elsewhere.
    """
    return [_output(chosen, site, title) for site in chosen.sites]


def _output(chosen: Chosen, site: Site, title: str) -> int:
    if site.kind == "block_in" and site.block == 0:
        raise ConfigError(
            f"{title} knows outputs of blocks only, and the input of block 0 is none: choose "
            "other layers."
        )
    if site.kind == "mlp_out" and chosen.architecture not in PASSES_THROUGH:
        known = chosen.architecture or "a model that is not known here"
        raise ConfigError(
            f"{title} knows outputs of blocks only, and those of the MLP may differ in {known}: "
            "use safetensors."
        )
    return site.block - 1 if site.kind == "block_in" else site.block


def one_a_block(chosen: Chosen, blocks: Sequence[int], title: str) -> None:
    """Refuse several vectors at one block, for formats that hold one.

    Raises:
        ConfigError: Names the block.
    """
    twice = next((block for block in blocks if blocks.count(block) > 1), None)
    if twice is not None:
        raise ConfigError(
            f"{title} holds one vector a block, and {blocks.count(twice)} are at the output of "
            f"block {twice}: choose one, as {chosen.found.digest}:{chosen.indices[0]}."
        )


def added_blocks(chosen: Chosen, title: str) -> list[int]:
    """The block of each vector, for formats that hold one vector a block and add it to its output.

    Raises:
        ConfigError: If they are not for adding, act elsewhere, or several are at one block.
    """
    additive(chosen, title)
    blocks = outputs(chosen, title)
    one_a_block(chosen, blocks, title)
    return blocks


def additive(chosen: Chosen, title: str) -> None:
    """Refuse vectors that are not for adding, for formats that are added by whoever reads them.

    Raises:
        ConfigError: Says what they are for.
    """
    said = {
        "add": None,
        "subtract": "these were made to be subtracted",
        "ablate": "these were made to be projected away",
        "not stated": "nobody said whether to add these",
    }.get(chosen.operation, f"these are for the operation {chosen.operation!r}")
    if said is not None:
        raise ConfigError(f"{title} is for vectors that are added, and {said}: use safetensors.")


def _declared(found: VectorSet) -> dict[str, Any]:
    """What the model's own config.json says, where the model is here."""
    try:
        source = locate(ModelConfig(model=str(found.model.get("name") or "unknown")), ROOT)
        text = (Path(source.folder or "") / "config.json").read_text(encoding="utf-8")
        values = strict.loads(text)
    except (EngineError, OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
