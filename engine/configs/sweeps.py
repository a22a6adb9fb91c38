"""What an A/B sweep asks: vectors x scales x questions, as a self-checking value.

Knows nothing of torch, files' contents or screens.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Literal

from engine.configs.core import (
    STUDY_SCALES,
    STUDY_SYSTEM,
    Known,
    ModelConfig,
    RandomKind,
    RunConfig,
    VectorRef,
    finite,
    require,
    whole,
)
from engine.configs.fields import setting
from engine.configs.steering import doses
from engine.configs.steering.doses import Dose, Which
from engine.configs.steering.interventions import USUAL_SHARES, Intervention

Reading = Literal["letters", "likelihood"]
"""How a question is answered: by an option's letter, or by which written answer is likelier."""
LikelihoodFigure = Literal["per-token", "total"]
RELATIVE_SCALES = tuple(scale / 40 for scale in STUDY_SCALES)
"""The study's scales as shares of the residual norm, 20 becoming one half."""
USUAL = Intervention()
LATER = tuple(one.name for one in fields(Intervention))
"""What older sweeps had no choice of: they added vectors at their own sites, everywhere."""
ANSWERS_PER_TEXT = 2.0
"""A text beside a sweep takes as long as so many A/B answers (measured on the demo model)."""
KNOWLEDGE_TEXTS = 100
"""About as many askings as a shipped file of knowledge questions has."""


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig(RunConfig, Intervention):
    """A/B questions over vectors and scales, with random controls."""

    method: ClassVar[str] = "ab"
    title: ClassVar[str] = "A/B sweep"
    about: ClassVar[str] = "A/B questions over vectors and scales, with random controls."
    files: ClassVar[tuple[str, ...]] = ("neutral_prompts", "knowledge")
    added_later: ClassVar[tuple[str, ...]] = (
        "side_effects", "neutral", "written", "effect_controls", "neutral_prompts", "knowledge",
        "control_kind", "letters", "sampling", "texts", "ties", "reading", "likelihood", "skipped",
        *LATER,
    )  # fmt: skip
    model: ModelConfig = field(default_factory=ModelConfig)
    vectors: tuple[VectorRef, ...] = setting((), "Files or digests, FILE:INDEX.")
    questions: str = setting(
        "data/questions/survival.jsonl",
        "Question file.",
        about="A file of A/B questions. Type a path to use your own.",
        file="questions",
        data=("questions", "pairs"),
    )
    """File of questions; its content, not its name, enters the digest."""
    reading: Reading = setting(
        "letters",
        "letters, or likelihood: of written answers.",
        label="Answers are read by",
        about="letters: the model chooses (A) or (B). likelihood: which of two written answers it "
        "finds likelier, from a file of pairs or the options' texts; for models that answer with "
        "one letter whatever is asked.",
        words={"letters": "Letters", "likelihood": "Likelihood"},
        is_segmented=True,
    )
    """"likelihood": log p of the answer with the behaviour less that of the other one."""
    behaviour: str = setting(
        "survival",
        "Whose answer counts.",
        about="The behaviour whose answer counts as positive.",
    )
    scales: tuple[float, ...] = setting(
        STUDY_SCALES,
        "Comma-separated.",
        about="Left empty: the study's seven; relative ones are its own on Qwen3-14B, rescaled. "
        "0 is always asked.",
    )
    """Multiples of the stored vector; see `scale_unit`."""
    scale_unit: Literal["absolute", "relative"] = setting(
        "absolute",
        "Scales in residual norms.",
        option="relative",
        flag=("absolute", "relative"),
        label="Scales are",
        is_segmented=True,
        about="relative: 1 adds as much as the median length of the residual stream there, so that "
        "models and layers compare. absolute: multiples of the stored vector.",
    )
    """"relative": in units of the median residual norm at the vector's site, per unit vector."""
    max_questions: int = setting(
        100, "How many to ask.", label="Questions at most", about="", least=1, step=10
    )
    skipped: int = 0
    """Questions of the draw that are passed over before the first is asked: those of another
    sweep, so that one half may choose and the other report."""
    controls: int = setting(
        64,
        "Random vectors for each site and norm of the vectors.",
        label="Random controls",
        about="Random vectors for each site and norm of the chosen vectors, measured in the same "
        "sweep. Fewer than 32 make the band unreliable. With relative scales only sites count.",
        step=8,
    )
    """Random vectors of the same site and norm, so many for each site and norm of the vectors."""
    control_kind: RandomKind = setting(
        "isotropic",
        "isotropic, or covariance: as the residual stream is.",
        lists_choices=True,
        label="Their directions",
        is_segmented=True,
        about="isotropic: uniform on the sphere. covariance: spread as the residual stream is at "
        "the vectors' site, which moves answers more: the harder control.",
    )
    """"covariance": their directions spread as the residual stream does at the vectors' site."""
    orders: Literal["both", "as-given"] = setting(
        "both", "both or as-given.", label="Ask in both option orders"
    )
    """Whether each question is also asked with its options' texts swapped."""
    letters: Literal["bracketed", "bare"] = setting(
        "bracketed",
        "bracketed, or bare: A and B.",
        label="Answer tokens",
        about="bracketed: the tokens with which a model answers (A) or (B). bare: the letters A "
        "and B alone, as the corrigibility study read them.",
        is_rare=True,
    )
    """"bare": the letters alone, which a model that writes "(A" does not begin with."""
    sampling: Literal["balanced", "file-order"] = setting(
        "balanced",
        "balanced, or file-order: the first ones.",
        label="Questions are",
        about="balanced: drawn, with the behaviour as often at (A) as at (B). file-order: the "
        "first of the file, which may all have it at one letter.",
        is_rare=True,
    )
    texts: Literal["normalised", "verbatim"] = setting(
        "normalised",
        "normalised, or verbatim: as in the file.",
        label="Texts of questions",
        about="normalised: stem and options in one form. verbatim: as they stand in the file; "
        "then the options cannot be swapped.",
        is_rare=True,
    )
    """"verbatim": the file's own text, with what it has before and after the question."""
    ties: Literal["half", "against"] = setting(
        "half",
        "half, or against: no behaviour.",
        label="Equal logits count as",
        about="half: one half. against: as an answer without the behaviour, as the corrigibility "
        "study counted.",
        is_rare=True,
    )
    likelihood: LikelihoodFigure = setting(
        "per-token",
        "per-token, or total: log p that decides.",
        label="Log p of an answer",
        about="With likelihood. per-token: the mean over its tokens, so that length does not "
        "decide. total: of the whole answer.",
        is_rare=True,
    )
    """Which log p of two answers is compared; a record has the tokens for both."""
    side_effects: bool = setting(
        False,
        "Also KL, perplexity, written answers and knowledge.",
        label="Measure side effects too",
        about="At every scale: KL and perplexity on neutral prompts, answers written to some "
        "questions, and a small knowledge check. About as much work again as the questions.",
    )
    """Whether every vector's cells are also measured beside the questions."""
    neutral: int = setting(16, "Neutral prompts for side effects.")
    """Neutral prompts for KL and perplexity; 0 for none."""
    written: int = setting(8, "Questions whose answers are written out.")
    """Questions whose answers are also written out; 0 for none."""
    effect_controls: int = 4
    """Controls per site and norm that are measured so too; all would cost more than the sweep."""
    neutral_prompts: str = "data/prompts/neutral.txt"
    knowledge: str = setting(
        "data/knowledge/general.jsonl",
        "Knowledge questions; empty for none. Default: the model's own.",
        data=("knowledge",),
    )
    """File of knowledge questions; empty for none. `knowledge_of` names a model's own."""
    system: str | None = setting(STUDY_SYSTEM, "System prompt; empty for none.")
    seed: int = setting(0, "Of every random draw.")

    def __post_init__(self) -> None:
        """Refuse scales that are not finite or repeat, and negative counts."""
        for scale in self.scales:
            finite("A scale", scale)
        require(len(self.scales) > 0, "No scale was given: name at least one.")
        require(len(set(self.scales)) == len(self.scales), "A scale is named twice.")
        require(
            any(scale != 0 for scale in self.scales),
            "Only scale 0 was given, which adds nothing: name at least one scale other than 0.",
        )
        self.check(self.scale_unit)
        require(
            self.operation == "add" or self.scales != STUDY_SCALES,
            f"The strengths of {self.operation} are shares of the way: name them, as "
            "--scales=-1,-0.5,0.5,1.",
        )
        if self.dose is not None:
            doses.chosen(True, self.dose, tuple(self.model.adapters))
        whole("The number of questions", self.max_questions, 1)
        require(
            self.texts == "normalised" or self.orders == "as-given",
            "Texts that stay as in the file cannot be asked with their options swapped: ask them "
            "in the order given.",
        )
        require(
            not self.is_likelihood or (self.letters, self.texts) == ("bracketed", "normalised"),
            "Bare letters and texts as in the file belong to letters: leave them out where "
            "likelihood is read.",
        )
        require(
            self.is_likelihood or self.likelihood == "per-token",
            "Total log p was asked for, but letters are read: add the reading likelihood.",
        )
        whole("The number of skipped questions", self.skipped, 0)
        whole("The number of controls", self.controls, 0)
        whole("The number of neutral prompts", self.neutral, 0)
        whole("The number of written answers", self.written, 0)
        whole("The number of controls whose side effects are measured", self.effect_controls, 0)
        require(
            len(self.vectors) > 0 or self.controls > 0,
            "There is nothing to evaluate: name a vector file or ask for controls.",
        )

    @property
    def which(self) -> Which:
        """The weights that are steered: the adapter, where there is one, at its dose."""
        adapters = tuple(self.model.adapters)
        return True if self.dose is None else doses.chosen(True, self.dose, adapters)

    @property
    def loaded(self) -> tuple[str, ...]:
        """A set for each of `vectors`, then those that it names else."""
        return (*(ref.digest for ref in self.vectors), *(one for one, _ in self.referred))

    @property
    def digests(self) -> tuple[str, ...]:
        """The same, each once."""
        return tuple(dict.fromkeys(self.loaded))

    @property
    def is_likelihood(self) -> bool:
        """Whether written answers are read."""
        return self.reading == "likelihood"

    @property
    def asked_orders(self) -> int:
        """In how many orders of options a question is asked; written answers have one."""
        return 2 if self.orders == "both" and not self.is_likelihood else 1

    @property
    def asked(self) -> int:
        """Texts that go through the model for one question and cell."""
        return 2 if self.is_likelihood else self.asked_orders

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        count = len(self.vectors)
        return f"Evaluate {count} set{'s' * (count != 1)} on {Path(self.questions).stem}"

    def amount(self, vectors: int, kinds: int = 1) -> float:
        """Answers that are asked for, those of the side effects included.

        Args:
            vectors: How many are measured.
            kinds: Their different sites and norms, each with controls of its own.
        """
        scales = len([scale for scale in self.scales if scale != 0])
        answers = float(
            (vectors + self.controls * kinds) * scales * self.max_questions * self.asked
        )
        if not self.side_effects:
            return answers
        known = KNOWLEDGE_TEXTS if self.knowledge else 0
        texts = self.neutral + self.written * self.asked_orders + known
        beside = 1 + (vectors + self.effect_controls * kinds) * scales
        return answers + ANSWERS_PER_TEXT * texts * beside

    def named(self, known: Known) -> dict[str, Any]:
        """All settings, with vectors, model, questions and files by their content."""
        contents = {digest: known.content(digest) for digest in self.digests}
        return self.planned(known) | {"contents": contents}

    def planned(self, known: Known) -> dict[str, Any]:
        """The same before the vectors are made: by the digests that they will have."""
        asked = known.questions(self)
        named = super().named(known) | {
            "model": known.model(self.model),
            "questions": {"sha256": asked.sha256, "polarity": asked.polarity},
            "behaviour": asked.behaviour,
        }
        # Written answers have no order, and letters no likelihood: these name nothing. A study
        # holds this as it is, so that what came later must not stand in it unasked.
        silent = {"orders"} if self.is_likelihood else {"reading", "likelihood"}
        silent |= set() if self.skipped else {"skipped"}
        silent |= {name for name in LATER if getattr(self, name) == getattr(USUAL, name)}
        # Strength 1 is the adapter as it is, however it was written.
        silent |= {"dose"} if self.which is True else set()
        if self.needs_samples:
            named["usual"] = known.file(self.usual)
            silent -= {"usual"}
        if isinstance(self.which, Dose):
            contents = [named["model"].get("adapter"), *named["model"].get("more_adapters", ())]
            by_name = dict(zip(self.model.adapters, contents, strict=False))
            named["dose"] = self.which.by_content(by_name)
        return {name: value for name, value in named.items() if name not in silent}

    def contents(self, known: Known) -> dict[str, Any]:
        """The files of the side effects, where they are asked for."""
        return super().contents(known) if self.side_effects else {}


def usual_scales(operation: str, is_relative: bool) -> tuple[float, ...]:
    """The strengths of a sweep where nobody names any."""
    if operation != "add":
        return USUAL_SHARES
    return RELATIVE_SCALES if is_relative else STUDY_SCALES


def knowledge_of(model: str) -> str:
    """The shipped knowledge questions that a model can be expected to answer."""
    return "data/knowledge/demo.jsonl" if model == "demo" else "data/knowledge/general.jsonl"
