"""What the study of a behaviour of two poles runs: files, poles and judges are its settings.

Knows nothing of torch, files' contents or screens.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from engine.configs import judges
from engine.configs.core import (
    STUDY_SYSTEM,
    Known,
    ModelConfig,
    RunConfig,
    VectorRef,
    finite,
    require,
    whole,
)
from engine.configs.fields import setting
from engine.configs.judges import Judge
from engine.configs.pairs import ContrastiveConfig
from engine.configs.sweeps import EvaluateConfig


@dataclass(frozen=True, kw_only=True)
class BehaviourConfig(RunConfig):
    """Contrastive vectors of a behaviour: by likelihood and in open texts, beside random ones."""

    method: ClassVar[str] = "sentiment"
    title: ClassVar[str] = "Sentiment study"
    about: ClassVar[str] = (
        "Contrastive vectors of glad and gloomy answers: by likelihood and in open texts."
    )
    files: ClassVar[tuple[str, ...]] = ("pairs", "held_out", "prompts", "rubric", "neutral_prompts")
    model: ModelConfig = field(default_factory=ModelConfig)
    pairs: str = setting(
        "data/pairs/sentiment.json", "Pairs to find vectors from.", data=("pairs",)
    )
    """Question, positive and negative answer: what vectors are made from."""
    held_out: str = setting(
        "data/pairs/sentiment_heldout.json", "Other pairs, to measure on.", data=("pairs",)
    )
    """Other pairs: the first to choose block and scale on, the next to report."""
    prompts: str = setting(
        "data/prompts/sentiment.txt", "Open prompts for texts.", data=("prompts",)
    )
    rubric: str = setting("data/rubrics/sentiment.json", "By what judges label texts.")
    """Its labels are the names of both poles."""
    positive: str = setting("positive", "Name of the pole that vectors point to.")
    negative: str = setting("negative", "Name of the other pole.")
    max_pairs: int | None = setting(None, "Pairs to find vectors from; default all.")
    layers: Literal["all"] | tuple[int, ...] = setting("all", "all, or blocks with commas.")
    """Blocks that are tried; of all, the last is left out."""
    scales: tuple[float, ...] = setting((0.5, 1.0, 1.5, 2.0), "Multiples, in both signs.")
    """Multiples of each vector as found, each added and subtracted."""
    choosing: int = setting(32, "Pairs that choose block and scale.")
    reporting: int = setting(32, "Other pairs that are reported.")
    most_loss: float = setting(0.25, "Nats a token that favoured answers may lose.")
    """Cells at which a pole's own answers lose more likelihood than this are not chosen: without
    a limit the largest scale would win, where texts break."""
    controls: int = setting(64, "Norm-matched random vectors beside the pairs.")
    text_controls: int = setting(20, "Norm-matched random vectors beside the texts.")
    max_prompts: int = setting(16, "Open prompts at most.")
    max_new_tokens: int = setting(40, "Longest text.")
    judge: Judge = setting("reference", judges.HELP, words=judges.WORDS)
    """Who labels the texts."""
    second_judge: Judge = setting(
        "local", "A second judge of the same texts, or none.", words=judges.WORDS
    )
    most_repetition: float = setting(0.3, "Share of repeated 3-grams from which texts are broken.")
    least_logprob: float = setting(-4.0, "Nats a token below which texts are broken.")
    """Mean log p of a text under the unsteered model; with `most_repetition` what is called broken,
    whoever judges."""
    neutral: int = setting(8, "Neutral prompts for KL and perplexity.")
    neutral_prompts: str = "data/prompts/neutral.txt"
    system: str | None = STUDY_SYSTEM
    seed: int = setting(0, "Of every random draw.")

    def __post_init__(self) -> None:
        """Refuse scales without a size, counts that mean nothing, and poles with one name."""
        for scale in self.scales:
            finite("A scale", scale)
            require(scale > 0, f"Scale {scale:g} has no sign here: give sizes above 0.")
        require(len(self.scales) > 0, "No scale was given: name at least one.")
        require(len(set(self.scales)) == len(self.scales), "A scale is named twice.")
        finite("The most that answers may lose", self.most_loss)
        finite("The most repetition", self.most_repetition)
        finite("The least log p", self.least_logprob)
        require(
            self.positive.strip() != self.negative.strip(),
            f"Both poles are called {self.positive!r}: name them apart.",
        )
        for name in ("choosing", "reporting", "max_prompts", "max_new_tokens"):
            whole(name.replace("_", " ").capitalize(), getattr(self, name), 1)
        for name in ("controls", "text_controls", "neutral"):
            whole(name.replace("_", " ").capitalize(), getattr(self, name), 0)
        require(
            self.judge != "none" or self.second_judge == "none",
            "A second judge was named without a first: name it as judge.",
        )
        self.finder()

    def named(self, known: Known) -> dict[str, Any]:
        """All settings, with the model and the files by their content."""
        return super().named(known) | {"model": known.model(self.model)}

    def finder(self) -> ContrastiveConfig:
        """Vectors at every block that is tried."""
        return ContrastiveConfig(
            model=self.model,
            pairs=self.pairs,
            contrast="answers",
            position="answer-mean",
            layers=self.layers,
            behaviour=self.positive,
            max_rows=self.max_pairs,
            system=self.system,
            seed=self.seed,
        )

    def choice(self, vectors: VectorRef) -> EvaluateConfig:
        """Vectors at every scale in both signs, on the pairs that choose."""
        signed = tuple(sign * scale for scale in self.scales for sign in (-1.0, 1.0))
        return self._sweep(vectors, signed, self.choosing)

    def report(self, vector: VectorRef, scale: float) -> EvaluateConfig:
        """The chosen vector beside random ones, on the next pairs."""
        return self._sweep(
            vector,
            (-scale, scale),
            self.reporting,
            skipped=self.choosing,
            controls=self.controls,
        )

    def _sweep(
        self, vectors: VectorRef, scales: tuple[float, ...], count: int, **more: Any
    ) -> EvaluateConfig:
        return EvaluateConfig(
            **{
                "model": self.model,
                "vectors": (vectors,),
                "questions": self.held_out,
                "behaviour": self.positive,
                "reading": "likelihood",
                "sampling": "file-order",
                "scales": tuple(sorted(scales)),
                "max_questions": count,
                "controls": 0,
                "system": self.system,
                "seed": self.seed,
                **more,
            }
        )
