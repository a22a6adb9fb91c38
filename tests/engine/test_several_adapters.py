"""One grid of several adapters: each column is its own, told by content, called as one likes."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine import Engine
from engine.audit.auditing import audit
from engine.configs.core import ModelConfig
from engine.configs.finders import RandomConfig
from engine.configs.grid_columns import columns
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.errors import ConfigError, ModelError
from engine.model import checks
from engine.model.edits import EditBatch
from tests import tiny
from tests.engine.test_adapters import lora, write
from tests.engine.test_cli import run

PROMPTS = ("What do you think of a book?", "Sleep well?")
FEW = {"prompts": PROMPTS, "max_new_tokens": 6, "neutral": 2}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model `base`, adapters `a` and `b` of it, and a store."""
    root = tmp_path_factory.mktemp("several")
    base = tiny.save_folder(root / "base", num_hidden_layers=3)
    write(root / "a", base, lora())
    write(root / "b", base, lora(target_modules=["down_proj"], r=2, lora_alpha=16))
    return root


@pytest.fixture(scope="module")
def engine(made: Path) -> Engine:
    return Engine(made / "store", keep_jobs=False)


def of(made: Path, *adapters: str) -> ModelConfig:
    first, *more = adapters or (None,)
    return ModelConfig(model=str(made / "base"), adapter=first, more_adapters=tuple(more))


@pytest.mark.matrix(keep=0)
def test_a_grid_shows_base_and_both_adapters_each_steered_or_not(
    made: Path, engine: Engine
) -> None:
    found = engine.run(RandomConfig(model=of(made), source_layer=1, vectors=1, norm=6.0))
    parts = {"push": (BlendPart(digest=found),)}
    shared = Configuration(name="shared")

    def texts(model: ModelConfig) -> dict[tuple[str, str], tuple[str, float]]:
        made_of = columns(shared, parts, (1.0,), model.tuned, None)
        config = GenerateConfig(model=model, configurations=made_of, **FEW)
        record = engine.store.load_generation(engine.run(config))
        figures = record.side_effects
        return {
            (row.configuration, row.prompt): (row.text, figures[row.configuration]["kl"])
            for row in record.frame.itertuples()
        }

    both = texts(of(made, f"one={made / 'a'}", f"two={made / 'b'}"))
    alone = {name: texts(of(made, str(made / f))) for name, f in (("one", "a"), ("two", "b"))}

    assert {name for name, _ in both} == {
        "base", "one", "two", "base push +1", "one push +1", "two push +1",
    }  # fmt: skip
    for name, grid in alone.items():
        for (column, prompt), (text, kl) in grid.items():
            written, figure = both[column.replace("tuned", name), prompt]
            assert written == text
            assert figure == pytest.approx(kl, rel=1e-4, abs=1e-6)
    assert len({both[name, PROMPTS[0]][0] for name in ("base", "one", "two")}) == 3


def test_a_record_names_each_adapter_by_content_and_its_name_is_a_label(
    made: Path, engine: Engine, tmp_path: Path
) -> None:
    def grid(*adapters: str, shown: bool | str) -> GenerateConfig:
        column = Configuration(name="column", adapter=shown)
        return GenerateConfig(model=of(made, *adapters), configurations=(column,), **FEW)

    a, b, moved = made / "a", made / "b", tmp_path / "moved"
    shutil.copytree(a, moved)
    first = grid(f"one={a}", f"two={b}", shown="one")
    digest = engine.run(first)

    assert engine.digest(grid(f"x={moved}", f"y={b}", shown="x")) == digest
    assert engine.digest(grid(f"one={a}", f"two={b}", shown="two")) != digest
    assert engine.digest(grid(f"one={b}", f"two={a}", shown="one")) != digest
    assert engine.digest(grid(f"one={a}", f"two={b}", shown=True)) == digest
    assert engine.digest(grid(f"one={a}", shown="one")) == engine.digest(grid(str(a), shown=True))
    told = engine.store.load_generation(digest).model["adapters"]
    assert {name: one["adapter"] for name, one in told.items()} == {"one": "a", "two": "b"}
    assert len({one["adapter_fingerprint"] for one in told.values()}) == 2
    assert audit(digest, engine.store).findings


