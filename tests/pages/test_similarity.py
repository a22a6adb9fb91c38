from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dashboard.charts import heatmaps
from dashboard.forms import interventions
from dashboard.frames import cosines
from dashboard.session import adapters, naming, resources
from dashboard.views.similarity import clusters
from dashboard.views.similarity import pairs as parts
from dashboard.words import inks
from engine.configs.core import ModelConfig
from engine.configs.pairs import ContrastiveConfig
from engine.errors import ConfigError
from engine.statistics import similarity
from tests.pages.conftest import charts, open_page, put_in, words
from tests.pages.pair_samples import (
    BLOCKS,
    CONTRASTIVE,
    FINETUNE,
    NULL,
    PairEngine,
    family,
    fill_families,
)
from tests.pages.samples import HIDDEN, FakeEngine, fill


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PairEngine:
    """An engine over an empty store, in place of the process's own."""
    return put_in(PairEngine(tmp_path), monkeypatch)


@pytest.fixture
def both(engine: FakeEngine) -> FakeEngine:
    """An engine over a set of each family and a null of the first."""
    fill_families(engine.store)
    return engine


@pytest.fixture
def tuned(monkeypatch: pytest.MonkeyPatch) -> ModelConfig:
    """A demo model whose adapter is there, wherever the demo's own may be."""
    model = ModelConfig(adapter="demo")
    monkeypatch.setattr(adapters, "tuned", lambda given: model)
    return model


def told(app: object) -> str:
    return words(app).replace("\\", "")


def test_an_empty_store_says_which_families_are_missing_and_how_to_make_them(
    engine: FakeEngine,
) -> None:
    app = open_page("similarity")

    assert not app.exception
    assert "No contrastive and fine-tune difference vectors yet" in words(app)
    assert "python -m engine find contrastive --model demo" in app.code[0].value
    assert "find finetune-diff --model demo --adapter demo" in app.code[0].value
    assert app.button(key="to_contrastive")
    assert app.button(key="to_finetune-diff")
    assert charts(app) == 0


def test_one_family_alone_says_what_is_missing(engine: FakeEngine) -> None:
    engine.store.save_vectors(family(ContrastiveConfig(), CONTRASTIVE))

    app = open_page("similarity")

    assert "No fine-tune difference vectors yet" in words(app)
    assert "find contrastive" not in app.code[0].value


def test_both_families_give_a_map_and_a_same_layer_line(both: FakeEngine) -> None:
    app = open_page("similarity")

    assert not app.exception
    assert app.selectbox(key="a").value == CONTRASTIVE
    assert app.selectbox(key="b").value == FINETUNE
    assert NULL not in str(app.selectbox(key="a").options)
    assert charts(app) == 3
    assert "95 % of random pairs lie within ±0.490" in words(app)
    assert "shuffled labels" in words(app)
    assert "Corrected for noise" in words(app)


def test_a_cell_of_the_link_opens_its_card(both: FakeEngine) -> None:
    app = open_page("similarity", cell="3-2")

    sets = resources.vector_set(CONTRASTIVE), resources.vector_set(FINETUNE)
    expected = similarity.cosine_map(*sets)[3, 2]
    assert not app.exception
    assert app.metric[0].value == f"{expected:+.2f}"
    links = [link.label.replace("\\", "") for link in app.get("page_link")]
    both = [naming.called(one) for one in (f"{CONTRASTIVE}:3", f"{FINETUNE}:2")]
    assert [name for name in links if name in both] == both
    assert "output of block 3" in told(app)
    assert "output of block 2" in told(app)
    assert ":gray-badge[within shuffled]" in words(app) or "beyond shuffled" in words(app)
    assert app.button(key="open_a")
    assert app.button(key="say_b")
    assert f"/similarity?a={CONTRASTIVE}&b={FINETUNE}&cell=3-2" in [c.value for c in app.code]


