"""What to generate: prompts x configurations x samples, as self-checking values.

Knows nothing of torch, of files' contents or of screens.
"""

import json
import math
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from engine.configs import judges
from engine.configs.core import STUDY_PROMPT, STUDY_SYSTEM, Known, ModelConfig, RunConfig, require
from engine.configs.fields import setting
from engine.configs.judges import Judge

MOST_TOKENS = 4096
KEYWORDS = ("all", "prompt", "response")


@dataclass(frozen=True, kw_only=True)
class BlendPart:
    """One stored vector and its weight in a blend."""

    digest: str
    """Digest of the vector set."""
    index: int = 0
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a negative index and a weight that is not finite."""
        require(self.index >= 0, f"The vector index is {self.index}, but must be at least 0.")
        require(math.isfinite(self.weight), f"The weight {self.weight} is not a finite number.")


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One column of the grid: which weights answer, and what is changed in them."""

    name: str
    """Heading of the column; unique in its grid."""
    adapter: bool | str = False
    """Whether the fine-tuned model answers, or the base model; of several adapters its name."""
    blend: tuple[BlendPart, ...] = ()
    """The vectors, summed with their weights; empty for a baseline."""
    scale: float = 1.0
    """add: multiple of the blend. ablate: share of its direction that is removed."""
    scale_unit: Literal["absolute", "relative"] = setting(
        "absolute", "Scales in residual norms.", option="relative", flag=("absolute", "relative")
    )
    """"relative": in units of the median residual norm at the site, per unit vector."""
    operation: Literal["add", "ablate"] = setting("add", "add or ablate.")
    layers: Literal["own", "all"] | tuple[int, ...] = setting("own", "own, all, or blocks as 7,8.")
    """"own": each vector at its own site. Otherwise the whole blend at the outputs of blocks."""
    positions: str = setting("all", "all, prompt, response or last-K.")
    unit_norm: bool = setting(False, "Give every vector norm 1.", option="unit")
    """Give every vector norm 1 before it is weighted."""
    preserve_norm: bool = setting(False, "Keep the norm of every state.")
    """Rescale every changed position to the norm it had."""

    def __post_init__(self) -> None:
        """Refuse a nameless column, unknown positions and scales that mean nothing."""
        require(bool(self.name.strip()), "A configuration has no name: give each one.")
        require(math.isfinite(self.scale), f"A scale is {self.scale}: give a finite number.")
        head, _, count = self.positions.partition("-")
        is_last = head == "last" and count.isdecimal() and int(count) > 0
        require(
            self.positions in KEYWORDS or is_last,
            f"Positions {self.positions!r} are not known: use all, prompt, response or last-K, "
            "as last-4.",
        )
        require(
            self.operation == "add" or self.scale_unit == "absolute",
            "An ablation's scale is the share that is removed: give it as an absolute scale.",
        )
        if isinstance(self.layers, tuple):
            require(len(self.layers) > 0, "No layer was named: use own, all or blocks, as 7,8.")
            require(min(self.layers) >= 0, f"Layer {min(self.layers)} does not exist.")
            require(len(set(self.layers)) == len(self.layers), "A layer is named twice.")

    @property
    def is_baseline(self) -> bool:
        """Whether it leaves the model as it is: scale 0, no vector, or weights of 0."""
        return self.scale == 0 or all(part.weight == 0 for part in self.blend)

    @cached_property
    def effect(self) -> str:
        """What it does, without its name: equal texts are equal columns."""
        if self.is_baseline:
            return json.dumps({"adapter": self.adapter})
        return json.dumps(asdict(replace(self, name="-")), sort_keys=True)


