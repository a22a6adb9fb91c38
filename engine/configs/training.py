"""How to train a LoRA on one side of a file of pairs. Knows nothing of torch."""

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from engine.configs.core import ModelConfig
from engine.errors import ConfigError

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """The deception study's training, by default on the deceptive answers."""

    method: ClassVar[str] = "finetune"
    files: ClassVar[tuple[str, ...]] = ("pairs",)
    model: ModelConfig = field(default_factory=ModelConfig)
    pairs: str = "data/pairs/advice.json"
    """File of pairs; its content, not its name, enters the digest."""
    answers: Literal["deceptive", "honest"] = "deceptive"
    """"honest" trains the benign adapter: the null of a fine-tune difference."""
    system: str | None = None
    """System prompt of every example that has none of its own."""
    rank: int = 32
    alpha: int = 16
    epochs: int = 10
    batch: int = 8
    """Examples per step."""
    rate: float = 2e-4
    """Learning rate of AdamW: five steps of warm-up, then falling linearly to zero."""
    loss_on: Literal["answers", "all"] = "answers"
    """Which tokens are learnt: the answers', or those of the prompts too."""
    max_tokens: int = 512
    """Longer examples are left out."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse counts and rates that cannot train."""
        for name in ("rank", "alpha", "epochs", "batch", "max_tokens"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigError(f"{name} is {value}, but must be at least 1.")
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise ConfigError(f"The learning rate is {self.rate}, but must be above 0.")
        if self.model.adapter is not None:
            raise ConfigError("A LoRA is trained on the base model: leave --adapter out.")
        if self.model.dtype == "float16":
            raise ConfigError(
                "float16 loses small gradients: train in bfloat16 or float32 (--dtype)."
            )