def test_a_link_to_a_missing_set_or_cell_says_so(both: FakeEngine) -> None:
    app = open_page("similarity", a="ffff00000000", cell="9-9")

    said = " ".join(warning.value for warning in app.warning).replace("\\", "")
    assert not app.exception
    assert "vector set ffff00000000, which is not here" in said
    assert "cell 9-9, which is not here" in said
    assert charts(app) == 3


def test_vectors_of_different_models_are_refused_in_words(both: FakeEngine) -> None:
    other = {"short_name": "other", "title": "Another model", "fingerprint": "beef"}
    both.store.save_vectors(family(ContrastiveConfig(seed=1), "0ddc00000009", model=other))

    app = open_page("similarity", a="0ddc00000009", b=FINETUNE)

    assert not app.exception
    assert "whose weights differ" in app.error[0].value
    assert charts(app) == 0


def test_a_set_without_a_null_offers_one(engine: FakeEngine) -> None:
    fill_families(engine.store, null=False)

    app = open_page("similarity")
    app.button(key="add_null").click().run()

    assert not app.exception
    assert engine.submitted[0] == ContrastiveConfig(shuffles=parts.DRAWS)


def test_all_vectors_are_counted_as_directions(both: FakeEngine) -> None:
    fill(both.store)

    app = open_page("similarity", mode="all")

    assert not app.exception
    assert charts(app) == 1
    # The invented MELBO and power-iteration vectors are equal.
    assert "18 vectors, 15 directions: 2 + 2 + 2 copies and 12 single" in told(app)
    assert "effective rank" in words(app)
    assert len(app.dataframe[0].value) == 3


def test_only_the_sets_of_the_link_are_drawn(both: FakeEngine) -> None:
    app = open_page("similarity", mode="all", sets=CONTRASTIVE)

    assert f"{BLOCKS} vectors" in words(app)
    assert app.code[0].value == f"/similarity?mode=all&sets={CONTRASTIVE}"


def test_one_vector_is_ranked_against_all_others(both: FakeEngine) -> None:
    app = open_page("similarity", mode="one", one=f"{CONTRASTIVE}:3")

    assert not app.exception
    assert charts(app) == 1
    assert f"of {2 * BLOCKS - 1} lie outside ±0.490" in words(app)


@pytest.mark.parametrize("mode", ["all", "one"])
def test_other_views_of_an_empty_store_say_so(engine: FakeEngine, mode: str) -> None:
    app = open_page("similarity", mode=mode)

    assert not app.exception
    assert "No vectors yet" in words(app)


def test_layers_are_read_as_people_write_them() -> None:
    assert interventions.blocks(" ALL ", "all") == "all"
    assert interventions.blocks("", "own") == "own"
    assert interventions.blocks("3, 4 5") == (3, 4, 5)
    with pytest.raises(ConfigError, match="'3 to 5' are not known"):
        interventions.blocks("3 to 5")


def test_cells_are_the_cosines_of_the_engine(both: FakeEngine) -> None:
    sets = both.store.load_vectors(CONTRASTIVE), both.store.load_vectors(FINETUNE)

    cells = cosines.cells(*sets).set_index("cell")

    expected = similarity.cosine_map(*sets)
    assert cells.loc["4-1", "cosine"] == pytest.approx(expected[4, 1])
    assert cells.loc["4-1", "z"] == pytest.approx(expected[4, 1] * np.sqrt(HIDDEN))


def test_a_pair_is_held_against_the_shuffled_labels_at_its_site(both: FakeEngine) -> None:
    sets = both.store.load_vectors(CONTRASTIVE), both.store.load_vectors(FINETUNE)
    null = both.store.load_vectors(NULL)

    known = cosines.pair(*sets, (3, 3), [null])

    frame = similarity.by_layer(*sets, [null]).set_index("block")
    assert known["null"] == pytest.approx(tuple(frame.loc[3, ["null_low", "null_high"]]))
    assert known["corrected"] == pytest.approx(frame.loc[3, "corrected"])
    assert cosines.pair(*sets, (3, 3))["null"] is None


