"""What a blend asks: two vectors at one site, mixed at every angle under a budget of KL per token.

Knows nothing of torch, files' contents or screens.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from engine.configs.budgets.under import UnderBudget
from engine.configs.core import require, whole
from engine.configs.fields import setting

BLENDED = ("add", "ablate", "set", "cap", "floor", "angular", "spherical")
"""Operations that take a direction and nothing else of a vector."""
LEAST_ANGLES = 4


@dataclass(frozen=True, kw_only=True)
class BlendConfig(UnderBudget):
    """Blend two vectors at every angle, each at equal KL, beside random planes."""

    method: ClassVar[str] = "blend"
    title: ClassVar[str] = "Blend"
    about: ClassVar[str] = "Blends two vectors at every angle, each at equal KL."
    fixed: ClassVar[dict[str, Any]] = {"controls": 0}
    angles: int = setting(
        24,
        "Over the whole circle, an even number.",
        about="Over the whole circle; the angles of both vectors are asked besides.",
        least=LEAST_ANGLES,
        step=2,
    )
    planes: int = setting(
        20,
        "Random planes beside it; 0 for none.",
        label="Random planes",
        about="Pairs of random directions, asked at the same angles and at the same KL. Fewer "
        "than 20 give no p.",
    )

    def __post_init__(self) -> None:
        """Refuse anything but two single vectors, and operations that need more than these."""
        super().__post_init__()
        refs = self.sweep.vectors
        require(
            len(refs) == 2
            and all(ref.indices is not None and len(ref.indices) == 1 for ref in refs),
            "A blend is of two vectors: name both as FILE:INDEX.",
        )
        require(len(set(refs)) == 2, "Both vectors of the blend are the same: name two.")
        require(
            self.sweep.operation in BLENDED,
            f"{self.sweep.operation} needs more of a vector than its direction: blend with one of "
            f"{', '.join(BLENDED)}.",
        )
        require(
            self.angles >= LEAST_ANGLES and self.angles % 2 == 0,
            f"{self.angles} angles were asked for: use an even number from {LEAST_ANGLES} on.",
        )
        whole("The number of random planes", self.planes, 0)

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        return f"Blend two vectors at {self.angles} angles"

    def amount(self, vectors: int) -> float:
        """Cells whose strength is sought."""
        return float(self.angles * (1 + self.planes)) * self.sweep.max_questions
