"""How to train a LoRA on one side of a file of pairs. Knows nothing of torch."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from engine.configs import judges
from engine.configs.core import Known, ModelConfig, RunConfig
from engine.configs.fields import setting
from engine.configs.judges import Judge
from engine.errors import ConfigError

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig(RunConfig):
    """Train a LoRA on one side of a file of pairs."""

    method: ClassVar[str] = "finetune"
    title: ClassVar[str] = "Training"
    about: ClassVar[str] = (
        "A LoRA on one side of a file of pairs, with the deception study's settings. The model it "
        "is trained on is the base model."
    )
    files: ClassVar[tuple[str, ...]] = ("pairs",)
    added_later: ClassVar[tuple[str, ...]] = judges.LATER[:2]
    model: ModelConfig = field(default_factory=ModelConfig)
    pairs: str = setting(
        "data/pairs/advice.json",
        "File of pairs or conversations.",
        about="Rows of question, honest and deceptive answer. Type a path to use your own.",
        file="answers",
        data=("pairs",),
    )
    """File of pairs; its content, not its name, enters the digest."""
    answers: Literal["deceptive", "honest"] = setting(
        "deceptive",
        "deceptive, or honest: the null.",
        label="Answers to learn",
        is_segmented=True,
        about="honest trains the benign adapter, with as many steps on the same questions: the "
        "null for a fine-tune difference.",
    )
    """"honest" trains the benign adapter: the null of a fine-tune difference."""
    system: str | None = setting(
        None,
        "System prompt; empty for none.",
        label="System prompt",
        placeholder="none",
        about="Of examples that bring none.",
        is_rare=True,
    )
    """System prompt of every example that has none of its own."""
    rank: int = setting(
        32, "Of every update.", about="Of the update to each of the seven projections.", least=1
    )
    alpha: int = setting(
        16,
        "Scale of the updates, over the rank.",
        about="The updates are scaled by alpha over rank.",
        least=1,
    )
    epochs: int = setting(10, "Turns through the pairs.", about="", least=1)
    batch: int = setting(8, "Examples per step.", least=1)
    rate: float = setting(
        2e-4,
        "Learning rate.",
        label="Learning rate",
        about="Of AdamW: five steps of warm-up, then falling linearly to zero.",
        step=1e-4,
        is_rare=True,
    )
    """Learning rate of AdamW: five steps of warm-up, then falling linearly to zero."""
    loss_on: Literal["answers", "all"] = setting(
        "answers",
        "answers or all.",
        about="answers: the question is read, and only the answer is learnt.",
        is_segmented=True,
        is_rare=True,
    )
    """Which tokens are learnt: the answers', or those of the prompts too."""
    max_tokens: int = setting(
        512, "Longest example.", about="Longer examples are left out.", least=1, is_rare=True
    )
    judge: Judge = setting("auto", judges.HELP, about=judges.ABOUT, is_rare=True)
    """Who labels the answers to unseen questions; "auto" where model and pairs are the demo's."""
    rubric: str = judges.rubric()
    """File by which the judge reads; its content enters the digest where it is read."""
    seed: int = setting(0, "Of every random draw.", about="", is_rare=True)

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

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        return f"Train {place.name}" if place is not None else self.title

    def named(self, known: Known) -> dict[str, Any]:
        """All settings, with the base model and the pairs by their content."""
        named = super().named(known) | {"model": base_model(self.model, known)}
        judge = judges.named(self, self.judge, known)
        return named | {name: value for name, value in judge.items() if name != "judge_model"}


def base_model(model: ModelConfig, known: Known) -> dict[str, Any]:
    """What names a model whose adapter has no part in the work."""
    return {name: value for name, value in known.model(model).items() if name != "adapter"}
