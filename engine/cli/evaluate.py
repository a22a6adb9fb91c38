"""`evaluate`: an A/B sweep, whole or only as far as it takes to find the best cell."""

from typing import Annotated

import typer

from engine import ROOT
from engine.cli import tables, tables_of_vectors
from engine.cli.options import (
    Adapter,
    Device,
    Dtype,
    Kind,
    Knowledge,
    Model,
    Neutral,
    Questions,
    Seed,
    SideEffects,
    StoreDir,
    System,
    Written,
    done,
    model_config,
    one_of,
    open_engine,
    parse_scales,
    reference,
    side_effect_fields,
)
from engine.configs.adaptive import AdaptiveConfig, AdaptiveMeasure, Direction
from engine.configs.core import STUDY_SYSTEM
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError
from engine.runs.engine import Engine
from engine.statistics import flags

Adaptive = Annotated[
    bool, typer.Option("--adaptive", help="Only find the best vector and scale; no controls.")
]
Delta = Annotated[float, typer.Option(help="With --adaptive: chance at most to miss the best.")]
Way = Annotated[Direction, typer.Option(help="With --adaptive: which way it is to move.")]
By = Annotated[AdaptiveMeasure, typer.Option(help="With --adaptive: logits, or share of answers.")]


def evaluate(
    vectors: Annotated[list[str] | None, typer.Option(help="Files or digests, FILE:INDEX.")] = None,
    questions: Questions = "data/questions/survival.jsonl",
    behaviour: Annotated[str, typer.Option(help="Whose answer counts.")] = "survival",
    scales: Annotated[str, typer.Option(help="Comma-separated.")] = "-20,-10,-5,0,5,10,20",
    relative: Annotated[bool, typer.Option(help="Scales in residual norms.")] = False,
    max_questions: Annotated[int, typer.Option(help="How many to ask.")] = 100,
    controls: Annotated[int, typer.Option(help="Norm-matched random vectors.")] = 64,
    control_kind: Kind = "isotropic",
    orders: Annotated[str, typer.Option(help="both or as-given.")] = "both",
    side_effects: SideEffects = False,
    neutral: Neutral = 16,
    written: Written = 8,
    knowledge: Knowledge = None,
    adaptive: Adaptive = False,
    direction: Way = "either",
    measure: By = "logits",
    delta: Delta = 0.05,
    system: System = STUDY_SYSTEM,
    model: Model = "demo",
    adapter: Adapter = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    store: StoreDir = ROOT,
    seed: Seed = 0,
) -> None:
    """A/B questions over vectors and scales, with random controls."""
    one_of("orders", orders, ("both", "as-given"))
    engine = open_engine(store)
    config = EvaluateConfig(
        model=model_config(model, adapter, dtype, device),
        vectors=tuple(reference(engine.store, name) for name in vectors or []),
        questions=questions,
        behaviour=behaviour,
        scales=parse_scales(scales),
        scale_unit="relative" if relative else "absolute",
        max_questions=max_questions,
        controls=controls,
        control_kind=control_kind,
        orders=orders,  # type: ignore[arg-type]
        system=system or None,
        seed=seed,
        **side_effect_fields(side_effects, model, neutral, written, knowledge),
    )
    if adaptive:
        _screen(engine, config, direction=direction, measure=measure, delta=delta)
    else:
        _sweep(engine, config)


def _sweep(engine: Engine, config: EvaluateConfig) -> None:
    with tables.bar() as progress:
        digest = engine.run(config, progress)
    evaluation = engine.store.load_evaluation(digest)
    tables.evaluation(evaluation)
    told = {"flags": flags.of_frame(evaluation.frame), "notes": evaluation.notes}
    done(engine, digest, rows=len(evaluation.frame), **told)


def _screen(
    engine: Engine,
    grid: EvaluateConfig,
    direction: Direction,
    measure: AdaptiveMeasure,
    delta: float,
) -> None:
    if grid.side_effects:
        raise ConfigError(
            "An adaptive sweep measures no side effects: leave out --side-effects, and evaluate "
            "what it finds with them."
        )
    config = AdaptiveConfig.of(grid, direction=direction, measure=measure, delta=delta)
    with tables.bar() as progress:
        digest = engine.run(config, progress)
    record = engine.store.load_experiment(digest)
    tables.experiment(record)
    done(engine, digest, **tables_of_vectors.answer(record))
