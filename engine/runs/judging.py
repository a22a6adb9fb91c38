"""The judge of a run: its rubric, and the door to the model that judges, open while it is needed.

Knows nothing of how a judge reads.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.configs import registry
from engine.configs.core import ModelConfig
from engine.configs.grids import GenerateConfig
from engine.configs.judges import READING, Resolved
from engine.errors import ModelError
from engine.model.sizes import fitting, free
from engine.progress import Progress
from engine.questions.rubrics import Rubric, load_rubric
from engine.questions.sources import read_source
from engine.runs.doors import Doors
from engine.runs.engine import Engine

if TYPE_CHECKING:
    from engine.evaluators.judges.verdicts import Judge
    from engine.model.forward import Forward


@dataclass(frozen=True)
class Sitting:
    """A judge at work, and what a record says of it."""

    judge: "Judge"
    told: dict[str, Any]


@contextmanager
def sitting(
    engine: Engine, config: GenerateConfig, judge: Resolved, door: "Forward", progress: Progress
) -> Iterator[Sitting]:
    """The judge of a run; a second model is loaded beside the first, and let go of at the end.

    Args:
        engine: Knows where models lie.
        config: Rubric and model of the judge.
        judge: Its name.
        door: To the model of the run, whose base judges where no other is named.
        progress: Told while a second model is loaded.

    Raises:
        DataError: If the rubric is none.
        ModelError: If the second model cannot be loaded beside the first, or its self-tests are
            red.
    """
    from engine.evaluators.judges import choosing

    if judge not in READING:
        named = choosing.find(judge)
        yield Sitting(named, {"name": named.name, "title": named.title})
        return
    rubric, sha256 = load_rubric(config.rubric), read_source(config.rubric).sha256
    with _door(engine, config, door, progress) as own:
        found = choosing.reader(judge, own, rubric)
        told = {"rubric": rubric.as_dict(), "rubric_sha256": sha256, "least": found.least}
        told["on_examples"] = _on_examples(found, rubric)
        identity = own.loaded.identity()
        told["model"] = {name: identity.get(name) for name in ("short_name", "fingerprint")}
        yield Sitting(found, {"name": found.name, "title": found.title, **told})


def _on_examples(judge: "Judge", rubric: Rubric) -> dict[str, int]:
    """How many of the rubric's examples the judge labels as they are."""
    from engine.evaluators.judges.verdicts import Judged

    found = judge.read([Judged(one.question, one.answer) for one in rubric.examples])
    pairs = zip(found, rubric.examples, strict=True)
    right = sum(verdict.label == example.label for verdict, example in pairs)
    return {"asked": len(found), "right": right}


def _refuse_large(engine: Engine, model: ModelConfig) -> None:
    """Refuse a second model that would not fit beside the first.

    Raises:
        ModelError: If it needs more memory than is free.
    """
    found = free.memory(model.device)
    size = fitting.size(model, engine.root, found)
    if size is not None and size.needed > found.free:
        raise ModelError(
            f"{model.short_name}, which should judge, needs {size.needed / 2**30:.1f} GB, but "
            f"{found.free / 2**30:.1f} GB are free {found.place}: name a smaller one, or none."
        )


@contextmanager
def _door(
    engine: Engine, config: GenerateConfig, door: "Forward", progress: Progress
) -> Iterator["Forward"]:
    """To the model that judges."""
    name = config.judge_model
    model = None if name is None else ModelConfig(model=name)
    if model is None or engine.names.model(model)["fingerprint"] == door.loaded.source.fingerprint:
        yield door
        return
    _refuse_large(engine, model)
    progress(0, 1, f"loading {name}, which judges")
    doors = Doors(engine.root, engine.store.root / "results" / ".partial")
    try:
        opened = doors.open(model)
        opened.refuse(registry.of(config))
        yield opened.door
    finally:
        doors.close()