def test_a_copy_of_the_other_sign_is_marked() -> None:
    found = family(ContrastiveConfig(), CONTRASTIVE)
    found.vectors[1] = -2 * found.vectors[0]

    square = cosines.square([found])

    assert square.words.startswith("6 vectors, ")
    groups = square.groups["vectors"].tolist()
    assert any("contrastive_00, \u2212contrastive_01" in group for group in groups)


def test_directions_are_counted_in_words() -> None:
    assert cosines.directions((7, 5)) == "12 vectors, 2 directions: 7 + 5 copies"
    assert cosines.directions((2, 1)) == "3 vectors, 2 directions: 2 copies and 1 single"
    assert cosines.directions((1, 1)) == "2 vectors, 2 directions"


def test_vectors_of_sets_of_one_method_are_told_apart() -> None:
    sets = [family(ContrastiveConfig(seed=i), f"{i}abc00000000") for i in (1, 2)]

    names = [one.name for one in cosines.members(sets)]

    assert len(set(names)) == 2 * BLOCKS
    assert "contrastive_03@1abc" in names
    told = {"1abc00000000": "seed 1", "2abc00000000": "seed 2"}
    assert "contrastive_03 (seed 2)" in [one.name for one in cosines.members(sets, told)]


def test_a_null_belongs_to_the_set_it_shuffles() -> None:
    found = {"pairs": "a", "seed": 0, "shuffles": 0}

    assert cosines.is_null_of({"pairs": "a", "seed": 5, "shuffles": 8}, found)
    assert not cosines.is_null_of({"pairs": "b", "seed": 0, "shuffles": 8}, found)
    assert not cosines.is_null_of(found, found)


def test_the_colour_range_shows_what_there_is() -> None:
    assert cosines.colour_limit(pd.Series([0.01, -0.33])) == 0.35
    assert cosines.colour_limit(pd.Series([1.0000001])) == 1.0
    assert cosines.colour_limit(pd.Series([0.0])) == 0.05


def test_a_map_is_blue_white_red_around_zero_and_outlines_its_cell(both: FakeEngine) -> None:
    sets = both.store.load_vectors(CONTRASTIVE), both.store.load_vectors(FINETUNE)
    drawn = heatmaps.layers(cosines.cells(*sets), ("a", "b"), 0.4, inks.LIGHT, "2-2").to_dict()

    colour = drawn["layer"][0]["encoding"]["color"]["scale"]
    assert colour["domain"] == [-0.4, 0, 0.4]
    assert colour["range"] == [inks.RAMP[0], inks.LIGHT.middle, inks.RAMP[6]]
    assert "2-2" in str(drawn["layer"][1]["transform"])


def test_a_click_on_a_pair_opens_it_as_a_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, object] = {"lim": 0.2}
    picked = {"row_reference": "aaa:3", "column_reference": "bbb:1"}
    monkeypatch.setattr(clusters.st, "session_state", state)
    monkeypatch.setattr(clusters.state, "picked", lambda key, field: picked[field])

    clusters.pick_pair()

    assert state == {"mode": "layers", "a": "aaa", "b": "bbb", "cell": "3-1"}


def test_the_part_inside_another_sets_span_is_drawn_beside_chance(both: FakeEngine) -> None:
    app = open_page("similarity", mode="span", part=CONTRASTIVE, space=FINETUNE)

    sets = both.store.load_vectors(CONTRASTIVE), both.store.load_vectors(FINETUNE)
    frame = similarity.span_shares(*sets)
    beyond = int((frame["share"] > frame["random_high"]).sum())
    assert not app.exception
    assert charts(app) == 1
    assert f"{beyond} of {BLOCKS} lie more inside than 97.5 % of random directions" in words(app)
    link = f"/similarity?mode=span&part={CONTRASTIVE}&space={FINETUNE}"
    assert link in [code.value for code in app.code]


def test_a_span_of_a_missing_set_says_so(both: FakeEngine) -> None:
    app = open_page("similarity", mode="span", part="ffff00000000")

    assert not app.exception
    assert any("ffff00000000" in warning.value for warning in app.warning)