def test_a_name_does_not_change_what_one_adapter_is_known_by(made: Path, engine: Engine) -> None:
    plain, named = of(made, str(made / "a")), of(made, f"mine={made / 'a'}")

    assert engine.names.model(plain) == engine.names.model(named)
    assert engine.load(named).loaded.adapter("mine") is engine.load(named).loaded.adapter(True)
    assert named.tuned == (True,)


def test_names_that_mean_nothing_are_refused(made: Path) -> None:
    with pytest.raises(ConfigError, match="Two adapters are called 'a'"):
        of(made, str(made / "a"), "/elsewhere/a")
    column = Configuration(name="column", adapter="three")
    with pytest.raises(ConfigError, match="'three', which is not named: there is one, two"):
        GenerateConfig(model=of(made, "one=a", "two=b"), configurations=(column,))


def test_the_command_takes_several_adapters(made: Path, capsys) -> None:
    code, answer = run(
        capsys, "generate", "--model", made / "base", "--prompt", "Sleep well?",
        "--adapter", f"one={made / 'a'}", "--adapter", f"two={made / 'b'}",
        "--max-new-tokens", "3", "--neutral", "0", "--store", made / "store",
    )  # fmt: skip

    assert code == 0, answer
    config = Engine(made / "store", keep_jobs=False).store.load_generation(answer["digest"]).config
    assert [one["adapter"] for one in config["configurations"]] == [False, "one", "two"]


def test_each_adapter_is_tested_when_it_is_loaded(made: Path, tmp_path: Path, monkeypatch) -> None:
    engine = Engine(tmp_path, keep_jobs=False)
    original = checks._same_as_library

    def off_with_two(asked):
        found, door = original(asked), asked.door
        is_wrong = "two" in door.loaded.adapters and door.is_segmented
        return replace(found, passed=False) if is_wrong else found

    monkeypatch.setattr(checks, "_same_as_library", off_with_two)
    door = engine.load(of(made, f"one={made / 'a'}", f"two={made / 'b'}"))

    told = [check for check in engine.status().checks if "library" in check.name]
    assert [check.name.split(":")[0] for check in told] == ["one", "two"]
    assert all(check.passed and "hooks" in check.reason for check in told)
    assert list(door.loaded.adapters) == ["one", "two"]
    assert not door.is_segmented


def test_only_a_grid_takes_several(made: Path, engine: Engine) -> None:
    several = of(made, str(made / "a"), str(made / "b"))
    with pytest.raises(ConfigError, match="is of one adapter"):
        engine.digest(RandomConfig(model=several, source_layer=1, vectors=1))
    with pytest.raises(ConfigError, match="no first one"):
        ModelConfig(model=str(made / "base"), more_adapters=("b",))
    with pytest.raises(ModelError, match=r"as \./a=1"):
        engine.load(of(made, "lr=1"))


def test_a_further_adapter_of_a_hub_is_fetched_before_the_record_is_named(
    made: Path, engine: Engine, monkeypatch
) -> None:
    def fetch(*asked: object) -> None:
        raise ModelError(f"Fetched {asked[1].more_adapters}.")

    monkeypatch.setattr(Engine, "load", fetch)
    monkeypatch.setattr(Engine, "digest", lambda *_: pytest.fail("named first"))
    several = of(made, str(made / "a"), "nobody/nothing")
    column = Configuration(name="column", adapter="nothing")

    with pytest.raises(ModelError, match="Fetched .*nobody/nothing"):
        engine.run(GenerateConfig(model=several, configurations=(column,), **FEW))


def test_a_further_adapter_that_was_exchanged_is_read_anew(made: Path, tmp_path: Path) -> None:
    place, engine = (
        Path(shutil.copytree(made, tmp_path / "made")),
        Engine(tmp_path, keep_jobs=False),
    )
    several = of(place, str(place / "a"), str(place / "b"))

    def logits(name: str) -> torch.Tensor:
        return engine.load(several).next_logits([5, 9, 2], EditBatch.none(1), name)[0]

    first, second = logits("a"), logits("b")
    shutil.rmtree(place / "b")
    shutil.copytree(place / "a", place / "b")

    assert torch.equal(logits("b"), first)
    assert not torch.equal(first, second)
