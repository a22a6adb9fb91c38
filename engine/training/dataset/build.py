"""Builds a file of honest and deceptive answers the way the deception study built its own.

From seed questions the model writes more, near-duplicates are left out, and both answers are
written under the two system prompts. Work that was stopped goes on from its finished texts.
"""

import dataclasses
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from engine import ROOT
from engine.configs import core as configs
from engine.configs.datasets import DatasetConfig
from engine.configs.judges import READING, judge_of
from engine.errors import ConfigError, DataError
from engine.evaluators.cells import end_tokens
from engine.evaluators.judges.choosing import NOBODY, find
from engine.model import loading
from engine.model.forward import Forward
from engine.model.naming import Names
from engine.progress import Progress
from engine.questions import repeats
from engine.questions.repeats import Split
from engine.questions.rubrics import load_rubric
from engine.questions.sources import sha256_of
from engine.records import provenance
from engine.store.units import Partial
from engine.training.dataset import files
from engine.training.dataset.files import is_built, read_record
from engine.training.dataset.questions import (
    POLES,
    Answered,
    Asker,
    Seeds,
    Sorted,
    load_seeds,
    sort_pairs,
)
from engine.training.dataset.writer import Sampling, Text, Writer, name_of

__all__ = ["build", "is_built", "read_record", "run"]

EXAMPLES = 5
"""Pairs that the record shows."""
LEAST_ROUND, MOST_ROUND = 64, 1024
"""Texts written before it is counted how many questions are there."""


@dataclass(eq=False)
class _Building:
    """Where a build is."""

    door: Forward
    config: DatasetConfig
    seeds: Seeds
    asker: Asker
    writer: Writer
    judge: str
    progress: Progress
    notes: list[str]
    tried: int = 0
    """Texts written in search of questions."""
    surplus: int = 0
    """New questions beyond those that were wanted."""
    dropped: list[dict[str, Any]] = field(default_factory=list)
    """Texts that are no usable question: {request, text, reason}."""
    near: list[dict[str, Any]] = field(default_factory=list)
    """Repeated questions: {question, of, where, cosine}."""

    @property
    def most(self) -> int:
        return self.config.count * self.config.tries


def run(config: DatasetConfig, path: Path, root: Path, progress: Progress) -> str:
    """Load the model, build, and give its memory back; the digest of the dataset.

    Args:
        config: What to build.
        path: Takes the pairs, .json or .jsonl; its record lies beside it. A stopped build goes on.
        root: Repository root, where presets and shipped data lie.
        progress: Called after every token with the number of texts; may raise to stop.

    Raises:
        EngineError: For everything the user can mend.
    """
    files.check_path(config, path)
    digest = Names(root, progress=progress).digest(config)
    if not is_built(path, digest):
        load_seeds(config)
        files.refuse_other_work(config, path, digest)
        files.try_to_write(path)
        try:
            build(Forward(loading.load(config.model, root)), config, digest, path, progress)
        finally:
            loading.free_memory()
    return digest


def build(
    door: Forward, config: DatasetConfig, digest: str, path: Path, progress: Progress
) -> None:
    """Write the questions and both answers, and save what is usable.

    Args:
        door: The model.
        config: What to build.
        digest: Name of this build; unfinished work is kept under it.
        path: Takes the pairs.
        progress: Called after every token with the number of texts; may raise to stop.

    Raises:
        EngineError: If no question or no pair comes out, or the file is taken.
    """
    began = time.monotonic()
    files.check_path(config, path)
    files.refuse_other_work(config, path, digest)
    folder = files.partial_folder(path)
    building = _begin(door, config, Partial(folder / digest), progress)
    try:
        questions = _questions(building)
        found = _pairs(building, questions)
    except DataError:
        # The same work would end in the same way; other settings may use the file.
        shutil.rmtree(folder, ignore_errors=True)
        raise
    record = _record(building, questions, found, digest, time.monotonic() - began)
    files.save(path, files.contents(path, found.pairs, config), record)
    shutil.rmtree(folder, ignore_errors=True)


def _begin(door: Forward, config: DatasetConfig, units: Partial, progress: Progress) -> _Building:
    seeds = load_seeds(config)
    prompter = door.loaded.prompter
    asker = Asker(config, seeds, prompter)
    notes = [asker.words, *seeds.notes, *door.loaded.notes]
    ends = end_tokens(door) | asker.turn_ends()
    writer = Writer(door, units, ends, notes.append)
    return _Building(door, config, seeds, asker, writer, _judge(config), progress, notes)


def _judge(config: DatasetConfig) -> str:
    """Who labels the answers.

    Raises:
        ConfigError: If they are to be checked and nobody can.
    """
    judge = judge_of(config.judge, config.model, Names(ROOT), (config.seeds,))
    if config.check_labels and judge == NOBODY:
        raise ConfigError(
            f"Nobody can check the answers of {config.model.short_name} to these questions: leave "
            "the check out, or name a judge (--judge)."
        )
    return judge


