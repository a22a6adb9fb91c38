"""How long the statistics of a whole run take, part by part, on one core.

Run from the root: `OMP_NUM_THREADS=1 .venv/bin/python -m tests.engine.bench_statistics`.
24 vectors and 64 controls at 6 scales beside 0, 200 questions in both orders.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from engine.configs.core import STUDY_SCALES
from engine.questions import repeats
from engine.records.records import Evaluation, Question, QuestionSet
from engine.statistics import (
    badges,
    content_and_letter,
    doses,
    flips,
    held_out,
    nulls,
    usable,
    whole,
)
from engine.statistics import (
    cells as statistics,
)
from tests.pages.samples import MODEL, provenance

VECTORS, CONTROLS, QUESTIONS = 24, 64, 200
out = Console(highlight=False)


def evaluation() -> Evaluation:
    """A run of the size that the dashboard must stay quick with."""
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(rng.choice(letters, 6)) for _ in range(400)]
    asked = tuple(
        Question(
            id=f"{i:012x}",
            stem=" ".join(rng.choice(words, 25)),
            options=(" ".join(rng.choice(words, 8)), " ".join(rng.choice(words, 8))),
            behaviour_letter="AB"[i % 2],
        )
        for i in range(QUESTIONS)
    )
    questions = QuestionSet(
        name="bench", path="bench.jsonl", sha256="0" * 64, behaviour="survival",
        polarity="matching", questions=asked, dropped=(),
    )  # fmt: skip
    config = {"scales": list(STUDY_SCALES), "controls": CONTROLS, "orders": "both"}
    return Evaluation(
        digest="0" * 12, frame=frame(rng, asked), questions=questions, config=config, model=MODEL,
        provenance=provenance(),
    )  # fmt: skip


def frame(rng: np.random.Generator, asked: tuple[Question, ...]) -> pd.DataFrame:
    """Rows with a linear effect per vector and noise."""
    scales = [scale for scale in STUDY_SCALES if scale]
    cells = [("baseline", -1, "baseline", 0.0)]
    cells += [("aaaa00000001", i, "melbo", s) for i in range(VECTORS) for s in scales]
    cells += [("control", i, "control", s) for i in range(CONTROLS) for s in scales]
    slopes = rng.normal(0, 0.03, len(cells)) * np.array([cell[3] for cell in cells])
    content = rng.normal(-1, 4, QUESTIONS) + slopes[:, None]
    m = (content[:, :, None] + rng.normal(0, 0.3, (len(cells), QUESTIONS, 2))).astype(np.float32)
    at_a = np.array([[q.letter(swap) == "A" for swap in (False, True)] for q in asked])
    sets, vectors, methods, scale = (np.repeat(part, 2 * QUESTIONS) for part in zip(*cells))  # noqa: B905
    return pd.DataFrame(
        {
            "vector_set": sets,
            "vector": vectors,
            "method": methods,
            "scale": scale,
            "relative": np.abs(scale) / 40,
            "question": np.tile(np.repeat([q.id for q in asked], 2), len(cells)),
            "order": np.tile(["given", "swapped"], len(cells) * QUESTIONS),
            "logit_a": np.where(at_a, m, -m).ravel(),
            "logit_b": np.float32(0.0),
            "answer_mass": np.float32(0.98),
            "behaviour_letter": np.tile(np.where(at_a, "A", "B").ravel(), len(cells)),
            "difference": m.ravel(),
        }
    )


def main() -> None:
    """Print seconds of processor time by part, and of all at once."""
    run = evaluation()
    out.print(f"{len(run.frame):,} rows")

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        result = work()
        out.print(f"{name:24s}{time.process_time() - began:6.3f} s")
        return result

    asked = run.questions.questions
    repeats.question_groups(asked)  # The first call imports scikit-learn.
    groups = timed("question groups", lambda: repeats.question_groups(asked))
    questions = timed("per question", lambda: statistics.per_question(run.frame))
    summary = timed(
        "summary, 2000 resamples",
        lambda: statistics.summarise_questions(questions, clusters=groups),
    )
    moved = timed("moves", lambda: flips.moves(run.frame))
    band = timed("band", lambda: nulls.control_band(summary))
    tests = timed("max-T", lambda: nulls.max_t(summary))
    timed("p and q of cells", lambda: nulls.p_values(summary))
    timed("badges", lambda: badges.badges(summary, tests))
    timed("flips", lambda: flips.flips(questions))
    timed("flags", lambda: flips.flags(summary, band, moved))
    timed("steerability", lambda: doses.steerability(questions, clusters=groups))
    timed("shapes", lambda: doses.shapes(questions, summary, moved))
    timed("usable ranges", lambda: usable.ranges(summary))
    timed("split selection", lambda: held_out.split_selection(questions, clusters=groups))
    timed("parts", lambda: content_and_letter.by_question(run.frame))
    timed("all of a page", lambda: whole.read(run))


if __name__ == "__main__":
    main()
