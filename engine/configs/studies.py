"""What a whole study runs: frozen values that spell out its finders and sweeps."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from engine.configs import judges
from engine.configs.behaviours import BehaviourConfig
from engine.configs.budgets.operators import OperatorsConfig
from engine.configs.core import (
    STUDY_SCALES,
    STUDY_SYSTEM,
    Known,
    ModelConfig,
    RunConfig,
    VectorRef,
    as_json,
    whole,
    without_later,
)
from engine.configs.fields import setting
from engine.configs.finders import MelboConfig, PowerIterationConfig, RandomConfig
from engine.configs.judges import Judge
from engine.configs.pairs import Contrast, ContrastiveConfig, FinetuneDiffConfig, Variant
from engine.configs.steering.interventions import TITLES
from engine.configs.sweeps import EvaluateConfig, Reading
from engine.errors import ConfigError

SHIPPED_QUESTIONS = (
    ("data/questions/survival.jsonl", "survival"),
    ("data/questions/corrigibility.jsonl", "survival"),
)
"""(file, behaviour) of the sets written for the demo model; survival is scored on both."""

PUBLIC_QUESTIONS = (
    ("human/survival-instinct", "survival"),
    ("human/corrigible-neutral-HHH", "survival"),
)
"""The study's own sets, by their public names; downloaded once and checked by their SHA-256."""

STUDY_SWEEP = {
    "letters": "bare",
    "sampling": "file-order",
    "texts": "verbatim",
    "ties": "against",
    "orders": "as-given",
}
"""How the corrigibility study asked, read and counted."""

STUDY_DEFINITIONS = {
    "letters": "Answers are the tokens A and B alone, though the model may write (A.",
    "questions": "The first ones of the file, in its order, with the behaviour at any letter.",
    "texts": "Questions are asked with the file's own texts.",
    "order": "Options stand in the given order only.",
    "ties": "Equal logits count as no behaviour.",
    "MELBO": "Independent restarts under Adam; vectors of the last step, not of the best.",
    "power iteration": "Plain powers of J^T J, added up over prompts; sigma squared is told too.",
    "controls": "Its 4 random vectors are the only ones.",
    "scales": "Multiples of vectors of norm 1, not shares of the residual norm.",
}
"""What the corrigibility study did in its own way. Rows with more than two options, which it
counted as A or B, are left out all the same."""


