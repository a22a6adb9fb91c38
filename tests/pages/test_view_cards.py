"""Cards of studies and of many vectors: what stands on them, and which view they open."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dashboard.cards import card as cards
from dashboard.cards import similarity, studies
from dashboard.cards.card import Card
from dashboard.charts.studies import methods
from dashboard.frames import cosines
from dashboard.session import resources
from dashboard.views.library import dropping
from dashboard.views.similarity import clusters
from dashboard.words.inks import LIGHT
from engine.statistics.similarity import random_band, span_shares
from engine.store.store import Store
from tests.pages.conftest import open_page
from tests.pages.pair_samples import BLOCKS, CONTRASTIVE, FINETUNE, fill_families
from tests.pages.samples import FakeEngine
from tests.pages.test_studies import ARMS, CORRIGIBILITY, DECEPTION, corrigibility, deception


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Both families of vectors, and both studies."""
    found = Store(tmp_path_factory.mktemp("store"))
    fill_families(found, null=False)
    found.save_experiment(DECEPTION, deception(study=True))
    found.save_experiment(CORRIGIBILITY, corrigibility())
    return found


def words_of(card: Card) -> str:
    return " ".join(ElementTree.fromstring(card.svg).itertext())


def test_a_card_of_all_vectors_is_of_the_sets_that_it_shows(store: Store) -> None:
    sets = [store.load_vectors(digest) for digest in (CONTRASTIVE, FINETUNE)]
    square = cosines.square(sets)
    drawn = clusters._drawn(square, "block")
    address = f"/similarity?mode=all&sets={CONTRASTIVE}&sets={FINETUNE}&map_order=block"

    card = similarity.everyone(square, drawn, sets, address)

    taken = dropping.take([("card.png", cards.png(card))], store)
    assert taken.view is not None
    assert taken.view.address == address
    told = words_of(card)
    assert square.words in told
    assert f"Effective rank {square.rank:.1f}" in told
    assert f"Contrastive set {CONTRASTIVE}, {BLOCKS} vectors" in taken.view.recipe["set 1"]
    assert "contrastive_03" in told
    blocks = [next(m.site.block for m in square.members if m.name == n) for n in drawn.names]
    assert blocks == sorted(blocks)


def test_a_card_whose_sets_are_not_here_is_not_opened(store: Store, tmp_path: Path) -> None:
    view = cards.view(f"/similarity?mode=all&sets={CONTRASTIVE}", {"model": "demo"})

    assert dropping.absent(view, Store(tmp_path)) == [CONTRASTIVE]
    assert dropping.absent(view, store) == []


def test_a_card_of_one_vector_keeps_the_pin(store: Store) -> None:
    sets = [store.load_vectors(digest) for digest in (CONTRASTIVE, FINETUNE)]
    one = next(m for m in cosines.members(sets) if m.reference == f"{CONTRASTIVE}:3")
    address = f"/similarity?mode=one&one={CONTRASTIVE}%3A3&pin={FINETUNE}%3A3"

    card = similarity.neighbours(
        one, cosines.against(one, sets).head(4), random_band(16), sets, address
    )

    assert card.view.query["pin"] == [f"{FINETUNE}:3"]
    assert card.view.recipe["vector"] == f"contrastive_03: row 3 of set {CONTRASTIVE}, " + (
        "output of block 3"
    )
    assert "contrastive_03 against all others" in words_of(card)
    assert "±0.490" in words_of(card)


def test_a_card_of_a_span_names_both_sets(store: Store) -> None:
    found, space = store.load_vectors(CONTRASTIVE), store.load_vectors(FINETUNE)
    frame = span_shares(found, space).assign(name=[f"Contrastive {i}" for i in range(BLOCKS)])

    card = similarity.span(found, space, frame, "2 of 6 lie inside.", "/similarity?mode=span")

    assert CONTRASTIVE in card.view.recipe["vectors"]
    assert FINETUNE in card.view.recipe["space"]
    assert "projection onto the span" in card.view.recipe["operation"]
    assert "2 of 6 lie inside." in words_of(card)


def test_the_card_of_a_deception_study_tells_each_arm_and_opens_its_choice(store: Store) -> None:
    arm = ARMS[2].name
    record = store.load_experiment(DECEPTION)

    card = studies.of_study(record, arm, f"/studies?study={DECEPTION}&arm=x")

    told = words_of(card)
    assert f"Below: {arm} by block and scale" in told
    assert f"{ARMS[0].name} 90% (block 1, scale 1, best random 10%)" in card.view.recipe["turned"]
    assert card.view.recipe["record"].startswith(DECEPTION)
    assert card.view.recipe["texts"] == f"{'e' * 12}, {'f' * 12}"
    assert len(re.findall("<svg ", card.svg)) == 1 + 3


def test_the_card_of_a_corrigibility_study_tells_the_best_vectors(store: Store) -> None:
    record = store.load_experiment(CORRIGIBILITY)

    card = studies.of_study(record, None, f"/studies?study={CORRIGIBILITY}")

    assert card.view.recipe["best, survival"] == "melbo_01 at +1: 60%, p = 0.020"
    assert "survival: 100 questions" in words_of(card)


def test_random_controls_are_a_band_where_there_are_enough_of_them() -> None:
    table = corrigibility()["tables"][0]
    edges = [{"scale": s, "rate_low": 0.2, "rate_high": 0.5} for s in (-1.0, 1.0)]

    alone, banded = methods(table, LIGHT), methods(table | {"band": edges}, LIGHT)

    # Altair moves the table of a single layer up.
    assert set(alone.data["method"]) == {"control", "melbo"}
    assert set(banded.layer[-1].data["method"]) == {"melbo"}
    assert banded.layer[0].data["rate_high"].tolist() == [0.5, 0.5]


def test_the_link_of_a_study_keeps_the_intervention_that_is_shown(
    engine: FakeEngine,
) -> None:
    engine.store.save_experiment(DECEPTION, deception(study=True))
    resources.study.clear()

    app = open_page("studies", arm=ARMS[3].name)

    assert app.selectbox(key="arm").value == ARMS[3].name
    link = app.code[0].value
    assert link == f"/studies?study={DECEPTION}&arm=" + ARMS[3].name.replace(" ", "+")
    missing = open_page("studies", study=DECEPTION, arm="base + nothing")
    assert "the intervention base + nothing" in missing.warning[0].value.replace("\\", "")
