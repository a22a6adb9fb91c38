"""A vector stands beside random ones of its own site and norm, and of no other."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.audit import effect_checks, sweep_subject
from engine.records.records import Evaluation, EvaluationHead, Provenance, QuestionSet, measured
from engine.statistics import (
    badges,
    cells,
    content_and_letter,
    flips,
    held_out,
    nulls,
    side_effects,
    whole,
    yardsticks,
)
from engine.statistics.yardsticks import YARDSTICK, Place
from tests.engine import simulate_badges
from tests.engine.worlds import World, row_of

EMPTY = QuestionSet(
    name="q", path="", sha256="", behaviour="b", polarity="matching", questions=(), dropped=()
)
MADE = Provenance(
    created="", seconds=0.0, packages={}, commit=None, dirty=None, device="", dtype=""
)


def head(vectors, controls=None, count=2, **config) -> EvaluationHead:
    """A sweep over (block, norm) of each vector; controls told likewise, or else not at all."""
    sites = [{"block": block, "kind": "block_out"} for block, _ in vectors]
    told = (
        {}
        if controls is None
        else {
            "sites": [{"block": block, "kind": "block_out"} for block, _ in controls],
            "norms": [norm for _, norm in controls],
        }
    )
    return EvaluationHead(
        digest="d",
        questions=EMPTY,
        config={"controls": count, "vectors": [{"digest": "abc", "indices": None}], **config},
        model={},
        vector_names={
            "abc": {
                "names": [f"v{i}" for i in range(len(vectors))],
                "sites": sites,
                "norms": [norm for _, norm in vectors],
            }
        },
        controls=told,
        provenance=MADE,
    )


def mixed() -> tuple[World, yardsticks.Yardsticks, pd.DataFrame]:
    """A sweep with its yardsticks and questions: the random vectors of the second do much more."""
    world = World(questions=8).vector(0, 0.3).vector(1, 0.3)
    rng = np.random.default_rng(2)
    for index, size in enumerate([*rng.normal(0, 0.02, 24), *rng.normal(0, 0.5, 30)]):
        world.vector(index, float(size), "control", "control")
    kinds = {("abc", 0): 0, ("abc", 1): 1}
    kinds |= {("control", i): int(i >= 24) for i in range(54)}
    found = yardsticks.Yardsticks(kinds, pd.DataFrame())
    questions = yardsticks.labelled(cells.per_question(world.frame), found)
    return world, found, questions


def summary_of(world, found) -> pd.DataFrame:
    return yardsticks.labelled(cells.summarise(world.frame, resamples=10), found)


def test_norms_within_a_hundredth_share_a_yardstick_and_others_do_not() -> None:
    places = [Place(1, 2.0), Place(0, 2.0), Place(1, 2.015), Place(1, 2.03), Place(1, 1.0)]

    assert yardsticks.grouped(places) == [1, 3, 1, 2, 0]
    assert [place.norm for place in yardsticks.drawn(places)] == [
        1.0, pytest.approx(2.0075), 2.03, 2.0
    ]  # fmt: skip


def test_a_record_tells_which_controls_are_of_which_vector() -> None:
    run = head([(1, 1.0), (1, 4.0), (2, 1.0)], [(1, 1.0)] * 2 + [(1, 4.0)] * 2 + [(2, 1.0)] * 2)

    found = yardsticks.of_run(run)

    assert [found.numbers["abc", i] for i in range(3)] == [0, 1, 2]
    assert [found.numbers["control", i] for i in range(6)] == [0, 0, 1, 1, 2, 2]
    assert found.table[["vectors", "controls"]].to_numpy().tolist() == [[1, 2]] * 3
    assert yardsticks.words(found.table.iloc[1]) == (
        "2 random vectors of norm 4 at output of block 1"
    )


def test_controls_of_an_older_record_are_of_the_median_norm_of_their_site() -> None:
    found = yardsticks.of_run(head([(1, 1.0), (1, 1.0), (1, 4.0), (2, 3.0)]))

    assert [found.numbers["control", i] for i in range(4)] == [0, 0, 1, 1]
    assert [found.numbers["abc", i] for i in range(4)] == [0, 0, 2, 1]
    assert found.table["controls"].tolist() == [2, 2, 0]


def test_where_scales_are_relative_only_the_site_counts() -> None:
    run = head([(1, 1.0), (1, 4.0), (2, 3.0)], [(1, 1.0)] * 2 + [(2, 1.0)] * 2)

    found = yardsticks.of_run(replace(run, config={**run.config, "scale_unit": "relative"}))

    assert [found.numbers["abc", i] for i in range(3)] == [0, 0, 1]


def test_only_the_measured_vectors_of_a_set_count() -> None:
    run = head([(1, 1.0), (1, 4.0), (1, 9.0)])
    run = replace(run, config={**run.config, "vectors": [{"digest": "abc", "indices": [1]}]})

    assert measured(run.config, run.vector_names) == [("abc", 1)]
    assert yardsticks.of_run(run).table["norm"].tolist() == [4.0]


def test_every_figure_compares_a_vector_with_its_own_controls_alone() -> None:
    world, found, questions = mixed()
    summary = summary_of(world, found)
    tests, badge = nulls.max_t(summary), badges.badges(summary)
    split, alone = held_out.split_selection(questions, 0, None, 50).vectors, {}
    for number, first, count in ((0, 0, 24), (1, 24, 30)):
        own = summary[(summary.vector_set != "abc") | (summary.vector == number)]
        is_other = (own.vector_set == "control") & ~own.vector.between(first, first + count - 1)
        table = own[~is_other].drop(columns=YARDSTICK)
        alone[number] = row_of(nulls.max_t(table), vector=number)
        row = row_of(tests, vector=number)
        assert (row["controls"], row["p"]) == (count, alone[number]["p"])
        mine = row_of(badges.badges(table), vector=number)
        assert row_of(badge, vector=number)["z"] == pytest.approx(mine["z"])
        near = nulls.p_values(table).set_index("scale")["p"]
        cells_of = nulls.p_values(summary)
        assert cells_of[cells_of.vector == number].set_index("scale")["p"].equals(near)
        band = nulls.control_band(table).set_index("scale")["change_low"]
        bands = nulls.control_band(summary)
        assert bands[bands[YARDSTICK] == number].set_index("scale")["change_low"].equals(band)
        known = questions[(questions.vector_set != "abc") | (questions.vector == number)]
        is_other = (known.vector_set == "control") & ~known.vector.between(first, first + count - 1)
        lone = held_out.split_selection(
            known[~is_other].drop(columns=YARDSTICK), 0, None, 50
        ).vectors
        assert row_of(split, vector=number)["p"] == row_of(lone, vector=number)["p"]
    assert badge["badge"].tolist() == ["beyond the best", "within random"]
    assert (badge["cells"] == 8).all()


def test_flags_and_bands_of_parts_are_those_of_a_vectors_yardstick() -> None:
    world, found, _ = mixed()
    summary = summary_of(world, found)

    told = flips.flags(summary, nulls.control_band(summary), flips.moves(world.frame))
    parts = yardsticks.labelled(content_and_letter.by_question(world.frame), found)
    bands = content_and_letter.control_bands(parts, parts[parts.vector_set == "baseline"])

    own = told[told.vector_set == "abc"]
    assert own[own.vector == 0]["beyond"].all()
    assert not own[own.vector == 1]["beyond"].any()
    content = bands[(bands.part == "content") & (bands.scale == 10.0)].set_index(YARDSTICK)
    assert content.loc[1, "change_high"] > 5 * content.loc[0, "change_high"]


def test_p_of_the_best_is_that_of_independent_yardsticks() -> None:
    """Against its definition: how often the best of all random vectors has so small a p."""
    world, found, _ = mixed()
    row = row_of(nulls.max_t(summary_of(world, found)), vector=0)
    rng = np.random.default_rng(0)
    draws = 20000
    best = np.ones(draws)
    for count in (24, 30):
        # The rank of one more random vector among so many is uniform.
        best = np.minimum(best, (1 + rng.integers(0, count + 1, draws)) / (1 + count))

    assert row["p"] == pytest.approx(1 / 25)
    assert row["p_best"] == pytest.approx((best <= row["p"] + 1e-12).mean(), abs=0.01)
    # Of 31 ranks among 30 controls, one has p <= 1 / 25.
    assert row["p_best"] == pytest.approx(1 - (1 - 1 / 25) * (1 - 1 / 31))
    assert row["p_floor"] == row["p_best"]


def test_a_vector_without_controls_of_its_kind_gets_no_p_and_says_why() -> None:
    world, found, _ = mixed()
    kinds = {**found.numbers, ("abc", 1): 2}
    summary = summary_of(world, yardsticks.Yardsticks(kinds, pd.DataFrame()))

    tests, badge = nulls.max_t(summary), row_of(badges.badges(summary), vector=1)

    assert math.isnan(row_of(tests, vector=1)["p"])
    assert row_of(tests, vector=0)["p_best"] == pytest.approx(1 / 25)
    assert tests.attrs["note"].startswith("No p values for 1 of 2: ")
    assert badge["badge"] == "no matched controls"
    assert badges.sentence(badge).startswith("No verdict: no random control")


def test_a_yardstick_whose_controls_are_not_normal_goes_by_rank_alone() -> None:
    rng = np.random.default_rng(0)
    world = World(questions=6).vector(0, 2.0).vector(1, 2.0)
    for index, size in enumerate([*rng.exponential(0.05, 40), *rng.normal(0, 0.05, 40)]):
        world.vector(index, float(size), "control", "control")
    kinds = {("abc", 0): 0, ("abc", 1): 1} | {("control", i): i // 40 for i in range(80)}

    found = badges.badges(summary_of(world, yardsticks.Yardsticks(kinds, pd.DataFrame())))

    assert found["by"].tolist() == ["rank", "normal"]
    assert found["p_family"].iloc[0] == pytest.approx(1 - (1 - 1 / 41) ** 2)


@pytest.mark.matrix(keep=2)
@pytest.mark.parametrize("name", simulate_badges.SWEEPS)
def test_random_vectors_of_mixed_sweeps_seldom_get_the_badge(name: str) -> None:
    """A short version of `python -m tests.engine.simulate_badges`."""
    assert simulate_badges.false_badges(name, 8) <= 1 / 8


def test_a_true_effect_of_one_block_gets_the_badge_beside_others() -> None:
    assert simulate_badges.power("one at each of 10 blocks, 24 controls", 8, strong=9) >= 0.75


def test_controls_of_one_kind_for_all_would_give_random_vectors_the_badge() -> None:
    """What the yardsticks are for: pooled, the same null sweeps are full of badges."""
    kinds, controls = simulate_badges.SWEEPS["12 of norm 1, 8 of norm 4"]
    pooled = 0
    for seed in range(8):
        table = simulate_badges.summary(kinds, controls, seed)
        is_weak = (table.vector_set == "control") & (table[YARDSTICK] == 1)
        one = table[~is_weak].drop(columns=YARDSTICK)
        pooled += bool((badges.badges(one)["badge"] == "beyond the best").any())

    assert len(badges.badges(table)) == 20
    assert pooled >= 6


def test_a_stored_sweep_is_read_by_the_yardsticks_of_its_record() -> None:
    world, _, _ = mixed()
    run = head([(1, 1.0), (2, 1.0)], [(1, 1.0)] * 24 + [(2, 1.0)] * 30)

    read = whole.read(Evaluation(**vars(run), frame=world.frame))

    assert read.vectors["badge"].tolist() == ["beyond the best", "within random"]
    assert read.yardsticks["controls"].tolist() == [24, 30]
    beyond = read.cells[read.cells["vector_set"] == "abc"].groupby("vector")["beyond"].sum()
    assert beyond.tolist() == [4, 0]
    held = read.selection.vectors.set_index("vector")["p"]
    assert (held[0], held[1] > 0.1) == (pytest.approx(1 / 25), True)
    assert sorted(read.part_bands[YARDSTICK].unique()) == [0, 1]


def test_an_audit_compares_a_vector_with_its_own_controls() -> None:
    world, _, _ = mixed()
    run = head([(1, 1.0), (2, 1.0)], [(1, 1.0)] * 24 + [(2, 1.0)] * 30)

    sweep = sweep_subject.of_record(Evaluation(**vars(run), frame=world.frame))
    summary = yardsticks.labelled(cells.summarise(world.frame, resamples=2), sweep.kinds)
    found = effect_checks.beyond_controls(sweep, summary)

    assert sweep.matched.sort_values("vector")["controls"].tolist() == [24, 30]
    assert effect_checks.controls(sweep).figures == {"controls": 24.0, "floor": 1 / 25}
    # The vector whose own controls do little is beyond them, though others do more.
    assert (found.name, found.figures["beyond"]) == ("beyond-controls", 1.0)
    best = effect_checks.best_of_many(sweep)
    assert best.figures["floor"] == pytest.approx(1 - (1 - 1 / 25) * (1 - 1 / 31))


def test_side_effects_stand_beside_those_of_controls_of_the_same_kind() -> None:
    names = ["vector_set", "vector", "method", "scale", YARDSTICK, "kl"]
    rows = [
        ("baseline", -1, "baseline", 0.0, -1, 0.0), ("abc", 0, "melbo", 5.0, 0, 0.2),
        ("control", 0, "control", 5.0, 0, 0.1), ("control", 1, "control", 5.0, 1, 9.0),
    ]  # fmt: skip
    others = ["neutral_perplexity", "repetition", "unparsed", "agreement", "knowledge"]
    others += ["knowledge_low", "knowledge_high"]
    table = pd.DataFrame(rows, columns=names).assign(**dict.fromkeys(others, 0.0))

    found = side_effects.beside_best(table, table[table["vector_set"] == "abc"])

    assert found["cell"].tolist() == ["unsteered", "melbo_00 at +5", "worst of 1 controls at +5"]
    assert found["kl"].tolist() == [0.0, 0.2, 0.1]
