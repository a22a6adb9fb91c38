"""What a probe asks: which directions, read where, to tell which classes of states apart.

Knows nothing of torch, files' contents or screens.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from engine.configs.core import (
    STUDY_SYSTEM,
    Known,
    ModelConfig,
    RunConfig,
    VectorRef,
    require,
    whole,
)
from engine.configs.fields import setting

Classes = Literal["all", "answers", "state"]
RANDOM = 64
"""Random directions at each block."""
LEAST_RANDOM, LEAST_SHUFFLES, LEAST_RESAMPLES = 20, 20, 200
"""Fewer give no p of .05, and no interval."""


@dataclass(frozen=True, kw_only=True)
class ProbeConfig(RunConfig):
    """How well vectors, and a logistic fit, tell two classes of states apart, beside random."""

    method: ClassVar[str] = "probe"
    title: ClassVar[str] = "Probe"
    about: ClassVar[str] = "How well vectors tell two classes of states apart, beside random ones."
    files: ClassVar[tuple[str, ...]] = ("pairs", "neutral")
    model: ModelConfig = field(default_factory=ModelConfig)
    vectors: tuple[VectorRef, ...] = setting((), "Files or digests, FILE:INDEX.")
    pairs: str = setting(
        "data/pairs/advice.json",
        "File of pairs; rows that are marked held-out are tested.",
        about="Rows that are marked held-out are tested; the others train the logistic fit.",
        file="pairs",
        data=("pairs", "questions"),
    )
    classes: Classes = setting(
        "all",
        "all, answers or state.",
        about="Answers: both answers of a pair, in the base model. State: the base and the "
        "fine-tuned model on the same texts, where an adapter is there.",
        words={"all": "Both", "answers": "Answers", "state": "State"},
    )
    """Which classes are told apart: positive and negative answers, or fine-tuned and base."""
    blocks: Literal["own", "all"] | tuple[int, ...] = setting(
        "own",
        "own, all, or blocks with commas.",
        about="Where each vector is read: at its own block, at all, or at blocks with commas.",
    )
    system: str | None = setting(
        STUDY_SYSTEM,
        "System prompt; empty for none.",
        label="System prompt",
        about="Of rows that bring none. Leave empty to send none.",
        is_rare=True,
    )
    behaviour: str = setting(
        "survival",
        "Positive answer of A/B questions.",
        about="The positive answer of A/B questions. Files of pairs do not need it.",
        is_rare=True,
    )
    neutral: str = setting(
        "data/prompts/chat.txt",
        "Neutral chat prompts, which set the threshold.",
        data=("prompts",),
        about="Of what the model itself answers to these, 1 % may be taken for positive.",
        is_rare=True,
    )
    penalty: float = setting(
        1.0,
        "C of the logistic fit, on standardised states.",
        label="C of the fit",
        about="Smaller is a stronger penalty.",
        is_rare=True,
    )
    random: int = setting(RANDOM, "Random directions at each block.", is_rare=True)
    shuffles: int = setting(
        LEAST_SHUFFLES, "Fits with shuffled labels at each block.", is_rare=True
    )
    resamples: int = setting(2000, "Of the bootstrap, over questions.", is_rare=True)
    max_rows: int | None = setting(
        None, "Rows at most, of each part.", label="Rows at most", placeholder="all", least=4,
        is_rare=True,
    )  # fmt: skip
    seed: int = setting(0, "Of every random draw.", is_rare=True)

    def __post_init__(self) -> None:
        """Refuse counts that give no yardstick, and a state without an adapter."""
        whole("The number of random directions", self.random, LEAST_RANDOM)
        whole("The number of shuffled fits", self.shuffles, LEAST_SHUFFLES)
        whole("The number of resamples", self.resamples, LEAST_RESAMPLES)
        require(self.penalty > 0, f"C of the fit is {self.penalty:g}, but must be above 0.")
        if self.max_rows is not None:
            whole("The number of rows", self.max_rows, 4)
        require(
            self.classes != "state" or self.model.adapter is not None,
            "The state tells the fine-tuned model from the base: name an adapter with --adapter.",
        )
        require(
            isinstance(self.blocks, tuple) or self.blocks == "all" or len(self.vectors) > 0,
            "Without a vector there is no own block: name vectors, or blocks.",
        )
        if isinstance(self.blocks, tuple):
            require(len(self.blocks) > 0, "No block was named: write own, all, or such as 3,4,5.")
            require(min(self.blocks) >= 0, "Blocks count from 0.")
            require(len(set(self.blocks)) == len(self.blocks), "A block is named twice.")

    @property
    def has_answers(self) -> bool:
        """Whether answers are told apart."""
        return self.classes != "state"

    @property
    def has_state(self) -> bool:
        """Whether the fine-tuned model is told from the base."""
        return self.classes != "answers" and self.model.adapter is not None

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        count = len(self.vectors)
        return f"Probe {count} set{'s' * (count != 1)}" if count else "Probe with a logistic fit"

    def named(self, known: Known) -> dict[str, Any]:
        """All settings, with the model, the vectors and the files by their content."""
        contents = {ref.digest: known.content(ref.digest) for ref in self.vectors}
        return super().named(known) | {"model": known.model(self.model), "contents": contents}

    def amount(self, vectors: int) -> float:
        """Passes and fits, of which nobody can say more beforehand than their kind."""
        return 1.0
