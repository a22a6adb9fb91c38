"""Which texts of a corpus lie furthest along vectors: what is read, and how it is ranked.

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
from engine.configs.steering.interventions import NEUTRAL

Form = Literal["auto", "prompt", "plain"]
Ranked = Literal["mean", "token"]
RANDOM, LEAST_RANDOM = 64, 20
"""Random directions at each block, and how few give no p of .05."""
MOST_SHOWN = 50
LEAST_TEXTS = 3
"""Fewer cannot be ranked."""


@dataclass(frozen=True, kw_only=True)
class ExamplesConfig(RunConfig):
    """Texts of a corpus with the highest and lowest projection on vectors, beside random ones."""

    method: ClassVar[str] = "examples"
    title: ClassVar[str] = "Examples"
    about: ClassVar[str] = "Texts of a corpus with the highest and lowest projection on vectors."
    files: ClassVar[tuple[str, ...]] = ("corpus",)
    model: ModelConfig = field(default_factory=ModelConfig)
    vectors: tuple[VectorRef, ...] = setting((), "Files or digests, FILE:INDEX.")
    corpus: str = setting(
        "data/pairs/advice.json",
        "File of pairs, lines (.txt), JSON, CSV or Parquet.",
        data=("texts", "pairs"),
        about="Pairs, whose answers are read; or texts: a line each, or a column of a table.",
    )
    column: str | None = setting(
        None,
        "Column with the texts, where it is not called text.",
        about="Where it is not called text, content, prompt or question.",
        is_rare=True,
    )
    held_out: bool = setting(
        False,
        "Only pairs that are marked held-out.",
        about="Pairs from which no vector was found.",
    )
    form: Form = setting(
        "auto",
        "auto, prompt or plain.",
        label="Texts are read",
        about="auto: answers after their questions, other texts alone. prompt: each as a question "
        "in the chat template. plain: each alone.",
        words={"auto": "As they are", "prompt": "As questions", "plain": "Alone"},
        is_segmented=True,
    )
    by: Ranked = setting(
        "mean",
        "mean, or token: by the largest and the smallest one.",
        label="Ranked by",
        about="The mean over a text's tokens, or its largest and smallest token.",
        words={"mean": "Mean", "token": "Single token"},
        is_segmented=True,
    )
    top: int = setting(10, "Texts shown at each end.", least=1, most=MOST_SHOWN)
    max_texts: int = setting(2000, "Texts at most, the file's first.", least=LEAST_TEXTS)
    max_tokens: int = setting(128, "Tokens of a text at most, its first.", least=1, is_rare=True)
    system: str | None = setting(
        STUDY_SYSTEM,
        "System prompt; empty for none.",
        label="System prompt",
        about="Of rows that bring none. Leave empty to send none.",
        is_rare=True,
    )
    random: int = setting(RANDOM, "Random directions at each block.", is_rare=True)
    seed: int = setting(0, "Of every random draw.", is_rare=True)

    def __post_init__(self) -> None:
        """Refuse counts that rank nothing or give no yardstick."""
        whole("The number of random directions", self.random, LEAST_RANDOM)
        whole("The number of texts shown", self.top, 1)
        require(
            self.top <= MOST_SHOWN,
            f"{self.top} texts were asked for at each end: show at most {MOST_SHOWN}.",
        )
        whole("The number of texts", self.max_texts, LEAST_TEXTS)
        whole("The number of tokens of a text", self.max_tokens, 1)
        require(bool(self.corpus.strip()), "No corpus was named: give a file of texts.")
        require(len(self.vectors) > 0, "No vectors were named: give at least one set.")

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        return f"Examples in {Path(self.corpus).stem}"

    def named(self, known: Known) -> dict[str, Any]:
        """All settings, with the model, vectors, corpus and neutral text by their content."""
        contents = {ref.digest: known.content(ref.digest) for ref in self.vectors}
        return super().named(known) | {
            "model": known.model(self.model),
            "contents": contents,
            "neutral": known.file(NEUTRAL),
        }
