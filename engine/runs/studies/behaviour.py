"""The study of a behaviour of two poles, end to end: a config in, one experiment record out.

Block and scale are chosen on some held-out pairs and reported on others, beside random vectors of
the same norm at the same block; then texts are written at the chosen block and judged.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.configs.behaviours import BehaviourConfig
from engine.configs.core import VectorRef
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.configs.judges import Resolved, judge_of
from engine.errors import ConfigError, DataError
from engine.progress import Progress
from engine.questions import files
from engine.questions.rubrics import Rubric, load_rubric
from engine.records.grids import Generation
from engine.records.records import VectorSet
from engine.runs import judging
from engine.runs.engine import Engine
from engine.runs.studies import behaviour_tables as tables
from engine.runs.studies import randoms, records
from engine.runs.studies.behaviour_tables import Chosen, Column

UNDEFINED = (
    "No vector has a likelihood at any scale: the log p of its answers is undefined. Try smaller "
    "scales or other blocks."
)


@dataclass(frozen=True, kw_only=True)
class Written:
    """The texts of a study, and what is beneath them."""

    digest: str
    grid: GenerateConfig
    controls: list[str]
    columns: list[Column]
    generation: Generation


def run(engine: Engine, config: BehaviourConfig, digest: str, progress: Progress) -> None:
    """Find vectors, choose a cell, report it, write and judge texts, store the tables.

    Every part that is already stored is read, so that a stopped run goes on where it was.

    Raises:
        ConfigError: If the rubric's labels are not the study's poles.
        DataError: If the files lack pairs, or no cell has a likelihood.
    """
    began = time.monotonic()
    rubric = load_rubric(config.rubric)
    _refuse_poles(config, rubric)
    found = engine.store.load_vectors(engine.run(config.finder(), progress))
    chose = engine.run(config.choice(_tried(config, found)), progress)
    blocks = [site.block for site in found.sites]
    choice = tables.choice_rows(engine.store.load_evaluation(chose).frame, blocks, config.most_loss)
    chosen = tables.chosen_cell(choice)
    if chosen is None:
        raise DataError(UNDEFINED)
    ref = VectorRef(digest=found.digest, indices=(chosen.index,))
    reported = engine.run(config.report(ref, chosen.scale), progress)
    written = _write(engine, config, found, chosen, progress)
    judged = _judge(engine, config, written, progress)
    likelihood = engine.store.load_evaluation(reported).frame
    records.save(
        engine,
        config,
        digest,
        found.model,
        began,
        vectors=[found.digest],
        evaluations=[chose, reported],
        generations=[written.digest],
        controls=written.controls,
        chosen=asdict(chosen),
        judges=[told for told, _ in judged],
        notes=_notes(choice, config),
        tables={
            "choice": choice,
            "likelihood": tables.likelihood_rows(likelihood, chosen.scale, config.seed),
            **_of_texts(config, written, judged),
        },
    )


def _of_texts(
    config: BehaviourConfig, written: Written, judged: Sequence[tuple[dict[str, Any], list[str]]]
) -> dict[str, Any]:
    """What judges say of the texts, and whether these hold together."""
    frame, columns = written.generation.frame, written.columns
    return {
        "texts": [
            row
            for told, labels in judged
            for row in tables.text_rows(frame, columns, labels, told["name"], config.positive)
        ],
        "fluency": tables.fluency_rows(
            frame,
            columns,
            written.generation.side_effects,
            config.most_repetition,
            config.least_logprob,
        ),
    }


def _refuse_poles(config: BehaviourConfig, rubric: Rubric) -> None:
    """Refuse a rubric whose labels are not the study's poles."""
    if set(rubric.labels) != {config.positive, config.negative}:
        raise ConfigError(
            f"The rubric {config.rubric} labels texts {' and '.join(rubric.labels)}, but the "
            f"study's poles are {config.positive} and {config.negative}: name a rubric with these."
        )


