"""What the finders that start from prompts run, and what all finders share.

Knows nothing of torch, files' contents or screens.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from engine.configs.core import (
    Known,
    ModelConfig,
    PromptsConfig,
    RandomKind,
    RunConfig,
    finite,
    require,
    whole,
)
from engine.configs.fields import setting, with_default

ABOUT_VARIANTS = (
    "The study's MELBO ran independent restarts, which collapse onto a few directions; its power "
    "iteration left out the Rayleigh-Ritz step, so its vectors depend on the seed. Both remain "
    "available to reproduce it; the other variants mend this."
)
STUDY = "**study** Exactly as the corrigibility study did it, flaws included."


@dataclass(frozen=True, kw_only=True)
class FinderConfig(RunConfig):
    """What all finders share."""

    is_stepwise: ClassVar[bool] = False
    """Whether its search goes on from the step at which it was stopped; others begin anew."""
    is_control: ClassVar[bool] = False
    """Whether its vectors are what others are compared with; they are drawn in grey."""
    needs_adapter: ClassVar[bool] = False
    """Whether it reads the model with an adapter on."""
    evidence: ClassVar[Literal["repeats", "scores"] | None] = None
    """How far its vectors can be trusted is learnt by repeating it, or stands in its scores."""
    evidence_scores: ClassVar[tuple[str, ...]] = ()
    """The scores that are its evidence."""
    model: ModelConfig = field(default_factory=ModelConfig)
    seed: int = setting(
        0, "Of every random draw.", about="The same settings and seed give the same vectors."
    )

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        count = getattr(self, "vectors", None)
        return " ".join(str(word) for word in ("Find", count, self.method, "vectors") if word)

    def amount(self, vectors: int) -> float:
        """One: a pass over the same pairs takes as long each time."""
        return 1.0

    def named(self, known: Known) -> dict[str, Any]:
        """All settings, with the model by its content."""
        return super().named(known) | {"model": known.model(self.model)}


@dataclass(frozen=True, kw_only=True)
class SourceConfig(FinderConfig):
    """A finder that makes a number of vectors for one block."""

    source_layer: int = setting(
        7,
        "Block at whose output vectors are added.",
        about="The vectors are added to the output of this block. Blocks count from 0.",
    )
    """Block at whose output the vectors are added."""
    vectors: int = setting(8, "How many vectors.", about="How many vectors to find.")
    norm: float = setting(
        1.0,
        "Norm of every vector.",
        about="The length every stored vector gets. Scales multiply it.",
        is_rare=True,
        rank=-1,
    )
    """Norm of every stored vector."""

    def __post_init__(self) -> None:
        """Refuse counts and norms that no model could use."""
        whole("The number of vectors", self.vectors, 1)
        whole("The source layer", self.source_layer, 0)
        finite("The norm", self.norm)
        require(self.norm > 0, f"The norm is {self.norm}, but must be above 0.")

    def amount(self, vectors: int) -> float:
        """Vectors that are made."""
        return float(self.vectors)


@dataclass(frozen=True, kw_only=True)
class SliceConfig(SourceConfig):
    """A finder that reads a target layer."""

    prompts: PromptsConfig = setting(
        help="What the model is asked while vectors are sought.",
        default_factory=PromptsConfig,
        before="source_layer",
    )
    target_layer: int = setting(
        32,
        "Block whose output is read.",
        about="The change is read at the output of this block.",
        before="vectors",
    )
    tokens: int = setting(
        2,
        "Last positions read at the target.",
        label="Target tokens",
        about="How many of the prompt's last tokens are read at the target.",
        before="norm",
        is_rare=True,
    )
    """How many of the prompt's last positions are read at the target."""

    def __post_init__(self) -> None:
        """Refuse a target that does not come after the source."""
        super().__post_init__()
        whole("The number of target tokens", self.tokens, 1)
        require(
            self.target_layer > self.source_layer,
            f"The target layer is {self.target_layer}, but must come after the source layer "
            f"{self.source_layer}: nothing added at block {self.source_layer} reaches it.",
        )

    @property
    def turns(self) -> int:
        """How often every vector goes through the model."""
        return 1

    def amount(self, vectors: int) -> float:
        """Passes of a vector through the model."""
        return float(self.vectors * self.turns * len(self.prompts.prompts))


