"""Every kind of run: its config, what does the work, and what comes out of it.

A new kind of run, and so a new finder, is a line in `RUNS`. The command line, the forms, the
estimate, "Run again" and the colours read it. Knows nothing of running: what does the work is
named, and imported when it is run.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

from engine.configs.adaptive import AdaptiveConfig
from engine.configs.behaviours import BehaviourConfig
from engine.configs.budgets.blends import BlendConfig
from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.configs.budgets.operators import OperatorsConfig
from engine.configs.budgets.suggest import SuggestConfig
from engine.configs.core import RunConfig
from engine.configs.datasets import DatasetConfig
from engine.configs.evidence import EvidenceConfig
from engine.configs.finders import FinderConfig, MelboConfig, PowerIterationConfig, RandomConfig
from engine.configs.grids import GenerateConfig
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig
from engine.configs.reads.examples import ExamplesConfig
from engine.configs.reads.probes import ProbeConfig
from engine.configs.reads.words import WordsConfig
from engine.configs.studies import CorrigibilityConfig, DeceptionConfig
from engine.configs.sweeps import EvaluateConfig
from engine.configs.training import FinetuneConfig
from engine.configs.values import built
from engine.errors import ConfigError

Comes = Literal["vectors", "evaluation", "generation", "experiment", "adapter", "dataset"]
"""Kinds of record; an adapter and a dataset lie at a place of their own, not in the store."""
Use = Literal["answers", "generation"]
"""What only some kinds of run need of a model: its answers to questions, and its texts."""


@dataclass(frozen=True)
class Run:
    """One kind of run."""

    config: type[RunConfig]
    run: str
    """`module:function` that takes engine, config, digest and progress, and stores the record; the
    place too, where its record has one."""
    job: str
    """Word for its jobs, by which pages find them."""
    record: Comes
    finder: str = ""
    """Module of a finder, whose `find` gives the vectors."""
    check: str = ""
    """`module:function` that refuses, before it is queued, a config that cannot go to a place."""
    uses: tuple[Use, ...] = ()
    """Self-tests of a model speak of these."""

    @property
    def method(self) -> str:
        """Its word, in records and on the command line."""
        return self.config.method

    @property
    def title(self) -> str:
        """What it is called on screen."""
        return self.config.title

    @property
    def has_place(self) -> bool:
        """Whether it writes to a file or folder of the user's choice."""
        return self.record in ("adapter", "dataset")


def finder(config: type[FinderConfig], module: str) -> Run:
    """A way of finding vectors: `module` has `find(door, config, progress)`, and takes `steps` as
    well where the search is stepwise."""
    return Run(config, "engine.runs.single:find", "find", "vectors", finder=module)


RUNS: list[Run] = [
    finder(MelboConfig, "engine.finders.melbo"),
    finder(PowerIterationConfig, "engine.finders.power_iteration"),
    finder(RandomConfig, "engine.finders.random_control"),
    finder(ContrastiveConfig, "engine.finders.contrastive"),
    finder(FinetuneDiffConfig, "engine.finders.finetune_diff"),
    Run(
        EvaluateConfig,
        "engine.runs.single:evaluate",
        "evaluate",
        "evaluation",
        uses=("answers", "generation"),
    ),
    Run(
        GenerateConfig,
        "engine.runs.single:generate",
        "generate",
        "generation",
        uses=("generation",),
    ),
    Run(AdaptiveConfig, "engine.runs.adaptive:run", "screening", "experiment", uses=("answers",)),
    Run(
        SuggestConfig,
        "engine.runs.suggesting:run",
        "suggest",
        "experiment",
        uses=("answers", "generation"),
    ),
    Run(
        BlendConfig,
        "engine.runs.blending:run",
        "blend",
        "experiment",
        uses=("answers", "generation"),
    ),
    Run(
        EqualCostConfig,
        "engine.runs.equal_cost:run",
        "equal-cost",
        "experiment",
        uses=("answers", "generation"),
    ),
    Run(EvidenceConfig, "engine.runs.evidence:run", "evidence", "experiment"),
    Run(CorrigibilityConfig, "engine.runs.studies.corrigibility:run", "experiment", "experiment"),
    Run(DeceptionConfig, "engine.runs.studies.deception:run", "experiment", "experiment"),
    Run(BehaviourConfig, "engine.runs.studies.behaviour:run", "experiment", "experiment"),
    Run(OperatorsConfig, "engine.runs.studies.operators:run", "experiment", "experiment"),
    Run(
        FinetuneConfig,
        "engine.runs.training:train",
        "finetune",
        "adapter",
        check="engine.runs.training:check_adapter",
    ),
    Run(
        DatasetConfig,
        "engine.runs.training:build",
        "dataset",
        "dataset",
        check="engine.runs.training:check_dataset",
        uses=("generation",),
    ),
    Run(ProbeConfig, "engine.runs.reads.probing:run", "probe", "experiment"),
    Run(ExamplesConfig, "engine.runs.reads.examples:run", "examples", "experiment"),
    Run(WordsConfig, "engine.runs.reads.words:run", "words", "experiment"),
]
"""All kinds of run; finders in the order in which they are offered and coloured.

A new finder comes after the others: in between it would take the colour of the next."""


def methods() -> list[str]:
    """The words of all kinds of run."""
    return [run.method for run in RUNS]


def find_run(method: str) -> Run | None:
    """The kind of run of that word, or None."""
    return next((run for run in RUNS if run.method == method), None)


def of(config: Any) -> Run:
    """The kind of run that a config asks for.

    Raises:
        ConfigError: If it is no config, or its class stands in no line of `RUNS`.
    """
    if not isinstance(config, RunConfig):
        raise ConfigError(
            f"{str(config):.80} is no config: give one, such as MelboConfig(steps=20)."
        )
    found = find_run(config.method)
    if found is None:
        raise ConfigError(f"Method {config.method!r} is not known: use {', '.join(methods())}.")
    return found


def finders() -> dict[str, type[FinderConfig]]:
    """Config classes of all finders by method, in the order in which they are offered."""
    return {run.method: run.config for run in RUNS if run.finder and is_finder(run.config)}


def is_finder(config: type[RunConfig]) -> TypeGuard[type[FinderConfig]]:
    """Whether configs of the class find vectors."""
    return issubclass(config, FinderConfig)


def titled(method: str) -> str | None:
    """What a method is called on screen; None where it is not known."""
    found = find_run(method)
    return None if found is None else found.title


def function(name: str) -> Callable[..., Any]:
    """What does the work, imported now: `module:function`."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def from_json(method: str, values: dict[str, Any]) -> Any:
    """The config that `as_json` was given.

    Raises:
        ConfigError: If the method or a field is unknown, or a value cannot work.
    """
    found = find_run(method)
    if found is None:
        raise ConfigError(f"Method {method!r} is not known: use {', '.join(methods())}.")
    try:
        return built(found.config, values)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"This {method} request is incomplete or from another version: {error}."
        ) from error
