"""What things are called: what tells them apart, never a hash alone, and a reader's own names."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main
from engine.configs import core as configs
from engine.configs.finders import MelboConfig, RandomConfig
from engine.configs.pairs import ContrastiveConfig
from engine.records.records import VectorSet
from engine.store import notes
from engine.store.naming import defaults, names
from engine.store.store import Store
from tests.pages.samples import fill, vector_set

SET, OTHER, RUN = "aaaa00000001", "bbbb00000002", "eeee00000003"


def contrastive(digest: str, blocks: int = 3, **asked: object) -> VectorSet:
    config = ContrastiveConfig(**asked)
    found = vector_set(MelboConfig(vectors=blocks), digest)
    sites = tuple(configs.Site(block=2 * block) for block in range(blocks))
    return dataclasses.replace(
        found, method="contrastive", sites=sites, config=configs.as_json(config), scores={},
        history={},
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path)
    fill(found)
    return found


def test_names_say_what_a_thing_is_and_hold_no_hash_and_no_date(store: Store) -> None:
    store.save_vectors(contrastive("cccc00000004", contrast="system", position="last-prompt"))

    found = names.of_store(store)

    assert found.of("cccc00000004") == "Contrastive · system prompts · advice · last-prompt"
    assert found.of("cccc00000004:1").endswith("advice · last-prompt · block 2")
    assert found.of(SET).startswith("MELBO · \u201cWe're going to shut you")
    assert found.of(f"{SET}:1") == f"{found.of(SET)} · 01"
    assert found.of(RUN) == "survival · MELBO, Power iteration"
    for info in store.list():
        assert info.digest[:4] not in found.of(info)
        assert info.created[:10] not in found.of(info)


def test_where_two_read_alike_what_differs_is_added(store: Store) -> None:
    for number, asked in enumerate(({"seed": 1}, {"max_rows": 50}, {"seed": 1, "max_rows": 50})):
        store.save_vectors(contrastive(f"cccc0000000{number}", **asked))
    found = names.of_store(store)
    base = "Contrastive · answers · advice · answer-mean"

    assert [found.of(f"cccc0000000{i}") for i in range(3)] == [
        f"{base} · seed 1",
        f"{base} · 50 rows at most · seed 0",
        f"{base} · 50 rows at most · seed 1",
    ]


def test_records_that_differ_in_nothing_are_told_by_their_time_and_then_their_digest(
    store: Store,
) -> None:
    for number in range(3):
        one = contrastive(f"cccc0000000{number}")
        when = f"2026-11-2{min(number, 1)}T10:00:00+00:00"
        made = dataclasses.replace(one.provenance, created=when)
        store.save_vectors(dataclasses.replace(one, provenance=made))
    found = names.of_store(store)

    assert found.of("cccc00000000").endswith("answer-mean · 2026-11-20 10:00")
    assert found.of("cccc00000001").endswith("2026-11-21 10:00 · cccc00000001")
    assert len({found.of(f"cccc0000000{i}") for i in range(3)}) == 3


def test_an_own_name_goes_before_and_into_the_names_of_what_speaks_of_it(store: Store) -> None:
    before = names.of_store(store)
    notes.keep(store.root, SET, "liars")
    notes.keep(store.root, f"{SET}:2", "the worst liar")

    found = names.of_store(store)

    assert (found.of(SET), found.default(SET)) == ("liars", before.of(SET))
    assert found.of(f"{SET}:1") == "liars · 01"
    assert found.of(f"{SET}:2") == found.short(f"{SET}:2") == "the worst liar"
    assert found.short(f"{SET}:1") == "01"
    notes.keep(store.root, f"data:{SET}", "my questions")
    assert names.of_store(store).of(f"data:{SET}") == "my questions"


def test_names_are_read_once_until_something_is_another(store: Store, tmp_path: Path) -> None:
    names.of_store(store)
    for folder in ("vectors", "results"):
        # As it is a moment later, when the disk's clock has gone on.
        os.utime(tmp_path / folder, (1, 1))
    first = names.of_store(store)
    store.list = lambda: pytest.fail("the folders are as they were")  # type: ignore[method-assign]
    assert names.of_store(store) is first

    other = Store(tmp_path)
    other.save_vectors(vector_set(RandomConfig(), "dddd00000009"))

    assert names.of_store(other).of("dddd00000009") == "Random · block 7"
    other.remove("dddd00000009")
    assert names.of_store(other).of("dddd00000009") == "dddd00000009"


def test_sets_that_are_there_for_a_study_alone_stand_under_it(store: Store) -> None:
    made = dataclasses.asdict(store.load_vectors(SET).provenance)
    common = {"model": {"short_name": "demo"}, "provenance": made, "config": {}, "evaluations": []}
    for digest in ("cccc00000004", "dddd00000005", "ffff00000006"):
        store.save_vectors(vector_set(RandomConfig(), digest))
    evidence = {"name": "evidence", "vectors": [SET, "cccc00000004"], **common}
    study = {"name": "deception", "vectors": [OTHER, "ffff00000006"], **common}
    store.save_experiment("111100000001", evidence)
    store.save_experiment("222200000002", {**study, "controls": ["dddd00000005", "ffff00000006"]})

    found = names.of_store(store)

    assert found.parent("cccc00000004") == "111100000001"
    assert found.parent("dddd00000005") == "222200000002"
    # What a study names among its own vectors is more than a control.
    assert [found.parent(one) for one in (SET, OTHER, "111100000001")] == [None] * 3
    notes.keep(store.root, "dddd00000005:1", star=True)
    assert names.of_store(store).parent("dddd00000005") is None
    assert names.of_store(store).starred("dddd00000005")


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"config": []},
        {"config": {"contrast": {}, "pairs": 3}},
        {"sites": None},
        {"config": {"prompts": {"prompts": 3}}},
        {"config": {"source_layer": [], "model": "x"}},
    ],
)
def test_whatever_a_record_holds_it_has_a_name(odd: dict[str, object]) -> None:
    for kind in ("vectors", "evaluation", "generation", "conversation", "experiment", "x"):
        about = defaults.about({"kind": kind, "method": "contrastive", **odd})
        assert all(isinstance(part, str) for part in about.parts)


def test_own_data_are_told_by_the_name_they_were_given(store: Store, tmp_path: Path) -> None:
    place = tmp_path / "data/own/pairs"
    place.mkdir(parents=True)
    (place / "0123456789ab.json").write_text(json.dumps({"name": "my liars"}))
    (place / "ffffffffffff.json").write_text("{")
    asked = contrastive("cccc00000004", pairs="data/own/pairs/0123456789ab.jsonl")
    store.save_vectors(asked)

    assert names.of_store(store).of("cccc00000004") == (
        "Contrastive · answers · my liars · answer-mean"
    )


def test_the_command_names_stars_tags_and_finds(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*given: str) -> dict[str, Any]:
        assert main([*given, "--store", str(tmp_path)]) == 0
        return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))

    before = (tmp_path / "vectors").iterdir()
    held = {path: path.read_bytes() for path in before}

    kept = told("name", f"{SET[:6]}:1", "--name", "liar", "--star", "--tag", "keep", "--note", "w")

    assert (kept["digest"], kept["name"], kept["star"]) == (f"{SET}:1", "liar", True)
    assert [one["digest"] for one in told("list", "--starred")["records"]] == [SET]
    assert [one["digest"] for one in told("list", "--tag", "keep")["records"]] == [SET]
    assert [one["digest"] for one in told("list", "--find", "power -survival")["records"]] == [
        OTHER
    ]
    assert told("list", "--tag", "other")["records"] == []
    told("name", SET, "--name", "all liars")
    assert told("show", SET)["name"] == "all liars"
    assert (
        told("name", f"{SET}:1", "--name", "", "--unstar", "--tag", "", "--note", "")["tags"] == []
    )
    assert list(notes.every(tmp_path)) == [SET]
    assert {path: path.read_bytes() for path in held} == held
    assert main(["name", f"{SET}:9", "--store", str(tmp_path)]) == 2
    assert "names no vector: aaaa00000001 has 3 of them" in capsys.readouterr().err