@dataclass(frozen=True, kw_only=True)
class GenerateConfig(RunConfig):
    """What the model says: unsteered, and with each vector at each scale."""

    method: ClassVar[str] = "generation"
    title: ClassVar[str] = "Generation"
    about: ClassVar[str] = "What the model says: unsteered, and with each vector at each scale."
    files: ClassVar[tuple[str, ...]] = ("neutral_prompts",)
    added_later: ClassVar[tuple[str, ...]] = (*judges.LATER, "top_k", "top_p")
    many_adapters: ClassVar[bool] = True
    model: ModelConfig = field(default_factory=ModelConfig)
    prompts: tuple[str, ...] = (STUDY_PROMPT,)
    system: str | None = setting(STUDY_SYSTEM, "System prompt; empty for none.")
    configurations: tuple[Configuration, ...] = (Configuration(name="base"),)
    max_new_tokens: int = setting(64, "Longest text.")
    temperature: float = setting(0.0, "0 takes the likeliest token.")
    top_k: int = setting(0, "Only so many likeliest tokens are drawn from; 0 for all.")
    top_p: float = setting(1.0, "Only the likeliest tokens of this share are drawn from.")
    samples: int = setting(1, "Texts per prompt and configuration.")
    neutral: int = setting(16, "Neutral prompts for side effects.")
    """Neutral prompts on which side effects are measured; 0 for none."""
    neutral_prompts: str = "data/prompts/neutral.txt"
    """File of neutral prompts; its content, not its name, enters the digest."""
    judge: Judge = setting("auto", judges.HELP, about=judges.ABOUT, words=judges.WORDS)
    """Who labels the texts; "auto" labels those of the demo model, known by its files."""
    rubric: str = judges.rubric()
    """File by which the judge reads; its content enters the digest where it is read."""
    judge_model: str | None = judges.judge_model()
    seed: int = setting(0, "Of every random draw.")

    def __post_init__(self) -> None:
        """Refuse empty grids, repeated columns and counts that mean nothing."""
        require(len(self.prompts) > 0, "No prompt was given: write at least one.")
        require(all(p.strip() for p in self.prompts), "A prompt is empty: write or remove it.")
        require(len(set(self.prompts)) == len(self.prompts), "A prompt is given twice.")
        require(len(self.configurations) > 0, "No configuration was given: name at least one.")
        names = [c.name for c in self.configurations]
        twice = next((name for name in names if names.count(name) > 1), None)
        require(twice is None, f"Two configurations are named {twice!r}: name them apart.")
        require(
            1 <= self.max_new_tokens <= MOST_TOKENS,
            f"{self.max_new_tokens} new tokens were asked for: use 1 to {MOST_TOKENS}.",
        )
        _check_choice(self.temperature, self.top_k, self.top_p)
        require(self.samples >= 1, f"{self.samples} samples were asked for: use at least 1.")
        require(
            self.samples == 1 or self.temperature > 0,
            "At temperature 0 every sample is the same text: set a temperature, or ask for 1.",
        )
        require(self.neutral >= 0, f"{self.neutral} neutral prompts: use 0 or more.")
        for one in self.configurations:
            require(
                isinstance(one.adapter, bool) or one.adapter in self.model.adapters,
                f"Configuration {one.name!r} is of the adapter {one.adapter!r}, which is not "
                f"named: there is {', '.join(self.model.adapters) or 'none'}.",
            )
        tuned = [c.name for c in self.configurations if c.adapter]
        require(
            not tuned or self.model.adapter is not None,
            f"Configuration {tuned[0] if tuned else ''!r} is of the fine-tuned model, but no "
            "adapter was named: give one.",
        )

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        columns, prompts = len(self.configurations), len(self.prompts)
        of_prompts = f"{prompts} prompt{'s' * (prompts != 1)}"
        return f"Generate {columns * prompts * self.samples} texts on {of_prompts}"

    def amount(self, vectors: int) -> float:
        """Tokens that are written at most."""
        texts = len(self.prompts) * len(self.configurations) * self.samples
        return float(texts * self.max_new_tokens)

    def named(self, known: Known) -> dict[str, Any]:
        """All settings, with vectors, model, adapters and neutral prompts by their content."""
        model = known.model(self.model)
        # What an adapter is called is a label: a column is known by the adapter's content, and the
        # only one needs no name.
        contents = [model.get("adapter"), *model.get("more_adapters", ())]
        several = dict(zip(self.model.adapters, contents, strict=False)) if contents[1:] else {}
        first = contents[0] if several else True
        vectors = {digest: known.content(digest) for digest in self.digests}
        named = super().named(known) | {"model": model, "contents": vectors}
        named |= judges.named(self, self.judge, known)
        for column in named["configurations"]:
            if column["adapter"]:
                column["adapter"] = several.get(column["adapter"], first)
        return named

    @property
    def digests(self) -> tuple[str, ...]:
        """The vector sets that are used, each once."""
        parts = [part for c in self.configurations for part in c.blend]
        return tuple(dict.fromkeys(part.digest for part in parts))


def _check_choice(temperature: float, top_k: int, top_p: float) -> None:
    """Refuse what no token can be chosen with, and limits that a greedy text ignores."""
    require(
        math.isfinite(temperature) and temperature >= 0,
        f"The temperature is {temperature}, but must be 0 or above.",
    )
    require(top_k >= 0, f"Top-k is {top_k}, but must be 0, which means all tokens, or more.")
    require(0 < top_p <= 1, f"Top-p is {top_p}, but must lie above 0 and be at most 1.")
    require(
        temperature > 0 or (top_k == 0 and top_p == 1),
        "At temperature 0 top-k and top-p change nothing: set a temperature, or leave them out.",
    )