def _tried(config: BehaviourConfig, found: VectorSet) -> VectorRef:
    """The vectors of the blocks that are tried."""
    indices = range(len(found.sites))
    if config.layers == "all" and len(indices) > 1:
        # The last block's output reaches nothing but the next token's logits: it is left out.
        indices = indices[:-1]
    return VectorRef(digest=found.digest, indices=tuple(indices))


def _write(
    engine: Engine,
    config: BehaviourConfig,
    found: VectorSet,
    chosen: Chosen,
    progress: Progress,
) -> Written:
    """Texts of the chosen vector at every scale, and of random ones at the chosen scale."""
    columns = [Column("unsteered", 0.0)]
    columns += [
        Column(f"{found.method} {sign * scale:+g}", sign * scale)
        for scale in config.scales
        for sign in (-1.0, 1.0)
    ]
    columns += [
        Column(f"random {i} {sign * chosen.scale:+g}", sign * chosen.scale, i)
        for i in range(config.text_controls)
        for sign in (-1.0, 1.0)
    ]
    controls = _controls(engine, config, found, chosen, progress)
    prompts = list(dict.fromkeys(files.load_prompts(config.prompts)))
    grid = GenerateConfig(
        model=config.model,
        prompts=tuple(prompts[: config.max_prompts]),
        system=config.system,
        configurations=tuple(
            _configuration(one, found.digest, chosen.index, controls) for one in columns
        ),
        max_new_tokens=config.max_new_tokens,
        neutral=config.neutral,
        neutral_prompts=config.neutral_prompts,
        judge=config.judge,
        rubric=config.rubric,
        seed=config.seed,
    )
    digest = engine.run(grid, progress)
    return Written(
        digest=digest,
        grid=grid,
        controls=controls,
        columns=columns,
        generation=engine.store.load_generation(digest),
    )


def _controls(
    engine: Engine,
    config: BehaviourConfig,
    found: VectorSet,
    chosen: Chosen,
    progress: Progress,
) -> list[str]:
    """The set of random vectors beside the texts; none where none is asked for."""
    count = config.text_controls
    if count == 0:
        return []
    norm = float(np.linalg.norm(found.vectors[chosen.index]))
    block, seed = chosen.block, config.seed
    return [randoms.drawn(engine, config.model, block, norm, count, seed, progress)]


def _configuration(
    column: Column, digest: str, index: int, controls: Sequence[str]
) -> Configuration:
    if column.control is not None:
        digest, index = controls[0], column.control
    return Configuration(
        name=column.name, blend=(BlendPart(digest=digest, index=index),), scale=column.scale
    )


def _judge(
    engine: Engine, config: BehaviourConfig, written: Written, progress: Progress
) -> list[tuple[dict[str, Any], list[str]]]:
    """What each judge is, and its labels in the order of the texts."""
    frame = written.generation.frame
    found = []
    first = judge_of(config.judge, config.model, engine.names)
    if first != "none":
        found.append((dict(written.generation.judge), frame["label"].tolist()))
    second = judge_of(config.second_judge, config.model, engine.names)
    if second not in ("none", first):
        found.append(_second(engine, written, second, progress))
    return found


def _second(
    engine: Engine, written: Written, judge: Resolved, progress: Progress
) -> tuple[dict[str, Any], list[str]]:
    """The labels of a judge that the grid did not have."""
    from engine.evaluators.judges.verdicts import Judged, labels_of

    frame = written.generation.frame
    texts = [Judged(row.prompt, row.text) for row in frame.itertuples()]
    door = engine.load(written.grid.model, progress)
    with judging.sitting(engine, written.grid, judge, door, progress) as sitting:
        verdicts = labels_of(sitting.judge, texts, lambda _: progress(0, 1, "judging again"))
        return dict(sitting.told), [verdict.label for verdict in verdicts]


def _notes(choice: Sequence[dict[str, Any]], config: BehaviourConfig) -> list[str]:
    """What a reader must know of how the cell was chosen."""
    if any(row["is_sound"] for row in choice):
        return []
    return [
        f"Favoured answers lose more than {config.most_loss:g} nats a token in every cell: the "
        "one that loses least is reported."
    ]
