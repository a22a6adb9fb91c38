"""What the scripts that measure call late, wrong and grown. Starts no server and no browser."""

from pathlib import Path

import pytest

from engine.store.store import Store
from tests.browser import figures_store, load, load_tabs
from tests.browser.figures_table import Figure, markdown, plain
from tests.browser.load import Sample
from tests.browser.load_tabs import CURVES, Asked, Shown, wrong

ASKED = Asked(CURVES, run="ad6071e12e6c", vector="melbo_03")
SHOWN = Shown(
    address="http://127.0.0.1:1/curves?run=ad6071e12e6c&vec=melbo_03",
    title="Scale curves",
    charts=[
        "Logit difference of melbo_03 per question, one violin a scale",
        "Share of survival answers of melbo_03 over scales, with 95 % intervals",
    ],
    run="survival · 24 vectors · ad60",
    errors=[],
    words="",
)


def test_late_is_between_the_nearest_ranks() -> None:
    figure = Figure("a", tuple(float(n) for n in range(21)))

    assert (figure.middle, figure.late) == (10.0, 19.0)
    assert Figure("b", (2.0,)).late == 2.0
    assert Figure("c", (1.0, 3.0)).late == pytest.approx(2.9)


def test_a_target_is_missed_by_the_late_ones_not_by_the_median() -> None:
    figures = [
        Figure("quick", (0.1, 0.2), target=0.5),
        Figure("slow", (0.1, 0.1, 0.9), target=0.5, load=3.25, cpu=(0.2, 0.4, 0.3)),
        Figure("free", (9.0,)),
    ]

    lines = markdown(figures).splitlines()

    assert [one.misses for one in figures] == [False, True, False]
    assert lines[3] == "| slow | 3 | 0.10 | 0.82 | < 0.5 MISSED | 0.30 | 3.2 |"
    assert "MISSED" not in lines[2] + lines[4]
    assert plain(figures)[1]["missed"] is True


def test_memory_is_flat_within_a_tenth_after_the_warm_up() -> None:
    def looks(end: float) -> list[Sample]:
        return [Sample(s, 100.0 if s < 30 else 500.0 + end * (s - 30) / 90) for s in range(121)]

    assert load.growth(looks(0.0), 120.0).share == 0.0
    assert load.growth(looks(45.0), 120.0).is_flat
    assert not load.growth(looks(75.0), 120.0).is_flat
    with pytest.raises(ValueError, match="0 looks after the warm-up are too few"):
        load.growth([Sample(1.0, 100.0)], 120.0)


def test_a_page_that_shows_what_was_asked_for_is_right() -> None:
    assert wrong(ASKED, SHOWN) == []
    # The first vector of a run is not named in the address.
    bare = SHOWN._replace(address="http://127.0.0.1:1/curves?run=ad6071e12e6c")
    assert wrong(ASKED, bare) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"errors": ["KeyError: 'melbo_03'"]}, "an exception on Scale curves"),
        ({"title": "Discover"}, "got the heading 'Discover'"),
        ({"address": "http://x/curves?run=5d96b60a4326&vec=melbo_03"}, "run ad6071e12e6c"),
        ({"address": "http://x/curves?run=ad6071e12e6c&vec=melbo_04"}, "says melbo_04"),
        ({"address": f"{SHOWN.address}&metric=change"}, "the address says change"),
        ({"run": "corrigibility · 24 vectors · 5d96"}, "the page shows 'corrigibility"),
        ({"charts": [SHOWN.charts[0].replace("_03", "_04"), SHOWN.charts[1]]}, "the charts are"),
        ({"charts": [SHOWN.charts[0], SHOWN.charts[1].replace("_03", "_04")]}, "another vector"),
        ({"charts": [SHOWN.charts[0].replace("Logit", "Other")]}, "the charts are"),
        ({"charts": []}, "the charts are"),
    ],
)
def test_what_belongs_to_another_reader_is_seen(changes: dict, said: str) -> None:
    found = wrong(ASKED, SHOWN._replace(**changes))

    assert any(said in sentence for sentence in found), found


def test_other_pages_are_known_by_their_heading() -> None:
    library = next(mark for mark in load_tabs.PAGES if mark.name == "Library")

    assert wrong(ASKED._replace(page=library), SHOWN._replace(title="Library", charts=[])) == []
    assert wrong(ASKED._replace(page=library), SHOWN) != []


def test_the_invented_store_is_as_large_as_it_says(tmp_path: Path) -> None:
    size = figures_store.Size(vectors=2, controls=1, questions=3)

    run = figures_store.large(tmp_path, records=9, size=size)

    store = Store(tmp_path)
    assert (len(store.list()), store.damaged()) == (9, [])
    assert {info.kind for info in store.list()} == {
        "vectors", "evaluation", "generation", "experiment",
    }  # fmt: skip
    assert len(store.load_evaluation(run).frame) == size.rows == 19 * 3 * 2
    assert figures_store.MANY_ROWS.rows >= 4_000_000
