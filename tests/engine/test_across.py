"""Each run's best in a line, and two runs beside each other: slow versions, refusals, caches."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from engine.cli import main
from engine.configs.core import VectorRef
from engine.configs.finders import MelboConfig
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError, StoreError
from engine.records.records import Evaluation
from engine.statistics.across import best
from engine.statistics.held_out import halves
from engine.store import kept_statistics
from engine.store.library import comparing, figures
from engine.store.store import Store
from tests.pages import samples
from tests.reference import comparing_reference as reference

SCALES = (-2.0, 2.0)
SET, FIRST, SECOND = "aaaa00000001", "eeee00000001", "eeee00000002"
FOUND = samples.vector_set(MelboConfig(vectors=2), SET)
CONFIG = EvaluateConfig(
    vectors=(VectorRef(digest=SET),), controls=21, max_questions=10, scales=SCALES
)


def run(digest: str, noise: int, **changes: object) -> Evaluation:
    """A run of the same questions and vectors whose logits are its own."""
    made = samples.evaluation(CONFIG, [FOUND], digest, questions=10)
    draw = np.random.default_rng(noise).normal(0, 0.3, len(made.frame))
    moved = made.frame.assign(
        logit_a=made.frame["logit_a"] + draw, difference=made.frame["difference"]
    )
    sign = np.where(moved["behaviour_letter"] == "A", 1, -1)
    moved["difference"] = sign * (moved["logit_a"] - moved["logit_b"])
    told = [dataclasses.asdict(site) for site in FOUND.sites]
    names = {SET: {"method": "melbo", "names": FOUND.names, "sites": told, "norms": [1.0, 1.0]}}
    whole_run = dataclasses.replace(made, frame=moved, vector_names=names)
    return dataclasses.replace(whole_run, **changes)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    found = Store(tmp_path_factory.mktemp("two"))
    found.save_vectors(FOUND)
    for one in (run(FIRST, 1), run(SECOND, 2)):
        found.save_evaluation(one)
    return found


def test_every_cell_is_that_of_the_slow_version(store: Store) -> None:
    found = comparing.compare(store, FIRST, SECOND)
    first, second = (reference.read(store.load_evaluation(one).frame) for one in (FIRST, SECOND))

    assert len(found.cells) == 2 * len(SCALES)
    for row in found.cells.iloc[[0, -1]].to_dict("records"):
        key = (row["first_set"], row["first_vector"])
        slow = reference.cell(first, second, key, key, row["scale"], CONFIG.controls)
        assert {name: row[name] for name in slow} == pytest.approx(slow)
    assert found.cells["q"].between(found.cells["p"], 1).all()


def test_the_best_of_both_halves_is_that_of_the_slow_version(store: Store) -> None:
    found = comparing.compare(store, FIRST, SECOND).held_out
    first, second = (store.load_evaluation(one) for one in (FIRST, SECOND))
    ids = [question.id for question in first.questions.questions]
    mask = halves(np.arange(len(ids)), 0)
    parts = [[q for q, m in zip(ids, mask, strict=True) if m == side] for side in (True, False)]

    keys = [(SET, 0), (SET, 1)]
    runs = reference.read(first.frame), reference.read(second.frame)
    slow = reference.held_out(*runs, keys, SCALES, parts, CONFIG.controls)

    assert (found.difference, found.low, found.high, found.p) == pytest.approx(slow)
    assert found.questions == len(parts[1])


def test_a_run_beside_the_same_run_differs_nowhere(store: Store) -> None:
    store.save_evaluation(run("eeee00000009", 1))

    found = comparing.compare(store, FIRST, "eeee00000009")

    assert found.cells["difference"].abs().max() == pytest.approx(0, abs=1e-9)
    assert (found.cells["p"] == 1).all()
    with pytest.raises(ConfigError, match=f"Both runs are {FIRST}: choose two different ones"):
        comparing.compare(store, FIRST, FIRST)


def test_only_common_questions_count_and_it_is_said(store: Store) -> None:
    other = run("eeee00000003", 3)
    asked = dataclasses.replace(other.questions, questions=other.questions.questions[2:])
    turned = dataclasses.replace(asked.questions[0], options=asked.questions[0].options[::-1])
    asked = dataclasses.replace(asked, questions=(turned, *asked.questions[1:]))
    kept = other.frame["question"].isin([q.id for q in asked.questions])
    store.save_evaluation(
        dataclasses.replace(other, questions=asked, frame=other.frame[kept].reset_index(drop=True))
    )

    found = comparing.compare(store, FIRST, "eeee00000003")

    assert found.questions == 7
    assert set(found.cells["questions"]) == {7}
    told = " ".join(found.notes)
    assert "Only the 7 questions that both asked are compared, of 10 and 8." in told
    assert "1 common question is left out: the runs count opposite answers of them." in told


@pytest.mark.parametrize(
    ("questions", "sentence"),
    [
        ({"behaviour": "honesty"}, "counts survival answers and .* honesty answers"),
        ({"questions": samples.question_set(13).questions[10:]}, "with 0 in common"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused_in_a_sentence(
    store: Store, questions: dict, sentence: str
) -> None:
    one = run(FIRST, 1)
    other = dataclasses.replace(one, questions=dataclasses.replace(one.questions, **questions))

    with pytest.raises(ConfigError, match=sentence):
        comparing.common(one, other)


def test_vectors_that_only_one_run_has_are_compared_when_they_are_chosen(store: Store) -> None:
    pair = ((SET, 0), (SET, 1))

    found = comparing.compare(store, FIRST, SECOND, "rate", pair)

    assert found.unit == "share of questions"
    assert list(found.cells["first_vector"]) == [0, 0]
    assert list(found.cells["second_vector"]) == [1, 1]
    with pytest.raises(StoreError, match=f"{SECOND} did not measure vector {SET}:7"):
        comparing.compare(store, FIRST, SECOND, pair=((SET, 0), (SET, 7)))


def test_the_command_says_the_same(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    code = main.main(["compare", FIRST, SECOND, "--store", str(store.root)])

    told = capsys.readouterr().out
    plain = json.loads(told.splitlines()[-1])
    found = comparing.compare(store, FIRST, SECOND)
    assert code == 0
    assert plain["held_out"]["difference"] == pytest.approx(found.held_out.difference)
    assert [row["p"] for row in plain["cells"]] == list(found.cells["p"])
    assert f"{SET}:0" in told
    assert main.main(["compare", FIRST, SET, "--store", str(store.root)]) == 2


def test_the_best_of_a_run_is_the_largest_change_with_its_own_figures(store: Store) -> None:
    path = Path(store.find(FIRST).path)
    read = kept_statistics.of(path, FIRST, lambda: store.load_evaluation(FIRST))
    rows = read.summary[read.summary["vector_set"] == SET]
    top = rows.loc[rows["change"].abs().idxmax()]

    found = best.of(read)

    assert (found.vector, found.scale) == (top["vector"], top["scale"])
    assert (found.effect, found.low, found.high) == tuple(
        top[["change", "change_low", "change_high"]]
    )
    own = read.vectors[read.vectors["vector"] == found.vector].iloc[0]
    assert found.p == own["p_family"]
    assert found.changes == (
        *rows.query("vector == @found.vector and scale < 0")["change"],
        0.0,
        *rows.query("vector == @found.vector and scale > 0")["change"],
    )
    half = read.selection.vectors
    chosen = half.loc[half["selected"].idxmax()]
    assert found.held_out == chosen["held_out"] * chosen["sign"]
    assert found.held_low <= found.held_out <= found.held_high
    assert best.of(read, "bbbb00000002") is None


def test_lines_are_kept_until_the_record_is_another(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = store.find(FIRST)
    assert figures.known(info) is None

    read = figures.read(store, info)

    figures._known.clear()
    assert figures.known(info) == read
    assert read[""] == read[SET]
    assert read[""].missing == {"kl": "KL was not measured: evaluate with side effects."}
    monkeypatch.setattr(figures, "_code", lambda: "another code")
    figures._known.clear()
    assert figures.known(info) is None
    store.save_evaluation(run(FIRST, 4))
    monkeypatch.undo()
    assert figures.known(store.find(FIRST)) is None


def test_a_figure_that_a_run_does_not_have_is_none_with_its_reason(tmp_path: Path) -> None:
    store = Store(tmp_path)
    few = dataclasses.replace(CONFIG, controls=2, scales=(2.0,))
    made = samples.evaluation(few, [FOUND], FIRST, questions=4)
    store.save_evaluation(
        dataclasses.replace(made, frame=made.frame.assign(kl=0.25, neutral_perplexity=1.0))
    )

    line = figures.read(store, store.find(FIRST))[""]

    assert line.kl == pytest.approx(0.25)
    assert line.best.p is None
    assert line.missing == {"p": "No p: too few controls."}
