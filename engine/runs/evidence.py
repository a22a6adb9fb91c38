"""Gathers the evidence for stored vectors: repeats the finder and draws random directions.

Repeats are ordinary runs, stored under their own digests, so that a second look costs nothing.
"""

import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from engine.configs import core as configs
from engine.configs import registry
from engine.configs.core import PromptsConfig
from engine.configs.evidence import EvidenceConfig
from engine.errors import ConfigError
from engine.progress import Progress
from engine.records import provenance
from engine.records.records import VectorSet
from engine.runs.engine import Engine
from engine.statistics import evidence
from engine.statistics import evidence_words as words
from engine.statistics.evidence import Again, plain_rows, rows_of

if TYPE_CHECKING:
    from engine.model.forward import Forward


def run(engine: Engine, config: EvidenceConfig, digest: str, progress: Progress) -> None:
    """Gather the evidence for one set and store it.

    The record is an experiment, `name` "evidence": `tables` holds `vectors` (one row each) and, for
    repeated finders, `runs`; `sentences` what they say.

    Raises:
        ConfigError: If the set needs no evidence or was not found here.
    """
    began = time.monotonic()
    found = engine.store.load_vectors(config.vectors)
    kind = gathered(found.method)
    if kind == "repeats":
        tables, sentences, runs = _repeated(engine, found, config, progress)
    elif kind == "scores":
        (tables, sentences), runs = _read(found), []
    else:
        raise ConfigError(
            f"{found.digest} holds {found.method} vectors, for which there is no evidence to "
            f"gather: choose a set of {', '.join(_known())}."
        )
    machine = found.provenance
    made = provenance.collect(time.monotonic() - began, machine.device, machine.dtype)
    engine.store.save_experiment(
        digest,
        {
            "name": config.method,
            "title": f"Evidence for {found.method} {found.digest}",
            "summary": f"evidence for {found.method} {found.digest}",
            "config": configs.as_json(config),
            "vector_contents": {found.digest: found.content},
            "model": found.model,
            "vectors": [found.digest, *runs],
            "evaluations": [],
            "tables": tables,
            "sentences": [sentence for sentence in sentences if sentence],
            "notes": list(found.notes),
            "provenance": asdict(made),
        },
    )


def gathered(method: str) -> str | None:
    """How evidence for vectors of a method is gathered: "repeats", "scores", or not at all."""
    config = registry.finders().get(method)
    return None if config is None else config.evidence


def _known() -> list[str]:
    """Methods for whose vectors there is evidence, those that are repeated first."""
    known = registry.finders()
    return [
        name for kind in ("repeats", "scores") for name in known if known[name].evidence == kind
    ]


Tables = dict[str, Any]


def _repeated(
    engine: Engine, found: VectorSet, config: EvidenceConfig, progress: Progress
) -> tuple[Tables, list[str], list[str]]:
    """Evidence of a finder that can be run again, with the model and the files of the first run.

    Raises:
        ConfigError: If they are others now.
    """
    made_by = registry.from_json(found.method, found.config)
    if engine.digest(made_by) != found.digest:
        raise ConfigError(
            f"{found.digest} cannot be found again: its model or its files are others now, or it "
            "is of an older version. Find it anew."
        )
    plans = [
        ("seeds", f"seed {made_by.seed + turn}", replace(made_by, seed=made_by.seed + turn))
        for turn in range(1, config.seeds + 1)
    ]
    for prompt in config.prompts if hasattr(made_by, "prompts") else ():
        asked = PromptsConfig(prompts=(prompt,), system=made_by.prompts.system)
        plans.append(("prompts", prompt, replace(made_by, prompts=asked)))
    digests, sets = [], []
    for number, (_, name, plan) in enumerate(plans):
        progress(number, len(plans), f"finding again: {name}")
        digests.append(engine.run(plan, progress))
        sets.append(engine.store.load_vectors(digests[-1]))
    runs = [evidence.again(found.vectors, other.vectors) for other in sets]
    by_kind = {
        kind: [run for run, plan in zip(runs, plans, strict=True) if plan[0] == kind]
        for kind in ("seeds", "prompts")
    }
    same_prompt = [s.vectors for s, plan in zip(sets, plans, strict=True) if plan[0] == "seeds"]
    tables: dict[str, Any] = {"runs": _run_rows(plans, digests, runs)}
    if {"gap", "residual"} <= set(found.scores):
        columns, sentences = _of_singular_vectors(found, same_prompt, made_by.tolerance)
    elif "displacement" in found.scores:
        columns, sentences = _of_displacements(engine, found, made_by, config, progress)
    else:
        columns, sentences = dict(found.scores), []
    count, hidden = found.vectors.shape
    null = evidence.chance(count, count, hidden, made_by.seed)
    for kind, several in by_kind.items():
        if several:
            columns[f"other_{kind}"] = np.min([run.cosines for run in several], axis=0).tolist()
            sentences.append(words.of_runs(kind, several, null))
    sentences.append(words.of_duplicates(found.vectors))
    tables["vectors"] = plain_rows(rows_of({"vector": found.names, **columns}))
    tables["chance"] = null._asdict()
    return tables, sentences, digests