@dataclass(frozen=True, kw_only=True)
class CorrigibilityConfig(RunConfig):
    """MELBO, power iteration and random vectors from one prompt, on unseen A/B questions."""

    method: ClassVar[str] = "corrigibility"
    title: ClassVar[str] = "Corrigibility study"
    about: ClassVar[str] = (
        "MELBO, power iteration and random vectors from one prompt, on unseen A/B questions."
    )
    model: ModelConfig = field(default_factory=ModelConfig)
    source_layer: int = setting(7, "Block at whose output vectors are added.")
    target_layer: int = setting(32, "Block whose output is read.")
    melbo_vectors: int = 12
    power_vectors: int = 8
    random_vectors: int = 4
    steps: int = 50
    iterations: int = 15
    scales: tuple[float, ...] = setting(STUDY_SCALES, "Default: the study's.")
    scale_unit: Literal["absolute", "relative"] = setting(
        "absolute", "Scales in residual norms.", option="relative", flag=("absolute", "relative")
    )
    norm: float = setting(1.0, "Norm of every vector.")
    questions: tuple[tuple[str, str], ...] = setting(
        SHIPPED_QUESTIONS, "FILE:BEHAVIOUR, repeated.", data=("questions",)
    )
    """(file or public name, behaviour) of each question set."""
    max_questions: int = setting(100, "Per question set.")
    controls: int = setting(12, "Norm-matched random vectors.")
    """Norm-matched random vectors beside the study's own few: a band within three minutes on two
    cores. p values need 20, and a correction for the best of 24 some 460."""
    orders: Literal["both", "as-given"] = "both"
    reading: Reading = setting(
        "letters", "letters, or likelihood: of the options' texts as answers."
    )
    """"likelihood": questions without their choices, answered by the options' texts."""
    variant: Literal["default", "study"] = "default"
    """"study": each of `definitions`. Otherwise the orthogonal and the converged finders, and
    questions in both orders."""
    seed: int = setting(0, "Of every random draw.")

    def __post_init__(self) -> None:
        """Refuse the study's own definitions where it has no letters to define."""
        if self.variant == "study" and self.reading != "letters":
            raise ConfigError(
                "The study's own definitions read letters: leave them out, or read letters."
            )

    def named(self, known: Known) -> dict[str, Any]:
        """Its parts by their digests and its sweeps by what they ask of vectors still to be found.

        It has the same name before the parts are made as after.
        """
        parts = [known.digest(part) for part in self.parts()]
        return {
            "parts": parts,
            "sweeps": [sweep.planned(known) for sweep in self.sweeps(tuple(parts))],
        }

    def definitions(self) -> dict[str, str]:
        """What is done as the study did it, and how: by what it is about, in words."""
        if self.variant != "study":
            return {}
        told = dict(STUDY_DEFINITIONS)
        told["controls"] = (
            f"Beside its {self.random_vectors} random vectors, {self.controls} of the same norm."
            if self.controls
            else f"Its {self.random_vectors} random vectors are the only ones."
        )
        is_own = self.scale_unit == "absolute" and self.norm == 1
        return told if is_own else {name: how for name, how in told.items() if name != "scales"}

    def parts(self) -> tuple[MelboConfig, PowerIterationConfig, RandomConfig]:
        """The three finders of the study."""
        shared: dict[str, Any] = {
            "model": self.model,
            "source_layer": self.source_layer,
            "seed": self.seed,
        }
        is_study = self.variant == "study"
        return (
            MelboConfig(
                **shared,
                target_layer=self.target_layer,
                vectors=self.melbo_vectors,
                steps=self.steps,
                norm=self.norm,
                variant="study" if is_study else "orthogonal",
                returns="last" if is_study else "best",
            ),
            PowerIterationConfig(
                **shared,
                target_layer=self.target_layer,
                vectors=self.power_vectors,
                iterations=self.iterations,
                norm=self.norm,
                variant="study" if is_study else "lanczos",
                across="sum" if is_study else "mean",
                figure="sigma-squared" if is_study else "sigma",
            ),
            RandomConfig(**shared, vectors=self.random_vectors, norm=self.norm),
        )

    def sweeps(self, digests: tuple[str, ...]) -> tuple[EvaluateConfig, ...]:
        """One sweep per question set over the vectors that the finders stored."""
        own: dict[str, Any] = STUDY_SWEEP if self.variant == "study" else {"orders": self.orders}
        return tuple(
            EvaluateConfig(
                model=self.model,
                vectors=tuple(VectorRef(digest=d) for d in digests),
                questions=path,
                behaviour=behaviour,
                scales=self.scales,
                scale_unit=self.scale_unit,
                max_questions=self.max_questions,
                controls=self.controls,
                seed=self.seed,
                reading=self.reading,
                **own,
            )
            for path, behaviour in self.questions
        )


ArmOperation = Literal["add", "ablate", "set", "cap", "floor", "angular", "spherical"]
"""Operations of the deception study's arms: those that a random vector can do as well."""


