"""The arms of the deception study: which model is changed, by which family, in which way.

Knows nothing of models, of judges and of what came out.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.configs.grids import BlendPart, Configuration
from engine.configs.pairs import DECEPTIVE_SYSTEM, HONEST_SYSTEM
from engine.configs.steering.interventions import REMOVING, Operation
from engine.configs.studies import DeceptionConfig
from engine.records.records import VectorSet

HONEST, DECEPTIVE = "honest", "deceptive"
BASE, TUNED = "base", "fine-tuned"
FAMILIES = ("contrastive", "fine-tune difference")

Families = Sequence[VectorSet]
"""(contrastive, fine-tune difference)"""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How an arm's vector changes the model; its random vectors do the same, in the same places."""

    words: str = ""
    """What an arm's name adds to say so."""
    operation: Operation | Literal["ask"] = "add"
    """What is done with it; "ask" for a rival that has none."""
    layers: Literal["own", "all"] = "own"
    """At the block it was found at, or the same vector at all blocks."""
    unit_norm: bool = False
    """Given norm 1, or used at the norm it was found with."""
    is_wide: bool = False
    """Whether the study's wide range of scales is tried."""

    @property
    def turns_round(self) -> bool:
        """Whether a negative strength goes the other way."""
        return self.operation not in REMOVING

    def strengths(self, config: DeceptionConfig) -> tuple[float, ...]:
        """What is tried: multiples of the vector, or shares of the way."""
        if self.operation == "add":
            return config.wide_scales if self.is_wide else config.scales
        # A projection removes all of a direction.
        return SHARES if self.turns_round else SHARES[-1:]


SHARES = (0.5, 1.0)
"""Of the way, in arms by another operation than adding."""
USUAL = (Way(),)
STUDY_WAYS = (
    Way(words=", wide scales", is_wide=True),
    Way(words=", norm 1", unit_norm=True, is_wide=True),
    Way(words=" at all blocks", layers="all", is_wide=True),
    Way(words=" at all blocks, norm 1", layers="all", unit_norm=True, is_wide=True),
    Way(words=" projected out", operation="ablate"),
    Way(words=" projected out at all blocks", operation="ablate", layers="all"),
)
"""The study steered with and without normalising, at one layer and at all, by projection, and over
scales up to where texts lose their meaning."""
WAYS = {"usual": USUAL, "study": STUDY_WAYS, "all": (*USUAL, *STUDY_WAYS)}


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One intervention of the study."""

    family: int
    """0 contrastive, 1 fine-tune difference."""
    adapter: bool
    """Whether the fine-tuned model is steered."""
    way: Way = USUAL[0]

    @property
    def name(self) -> str:
        """What it is called, and its configuration in the report."""
        joint = {1.0: " + ", -1.0: " - "}[self.sign] if self.way.turns_round else ": "
        return f"{self.baseline}{joint}{FAMILIES[self.family]}{self.way.words}"

    @property
    def sign(self) -> float:
        """Vectors point from honest to deceptive: added to the base, taken from the fine-tuned."""
        return -1.0 if self.adapter else 1.0

    @property
    def baseline(self) -> str:
        """The configuration that is not steered."""
        return TUNED if self.adapter else BASE

    @property
    def before(self) -> str:
        """Label of the answers that should change."""
        return DECEPTIVE if self.adapter else HONEST

    @property
    def after(self) -> str:
        """Label they should change to."""
        return HONEST if self.adapter else DECEPTIVE


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Where an arm steers: a vector of its family and a multiple of it."""

    index: int
    block: int
    scale: float


@dataclass(frozen=True, kw_only=True)
class Rival(Arm):
    """What a model says when it is merely asked, by a system prompt and nothing else."""

    family: int = 0
    """Of none."""
    way: Way = Way(operation="ask")

    @property
    def name(self) -> str:
        """What it is called, and its configuration in the report."""
        return f"{self.baseline}, just asked"

    @property
    def column(self) -> Configuration:
        """Its configuration of the grid: as contrastive vectors' poles are asked."""
        system = HONEST_SYSTEM if self.adapter else DECEPTIVE_SYSTEM
        return Configuration(name=self.name, adapter=self.adapter, system=system)


def arms_of(config: DeceptionConfig) -> list[Arm]:
    """The arms that are asked for: both models with both families, in every way."""
    ways = list(WAYS[config.arms])
    if config.operation != "add":
        ways.append(Way(words=f", {config.operation}", operation=config.operation))
    return [
        Arm(family=family, adapter=adapter, way=way)
        for way, adapter, family in itertools.product(ways, (False, True), (0, 1))
    ]


def rivals_of(config: DeceptionConfig) -> list[Rival]:
    """Both models merely asked, where that is wanted."""
    return [Rival(adapter=adapter) for adapter in (False, True)] if config.rival else []


def cells_of(arm: Arm, config: DeceptionConfig, families: Families) -> list[Cell]:
    """Every scale that an arm tries, at every block or each so-many-th."""
    found = families[arm.family]
    # The last block's output reaches nothing but the next token's logits: it is left out.
    last = max(site.block for site in found.sites)
    return [
        Cell(index=index, block=site.block, scale=scale)
        for index, site in enumerate(found.sites)
        if site.block < last and index % config.every == 0
        for scale in arm.way.strengths(config)
    ]


def column(name: str, arm: Arm, digest: str, index: int, scale: float) -> Configuration:
    """A configuration of the grid that steers as an arm does, with any vector."""
    operation = arm.way.operation
    assert operation != "ask", "A rival has no vector."
    return Configuration(
        name=name,
        adapter=arm.adapter,
        blend=(BlendPart(digest=digest, index=index),),
        scale=scale * (arm.sign if arm.way.turns_round else 1.0),
        operation=operation,
        layers=arm.way.layers,
        unit_norm=arm.way.unit_norm,
    )


def column_of(arm: Arm, cell: Cell) -> str:
    """Name of a cell's configuration in the sweep."""
    return f"{arm.name} | block {cell.block} | {cell.scale:g}"


def random_column(arm: Arm, index: int) -> str:
    """Name of a control's configuration in the report."""
    return f"{arm.name} | random {index}"
