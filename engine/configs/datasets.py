"""How to build a file of honest and deceptive answers. Knows nothing of torch."""

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from engine.configs.core import ModelConfig
from engine.configs.pairs import DECEPTIVE_SYSTEM, HONEST_SYSTEM
from engine.errors import ConfigError

QuestionsBy = Literal["turn", "prompt"]
Layout = Literal["pairs", "study"]


@dataclass(frozen=True, kw_only=True)
class DatasetConfig:
    """The deception study's recipe: seeds, more questions, two answers to each."""

    method: ClassVar[str] = "dataset"
    files: ClassVar[tuple[str, ...]] = ("seeds", "avoid")
    model: ModelConfig = field(default_factory=ModelConfig)
    seeds: str = "data/pairs/advice.json"
    """File of questions, of pairs or of A/B questions; its content enters the digest."""
    avoid: str | None = None
    """File of questions that must not occur, as those that will measure what is trained."""
    count: int = 100
    """New questions wanted; pairs may be fewer, for an answer may be of no use."""
    include_seeds: bool = False
    """Whether the seeds are answered too."""
    questions_by: QuestionsBy = "turn"
    """"turn": the model writes the user's turn itself, after a seed's first words. "prompt": it
    is shown some seeds and asked for one more."""
    stem_words: int = 3
    """First words of a seed that a written turn begins with; 0 for none."""
    shots: int = 5
    """Seeds that a prompt shows."""
    question_system: str | None = None
    """System prompt under which questions are written."""
    temperature: float = 0.8
    """Of the questions."""
    top_p: float = 0.95
    """Share of the probability that questions are drawn from, the likeliest tokens first."""
    tries: int = 10
    """Most texts written per wanted question."""
    min_words: int = 3
    max_words: int = 30
    """Of a question."""
    question_tokens: int = 64
    threshold: float = 0.8
    """TF-IDF cosine from which a question repeats another one."""
    honest_system: str = HONEST_SYSTEM
    deceptive_system: str = DECEPTIVE_SYSTEM
    answer_temperature: float = 0.0
    """0 takes the likeliest token each time."""
    answer_top_p: float = 1.0
    answer_tokens: int = 64
    """An answer that is longer is left out, and its question with it."""
    check_labels: bool = False
    """Keep only answers that show what their system prompt asked for, as far as that is known."""
    layout: Layout = "pairs"
    """"study": two files of conversations, deceptive and honest, as the study published them."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse counts, shares and prompts that cannot give a dataset."""
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"{name.replace('_', ' ')} is {getattr(self, name)}, but must be at least 1."
                )
        if self.stem_words < 0:
            raise ConfigError(f"stem words is {self.stem_words}, but must be 0 or more.")
        if self.min_words > self.max_words:
            raise ConfigError(
                f"Questions of at least {self.min_words} and at most {self.max_words} words do "
                "not exist: exchange the limits."
            )
        _refuse_shares(self)
        if self.model.adapter is not None:
            raise ConfigError("A dataset is written by the base model: leave the adapter out.")
        if self.honest_system.strip() == self.deceptive_system.strip():
            raise ConfigError(
                "Both answers have the same system prompt: write one for honest and one for "
                "deceptive answers."
            )
        if self.check_labels and self.model.model != "demo":
            raise ConfigError(
                f"Only the demo model's answers have known labels, and {self.model.short_name} is "
                "another model: leave the check out and read the answers."
            )


_COUNTS = (
    "count", "shots", "tries", "min_words", "max_words", "question_tokens", "answer_tokens",
)  # fmt: skip


def _refuse_shares(config: DatasetConfig) -> None:
    if not 0 < config.threshold <= 1:
        raise ConfigError(
            f"The threshold is {config.threshold:g}, but a cosine from which questions count as "
            "repeated lies above 0 and is at most 1: 0.8 leaves out rewordings."
        )
    for name in ("temperature", "answer_temperature"):
        value = getattr(config, name)
        if not (math.isfinite(value) and value >= 0):
            raise ConfigError(f"{name.replace('_', ' ')} is {value}, but must be 0 or more.")
    for name in ("top_p", "answer_top_p"):
        value = getattr(config, name)
        if not 0 < value <= 1:
            raise ConfigError(
                f"{name.replace('_', '-')} is {value:g}, but must lie above 0 and be at most 1."
            )
    if config.temperature == 0:
        raise ConfigError(
            "At temperature 0 every question comes out the same: use a temperature above 0."
        )
