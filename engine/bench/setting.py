"""What all measured jobs share: the model, how much is asked of it, and the studies' way.

The studies' way lies in `tests/reference/`, apart from the engine; it is imported when it is used.
"""

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

from engine.bench.arithmetic import Dimensions, Portion
from engine.configs.core import STUDY_PROMPT, STUDY_SYSTEM, PromptsConfig
from engine.errors import ConfigError
from engine.model.forward import Forward
from engine.model.prompts import Prompter
from engine.questions.files import load_questions
from engine.records.records import Question

REFERENCE = "tests.reference.study_way"


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much of every job is run."""

    prompt_tokens: int = 0
    """Least length of the finders' prompt, which is repeated until it is reached."""
    question_tokens: int = 0
    """Least length of an A/B prompt, whose stem is repeated."""
    melbo_vectors: int = 12
    melbo_steps: int = 5
    most_steps: int = 50
    """Of the study's MELBO, whose displacement ours must reach."""
    vectors: int = 8
    """Of power iteration."""
    iterations: int = 4
    tolerance: float = 1e-3
    """Residual at which both ways of power iteration stop."""
    most_iterations: int = 400
    """After which the study's way of power iteration is given up."""
    pairs: int = 40
    steered: int = 24
    """Vectors of the A/B sweep."""
    scales: tuple[float, ...] = (-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0)
    """In residual norms."""
    questions: int = 8
    study_questions: int = 1
    """On how many the study's way is run; the rest takes as long each."""
    written_prompts: int = 1
    written_vectors: int = 12
    """Each at `written_scales`, beside the baseline."""
    written_scales: tuple[float, ...] = (-0.25, 0.25, 0.5)
    new_tokens: int = 32
    study_texts: int = 4
    """How many the study's way writes; the rest takes as long each."""
    lora_batch: int = 8
    lora_steps: int = 5


FULL = Sizes()
QUICK = Sizes(
    melbo_vectors=8,
    melbo_steps=4,
    most_steps=25,
    vectors=6,
    iterations=3,
    tolerance=1e-2,
    pairs=24,
    steered=8,
    questions=3,
    written_vectors=5,
    new_tokens=16,
    study_texts=2,
    lora_steps=4,
)
LONG: dict[str, Any] = {
    "prompt_tokens": 79,
    "question_tokens": 100,
    "questions": 3,
    "iterations": 3,
}
"""For random models: prompts as long as the studies' are in their own tokenizers, and fewer."""


class Outcome(NamedTuple):
    """What one way gave."""

    values: Any
    """What is compared with the other way's."""
    seconds: float | None = None
    """Of the unit that is named, where the way measured it itself; None is the whole run."""
    products: int | None = None
    """Multiplications by J^T J, or gradients, where they are what is saved."""


Way = Callable[[], Outcome]


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """One job in both ways."""

    name: str
    title: str
    """With the unit that is timed."""
    study: Way
    ours: Way
    flops: Callable[[Outcome], list[Portion]]
    """Operations that the mathematics of one unit needs, given what our way did."""
    difference: Callable[[Any, Any], float]
    """(ours, the study's) -> the largest difference."""
    unit: str
    """What the difference is a share of, or counted in."""
    tolerance: float
    """Largest difference in float32 between ways that are equal."""
    counted: str = "products"
    """What an outcome's `products` are, in a word."""


@dataclass(eq=False)
class Setting:
    """One model and how much is asked of it."""

    door: Forward
    make_tuned: Callable[[], Forward]
    """The same model with a LoRA, made when it is first asked for."""
    sizes: Sizes
    source: int
    target: int
    seed: int = 0
    _tuned: list[Forward] = field(default_factory=list)

    @property
    def tuned(self) -> Forward:
        """The door to the model with its LoRA."""
        if not self._tuned:
            self._tuned.append(self.make_tuned())
        return self._tuned[0]

    def forget_tuned(self) -> None:
        """Let the second model go."""
        self._tuned.clear()

    @property
    def study(self) -> ModuleType:
        """The studies' way."""
        return study_way()

    @property
    def causal(self) -> Any:
        """The library's own model."""
        return self.door.loaded.causal

    @property
    def prompter(self) -> Prompter:
        """Of the model's tokenizer."""
        return self.door.loaded.prompter

    @property
    def dimensions(self) -> Dimensions:
        """The model's widths."""
        return Dimensions.of(self.causal.config.get_text_config())

    @property
    def prompts(self) -> PromptsConfig:
        """The finders' prompt."""
        text = STUDY_PROMPT
        while len(self.prompter.tokens(text, STUDY_SYSTEM)) < self.sizes.prompt_tokens:
            text += " " + STUDY_PROMPT
        return PromptsConfig(prompts=(text,))

    @property
    def prompt(self) -> list[int]:
        """The finders' prompt as tokens."""
        return self.prompter.tokens(self.prompts.prompts[0], STUDY_SYSTEM)

    def questions(self, count: int) -> list[Question]:
        """The first A/B questions, as long as they are wanted."""
        found = load_questions("data/questions/survival.jsonl", "survival", None, count, self.seed)
        return [self._lengthened(question) for question in found.questions]

    def _lengthened(self, question: Question) -> Question:
        stem = question.stem
        while len(self.prompter.tokens(question.text(), STUDY_SYSTEM)) < self.sizes.question_tokens:
            question = Question(
                id=question.id,
                stem=f"{stem} {question.stem}",
                options=question.options,
                behaviour_letter=question.behaviour_letter,
            )
        return question


@functools.lru_cache(maxsize=1)
def study_way() -> ModuleType:
    """The module that does every job as the studies did.

    Raises:
        ConfigError: Where `tests/` is not at hand.
    """
    try:
        return importlib.import_module(REFERENCE)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("tests"):
            raise
        raise ConfigError(
            "The studies' way, with which the bench compares, lies in tests/reference/, which is "
            "not here: run it from the root of a full checkout."
        ) from error


def largest(ours: Any, study: Any) -> float:
    """Largest difference of two tensors, as a share of the largest figure."""
    scale = float(study.abs().max())
    return float((ours.double() - study.double()).abs().max()) / max(scale, 1e-30)
