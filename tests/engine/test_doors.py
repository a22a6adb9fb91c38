"""One set of weights for a model and its adapters; what is in memory is what a record names."""

import shutil
import threading
import weakref
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from engine import Engine
from engine.configs.core import ModelConfig
from engine.configs.finders import PowerIterationConfig
from engine.errors import ModelError
from engine.model.checkpoints import reading
from engine.model.edits import EditBatch
from engine.runs import doors
from tests import tiny
from tests.engine.test_adapters import lora, write

TOKENS = [5, 9, 2, 77, 31]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models of one shape, `base` and `other`, and adapters `a` and `b` of `base`."""
    root = tmp_path_factory.mktemp("made")
    base = tiny.save_folder(root / "base", num_hidden_layers=3)
    tiny.save_folder(root / "other", seed=1, num_hidden_layers=3)
    write(root / "a", base, lora())
    write(root / "b", base, lora(target_modules=["down_proj"], r=2))
    return root


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "made"))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "store", keep_jobs=False)


def of(place: Path, adapter: str | None = None) -> ModelConfig:
    named = None if adapter is None else str(place / adapter)
    return ModelConfig(model=str(place / "base"), adapter=named)


def logits(engine: Engine, model: ModelConfig) -> torch.Tensor:
    return engine.load(model).next_logits(TOKENS, EditBatch.none(1))[0]


def search(model: ModelConfig, seed: int = 0) -> PowerIterationConfig:
    return PowerIterationConfig(
        model=model, source_layer=0, target_layer=2, vectors=1, iterations=2, seed=seed
    )


def exchange(place: Path, source: str, target: str) -> None:
    """Put other weights of the same names and sizes into a folder."""
    for file in (place / source).glob("*.safetensors"):
        shutil.copyfile(file, place / target / file.name)


def test_base_and_adapters_take_turns_on_one_set_of_weights(
    place: Path, engine: Engine, monkeypatch
) -> None:
    asked = [of(place), of(place, "a"), of(place, "b"), of(place, "a"), of(place)]
    fresh = {model: logits(Engine(engine.store, keep_jobs=False), model) for model in set(asked)}
    loads = []
    original = AutoModelForCausalLM.from_pretrained

    def counting(*args, **options):
        loads.append(args)
        return original(*args, **options)

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", counting)
    pointers = []
    for model in asked:
        assert torch.equal(logits(engine, model), fresh[model])
        loaded = engine.load(model).loaded
        with loaded.using(False):
            pointers.append([weight.data_ptr() for weight in loaded.causal.parameters()])

    assert len(loads) == 1
    assert all(one == pointers[0] for one in pointers)
    assert len({tuple(numbers.tolist()) for numbers in fresh.values()}) == 3


def test_an_adapter_that_goes_gives_its_memory_back(
    place: Path, engine: Engine, monkeypatch
) -> None:
    monkeypatch.setattr(doors, "MOST", 2)
    held = []
    for adapter in ("a", "b", None):
        loaded = engine.load(of(place, adapter)).loaded
        held += [weakref.ref(one.peft) for one in loaded.adapters.values()]
        del loaded

    assert [one() is None for one in held] == [True, False]
    engine.unload()
    assert [one() is None for one in held] == [True, True]


def test_an_adapter_that_is_refused_leaves_the_base_usable(place: Path, engine: Engine) -> None:
    before = logits(engine, of(place))
    (place / "a" / "adapter_model.safetensors").write_bytes(b"no")

    with pytest.raises(ModelError, match="cannot be loaded on base"):
        engine.load(of(place, "a"))

    assert engine.status().state == "failed"
    assert torch.equal(logits(engine, of(place)), before)


@pytest.mark.parametrize(
    ("adapter", "source", "target"), [(None, "other", "base"), ("a", "b", "a")]
)
def test_what_was_exchanged_after_loading_is_loaded_anew(
    adapter, source, target, place: Path, engine: Engine
) -> None:
    model = of(place, adapter)
    old = logits(engine, model)
    if adapter is None:
        exchange(place, source, target)
    else:
        shutil.rmtree(place / target)
        shutil.copytree(place / source, place / target)

    digest = engine.run(search(model))

    found = engine.store.load_vectors(digest)
    plain = Engine(engine.store.root.parent / "fresh", keep_jobs=False)
    expected = plain.store.load_vectors(plain.run(search(model)))
    torch.testing.assert_close(found.vectors, expected.vectors, rtol=0, atol=0)
    assert found.model == expected.model
    assert not torch.equal(logits(engine, model), old)


def test_what_is_exchanged_between_naming_and_running_is_refused(
    place: Path, engine: Engine, monkeypatch
) -> None:
    config = search(of(place))
    engine.load(of(place))
    original = doors.Doors.known

    def exchanging(self, model, *progress):
        exchange(place, "other", "base")
        return original(self, model, *progress)

    monkeypatch.setattr(doors.Doors, "known", exchanging)

    with pytest.raises(ModelError, match="changed after it was named"):
        engine.run(config)
    assert not list((engine.store.root / "vectors").glob("*.json"))


@pytest.mark.parametrize("adapter", [None, "a"])
def test_what_is_exchanged_while_a_job_waits_fails_the_job(
    adapter, place: Path, engine: Engine
) -> None:
    may_go = threading.Event()
    engine.jobs.submit("Wait", "wait", lambda _progress: may_go.wait(60))
    job = engine.submit(search(of(place, adapter)))
    exchange(place, "other" if adapter is None else "b", adapter or "base")

    may_go.set()
    assert engine.jobs.wait(job, 60.0)

    assert job.state == "failed"
    assert "changed after it was named" in (job.error or "")


def test_what_changes_while_it_is_loaded_is_refused(
    place: Path, engine: Engine, monkeypatch
) -> None:
    original = reading.weights

    def exchanging(*args):
        model = original(*args)
        exchange(place, "other", "base")
        return model

    monkeypatch.setattr(reading, "weights", exchanging)

    with pytest.raises(ModelError, match="changed while they were loaded"):
        engine.load(of(place))


def test_a_model_with_an_adapter_in_its_folder_is_refused(place: Path, engine: Engine) -> None:
    for file in (place / "a").glob("adapter_*"):
        shutil.copy(file, place / "base")

    with pytest.raises(ModelError, match="holds an adapter beside the model's weights"):
        engine.load(of(place))
