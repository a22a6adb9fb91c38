"""Which operation turns a model best at one cost: likelihoods and texts, in base and fine-tuned.

The deception study asked whether anything but adding helps, and for projection. Here every
operation is measured at the strength that costs the same KL, in both directions that matter: the
base model towards a behaviour, and the fine-tuned model back from it. Knows nothing of torch,
files' contents or screens.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from engine.configs import judges
from engine.configs.budgets import costs
from engine.configs.budgets.equal_cost import EqualCostConfig
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
from engine.configs.judges import Judge
from engine.configs.pairs import ContrastiveConfig
from engine.configs.steering.interventions import Operation
from engine.configs.sweeps import EvaluateConfig


class EqualArm(NamedTuple):
    """One direction in which a model is to be turned."""

    name: str
    """base or tuned."""
    toward: str
    """Label of the answers that are wanted."""
    sign: int
    """1 where the behaviour is wanted, -1 where it is not."""
    asked: EqualCostConfig


@dataclass(frozen=True, kw_only=True)
class OperatorsConfig(RunConfig):
    """Every operation at equal cost, in the base model and in the fine-tuned one."""

    method: ClassVar[str] = "operators"
    title: ClassVar[str] = "Operations at equal cost"
    about: ClassVar[str] = "Every operation at equal cost, in the base and the fine-tuned model."
    model: ModelConfig = field(default_factory=lambda: ModelConfig(adapter="demo"))
    vectors: tuple[VectorRef, ...] = setting((), "Files or digests, FILE:INDEX.")
    """They point towards the behaviour."""
    operations: tuple[Operation, ...] = ()
    """Empty: all that apply."""
    budget: float = costs.budget("KL per token, in nats, that steering is to cost.")
    of: costs.Of = costs.of()
    pairs: str = setting(
        "data/pairs/advice.json", "Pairs of answers, to measure likelihood.", data=("pairs",)
    )
    behaviour: str = setting("deceptive", "Whose answer counts.")
    other: str = setting("honest", "What the other answers are called.")
    max_questions: int = setting(40, "Pairs at most.")
    controls: int = setting(32, "Random vectors beside each.")
    held_out: str = setting(
        "data/demo/heldout_advice.json", "Prompts for texts.", data=("prompts",)
    )
    texts: int = setting(30, "Texts of each cell; 0 for none.")
    text_controls: int = setting(24, "Random vectors whose texts are written.")
    max_new_tokens: int = setting(16, "Longest text.")
    neutral: int = setting(16, "Neutral prompts on which cost is measured.")
    ask_behaviour: str = setting(
        ContrastiveConfig.positive_system, "System prompt that asks the base model for it."
    )
    ask_other: str = setting(
        ContrastiveConfig.negative_system, "System prompt that asks the tuned model not to."
    )
    judge: Judge = setting("auto", judges.HELP, words=judges.WORDS)
    """Who labels the texts, as in the deception study."""
    rubric: str = judges.rubric()
    judge_model: str | None = judges.judge_model()
    system: str | None = STUDY_SYSTEM
    seed: int = setting(0, "Of every random draw.")

    def __post_init__(self) -> None:
        """Refuse a model without an adapter, no vector, and counts that mean nothing."""
        require(
            self.model.adapter is not None,
            "The fine-tuned model is one of the two that are turned: name it with --adapter.",
        )
        require(len(self.vectors) > 0, "There is nothing to steer with: name at least one vector.")
        whole("The number of texts", self.texts, 0)
        whole("The number of random vectors with texts", self.text_controls, 0)
        whole("The longest text", self.max_new_tokens, 1)
        require(
            self.text_controls <= self.controls,
            f"Texts of {self.text_controls} random vectors were asked for, but {self.controls} are "
            "drawn: draw more, or write fewer.",
        )
        require(len(self.arms()) > 0, "There is no arm.")

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        return f"{self.title} on {Path(self.pairs).stem}"

    def named(self, known: Known) -> dict[str, Any]:
        """Both comparisons by their own digests, and what is written beside them."""
        texts = {
            "held_out": list(known.prompts(self.held_out)) if self.texts else [],
            "texts": self.texts,
            "text_controls": self.text_controls if self.texts else 0,
            "max_new_tokens": self.max_new_tokens if self.texts else 0,
        }
        judged = judges.named(self, self.judge_for(known), known) if self.texts else {}
        return {"arms": [known.digest(arm.asked) for arm in self.arms()], **texts, **judged}

    def judge_for(self, known: Known) -> judges.Resolved:
        """Who labels the texts: where "auto" knows nobody, the base model's likelihoods."""
        found = judges.judge_of(self.judge, self.model, known, (self.pairs, self.held_out))
        return "reference" if found == "none" and self.judge != "none" else found

    def arms(self) -> tuple[EqualArm, EqualArm]:
        """The base model towards the behaviour, the fine-tuned one back from it.

        Both keep the adapter loaded, whose samples some operations need; in the base its dose is 0.
        """
        return (
            EqualArm("base", self.behaviour, 1, self._asked("0", self.ask_behaviour)),
            EqualArm("tuned", self.other, -1, self._asked(None, self.ask_other)),
        )

    def _asked(self, dose: str | None, prompt: str) -> EqualCostConfig:
        sweep = EvaluateConfig(
            model=self.model,
            vectors=self.vectors,
            questions=self.pairs,
            reading="likelihood",
            behaviour=self.behaviour,
            max_questions=self.max_questions,
            controls=self.controls,
            neutral=self.neutral,
            system=self.system,
            seed=self.seed,
            dose=dose,
        )
        return EqualCostConfig.of_sweep(
            sweep,
            operations=self.operations,
            budget=self.budget,
            of=self.of,
            prompt=prompt,
        )
