"""What the study's violins are drawn of, and that random vectors go through the same choice."""

import numpy as np
import pandas as pd
import pytest

from engine.errors import ConfigError
from engine.statistics import cells, line_ups, yardsticks
from engine.statistics.cells import CONTROL
from engine.statistics.yardsticks import YARDSTICK, Yardsticks
from tests.engine.worlds import World
from tests.reference import line_up_reference as reference


def world(controls: int = 11) -> World:
    """Five vectors of one method and three of another; the random ones are not weak."""
    made = World(questions=12, seed=3)
    rng = np.random.default_rng(4)
    for method, name, count in (("melbo", "abc", 5), ("power-iteration", "def", 3)):
        for index, size in enumerate(rng.normal(0, 0.25, count)):
            made.vector(index, float(size), name, method, noise=0.3)
    return made.controls(controls, spread=0.2)


def summary_of(made: World, kinds: dict | None = None) -> pd.DataFrame:
    found = Yardsticks(kinds or {}, pd.DataFrame())
    return yardsticks.labelled(cells.summarise(made.frame, resamples=10), found)


def keys(line_up: line_ups.LineUp) -> list[tuple[str, int]]:
    return list(zip(line_up.vectors["vector_set"], line_up.vectors["vector"], strict=True))


@pytest.fixture(scope="module")
def both() -> tuple[pd.DataFrame, dict]:
    """The summary of a sweep, and its answers one by one."""
    made = world()
    return summary_of(made), reference.answers(made.frame)


@pytest.mark.parametrize("by", line_ups.FIGURES)
@pytest.mark.parametrize("pick", ["top1", "top3", "rank2", "rank3"])
def test_picks_are_those_of_a_plain_loop(pick: str, by: str, both: tuple) -> None:
    summary, answers = both
    first, last = line_ups.PICKS[pick]

    shown = line_ups.line_ups(line_ups.effects(summary, by), pick, ["melbo", "power-iteration"])

    melbo, power, random = shown
    for chosen, name, count in ((melbo, "abc", 5), (power, "def", 3)):
        expected = reference.ranked(answers, [(name, i) for i in range(count)], by)
        expected = expected[first - 1 : last]
        assert keys(chosen) == [row[0] for row in expected]
        told = chosen.vectors[["scale", "effect"]].to_numpy(float)
        np.testing.assert_allclose(told, [row[1:3] for row in expected])
    wanted, groups = reference.random_pick(answers, 11, 5, first, last, by)
    assert keys(random) == wanted
    assert (random.among, random.groups, random.lacking) == (5, groups, 0)
    assert random.beside == ("melbo", "power-iteration")


def test_the_rank_is_of_the_share_of_answers_as_in_the_study() -> None:
    # The first moves one question far, the second every question a little, over the edge.
    made = World(questions=10, seed=0)
    made.content = np.full(10, -0.1)
    far = np.zeros(10)
    far[0] = 90.0
    made.frames.clear()
    made.cell("baseline", -1, 0.0)
    made.cell("abc", 0, 5.0, far, method="melbo").cell("abc", 1, 5.0, 0.2, method="melbo")

    by_share = line_ups.effects(summary_of(made), "rate")
    by_difference = line_ups.effects(summary_of(made), "change")

    assert by_share["rank"].tolist() == [2, 1]
    assert by_share["effect"].tolist() == pytest.approx([0.1, 1.0])
    assert by_difference["rank"].tolist() == [1, 2]


def test_all_are_all_also_those_without_a_figure() -> None:
    made = world()
    frame = made.frame
    gone = (frame["vector_set"] == "abc") & (frame["vector"] == 2)
    frame.loc[gone, ["logit_a", "difference"]] = np.nan
    found = line_ups.effects(cells.summarise(frame, resamples=10))

    every, _, random = line_ups.line_ups(found, "all", ["melbo", "power-iteration"])
    best, _, _ = line_ups.line_ups(found, "top3", ["melbo", "power-iteration"])

    assert sorted(keys(every)) == [("abc", i) for i in range(5)]
    assert len(random.vectors) == random.among == 11
    assert ("abc", 2) not in keys(best)
    assert found.loc[2, ["scale", "effect", "rank"]].isna().all()


def test_random_vectors_are_of_the_methods_own_site_and_norm() -> None:
    # Two vectors of the first kind and one of the second; of these the random ones do much more.
    made = World(questions=6).vector(0, 0.2).vector(1, 0.1).vector(2, 0.1)
    made.vector(0, 0.2, "def", "contrastive")
    sizes = [0.01 * i for i in range(8)] + [0.5 + 0.1 * i for i in range(3)]
    for index, size in enumerate(sizes):
        made.vector(index, size, "control", "control")
    kinds = {("abc", 0): 0, ("abc", 1): 0, ("abc", 2): 1, ("def", 0): 1}
    kinds |= {("control", i): int(i >= 8) for i in range(11)}
    found = line_ups.effects(summary_of(made, kinds), "change")

    shown = line_ups.line_ups(found, "all", ["melbo", "contrastive"])

    assert [one.method for one in shown] == ["melbo", CONTROL, "contrastive", CONTROL]
    assert [one.beside for one in shown if one.beside] == [("melbo",), ("contrastive",)]
    # Three groups of three: six of the first kind, three of the second, as the method has them.
    assert shown[1].vectors[YARDSTICK].value_counts().to_dict() == {0: 6, 1: 3}
    assert sorted(shown[3].vectors["vector"]) == [8, 9, 10]
    best = line_ups.line_ups(found, "top1", ["melbo", "contrastive"])
    assert keys(best[1]) == [("control", 9)]
    assert (best[1].groups, best[1].among) == (3, 3)


def test_too_few_random_vectors_are_told() -> None:
    found = line_ups.effects(summary_of(world(controls=2)))

    random = line_ups.line_ups(found, "top1", ["melbo", "power-iteration"])[-1]

    assert (random.among, random.lacking, random.groups) == (2, 3, 1)
    assert len(random.vectors) == 1
    alone = line_ups.line_ups(line_ups.effects(summary_of(world(controls=0))), "top1", ["melbo"])
    assert (alone[-1].among, alone[-1].lacking, len(alone[-1].vectors)) == (0, 5, 0)


def test_vectors_of_the_random_finder_stand_in_where_a_sweep_has_no_controls() -> None:
    made = world(controls=0)
    for index in range(4):
        made.vector(index, 0.1 * index, "fff", "random")
    found = line_ups.effects(summary_of(made))

    assert line_ups.methods_of(found) == ["melbo", "power-iteration"]
    random = line_ups.line_ups(found, "rank3", ["power-iteration"])[-1]
    assert (random.method, random.among, random.groups) == (CONTROL, 3, 1)
    assert set(random.vectors["vector_set"]) == {"fff"}


def test_an_unknown_pick_or_figure_is_refused() -> None:
    found = line_ups.effects(summary_of(world()))

    with pytest.raises(ConfigError, match="there is no 'top2'"):
        line_ups.line_ups(found, "top2", ["melbo"])
    with pytest.raises(ConfigError, match="not by 'letters'"):
        line_ups.effects(summary_of(world()), "letters")
