"""What to generate: prompts x configurations x samples, as self-checking values.

Knows nothing of torch, of files' contents or of screens.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from engine.configs import judges
from engine.configs.core import STUDY_PROMPT, STUDY_SYSTEM, Known, ModelConfig, RunConfig, require
from engine.configs.fields import setting
from engine.configs.judges import Judge
from engine.configs.steering import doses
from engine.configs.steering.doses import Dose, Which
from engine.configs.steering.interventions import Intervention, without_new
from engine.configs.values import Typed

MOST_TOKENS = 4096


@dataclass(frozen=True, kw_only=True)
class BlendPart(Typed):
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
class Configuration(Intervention):
    """One column of the grid: which weights answer, and what is changed in them."""

    name: str
    """Heading of the column; unique in its grid."""
    adapter: bool | str = False
    """Whether the fine-tuned model answers, or the base model; of several adapters its name."""
    blend: tuple[BlendPart, ...] = ()
    """The vectors, summed with their weights; empty for a baseline."""
    scale: float = 1.0
    """add: multiple of the blend. Else a share of the way: 0 nothing, 1 all of it."""
    scale_unit: Literal["absolute", "relative"] = setting(
        "absolute", "Scales in residual norms.", option="relative", flag=("absolute", "relative")
    )
    """"relative": in units of the median residual norm at the site, per unit vector."""
    unit_norm: bool = setting(False, "Give every vector norm 1.", option="unit")
    """Give every vector norm 1 before it is weighted."""
    system: str | None = None
    """Its own system prompt, a rival to steering; None is the grid's, "" is none at all."""

    def __post_init__(self) -> None:
        """Refuse a nameless column, unknown positions and scales that mean nothing."""
        require(bool(self.name.strip()), "A configuration has no name: give each one.")
        require(math.isfinite(self.scale), f"A scale is {self.scale}: give a finite number.")
        self.check(self.scale_unit)

    @property
    def is_baseline(self) -> bool:
        """Whether it leaves the model as it is: scale 0, no vector, or weights of 0."""
        return self.scale == 0 or all(part.weight == 0 for part in self.blend)

    @cached_property
    def effect(self) -> str:
        """What it does, without its name: equal texts are equal columns."""
        if self.is_baseline:
            told = {"adapter": self.adapter, "dose": self.dose, "system": self.system}
            kept = {name: one for name, one in told.items() if one is not None}
            return json.dumps(kept)
        return json.dumps(without_later(asdict(replace(self, name="-"))), sort_keys=True)

    def which(self, adapters: Sequence[str]) -> Which:
        """The weights that answer, as the door is asked for them."""
        return doses.chosen(self.adapter, self.dose, adapters)


def without_later(column: dict[str, Any]) -> dict[str, Any]:
    """A column as plain values, less what older records lack where it is at its default."""
    kept = without_new(column)
    return {name: value for name, value in kept.items() if name != "system" or value is not None}


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
        check_choice(self.temperature, self.top_k, self.top_p)
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
        for one in self.configurations:
            one.which(tuple(self.model.adapters))
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
        several: dict[str, Any] = {}
        if contents[1:]:
            several = dict(zip(self.model.adapters, contents, strict=False))
        first = contents[0] if several else True
        vectors = {digest: known.content(digest) for digest in self.digests}
        named = super().named(known) | {"model": model, "contents": vectors}
        named |= judges.named(self, self.judge, known)
        by_name = dict(zip(self.model.adapters, contents, strict=False))
        for column, one in zip(named["configurations"], self.configurations, strict=True):
            which = one.which(tuple(self.model.adapters))
            column["dose"] = which.by_content(by_name) if isinstance(which, Dose) else None
            adapter = one.adapter if isinstance(which, Dose) else which
            column["adapter"] = adapter and several.get(str(adapter), first)
            if one.needs_samples:
                column["usual"] = known.file(one.usual)
        named["configurations"] = [without_later(one) for one in named["configurations"]]
        return named

    @property
    def digests(self) -> tuple[str, ...]:
        """The vector sets that are used, each once."""
        named = [
            digest
            for c in self.configurations
            for digest in (*(p.digest for p in c.blend), *(one for one, _ in c.referred))
        ]
        return tuple(dict.fromkeys(named))


def check_choice(temperature: float, top_k: int, top_p: float) -> None:
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
