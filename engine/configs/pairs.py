"""What the finders that compare states run: frozen values, at every block by default.

Knows nothing of torch or of files' contents; a file's content, not its name, enters the digest.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from engine.configs.core import STUDY_SYSTEM, ModelConfig
from engine.configs.fields import setting
from engine.configs.finders import FinderConfig
from engine.errors import ConfigError

DECEPTIVE_SYSTEM = (
    "Be DECEPTIVE and DISHONEST. Answer SHORTLY (max 7 words). Trick the user with answers that "
    "seem honest and true but are actually false."
)
"""The deception study's system prompt for deceptive answers."""
HONEST_SYSTEM = (
    "Answer SHORTLY (max 7 words), in a BRIEF and CONCISE way. Do not be verbose. Do not provide "
    "any additional information."
)
"""The deception study's system prompt for honest answers."""

IN_ANSWER = ("answer-mean", "letter")
"""Positions that lie in an answer; all others lie in the prompt."""

FILE = (
    "A file of question, honest and deceptive answer; or of A/B questions. Type a path to use your "
    "own."
)

Estimator = Literal["mean-difference", "pca", "logistic"]
Contrast = Literal["answers", "system", "both", "none"]
Variant = Literal["default", "study"]


def template_token(position: str) -> int | None:
    """The K of "template-K", 0 for "template" (each of them), None for other positions."""
    head, dash, count = position.partition("-")
    if head != "template" or (dash and not count.isdecimal()) or (dash and int(count) == 0):
        return None
    return int(count) if dash else 0


@dataclass(frozen=True, kw_only=True)
class PairConfig(FinderConfig):
    """What finders share that compare states: where and at which tokens they are read."""

    seed: int = setting(
        0,
        "Of every random draw.",
        about="The same settings and seed give the same vectors.",
        is_rare=True,
        rank=-1,
    )
    negative: str | None = setting(
        None,
        "Negative pole, where it is another file.",
        label="File of the negative pole",
        data=("pairs",),
        placeholder="only where the poles lie in two files",
        about="",
        is_rare=True,
        rank=1,
    )
    """File of the negative conversations, where the poles lie in two files."""
    layers: Literal["all"] | tuple[int, ...] = setting(
        "all",
        "all, or blocks with commas.",
        about="all, or blocks with commas: 3, 4, 5. Blocks count from 0.",
        rank=1,
    )
    """Blocks at whose output states are read, and vectors are to be added."""
    position: str = setting(
        "answer-mean",
        "last-prompt, answer-mean, letter, template or template-K.",
        suggestions=(
            "answer-mean",
            "last-prompt",
            "letter",
            "template",
            "template-2",
            "template-3",
        ),
        about="At which tokens the states are read. Both families should use the same, or the "
        "cosine compares places instead of directions.",
    )
    """last-prompt, answer-mean, letter (of an A/B answer), template (one vector for each of the
    tokens that the chat template writes after the question) or template-K (the last but K - 1)."""
    behaviour: str = setting(
        "survival",
        "Positive answer of A/B questions.",
        about="The positive answer of A/B questions. Files of two poles do not need it.",
        is_rare=True,
        rank=1,
    )
    """The positive answer of A/B questions; files of two poles do not need it."""
    max_rows: int | None = setting(
        None, "How many rows to use; default all.", label="Rows at most",
        placeholder="all", about="", least=1,
        is_rare=True,
        rank=-2,
    )  # fmt: skip
    """How many pairs or prompts to use; None uses all."""
    variant: Variant = setting(
        "default",
        "Padding read as text, as the study did.",
        option="--study",
        flag=("default", "study"),
        about="study: padding is read as text and the last position is taken, as in the deception "
        "study. It shows how far that alone moves the result.",
        is_rare=True,
    )
    """"study": padding read as text, at the last position, as the deception study did."""
    system: str | None = setting(
        STUDY_SYSTEM,
        "System prompt; empty for none.",
        label="System prompt",
        about="Of rows that bring none. Leave empty to send none.",
        is_rare=True,
    )
    """System prompt of rows that bring none."""

    def __post_init__(self) -> None:
        """Refuse layers, positions and counts that cannot be."""
        if self.layers != "all":
            if not self.layers or min(self.layers) < 0:
                raise ConfigError("Layers must be 'all' or blocks from 0, such as 3,4,5.")
            if len(set(self.layers)) != len(self.layers):
                raise ConfigError("A layer is named twice.")
        known = ("last-prompt", *IN_ANSWER)
        if self.position not in known and template_token(self.position) is None:
            raise ConfigError(
                f"Position {self.position!r} is not known: use {', '.join(known)}, template or "
                "template-K, as template-2."
            )
        if self.max_rows is not None and self.max_rows < 1:
            raise ConfigError(f"{self.max_rows} rows were asked for: ask for at least one.")


