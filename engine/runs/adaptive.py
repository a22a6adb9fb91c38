"""Finds the best vector and scale of a sweep without asking all of it, and stores what it saw."""

import dataclasses
import time
from typing import Any

from engine.configs import core as configs
from engine.configs.adaptive import AdaptiveConfig
from engine.progress import Progress, silent
from engine.records import provenance
from engine.runs.engine import Engine
from engine.runs.job import Job
from engine.statistics import adaptive as screen_records

TITLE = "Adaptive sweep"


def settings(engine: Engine, config: AdaptiveConfig) -> dict[str, Any]:
    """What the digest is made of: the full grid's own digest, and how the best is chosen.

    Raises:
        EngineError: If the model or the questions cannot be found.
    """
    fields = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    return {"grid": engine.digest(fields.pop("sweep")), **fields}


def digest_of(engine: Engine, config: AdaptiveConfig) -> str:
    """Name of the record; needs no model in memory.

    Raises:
        EngineError: If the model or the questions cannot be found.
    """
    return configs.digest({"method": config.method, **settings(engine, config)})


def run_adaptive(engine: Engine, config: AdaptiveConfig, progress: Progress = silent) -> str:
    """Ask until the best cell is known, and store it.

    A stopped or killed run goes on from the answers it had.

    Returns:
        Digest of an experiment record, `name` "screening"; see `screen_records.parts`.

    Raises:
        EngineError: For everything the user can mend.
        Cancelled: When `progress` raises it.
    """
    digest, began = digest_of(engine, config), time.monotonic()
    if engine.store.has(digest):
        return digest
    questions = engine.questions(config.sweep)
    sets = [engine.store.load_vectors(ref.digest) for ref in config.sweep.vectors]
    door = engine.load(config.sweep.model, progress)
    from engine.evaluators import adaptive

    partial = engine.store.partial(digest)
    found = adaptive.run(door, config, sets, questions.questions, progress, partial)
    parts = screen_records.parts(found, sets, config)
    model = door.loaded.identity()
    made = provenance.since(began, model)
    record = {
        "name": config.method,
        "title": f"{TITLE} on {questions.name}",
        "config": settings(engine, config),
        "sweep": configs.as_json(config.sweep),
        "model": {**model, "answers": found.answers},
        "vectors": [one.digest for one in sets],
        "evaluations": [],
        "questions": {
            "name": questions.name,
            "sha256": questions.sha256,
            "behaviour": questions.behaviour,
            "polarity": questions.polarity,
        },
        "orders": found.orders,
        "order_seed": [config.sweep.seed, adaptive.ORDER_SEED],
        **parts,
        "notes": [*questions.notes, *found.notes],
        "provenance": dataclasses.asdict(made),
    }
    engine.store.save_experiment(digest, record)
    partial.discard()
    return digest


def submit_adaptive(engine: Engine, config: AdaptiveConfig) -> Job:
    """Queue it; the job's result is the record's digest.

    Raises:
        EngineError: At once, for what can be known before it runs.
    """

    def work(progress: Progress) -> str:
        return run_adaptive(engine, config, progress)

    digest = digest_of(engine, config)
    request = {"kind": config.method, "method": config.method, "config": configs.as_json(config)}
    count = len(config.sweep.vectors)
    title = f"{TITLE} of {count} set{'s' * (count != 1)}"
    return engine.jobs.submit(title, config.method, work, digest=digest, request=request)
