"""What is asked in a conversation: panes that answer side by side, and how tokens are chosen.

Knows nothing of torch, files' contents or screens.
"""

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from engine.configs.core import require
from engine.configs.fields import setting
from engine.configs.grids import MOST_TOKENS, BlendPart, Configuration
from engine.configs.grids import check_choice as check_choice
from engine.configs.steering import doses
from engine.configs.steering.doses import Which
from engine.configs.steering.interventions import Intervention
from engine.configs.values import Typed

MOST_PANES = 4
MOST_CHIPS = 4
LONGEST_PREFILL = 4000
"""Letters of an answer's given beginning."""


@dataclass(frozen=True, kw_only=True)
class Chip(Intervention):
    """One vector in a pane, with its own strength and operation."""

    digest: str
    """Of its stored set."""
    index: int = 0
    scale: float = 1.0
    """As of a grid's column: a multiple of the vector, or a share of the way."""
    scale_unit: Literal["absolute", "relative"] = "absolute"
    is_on: bool = True
    """An off chip keeps its settings and changes nothing."""

    def __post_init__(self) -> None:
        """Refuse what a grid's column would refuse."""
        require(self.dose is None, "A vector's dose is its pane's: leave it out.")
        self._column(False, None)

    @property
    def reference(self) -> str:
        """DIGEST:INDEX."""
        return f"{self.digest}:{self.index}"

    def _column(self, adapter: bool | str, dose: str | None) -> Configuration:
        part = BlendPart(digest=self.digest, index=self.index)
        return Configuration(
            **{
                **self.how,
                "name": self.reference,
                "adapter": adapter,
                "dose": dose,
                "blend": (part,),
                "scale": self.scale,
                "scale_unit": self.scale_unit,
            }
        )


@dataclass(frozen=True, kw_only=True)
class Pane(Typed):
    """One of the models that answer side by side."""

    name: str
    """Heading; unique in its conversation's turn."""
    adapter: bool | str = False
    """Whether the fine-tuned model answers, or the base model; of several adapters its name."""
    dose: str | None = None
    """Strength of the adapter; None is as it was trained."""
    chips: tuple[Chip, ...] = ()
    """Vectors; all that are on act together."""

    def __post_init__(self) -> None:
        """Refuse a nameless pane, too many vectors, and one vector changed twice in one way."""
        require(bool(self.name.strip()), "A pane has no name: give each one.")
        require(
            len(self.chips) <= MOST_CHIPS,
            f"{self.name!r} has {len(self.chips)} vectors: a pane takes at most {MOST_CHIPS}.",
        )

    @cached_property
    def columns(self) -> tuple[Configuration, ...]:
        """What acts in it, as columns of a grid: one for each vector that is on."""
        made = [chip._column(self.adapter, self.dose) for chip in self.chips if chip.is_on]
        return tuple(one for one in made if not one.is_baseline)

    @cached_property
    def effect(self) -> str:
        """What it does, without its name: equal effects give equal answers to equal turns."""
        acting = [json.loads(column.effect) for column in self.columns]
        return json.dumps([self.adapter, self.dose, acting], sort_keys=True)

    def which(self, adapters: Sequence[str]) -> Which:
        """The weights that answer, as the door is asked for them."""
        return doses.chosen(self.adapter, self.dose, adapters)

    @property
    def digests(self) -> tuple[str, ...]:
        """The vector sets that act in it, each once."""
        named = [
            digest
            for column in self.columns
            for digest in (*(p.digest for p in column.blend), *(d for d, _ in column.referred))
        ]
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True, kw_only=True)
class Settings(Typed):
    """What every pane of a turn shares."""

    system: str | None = setting(None, "System prompt; empty for none.")
    prefill: str = setting("", "Beginning of the answer, which the model goes on from.")
    temperature: float = setting(0.0, "0 takes the likeliest token.")
    top_k: int = setting(0, "Only so many likeliest tokens are drawn from; 0 for all.")
    top_p: float = setting(1.0, "Only the likeliest tokens of this share are drawn from.")
    seed: int = setting(0, "Of every random draw; all panes share it.")
    max_new_tokens: int = setting(160, "Longest answer.")
    is_raw: bool = setting(False, "No chat template: the model goes on from the text itself.")

    def __post_init__(self) -> None:
        """Refuse what no token can be chosen with."""
        require(
            1 <= self.max_new_tokens <= MOST_TOKENS,
            f"{self.max_new_tokens} new tokens were asked for: use 1 to {MOST_TOKENS}.",
        )
        check_choice(self.temperature, self.top_k, self.top_p)
        require(math.isfinite(self.seed), "The seed is no number: give a whole one.")
        require(
            len(self.prefill) <= LONGEST_PREFILL,
            f"The beginning of the answer has {len(self.prefill)} letters: shorten it.",
        )


@dataclass(frozen=True, kw_only=True)
class Turn(Typed):
    """What is asked once, of all panes."""

    said: str
    """The reader's words; of raw text, what the model goes on from."""
    panes: tuple[Pane, ...]
    settings: Settings = Settings()
    parent: int | None = None
    """Number of the exchange that it follows; None begins the conversation."""

    def __post_init__(self) -> None:
        """Refuse nothing said, no pane, too many, and names that are given twice."""
        require(bool(self.said.strip()), "Nothing was said: write a message.")
        require(len(self.panes) > 0, "No pane was given: name at least one.")
        require(
            len(self.panes) <= MOST_PANES,
            f"{len(self.panes)} panes were asked for: use at most {MOST_PANES}.",
        )
        names = [pane.name for pane in self.panes]
        twice = next((name for name in names if names.count(name) > 1), None)
        require(twice is None, f"Two panes are named {twice!r}: name them apart.")

    @property
    def digests(self) -> tuple[str, ...]:
        """The vector sets that act in some pane, each once."""
        return tuple(dict.fromkeys(d for pane in self.panes for d in pane.digests))

    def with_settings(self, **changed: Any) -> "Turn":
        """The same with some settings changed."""
        return dataclasses.replace(self, settings=dataclasses.replace(self.settings, **changed))