def _run_rows(
    plans: list[tuple[str, str, Any]], digests: list[str], runs: list[Again]
) -> list[dict[str, Any]]:
    return plain_rows(
        [
            {
                "kind": kind,
                "name": name,
                "digest": digest,
                "found_again": run.share,
                "median_cosine": float(np.median(run.cosines)),
                "smallest_angle": float(run.angles[0]),
                "largest_angle": float(run.angles[-1]),
            }
            for (kind, name, _), digest, run in zip(plans, digests, runs, strict=True)
        ]
    )


def _of_singular_vectors(
    found: VectorSet, others: list[np.ndarray], tolerance: float
) -> tuple[dict[str, list[Any]], list[str]]:
    gaps, residuals = found.scores["gap"], found.scores["residual"]
    groups = evidence.gap_groups(gaps)
    turns = evidence.group_angles(found.vectors, others, groups)
    place = {index: number for number, group in enumerate(groups) for index in group}
    columns: dict[str, list[Any]] = {
        "sigma": found.scores["sigma"],
        "residual": residuals,
        "gap": gaps,
        "subspace": [place[i] for i in range(len(gaps))],
        "subspace_angle": [turns[place[i]] for i in range(len(gaps))],
    }
    return columns, [
        words.of_convergence(residuals, tolerance),
        words.of_gaps(groups, turns, gaps),
    ]


def _of_displacements(
    engine: Engine, found: VectorSet, made_by: Any, config: EvidenceConfig, progress: Progress
) -> tuple[dict[str, list[Any]], list[str]]:
    values = found.scores["displacement"]
    if config.draws == 0:
        return {"displacement": values}, []
    progress(0, 1, f"moving the target with {config.draws} random directions")
    random = random_displacements(engine.load(made_by.model, progress), made_by, config.draws)
    placed = evidence.beyond(values, random)
    columns = {
        "displacement": values,
        "ratio": [one.ratio for one in placed],
        "ratio_to_best_random": [one.ratio_to_best for one in placed],
        "percentile": [one.percentile for one in placed],
    }
    return columns, [words.of_displacement(placed, config.draws)]


def random_displacements(door: "Forward", made_by: Any, draws: int) -> Float[np.ndarray, " draws"]:
    """Displacements of random directions of the norm that a MELBO run used, on its prompts.

    As in the run itself, several prompts count by the root mean square.
    """
    from engine.finders.found import displacement, prompt_tokens
    from engine.maths.directions import random_directions

    vectors = random_directions(draws, door.hidden, made_by.seed + 15485863) * made_by.norm
    squares = np.zeros(draws)
    asked = prompt_tokens(door, made_by.prompts, made_by.tokens)
    for tokens in asked:
        start = door.start(tokens, made_by.source_layer)
        parts = [
            displacement(door, start, made_by.target_layer, made_by.tokens, part)
            for part in vectors.split(16)
        ]
        squares += np.concatenate([part.numpy() for part in parts]).astype(float) ** 2
    return np.sqrt(squares / len(asked))


def _read(found: VectorSet) -> tuple[Tables, list[str]]:
    """Evidence of a method whose scores already hold it."""
    names = registry.finders()[found.method].evidence_scores
    unknown = [float("nan")] * len(found.vectors)
    scores = {name: found.scores.get(name, unknown) for name in names}
    rows = rows_of({"vector": found.names, "site": [s.words for s in found.sites], **scores})
    sentences = [words.of_reliability(rows)] if "reliability" in names else []
    if "d_prime" in names:
        hidden = found.vectors.shape[1]
        for row in rows:
            figures = (row["reliability"], row["pair_cosine"], row["d_prime"])
            row["forecast"] = evidence.forecast(*figures, hidden)
        sentences.append(words.of_forecasts(rows))
    if "explained" in names:
        sentences.append(words.of_shifts(rows))
    return {"vectors": plain_rows(rows)}, sentences
