"""A run that read written answers: stored, read back, imported and reported without a letter."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from dashboard.cards import html_run
from dashboard.charts import many_vectors, vector_view
from dashboard.frames import answers, overview
from dashboard.frames import sweep as sweeps
from dashboard.widgets import sharing
from dashboard.words.inks import DARK, LIGHT
from engine.audit import auditing
from engine.configs.core import as_json
from engine.evaluators import sweeps as evaluating
from engine.records.records import Evaluation, QuestionSet
from engine.store.store import Store
from tests import tiny
from tests.engine.test_ab import Units, config, vector_set
from tests.engine.test_likelihood import PAIRS

LETTERS = r"logit|\bletters?\b|\(A\)|\(B\)|both orders|option orders|swapped|answer mass|choosing A"


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> tuple[Store, Evaluation]:
    settings = config(reading="likelihood", controls=20, scales=(-2.0, 1.5))
    found, store = vector_set(), Store(tmp_path_factory.mktemp("store"))
    more = [replace(one, id=f"{one.id}x", stem=f"{one.stem} Now?") for one in PAIRS]
    asked = (*PAIRS, *more)
    result = evaluating.run(
        tiny.door("qwen3"), settings, [found], asked, lambda *_, **__: None, Units()
    )
    run = Evaluation(
        digest="c0ffee",
        questions=QuestionSet(
            name="pairs",
            path="pairs.json",
            sha256="0" * 64,
            behaviour="refusal",
            polarity="matching",
            questions=asked,
            dropped=(),
        ),
        config=as_json(settings),
        model={"short_name": "tiny", "answers": result.answers},
        vector_names={found.digest: found.described()},
        controls=result.controls,
        provenance=found.provenance,
        notes=result.notes,
        frame=result.frame,
    )
    store.save_evaluation(run)
    return store, run


def test_it_is_read_back_as_it_was_and_vector_by_vector(stored) -> None:
    store, run = stored
    pd.testing.assert_frame_equal(store.load_evaluation("c0ffee").frame, run.frame)
    sweep = sweeps.opened(store, "c0ffee")
    rows = sweep.rows(("abc", 1))

    assert len(rows) == (1 + 2) * len(run.questions.questions)
    assert list(rows) == list(run.frame)
    one = answers.of_question(sweep, "melbo_01", "q1")
    assert list(one["scale"]) == [-2.0, 0.0, 1.5]
    assert (one["shows"] == (one["difference"] > 0)).all()
    assert set(answers.flips(one)) <= {-2.0, 1.5}


def test_what_is_drawn_and_reported_has_no_letter(stored) -> None:
    store, _ = stored
    sweep = sweeps.opened(store, "c0ffee")
    view = vector_view.usual(sweep, "melbo_00")
    cells = overview.cells(sweep)
    drawn = [
        vector_view.violin(sweep, view, DARK),
        vector_view.rates(sweep, view, LIGHT),
        many_vectors.heat_map(cells, LIGHT, sweep.reading),
    ]
    texts = [drawing.to_json() for drawing in drawn if drawing is not None]
    # The settings are told whole, under the names that they have for every sweep.
    said, _, _ = html_run.report(sweep).decode().partition("All settings")
    texts += [vector_view.legend(sweep, view), sharing.proxy(sweep), said]

    assert len(drawn) == 3
    for text in texts:
        text = re.sub(r"<style.*?</style>|<script.*?</script>", "", text, flags=re.DOTALL)
        assert not re.findall(LETTERS, text)
    assert "log p(refusal) \u2212 log p(other), per token" in vector_view.title(sweep, view)


def test_an_audit_speaks_of_lengths_and_not_of_letters(stored) -> None:
    store, run = stored
    path = Path(store.find(run.digest).path)
    found = auditing.audit(path, store)

    assert found.named("lengths") is not None
    told = " ".join(one.sentence + one.figure for one in found.findings)
    assert not re.findall(LETTERS, told)