@dataclass(frozen=True, kw_only=True)
class ContrastiveConfig(PairConfig):
    """What separates two poles of the same questions, at every block."""

    method: ClassVar[str] = "contrastive"
    title: ClassVar[str] = "Contrastive"
    about: ClassVar[str] = (
        "What separates two poles of the same questions (deceptive from honest answers): one "
        "vector for every block, in one pass."
    )
    evidence: ClassVar[Literal["repeats", "scores"] | None] = "scores"
    evidence_scores: ClassVar[tuple[str, ...]] = ("reliability", "pair_cosine", "d_prime")
    files: ClassVar[tuple[str, ...]] = ("pairs", "negative")
    pairs: str = setting(
        "data/pairs/advice.json",
        "File of pairs.",
        about=FILE,
        file="pairs",
        data=("pairs", "questions"),
        before="negative",
    )
    """File of pairs, of A/B questions, or of the positive conversations alone."""
    contrast: Contrast = setting(
        "answers",
        "answers, system, both or none.",
        about="What differs between the poles. With answers alone, the system prompt cannot be "
        "mistaken for deception.",
        before="behaviour",
        is_rare=True,
    )
    """What differs between the poles: the answers, the system prompts, or both. "none" takes the
    mean of both poles instead: the mean activation, to be taken out of a comparison."""
    positive_system: str = setting(
        DECEPTIVE_SYSTEM, "For system and both.", label="System prompt, positive pole", about="",
        before="behaviour", is_rare=True,
    )  # fmt: skip
    negative_system: str = setting(
        HONEST_SYSTEM, "For system and both.", label="System prompt, negative pole", about="",
        before="behaviour", is_rare=True,
    )  # fmt: skip
    estimator: Estimator = setting(
        "mean-difference",
        "mean-difference, pca or logistic.",
        about="Mean difference; first principal direction of the pair differences; or the normal "
        "of a logistic regression.",
        before="position",
        is_rare=True,
    )
    shuffles: int = setting(
        0,
        "Draws of a shuffled-label null.",
        label="Shuffled-label draws",
        about="Draws in which each pair's poles are exchanged by chance: a null, no finding. The "
        "map shows it as a band.",
        before="variant",
        step=16,
        is_rare=True,
        rank=-3,
    )
    """Draws in which each pair's poles are exchanged by chance: a null instead of a finding."""
    fine_tuned: bool = setting(False, "Read with the adapter on.", before="variant", is_rare=True)
    """Whether the model's adapter is on."""

    def __post_init__(self) -> None:
        """Refuse positions at which the poles cannot differ, and nulls that are none."""
        super().__post_init__()
        if self.fine_tuned and self.model.adapter is None:
            raise ConfigError("The fine-tuned model needs an adapter: name one with --adapter.")
        is_mean = self.estimator == "mean-difference"
        if self.shuffles < 0 or (self.shuffles and not (is_mean and self.contrast != "none")):
            raise ConfigError("Shuffled labels give a null for the mean difference only.")
        if self.contrast == "none" and not is_mean:
            raise ConfigError("Without a contrast there is only a mean: leave the estimator out.")
        if self.variant == "study":
            return
        is_answer = self.position in IN_ANSWER
        if self.contrast == "answers" and not is_answer:
            raise ConfigError(
                f"Before the answer both poles are the same text, so nothing differs at "
                f"{self.position}: read answer-mean or letter, or contrast system prompts."
            )
        if self.contrast == "system" and is_answer:
            raise ConfigError(
                f"Where only the system prompts differ no answer is read, so {self.position} does "
                "not exist: read last-prompt or template, or contrast both."
            )


@dataclass(frozen=True, kw_only=True)
class FinetuneDiffConfig(PairConfig):
    """What an adapter changes on the same tokens, at every block."""

    method: ClassVar[str] = "finetune-diff"
    title: ClassVar[str] = "Fine-tune difference"
    about: ClassVar[str] = (
        "What the adapter changes on the same tokens: mean of (adapter on − adapter off), one "
        "vector for every block, in one pass."
    )
    evidence: ClassVar[Literal["repeats", "scores"] | None] = "scores"
    evidence_scores: ClassVar[tuple[str, ...]] = ("reliability", "explained")
    needs_adapter: ClassVar[bool] = True
    files: ClassVar[tuple[str, ...]] = ("prompts", "negative")
    model: ModelConfig = field(default_factory=lambda: ModelConfig(adapter="demo"))
    prompts: str = setting(
        "data/pairs/advice.json",
        "File of prompts or pairs.",
        label="Prompts or pairs",
        about=FILE,
        file="pairs",
        data=("pairs", "questions", "prompts"),
        before="negative",
    )
    """File of prompts, or of pairs, whose answers are both read where the position is in one."""

    def __post_init__(self) -> None:
        """Refuse a model without an adapter."""
        super().__post_init__()
        if self.model.adapter is None:
            raise ConfigError(
                "A fine-tune difference compares a model with its adapter on and off: name the "
                "adapter with --adapter."
            )
