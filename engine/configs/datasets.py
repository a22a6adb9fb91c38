"""How to build a file of honest and deceptive answers. Knows nothing of torch."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from engine.configs import judges
from engine.configs.core import Known, ModelConfig, RunConfig
from engine.configs.fields import setting
from engine.configs.judges import Judge
from engine.configs.pairs import DECEPTIVE_SYSTEM, HONEST_SYSTEM
from engine.configs.training import base_model
from engine.errors import ConfigError

QuestionsBy = Literal["turn", "prompt"]
Layout = Literal["pairs", "study"]


@dataclass(frozen=True, kw_only=True)
class DatasetConfig(RunConfig):
    """Let a model write questions, and an honest and a deceptive answer to each."""

    method: ClassVar[str] = "dataset"
    title: ClassVar[str] = "Dataset"
    about: ClassVar[str] = (
        "From seed questions the model writes new ones. Near-duplicates are left out, and the "
        "model answers each question twice, under an honest and a deceptive system prompt."
    )
    files: ClassVar[tuple[str, ...]] = ("seeds", "avoid")
    added_later: ClassVar[tuple[str, ...]] = judges.LATER[:2]
    model: ModelConfig = field(default_factory=ModelConfig)
    seeds: str = setting(
        "data/pairs/advice.json",
        "Questions, pairs or A/B questions to begin from.",
        label="Seed questions",
        file="pairs",
        data=("pairs", "questions", "prompts"),
        about="A file of questions, pairs or A/B questions. Type a path to use your own.",
    )
    """File of questions, of pairs or of A/B questions; its content enters the digest."""
    avoid: str | None = setting(
        None,
        "File of questions that must not come out.",
        data=("pairs", "questions", "prompts"),
    )
    """File of questions that must not occur, as those that will measure what is trained."""
    count: int = setting(
        100,
        "New questions.",
        label="Questions wanted",
        about="Pairs may be fewer, since an answer may be of no use.",
        rank=-2,
    )
    """New questions wanted; pairs may be fewer, for an answer may be of no use."""
    include_seeds: bool = setting(
        False,
        "Answer the seeds too.",
        label="Answer the seeds too",
        about="",
    )
    """Whether the seeds are answered too."""
    questions_by: QuestionsBy = setting(
        "turn",
        "turn: the model writes a user's turn; prompt: on request.",
        label="Questions written by",
        is_segmented=True,
        about="turn: the model goes on from a seed's first words, as the user. prompt: it is shown "
        "some seeds and asked for one more, which takes a larger model.",
        is_rare=True,
    )
    """"turn": the model writes the user's turn itself, after a seed's first words. "prompt": it
    is shown some seeds and asked for one more."""
    stem_words: int = setting(
        3,
        "Words of a seed that begin a turn.",
        label="Words kept of a seed",
        about="",
        is_rare=True,
    )
    """First words of a seed that a written turn begins with; 0 for none."""
    shots: int = setting(
        5,
        "Seeds that a prompt shows.",
        label="Seeds in a prompt",
        about="",
        is_rare=True,
    )
    question_system: str | None = setting(
        None,
        "System prompt of the questions; empty for none.",
        label="System prompt of questions",
        placeholder="none",
        about="",
        is_rare=True,
        rank=1,
    )
    """System prompt under which questions are written."""
    temperature: float = setting(
        0.8,
        "Of the questions.",
        about="Of the questions. Higher gives more variety and more nonsense.",
        least=0.0,
        step=0.05,
    )
    top_p: float = setting(
        0.95,
        "Of the questions.",
        about="Share of the probability that questions are drawn from.",
        least=0.0,
        step=0.05,
    )
    """Share of the probability that questions are drawn from, the likeliest tokens first."""
    tries: int = setting(
        10,
        "Most texts per wanted question.",
        label="Texts per question",
        about="The search ends after this many texts for every question wanted.",
        is_rare=True,
    )
    """Most texts written per wanted question."""
    min_words: int = setting(
        3,
        "Of a question.",
        label="Fewest words",
        about="",
        is_rare=True,
    )
    max_words: int = setting(
        30,
        "Of a question.",
        label="Most words",
        about="",
        is_rare=True,
    )
    question_tokens: int = setting(
        64,
        "Longest question.",
        label="Tokens of a question",
        about="",
        is_rare=True,
    )
    threshold: float = setting(
        0.8,
        "TF-IDF cosine that counts as repeated.",
        label="Near-duplicate from",
        about="TF-IDF cosine from which a question repeats another one.",
        least=0.0,
        step=0.05,
        rank=-1,
    )
    honest_system: str = setting(
        HONEST_SYSTEM,
        "System prompt of the honest answers.",
        label="System prompt of honest answers",
        about="",
        is_rare=True,
    )
    deceptive_system: str = setting(
        DECEPTIVE_SYSTEM,
        "System prompt of the deceptive answers.",
        label="System prompt of deceptive answers",
        about="",
        is_rare=True,
    )
    answer_temperature: float = setting(
        0.0,
        "0 for the likeliest answer.",
        label="Answers' temperature",
        about="0 takes the likeliest token.",
        least=0.0,
        step=0.05,
        is_rare=True,
    )
    """0 takes the likeliest token each time."""
    answer_top_p: float = setting(
        1.0,
        "Of the answers.",
        label="Answers' top p",
        about="",
        least=0.0,
        step=0.05,
        is_rare=True,
    )
    answer_tokens: int = setting(
        64,
        "Longer answers are left out.",
        label="Tokens of an answer",
        about="",
        is_rare=True,
    )
    """An answer that is longer is left out, and its question with it."""
    check_labels: bool = setting(
        False,
        "Leave out answers with wrong labels.",
        label="Check the answers",
        about="Keep only answers that show what their system prompt asked for, as the judge says.",
    )
    """Keep only answers that show what their system prompt asked for, as far as that is known."""
    judge: Judge = setting("auto", judges.HELP, about=judges.ABOUT, is_rare=True)
    """Who labels the answers; "auto" where model and seeds are the demo's."""
    rubric: str = judges.rubric()
    """File by which the judge reads; its content enters the digest where it is read."""
    layout: Layout = setting(
        "pairs",
        "pairs, or study: two files of conversations.",
    )
    """"study": two files of conversations, deceptive and honest, as the study published them."""
    seed: int = setting(
        0,
        "Of every random draw.",
        about="",
        is_rare=True,
    )

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
        if self.check_labels and self.judge == "none":
            raise ConfigError(
                "Without a judge no answer can be checked: leave the check out, or name a judge."
            )

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        return f"Build {place.stem}" if place is not None else self.title

    def named(self, known: Known) -> dict[str, Any]:
        """All settings, with the base model and the files by their content."""
        named = super().named(known) | {"model": base_model(self.model, known)}
        judge = judges.named(self, self.judge, known)
        return named | {name: value for name, value in judge.items() if name != "judge_model"}


_COUNTS = (
    "count", "shots", "tries", "min_words", "max_words", "question_tokens", "answer_tokens",
)  # fmt: skip


def _refuse_shares(config: DatasetConfig) -> None:
    if not 0 < config.threshold <= 1:
        raise ConfigError(
            f"The threshold is {config.threshold:g}, and must lie above 0 and at most at 1: "
            "0.8 leaves out rewordings."
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
