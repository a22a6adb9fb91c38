"""A probe from its config to the stored record. Knows nothing of pages and commands."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.configs import core as configs
from engine.configs.reads.probes import ProbeConfig
from engine.progress import Progress
from engine.runs.engine import Engine
from engine.runs.single import opened
from engine.statistics.evidence import plain_rows
from engine.statistics.reads import probe_words, probes

if TYPE_CHECKING:
    from engine.evaluators.probes.probing import Probed


def run(engine: Engine, config: ProbeConfig, digest: str, progress: Progress) -> None:
    """Read all vectors and store what they read.

    The record is an experiment, `name` "probe": `tables` holds `rows` (one per vector, block and
    two classes; `vector_set` is "fit" for the logistic fits) and `random` (one per block and two
    classes: what random directions, and fits with shuffled labels, read there).

    Raises:
        EngineError: For everything the user can mend.
        Cancelled: When `progress` raises it.
    """
    sets = [engine.store.load_vectors(ref.digest) for ref in config.vectors]
    with opened(engine, config, config.model, digest, progress) as work:
        from engine.evaluators.probes import probing

        found = probing.run(work.door, config, sets, progress)
        record: dict[str, Any] = {
            "name": config.method,
            "title": f"{config.title} on {found.parts.name}",
            "config": config.named(engine.names),
            "asked": configs.as_json(config),
            "model": work.model,
            "vectors": list(dict.fromkeys(one.digest for one in sets)),
            "evaluations": [],
            "provenance": asdict(work.shared()["provenance"]),
        } | told(found, config)
    said = probe_words.sentences(record)
    engine.store.save_experiment(digest, record | {"sentences": said, "summary": said[0]})


def told(found: "Probed", config: ProbeConfig) -> dict[str, Any]:
    """What a record holds of what was read."""
    parts = found.parts
    return {
        "pairs": {
            "name": parts.name,
            "poles": list(parts.poles),
            "train": len(parts.train),
            "test": len(parts.test),
            "marked": parts.is_marked,
        },
        "random": config.random,
        "shuffles": config.shuffles,
        "neutral": found.neutral,
        "neutral_needed": probes.LEAST_NEUTRAL,
        "tables": {"rows": plain_rows(found.rows), "random": plain_rows(found.random)},
        "notes": list(found.notes),
    }