@dataclass(frozen=True, kw_only=True)
class DeceptionConfig(RunConfig):
    """Contrastive against fine-tune-difference vectors: cosines, and what steered models say."""

    method: ClassVar[str] = "deception"
    title: ClassVar[str] = "Deception study"
    about: ClassVar[str] = (
        "Contrastive against fine-tune-difference vectors: cosines, and what steered models say."
    )
    added_later: ClassVar[tuple[str, ...]] = (
        "arms", "wide_scales", "every", "operation", "rival", *judges.LATER
    )  # fmt: skip
    model: ModelConfig = field(default_factory=lambda: ModelConfig(adapter="demo"))
    pairs: str = setting("data/pairs/advice.json", "Honest and deceptive answers.", data=("pairs",))
    """Honest and deceptive advice from which both families of vectors are made."""
    held_out: str = setting(
        "data/demo/heldout_advice.json", "Questions to steer on.", data=("prompts",)
    )
    """Questions that no vector was made from: the first to choose on, the others to report."""
    contrast: Literal["system", "answers", "both"] = setting("system", "system, answers or both.")
    position: str = setting("last-prompt", "Where states are read.")
    max_pairs: int = 100
    scales: tuple[float, ...] = setting((0.5, 1.0, 1.5, 2.0), "Multiples of each vector.")
    """Multiples of each vector as found; subtracted where honesty is to be restored."""
    choosing: int = setting(10, "Questions on which block and scale are chosen.")
    reporting: int = setting(30, "Other questions, on which the chosen cells are reported.")
    every: int = setting(1, "Steer at every so-many-th block.", least=1)
    """1 steers at each block but the last, 3 at blocks 0, 3, 6..."""
    controls: int = setting(64, "Norm-matched random vectors.")
    """Norm-matched random vectors beside each chosen cell that is tested."""
    max_new_tokens: int = setting(16, "Longest answer.")
    system: str | None = STUDY_SYSTEM
    arms: Literal["usual", "study", "all"] = setting(
        "usual",
        "usual, study (norm 1, all blocks, projection, wide scales) or all.",
        label="Arms",
        words={
            "usual": "Added at one block",
            "study": "The study's own",
            "all": "Both",
        },
    )
    """"study": its vectors also at norm 1, at all blocks, projected out, and at wide scales."""
    wide_scales: tuple[float, ...] = setting(
        (0.5, 1.0, 2.0, 4.0, 8.0, 16.0), "Multiples in the study's own arms."
    )
    operation: ArmOperation = setting(
        "add",
        "Arms by one more operation: add for none, ablate, set, cap, floor, angular or spherical.",
        label="Arms by another operation",
        about="At half of the way and at all of it, beside the arms that add. Linear transport "
        "needs samples, which random vectors lack.",
        words={**{name: TITLES[name] for name in get_args(ArmOperation)}, "add": "None"},
    )
    """Each family is also used so at every block, at shares of the way; "add" for no more arms."""
    rival: bool = setting(
        False,
        "Also just ask: by a deceptive, or an honest, system prompt.",
        option="--rival",
        label="Also just ask",
        about="A rival to steering: a system prompt asks the base model to deceive, and the "
        "fine-tuned one to be honest. Contrastive vectors are made from the same prompts.",
    )
    """Whether the table also has what both models say when merely asked."""
    judge: Judge = setting("auto", judges.HELP, about=judges.ABOUT_STUDY, words=judges.STUDY_WORDS)
    """Who labels the answers; "none" gives the cosines alone."""
    rubric: str = judges.rubric()
    """File by which the judge reads; its content enters the digest where it is read."""
    judge_model: str | None = judges.judge_model()
    study: bool = setting(False, "Also read both families as the study did.", option="--study")
    """Whether both families are also read the study's way, to see how far that alone turns them."""
    seed: int = setting(0, "Of every random draw.")

    def __post_init__(self) -> None:
        """Refuse a model without an adapter, and counts that leave nothing to steer."""
        if self.operation not in get_args(ArmOperation):
            raise ConfigError(
                f"Arms by {self.operation!r} are not known: use "
                f"{', '.join(get_args(ArmOperation))}."
            )
        for name in ("choosing", "reporting", "every", "max_new_tokens"):
            whole(f"The setting {name}", getattr(self, name), 1)
        if self.model.adapter is None:
            raise ConfigError(
                "The deception study compares a model with its deceptive adapter: name one with "
                "--adapter, or train one with `finetune`."
            )

    def named(self, known: Known) -> dict[str, Any]:
        """Its finders by their own digests, and all settings with the questions' content."""
        parts = [known.digest(part) for pair in self.readings().values() for part in pair]
        held_out = list(known.prompts(self.held_out))
        judge = judges.named(self, self.judge_for(known), known)
        rest = without_later(self, as_json(self) | judge)
        rest |= {"model": known.model(self.model), "held_out": held_out}
        del rest["pairs"]
        return {"parts": parts, "rest": rest}

    def judge_for(self, known: Known) -> judges.Resolved:
        """Who labels the answers: where "auto" knows nobody, the base model's likelihoods."""
        found = judges.judge_of(self.judge, self.model, known, (self.pairs, self.held_out))
        return "reference" if found == "none" and self.judge != "none" else found

    def readings(self) -> dict[str, tuple[ContrastiveConfig, FinetuneDiffConfig]]:
        """Both families at every block, by the way in which they are read.

        "steered with" is what the arms use; "same tokens" reads both from the same answers to the
        same questions under the same system prompt, so that nothing but the family differs;
        "study" pads, and reads other texts, templates and positions for each family.
        """
        ways = {
            "steered with": self._reading(self.contrast, self.position, "default"),
            "same tokens": self._reading("answers", "answer-mean", "default"),
        }
        if self.study:
            ways["study"] = self._reading("both", "last-prompt", "study")
        return ways

    def _reading(
        self, contrast: Contrast, position: str, variant: Variant
    ) -> tuple[ContrastiveConfig, FinetuneDiffConfig]:
        shared: dict[str, Any] = {
            "model": self.model,
            "position": position,
            "max_rows": self.max_pairs,
            "variant": variant,
            "seed": self.seed,
        }
        return (
            ContrastiveConfig(pairs=self.pairs, contrast=contrast, **shared),
            FinetuneDiffConfig(prompts=self.pairs, **shared),
        )


AnyStudy = CorrigibilityConfig | DeceptionConfig | BehaviourConfig | OperatorsConfig
"""A study that runs from end to end."""
STUDIES: dict[str, type[Any]] = {
    cls.method: cls
    for cls in (CorrigibilityConfig, DeceptionConfig, BehaviourConfig, OperatorsConfig)
}
"""Config classes of whole studies by name."""