def _questions(building: _Building) -> list[str]:
    """New questions in the order in which they came, after the seeds where those are wanted."""
    config, seeds = building.config, building.seeds
    size = min(max(config.count, LEAST_ROUND), MOST_ROUND, building.most)
    usable: list[str] = []
    found = Split((), ())
    fixed = [*seeds.questions, *seeds.avoided]
    while len(found.kept) < config.count and building.tried < building.most:
        usable += _round(building, min(size, building.most - building.tried), len(found.kept))
        found = repeats.split(fixed, usable, config.threshold)
    if not found.kept:
        raise DataError(_no_questions(building, len(found.near)))
    texts = [*fixed, *usable]
    kinds = ["seed"] * len(seeds.questions) + ["avoided"] * len(seeds.avoided)
    building.near = [
        {
            "question": usable[near.index],
            "of": texts[near.of],
            "where": kinds[near.of] if near.of < len(kinds) else "new",
            "cosine": round(near.cosine, 4),
        }
        for near in found.near
    ]
    if len(found.kept) < config.count:
        building.notes.append(
            f"{config.count} questions were asked for, but {building.tried} texts gave "
            f"{len(found.kept)}: allow more tries, a higher temperature or a higher threshold."
        )
    building.surplus = max(0, len(found.kept) - config.count)
    new = [usable[i] for i in found.kept[: config.count]]
    return [*seeds.questions, *new] if config.include_seeds else new


def _round(building: _Building, size: int, kept: int) -> list[str]:
    """Let the model write `size` more texts; those that are usable questions."""
    config, first = building.config, building.tried
    requests = [building.asker.request(number) for number in range(first, first + size)]
    texts = [Text(name_of(config.seed, "question", r.number), r.prompt) for r in requests]

    def tick(over: int) -> None:
        building.progress(
            first + over,
            first + size + 2 * config.count,
            f"{first + over} texts for questions, {kept} of {config.count} found",
        )

    building.writer.write(texts, _of_questions(config), tick)
    building.tried += size
    usable = []
    for request, text in zip(requests, texts, strict=True):
        question, reason = building.asker.question(request, text.written, text.ended)
        if reason is None:
            usable.append(question)
        else:
            building.dropped.append({"request": request.number, "text": question, "reason": reason})
    return usable


def _of_questions(config: DatasetConfig) -> Sampling:
    return Sampling(
        temperature=config.temperature, top_p=config.top_p, tokens=config.question_tokens
    )


def _of_answers(config: DatasetConfig) -> Sampling:
    return Sampling(
        temperature=config.answer_temperature,
        top_p=config.answer_top_p,
        tokens=config.answer_tokens,
    )


def _no_questions(building: _Building, near: int) -> str:
    reasons = Counter(row["reason"] for row in building.dropped)
    reasons["repeats another question"] = near
    (reason, count), *_ = reasons.most_common()
    other = "prompt" if building.config.questions_by == "turn" else "turn"
    return (
        f"None of {building.tried} texts is a new question; {count} times the reason is "
        f"'{reason}': have questions written by {other} instead, or change the limits."
    )


def _pairs(building: _Building, questions: list[str]) -> Sorted:
    """Both answers to every question, without the pairs that are of no use."""
    config = building.config
    prompter = building.door.loaded.prompter
    systems = {"honest": config.honest_system, "deceptive": config.deceptive_system}
    asked = [(question, pole) for question in questions for pole in POLES]
    texts = [
        Text(
            name_of(config.seed, pole, question),
            prompter.tokens(question, systems[pole] or None, more=config.answer_tokens),
        )
        for question, pole in asked
    ]
    sampling = _of_answers(config)

    def tick(over: int) -> None:
        done, total = building.tried + over, building.tried + len(texts)
        building.progress(done, total, f"{over} of {len(texts)} answers")

    building.writer.write(texts, sampling, tick)
    rows = [
        _answered(building, question, texts[2 * place], texts[2 * place + 1])
        for place, question in enumerate(questions)
    ]
    rubric = load_rubric(config.rubric) if building.judge in READING else None
    judge = find(building.judge, building.door, rubric)
    found = sort_pairs(rows, config, judge)
    if not found.pairs:
        (reason, count), *_ = Counter(row["reason"] for row in found.dropped).most_common()
        raise DataError(
            f"None of {len(rows)} questions has two usable answers; in {count} {reason}: change "
            "the system prompts or allow more tokens."
        )
    return found


def _answered(building: _Building, question: str, honest: Text, deceptive: Text) -> Answered:
    read = building.asker.answer
    texts = {
        pole: read(t.written, t.ended) for pole, t in zip(POLES, (honest, deceptive), strict=True)
    }
    return Answered(
        question=question,
        honest=texts["honest"][0],
        deceptive=texts["deceptive"][0],
        unfinished=tuple(pole for pole, (_, ended) in texts.items() if not ended),
    )


def _record(
    building: _Building, questions: list[str], found: Sorted, digest: str, seconds: float
) -> dict[str, Any]:
    identity = building.door.loaded.identity()
    made = dataclasses.asdict(provenance.collect(seconds, identity["device"], identity["dtype"]))
    made["packages"]["scikit-learn"] = metadata.version("scikit-learn")
    config = building.config
    return {
        "schema_version": configs.SCHEMA_VERSION,
        "kind": "dataset",
        "digest": digest,
        "config": configs.as_json(config),
        "model": identity,
        "seeds": {
            "file": Path(config.seeds).name,
            "sha256": sha256_of(config.seeds),
            "questions": len(building.seeds.questions),
            "avoided": len(building.seeds.avoided),
        },
        "counts": {
            "texts": building.tried,
            "no_question": len(building.dropped),
            "near_duplicates": len(building.near),
            "surplus": building.surplus,
            "questions": len(questions),
            "answers_dropped": len(found.dropped),
            "pairs": len(found.pairs),
        },
        "judge": building.judge,
        "labels": found.labels,
        "examples": list(found.pairs[:EXAMPLES]),
        "near_duplicates": building.near,
        "dropped": building.dropped,
        "answers_dropped": list(found.dropped),
        "notes": list(dict.fromkeys([*building.notes, *building.door.loaded.notes])),
        "provenance": made,
    }