@dataclass(frozen=True, kw_only=True)
class MelboConfig(SliceConfig):
    """Vectors of a given norm that move a later layer most.

    MELBO, after Mack and Turner 2024 (METHODS).
    """

    method: ClassVar[str] = "melbo"
    title: ClassVar[str] = "MELBO"
    about: ClassVar[str] = (
        "Searches for vectors that change the target layer most, one gradient step at a time."
    )
    is_stepwise: ClassVar[bool] = True
    evidence: ClassVar[Literal["repeats", "scores"] | None] = "repeats"
    added_later: ClassVar[tuple[str, ...]] = ("returns",)
    vectors: int = with_default(SourceConfig, "vectors", 12)
    steps: int = setting(
        50, "Gradient steps.", about="Gradient steps of the search.", before="tokens"
    )
    variant: Literal["orthogonal", "study"] = setting(
        "orthogonal",
        "orthogonal or study.",
        about="**orthogonal** All vectors at once, kept at right angles, with scale-free steps."
        f"\n\n{STUDY}\n\n{ABOUT_VARIANTS}",
    )
    """"study": independent restarts, Adam 0.1. "orthogonal": scale-free, one basis."""
    returns: Literal["best", "last"] = setting(
        "best",
        "best or last step.",
        label="Vectors of",
        about="best: the step at which they moved the target most. last: the last step, as the "
        "study kept them.",
        is_rare=True,
    )

    def __post_init__(self) -> None:
        """Refuse zero steps."""
        super().__post_init__()
        whole("The number of steps", self.steps, 1)

    @property
    def turns(self) -> int:
        """Gradient steps."""
        return self.steps


@dataclass(frozen=True, kw_only=True)
class PowerIterationConfig(SliceConfig):
    """Top right singular vectors of the Jacobian from source to target."""

    method: ClassVar[str] = "power-iteration"
    title: ClassVar[str] = "Power iteration"
    about: ClassVar[str] = (
        "The directions that the layers between source and target amplify most: top singular "
        "vectors of their Jacobian."
    )
    is_stepwise: ClassVar[bool] = True
    evidence: ClassVar[Literal["repeats", "scores"] | None] = "repeats"
    added_later: ClassVar[tuple[str, ...]] = ("across", "figure")
    vectors: int = with_default(SourceConfig, "vectors", 8)
    tokens: int = with_default(SliceConfig, "tokens", 4)
    iterations: int = setting(
        15,
        "Multiplications by J^T J at most.",
        about="Multiplications by the squared Jacobian, at most.",
        before="tokens",
    )
    """Multiplications by J^T J at most, each of a whole block of vectors."""
    variant: Literal["lanczos", "powers", "study"] = setting(
        "lanczos",
        "lanczos, powers or study.",
        about="**lanczos** Block Lanczos: the fewest passes for the same accuracy.\n\n"
        "**powers** Oversampled block powers with a Rayleigh-Ritz step."
        f"\n\n{STUDY}\n\n{ABOUT_VARIANTS}",
    )
    """"study": plain powers. "powers": oversampled, Rayleigh-Ritz. "lanczos": block Lanczos."""
    tolerance: float = setting(
        1e-3,
        "Largest residual to accept.",
        about="Stop as soon as every vector is this close to a true singular vector.",
        is_rare=True,
    )
    """Stop when every wanted vector's residual is below this ("study" never stops early)."""
    across: Literal["mean", "sum"] = setting(
        "mean",
        "mean or sum over prompts.",
        label="Several prompts",
        about="mean: J^T J is averaged over the prompts. sum: added up, as the study did, so that "
        "sigma grows with their number; the directions are the same.",
        is_rare=True,
    )
    figure: Literal["sigma", "sigma-squared"] = setting(
        "sigma",
        "sigma, or sigma-squared beside it.",
        label="Figure",
        about="sigma: the singular value. sigma-squared: also its square, which the study printed.",
        is_rare=True,
    )

    def __post_init__(self) -> None:
        """Refuse zero iterations or a tolerance that is not positive."""
        super().__post_init__()
        whole("The number of iterations", self.iterations, 1)
        finite("The tolerance", self.tolerance)
        require(self.tolerance > 0, "The tolerance must be above 0.")

    @property
    def turns(self) -> int:
        """Multiplications at most."""
        return self.iterations


@dataclass(frozen=True, kw_only=True)
class RandomConfig(SourceConfig):
    """Random directions of a given norm: the control."""

    method: ClassVar[str] = "random"
    title: ClassVar[str] = "Random control"
    about: ClassVar[str] = (
        "Random directions of the same norm: the control that every other vector must beat."
    )
    is_control: ClassVar[bool] = True
    added_later: ClassVar[tuple[str, ...]] = ("kind",)
    vectors: int = with_default(SourceConfig, "vectors", 4)
    kind: RandomKind = setting(
        "isotropic",
        "isotropic, or covariance: as the residual stream is.",
        lists_choices=True,
        is_rare=True,
    )
