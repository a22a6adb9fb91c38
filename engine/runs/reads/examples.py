"""Finds the texts of a corpus that lie furthest along vectors, and stores them.

Knows nothing of how states are read and of how texts are ranked.
"""

import functools
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int

from engine.configs.core import as_json
from engine.configs.reads.examples import ExamplesConfig
from engine.errors import EngineError
from engine.progress import Progress
from engine.questions.corpora import Corpus, load_corpus
from engine.records.records import VectorSet
from engine.runs.engine import Engine
from engine.runs.single import Opened, opened
from engine.statistics.reads import examples as ranking
from engine.statistics.reads import examples_words as words

if TYPE_CHECKING:
    from engine.evaluators.tokens.examples import Placed, Read

FOUND_ON = ("pairs", "prompts")
"""Settings of finders that name the file which their vectors came from."""
TOO_LARGE = "Only {} texts of each end are kept: the record would be too large with more."


def run(engine: Engine, config: ExamplesConfig, digest: str, progress: Progress) -> None:
    """Read the corpus, rank its texts, and store both ends.

    A stopped or killed run goes on from the texts it had read.

    Raises:
        EngineError: For everything the user can mend.
        Cancelled: When `progress` raises it.
    """
    corpus = load_corpus(config.corpus, config.column, config.held_out, config.max_texts)
    sets = [engine.store.load_vectors(ref.digest) for ref in config.vectors]
    with opened(engine, config, config.model, digest, progress) as work:
        from engine.evaluators.tokens import examples

        found = examples.run(work.door, config, sets, corpus, progress, work.units)
        told = functools.cache(lambda place: _text(work, config, found, place))
        ranked = _ranked(found, config)
        vectors, texts = ranking.fitted(ranked, told, config.top)
        record = _shared(engine, config, work, sets, corpus, found)
        if (kept := len(vectors[0]["top"])) < len(ranked[0]["top"]):
            record["notes"].append(TOO_LARGE.format(kept))
        record["notes"] += _notes(engine, config, sets)
        record["tables"] = {"vectors": vectors, "texts": texts}
        record["sentences"] = words.record(record)
        record["summary"] = record["sentences"][0]
        engine.store.save_experiment(digest, record)


def _ranked(found: "Read", config: ExamplesConfig) -> list[dict[str, Any]]:
    """A row for every vector, with the texts of both ends."""
    labels = [one.label for one in found.texts]
    random: dict[int, list[ranking.Ends]] = {}
    rows = []
    for one in found.vectors:
        at = ranking.ends(one.figures, config.by, config.top)
        if one.block not in random:
            each = np.moveaxis(one.random, -1, 0)
            random[one.block] = [ranking.ends(e, config.by, config.top) for e in each]
        rows.append(
            _row(one)
            | ranking.compared(at, random[one.block])
            | {"lean": ranking.lean(at, random[one.block], labels)}
            | {"top": _shown(one, at.top), "bottom": _shown(one, at.bottom)}
        )
    return rows


def _shown(one: "Placed", places: Int[np.ndarray, " shown"]) -> list[dict[str, Any]]:
    return [ranking.shown(place, one.figures, one.tokens[place]) for place in places.tolist()]


def _row(one: "Placed") -> dict[str, Any]:
    return {
        "vector_set": one.vector_set,
        "vector": one.vector,
        "name": one.name,
        "block": one.block,
        "neutral_mean": one.mean,
        "neutral_sd": one.sd,
    }


def _text(work: Opened, config: ExamplesConfig, found: "Read", place: int) -> dict[str, Any]:
    from engine.evaluators.tokens import examples

    one = found.texts[place]
    lead, pieces = examples.written(work.door, found.spans[place])
    return {
        "id": one.id,
        "label": one.label,
        "prompt": one.prompt,
        "system": one.system or config.system,
        "lead": lead,
        "pieces": pieces,
    }


def _shared(
    engine: Engine,
    config: ExamplesConfig,
    work: Opened,
    sets: list[VectorSet],
    corpus: Corpus,
    found: "Read",
) -> dict[str, Any]:
    names = ", ".join(dict.fromkeys(f"{one.method} {one.digest[:4]}" for one in sets))
    return {
        "name": config.method,
        "title": f"Examples of {names} in {corpus.name}",
        "config": config.named(engine.names),
        "settings": as_json(config),
        "model": work.model,
        "vectors": list(dict.fromkeys(one.digest for one in sets)),
        "evaluations": [],
        "corpus": {
            "name": corpus.name,
            "sha256": engine.names.file(config.corpus),
            "texts": len(found.texts),
            "tokens": sum(one.end - one.begin for one in found.spans),
        },
        "random": config.random,
        "random_seed": config.seed,
        "notes": list(found.notes),
        "provenance": asdict(work.shared()["provenance"]),
    }


def _notes(engine: Engine, config: ExamplesConfig, sets: list[VectorSet]) -> list[str]:
    """Whether vectors were found on these very texts."""
    own = [one for one in sets if _is_own(engine, config, one)]
    if own and not config.held_out:
        named = dict.fromkeys(f"{one.method} {one.digest[:4]}" for one in own)
        return [words.of_own_corpus(list(named))]
    return []


def _is_own(engine: Engine, config: ExamplesConfig, found: VectorSet) -> bool:
    """Whether vectors were found on the corpus."""
    corpus = engine.names.file(config.corpus)
    for name in FOUND_ON:
        path = found.config.get(name)
        if isinstance(path, str):
            try:
                if engine.names.file(path) == corpus:
                    return True
            except EngineError:
                continue
    return False
