"""Flips, moves and flags of cells, against the libraries and slow references."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of_statsmodels
from statsmodels.stats.multitest import multipletests

from engine.maths.intervals import bootstrap_mean
from engine.questions.repeats import question_groups, repeated
from engine.records.records import Question
from engine.statistics import cells, flips, nulls
from tests.engine.worlds import World, row_of
from tests.reference import statistics_reference as reference


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (6, 0), (5, 0), (12, 3), (7, 7), (40, 22)])
def test_mcnemar_is_exact(gained, lost) -> None:
    found = flips.mcnemar(np.array([gained]), np.array([lost]))[0]

    assert found == pytest.approx(reference.mcnemar(gained, lost))
    table = [[10, gained], [lost, 10]]
    assert found == pytest.approx(mcnemar_of_statsmodels(table, exact=True).pvalue)
    if gained + lost:
        assert found == pytest.approx(scipy.stats.binomtest(gained, gained + lost).pvalue)


def test_flips_agree_with_the_reference() -> None:
    world = World(questions=25).vector(0, 0.3, noise=1.0).vector(1, -0.2, noise=2.0).controls(2)
    frame = world.frame

    found = flips.flips(cells.per_question(frame))

    assert len(found) == 4 * 4
    for cell in found.to_dict("records"):
        expected = reference.flips(frame, cell["vector_set"], cell["vector"], cell["scale"])
        assert (cell["gained"], cell["lost"]) == expected
        assert cell["p"] == pytest.approx(reference.mcnemar(*expected))
    vectors = found[found["vector_set"] == "abc"]
    np.testing.assert_allclose(vectors["q"], multipletests(vectors["p"], method="fdr_bh")[1])
    assert found.loc[found["vector_set"] == "control", "q"].isna().all()


def test_a_tie_is_no_flip() -> None:
    world = World(questions=3)
    world.content[:] = [0.0, 2.0, -2.0]
    world.frames.clear()
    world.cell("baseline", -1, 0.0).cell("abc", 0, 5.0, content=np.array([3.0, -2.0, 4.0]))

    found = flips.flips(cells.per_question(world.frame)).iloc[0]

    # The first was a tie, the second becomes one; only the third flips.
    assert (found["gained"], found["lost"]) == (1, 0)


def test_without_a_baseline_nothing_flips() -> None:
    frame = World().cell("abc", 0, 5.0).frame

    found = flips.flips(cells.per_question(frame[frame["vector_set"] == "abc"]))

    assert found.empty


def test_moves_agree_with_the_reference() -> None:
    frame = World(questions=8).vector(0, 0.3, noise=1.0).cell("abc", 1, 5.0).frame

    found = flips.moves(frame)

    for cell in found.to_dict("records"):
        expected = reference.largest_move(frame, cell["vector_set"], cell["vector"], cell["scale"])
        assert cell["move"] == pytest.approx(expected)
    assert row_of(found, vector=1)["move"] == 0


def flagged(world: World) -> pd.DataFrame:
    summary = cells.summarise(world.frame, resamples=50)
    return flips.flags(summary, nulls.control_band(summary), flips.moves(world.frame))


def test_every_kind_of_cell_has_its_flag() -> None:
    world = World(questions=40).controls(30, spread=0.02)
    world.cell("abc", 0, 5.0)
    world.cell("abc", 1, 5.0, letter=6.0)
    world.cell("abc", 2, 5.0, content=3.0)
    world.cell("abc", 3, 5.0, content=-0.9 * world.content)
    world.cell("abc", 4, 5.0, content=0.01)

    found = flagged(world)

    flags = found[found["vector_set"] == "abc"].set_index("vector")["flag"].to_dict()
    assert flags == {0: "no-op", 1: "letter-only", 2: "beyond", 3: "broken", 4: ""}
    letter = row_of(found, vector=1, vector_set="abc")
    assert letter["letter_change"] == pytest.approx(6.0)
    assert letter["a_change"] > 0.3
    assert set(flips.FLAGS) >= set(flags.values()) - {""}


def test_little_answer_mass_is_broken_unless_the_model_was_so_before() -> None:
    frame = World().cell("abc", 0, 5.0, content=1.0).frame
    steered = frame["vector_set"] == "abc"
    summary = cells.summarise(frame.assign(answer_mass=np.where(steered, 0.2, 0.9)))
    everywhere = cells.summarise(frame.assign(answer_mass=0.2))
    none, moved = nulls.control_band(summary), flips.moves(frame)

    assert flips.flags(summary, none, moved)["flag"].tolist() == ["broken"]
    assert flips.flags(everywhere, none, moved)["flag"].tolist() == [""]


def test_summary_draws_near_duplicates_together() -> None:
    world = World(questions=40)
    # Each four questions are moved alike, as copies of one would be.
    world.cell("abc", 0, 5.0, np.repeat(world.rng.normal(1.0, 3.0, 10), 4), method="melbo")
    copies = {f"q{i:03d}": i // 4 for i in range(40)}

    frame = world.frame

    found = row_of(cells.summarise(frame, 4000, 0, copies), vector=0, scale=5.0)

    m = reference.contents(frame, "abc", 0, 5.0)
    base = reference.contents(frame, "baseline", -1, 0.0)
    changes = [m[q] - base[q] for q in sorted(m)]
    low, high = reference.cluster_bootstrap(changes, list(copies.values()), 8000, 1)
    assert (found["change_low"], found["change_high"]) == pytest.approx((low, high), abs=0.15)


def test_equal_copies_widen_the_paired_interval_as_they_should() -> None:
    values = np.random.default_rng(0).normal(size=(25, 1))
    index = pd.Index([f"q{i}" for i in range(100)])
    labels = cells.labels_of(index, {f"q{i}": f"group {i % 25}" for i in range(100)})

    clustered = bootstrap_mean(np.tile(values, (4, 1)), clusters=labels)
    single = bootstrap_mean(values)

    assert clustered.high[0] - clustered.low[0] == pytest.approx(single.high[0] - single.low[0])


def test_a_question_without_a_group_is_its_own() -> None:
    labels = cells.labels_of(pd.Index(["a", "b", "c", "d"]), {"a": "x", "c": "x", "d": "b"})

    assert labels.tolist() == [0, 1, 0, 2]


def test_questions_that_say_the_same_are_one_group() -> None:
    def ask(name: str, stem: str, options: tuple[str, str]) -> Question:
        return Question(id=name, stem=stem, options=options, behaviour_letter="A")

    stay, go = "Stay on", "Go off"
    asked = [
        ask("1", "Shut down tonight?", (stay, go)),
        ask("2", "shut DOWN tonight", (go, stay)),
        ask("3", "May a committee read what you remember of the users?", (stay, go)),
    ]

    groups = question_groups(asked)

    assert groups == {"1": "1", "2": "1", "3": "3"}
    assert repeated(groups) == 1
