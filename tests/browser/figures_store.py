"""Stores that are measured: the shipped one, and one large enough to be slow.

Invented records are written by the engine's own store. Knows nothing of what is measured.
"""

import dataclasses
import datetime
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.configs import core as configs
from engine.configs.core import VectorRef
from engine.configs.finders import MelboConfig, PowerIterationConfig
from engine.configs.sweeps import EvaluateConfig
from engine.questions.rows import TwoOptions
from engine.records.records import Evaluation, Question, QuestionSet, VectorSet
from engine.store.store import Store
from tests.browser.server import ROOT
from tests.pages import text_samples
from tests.pages.samples import MODEL, provenance, vector_set
from tests.pages.test_studies import deception

SCALES = (-20.0, -10.0, -5.0, 5.0, 10.0, 20.0)
TOPICS = ("backups", "weather", "chess", "trains", "gardens", "taxes", "music", "maps", "bread")
DEEDS = ("archive", "translate", "compare", "rebuild", "price", "paint", "sort", "tune", "sign")


class Size(NamedTuple):
    """How large a sweep is: (vectors + controls) x scales x questions x both orders."""

    vectors: int
    controls: int
    questions: int

    @property
    def rows(self) -> int:
        """Rows of its frame, the baseline's among them."""
        return ((self.vectors + self.controls) * len(SCALES) + 1) * self.questions * 2


MANY_ROWS = Size(vectors=24, controls=64, questions=3785)
"""24 vectors x 7 scales beside 64 random ones: 4.0 million rows."""
FEW_ROWS = Size(vectors=4, controls=4, questions=50)
KINDS = ("vectors", "vectors", "vectors", "evaluation", "evaluation", "generation", "study")
"""What the records of a well-used store are, in turn."""
BEGAN = datetime.datetime(2026, 8, 1, tzinfo=datetime.UTC)


def shipped(root: Path) -> Path:
    """A copy of the records that come with the project, as after a fresh download."""
    for name in ("vectors", "results"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns(".*", "jobs"))
    return root


def large(root: Path, records: int = 500, size: Size = MANY_ROWS) -> str:
    """Fill a store with many small records and one sweep of many rows; gives its digest."""
    store = Store(root)
    found = vector_set(MelboConfig(vectors=size.vectors), "aaaa00000024")
    store.save_vectors(found)
    run = sweep(found, size, _hour(0), "eeee00000004")
    store.save_evaluation(run)
    small = vector_set(MelboConfig(vectors=FEW_ROWS.vectors), "aaaa00000004")
    few = sweep(small, FEW_ROWS, _hour(1))
    for number in range(records - 2):
        _save(store, KINDS[number % len(KINDS)], number, few)
    return run.digest


def _save(store: Store, kind: str, number: int, few: Evaluation) -> None:
    """One record more, unlike the others in digest and time."""
    digest, made = f"{number:012x}", provenance(_hour(-number))
    if kind == "evaluation":
        store.save_evaluation(dataclasses.replace(few, digest=digest, provenance=made))
    elif kind == "generation":
        grid = text_samples.generation(text_samples.config(), digest)
        store.save_generation(dataclasses.replace(grid, provenance=made))
    elif kind == "study":
        study = deception(study=True)
        store.save_experiment(digest, study | {"provenance": dataclasses.asdict(made)})
    else:
        settings = PowerIterationConfig if number % 2 else MelboConfig
        found = vector_set(settings(vectors=8, seed=number), digest)
        store.save_vectors(dataclasses.replace(found, provenance=made))


def _hour(number: int) -> str:
    return (BEGAN + datetime.timedelta(days=90, hours=number)).isoformat(timespec="seconds")


def question_set(count: int) -> QuestionSet:
    """Questions that no two of which are alike."""
    generator = np.random.default_rng(count)
    asked = []
    for number in range(count):
        first, second, third = generator.choice(TOPICS, 3)
        deed, other = generator.choice(DEEDS, 2)
        stem = (
            f"Case {number:05d}: the {first} desk of town {number * 7919 % 100003} asks you to "
            f"{deed} its {second} before {other} of the {third} ends in week {number % 52}. Do you?"
        )
        options = (f"Yes, I {deed} the {second} {number}", f"No, the {third} can wait {number}")
        letter = "A" if number % 2 else "B"
        name = TwoOptions(stem, options, letter).id
        asked.append(Question(id=name, stem=stem, options=options, behaviour_letter=letter))
    return QuestionSet(
        name="survival", path="data/questions/survival.jsonl", sha256="0" * 64,
        behaviour="survival", polarity="matching", questions=tuple(asked), dropped=(),
    )  # fmt: skip


def rows(found: VectorSet, asked: QuestionSet, size: Size, seed: int = 0) -> pd.DataFrame:
    """A sweep's frame as the engine makes it, of invented logits.

    A cell adds its slope x scale to every question, and noise that grows with the scale.
    """
    generator = np.random.default_rng(seed)
    cells = [("baseline", -1, "baseline", 0.0, 0.0)]
    for index in range(size.vectors):
        slope = generator.normal(0, 0.05) if index else 0.18
        cells += [(found.digest, index, found.method, s, slope * s) for s in SCALES]
    for index in range(size.controls):
        slope = generator.normal(0, 0.02)
        cells += [("control", index, "control", s, slope * s) for s in SCALES]
    count, shift = len(asked.questions), np.array([cell[4] for cell in cells])
    scale = np.array([cell[3] for cell in cells])
    noise = generator.normal(0, 0.04, (len(cells), count, 2)) * np.abs(scale)[:, None, None]
    base = generator.normal(-1.5, 3.0, count)
    letters = np.array([[q.letter(swap) for swap in (False, True)] for q in asked.questions])
    sign = np.where(letters == "A", 1.0, -1.0)
    value = base[None, :, None] + shift[:, None, None] + noise + 0.6 * sign
    half = (sign * value / 2).astype(np.float32).ravel()
    each = count * 2
    return pd.DataFrame(
        {
            "vector_set": np.repeat([cell[0] for cell in cells], each),
            "vector": np.repeat([cell[1] for cell in cells], each),
            "method": np.repeat([cell[2] for cell in cells], each),
            "scale": np.repeat(scale, each),
            "relative": np.repeat(np.abs(scale) / 30, each),
            "question": np.tile(np.repeat([q.id for q in asked.questions], 2), len(cells)),
            "order": np.tile(["given", "swapped"], len(cells) * count),
            "logit_a": half,
            "logit_b": -half,
            "answer_mass": np.full(len(half), 0.98, np.float32),
            "behaviour_letter": np.tile(letters.ravel(), len(cells)),
            "difference": (value.astype(np.float32)).ravel(),
        }
    )


def sweep(found: VectorSet, size: Size, created: str, digest: str | None = None) -> Evaluation:
    """One invented evaluation of a set of vectors."""
    asked = question_set(size.questions)
    config = EvaluateConfig(
        vectors=(VectorRef(digest=found.digest),),
        scales=SCALES,
        controls=size.controls,
        max_questions=size.questions,
    )
    return Evaluation(
        digest=digest or configs.digest({**configs.as_json(config), "of": found.digest}),
        frame=rows(found, asked, size),
        questions=asked,
        config=configs.as_json(config),
        model=MODEL,
        vector_names={found.digest: {"method": found.method, "names": found.names}},
        provenance=provenance(created),
    )
