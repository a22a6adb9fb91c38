"""Reads stored vectors in words, and stores those that they promote and suppress most."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.configs.reads.words import WordsConfig
from engine.errors import ConfigError
from engine.progress import Progress
from engine.records.records import VectorSet
from engine.runs.engine import Engine
from engine.runs.single import opened
from engine.statistics.reads import words as statistics
from engine.statistics.reads import words_said as said
from engine.statistics.reads.words import Judged, Verdict

if TYPE_CHECKING:
    from engine.evaluators.words.reading import Read, Words

Named = Callable[[int], str]
"""A token as it can be read."""
MAIN = "effect"
RANDOM_SHOWN = 4
"""Words of one random vector that stand beside those of the vectors."""


def run(engine: Engine, config: WordsConfig, digest: str, progress: Progress) -> None:
    """Read every vector, and store its words beside what random vectors do to them.

    The random vectors of a site are read once for all runs with the same prompts and settings.

    Raises:
        EngineError: For everything the user can mend.
        Cancelled: When `progress` raises it.
    """
    sets = [engine.store.load_vectors(ref.digest) for ref in config.vectors]
    with opened(engine, config, config.model, digest, progress) as work:
        from engine.evaluators.words.reading import Words
        from engine.evaluators.words.visible import visible

        kept = engine.store.partial(config.null(engine.names))
        found = Words(work.door, config, kept)
        tokenizer = work.door.loaded.tokenizer
        vectors, rows, drawn = _tables(
            found, sets, config, progress, lambda token: visible(tokenizer, token)
        )
        if not vectors:
            raise ConfigError("None of these vectors has a direction: name others.")
        sentences = said.sentences(vectors, config.random)
        record = {
            "name": config.method,
            "title": f"Words of {', '.join(dict.fromkeys(one.digest for one in sets))}",
            "summary": sentences[0],
            "config": config.named(engine.names),
            "model": work.model,
            "vectors": list(dict.fromkeys(one.digest for one in sets)),
            "evaluations": [],
            "vector_contents": {one.digest: one.content for one in sets},
            "tables": {"vectors": vectors, "words": rows, "random": drawn},
            "likely": len(found.ground.likely),
            "vocabulary": len(found.tokens("logit")),
            "sentences": sentences,
            "notes": found.notes,
            "provenance": asdict(work.shared()["provenance"]),
        }
        engine.store.save_experiment(digest, record)


def _tables(
    found: "Words", sets: list[VectorSet], config: WordsConfig, progress: Progress, named: Named
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """A row a vector, a row a word of each, and a row a word of one random vector a site."""
    names = {one.digest: one.names for one in sets}
    vectors: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    drawn: list[dict[str, Any]] = []
    for one in found.read(sets, progress):
        verdict = statistics.judge(
            {name: (pair.values, pair.random) for name, pair in one.readings.items()}
        )
        place = len(vectors)
        vectors.append(_vector(one, verdict, names[one.vector_set][one.vector]))
        for name, judged in verdict.readings.items():
            ids = found.tokens(name)
            rows += _words(judged, place, name, ids, config.kept, named)
        if one.site.words not in {row["site"] for row in drawn}:
            drawn += _of_random(one, found, named)
    return vectors, rows, drawn


def _vector(one: "Read", verdict: Verdict, name: str) -> dict[str, Any]:
    stars = {f"starred_{key}": int(judged.stars.sum()) for key, judged in verdict.readings.items()}
    return {
        "vector_set": one.vector_set,
        "vector": one.vector,
        "name": name,
        "block": one.site.block,
        "site": one.site.words,
        "residual": _short(one.residual),
        "p": _short(verdict.p),
        "threshold": _short(verdict.threshold),
        "starred": verdict.starred,
        **stars,
    }


def _words(
    judged: Judged, place: int, reading: str, ids: list[int], kept: int, named: Named
) -> list[dict[str, Any]]:
    """The words of one reading of one vector, both signs."""
    return [
        {
            "of": place,
            "reading": reading,
            "sign": sign,
            "token": ids[i],
            "word": named(ids[i]),
            "value": _short(judged.values[i]),
            "random": _short(judged.ranges[i]),
            "t": _short(judged.t[i]),
            "star": bool(judged.stars[i]),
        }
        for sign in (1, -1)
        for i in judged.top(sign, kept)
    ]


def _of_random(one: "Read", found: "Words", named: Named) -> list[dict[str, Any]]:
    """What the first random vector of a site would be said to promote, by its measured effect."""
    ids, values = found.tokens(MAIN), one.readings[MAIN].random[0]
    return [
        {
            "site": one.site.words,
            "reading": MAIN,
            "word": named(ids[i]),
            "value": _short(values[i]),
        }
        for i in np.argsort(-values)[:RANDOM_SHOWN]
    ]


def _short(value: Any) -> float:
    """Four digits, as records of many words are kept small."""
    return float(f"{float(value):.4g}")
