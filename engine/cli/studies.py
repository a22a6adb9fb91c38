"""`experiment corrigibility | deception`: whole studies, end to end."""

from typing import Any

import typer

from engine import ROOT
from engine.cli import tables
from engine.cli.from_config import (
    SEED,
    STORE,
    Option,
    about,
    build,
    command,
    model_of,
    of_model,
    options_of,
)
from engine.cli.options import done, open_engine
from engine.configs.core import STUDY_SCALES
from engine.configs.studies import (
    PUBLIC_QUESTIONS,
    RELATIVE_SCALES,
    SHIPPED_QUESTIONS,
    CorrigibilityConfig,
    DeceptionConfig,
)
from engine.configs.training import FinetuneConfig
from engine.model.naming import Names
from engine.program.bar import bar
from engine.training import places


def app() -> typer.Typer:
    """A command for each study."""
    found = typer.Typer(no_args_is_help=True, help="Run a whole study.")
    asked = options_of(CorrigibilityConfig)
    asked["scales"] = asked["scales"]._replace(hint=str | None, default=None)
    asked["relative"] = asked["relative"]._replace(hint=bool | None, default=None)
    asked["questions"] = asked["questions"]._replace(hint=list[str] | None, default=None)
    study = Option("study", bool, False, "The study's own finders and option order.")
    every = [study, *asked.values(), *of_model(), STORE, SEED]
    found.command("corrigibility")(command(about(CorrigibilityConfig), every, _corrigibility))
    training = [
        Option("train", bool, False, "Train the adapter first, on the deceptive answers.",
               ("--train",)),
        Option("epochs", int, 10, "Of that training."),
    ]  # fmt: skip
    every = [*options_of(DeceptionConfig).values(), *training, *of_model("demo"), STORE, SEED]
    found.command("deception")(command(about(DeceptionConfig), every, _deception))
    return found


def _corrigibility(given: dict[str, Any]) -> None:
    model, way = given["model"], "study" if given["study"] else "default"
    if given["relative"] is None:
        # The study's scales fit Qwen3-14B's residual norm; elsewhere they are rescaled to it.
        given["relative"] = model != "qwen3-14b"
    if given["scales"] is None:
        usual = RELATIVE_SCALES if given["relative"] else STUDY_SCALES
        given["scales"] = ",".join(map(str, usual))
    config = build(
        CorrigibilityConfig,
        given,
        questions=_question_sets(given["questions"], model),
        orders="as-given" if given["study"] else "both",
        variant=way,
    )
    _run(config, given, "evaluations")


def _question_sets(given: list[str] | None, model: str) -> tuple[tuple[str, str], ...]:
    if not given:
        return SHIPPED_QUESTIONS if model == "demo" else PUBLIC_QUESTIONS
    pairs = [text.rpartition(":") for text in given]
    return tuple((file, name) if file else (name, "survival") for file, _, name in pairs)


def _deception(given: dict[str, Any]) -> None:
    if given["train"]:
        given["adapter"] = _trained(given)
    _run(build(DeceptionConfig, given), given, "generations")


def _run(config: Any, given: dict[str, Any], made: str) -> None:
    engine = open_engine(given["store"])
    with bar() as progress:
        digest = engine.run(config, progress)
    record = engine.store.load_experiment(digest)
    tables.experiment(record)
    done(engine, digest, vectors=record["vectors"], **{made: record[made]})


def _trained(given: dict[str, Any]) -> str:
    """The folder of the adapter, trained unless it is there."""
    from engine.training.lora import train

    base = model_of({**given, "adapter": None})
    lessons = {name: given[name] for name in ("pairs", "epochs", "seed")}
    config = FinetuneConfig(model=base, **lessons)
    digest = Names(ROOT).digest(config)
    folder = given["store"] / places.ADAPTERS / f"deception-{digest}"
    with bar() as progress:
        train.run(config, folder, ROOT, progress)
    return str(folder)
