"""Configs in, records out: one model at a time, one worker, the same digest from everywhere."""

import gc
import json
import threading
import time
from pathlib import Path

import pytest

from engine.configs.core import ModelConfig, VectorRef, as_json
from engine.configs.finders import MelboConfig, PowerIterationConfig, RandomConfig
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig
from engine.configs.registry import from_json
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError, ModelError
from engine.runs.engine import Engine, shared_engine
from engine.store.store import Store
from tests import tiny

LAYERS = {"source_layer": 1, "target_layer": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny.save_folder(tmp_path_factory.mktemp("model"))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(Store(tmp_path))


def finished(engine: Engine, job) -> None:
    assert engine.jobs.wait(job, 60.0)


def test_a_submitted_find_stores_a_record_that_says_how_it_was_made(
    engine: Engine, folder: Path
) -> None:
    config = MelboConfig(model=ModelConfig(model=str(folder)), **LAYERS, vectors=2, steps=3)

    job = engine.submit(config)
    finished(engine, job)

    assert job.state == "done", job.error
    found = engine.store.load_vectors(job.result)
    assert job.result == engine.digest(config) == found.digest
    assert found.config == as_json(config)
    assert found.sites[0].words == "output of block 1"
    assert len(found.history["displacement"]) == 3
    assert set(job.metrics) >= {"best", "mean"}
    assert found.model["hidden"] == 32
    assert str(folder) not in json.dumps(found.model)
    assert engine.is_stored(config)


def test_the_model_is_loaded_once_for_many_jobs(engine: Engine, folder: Path, monkeypatch) -> None:
    from engine.model import loading

    loads = []
    original = loading.load
    monkeypatch.setattr(loading, "load", lambda *a: (loads.append(1), original(*a))[1])
    model = ModelConfig(model=str(folder))
    jobs = [
        engine.submit(RandomConfig(model=model, source_layer=1, seed=seed)) for seed in range(3)
    ]
    for job in jobs:
        finished(engine, job)

    assert [job.state for job in jobs] == ["done"] * 3
    assert len(loads) == 1


def test_the_old_model_is_gone_before_the_new_one_comes(
    engine: Engine, folder: Path, tmp_path: Path, monkeypatch
) -> None:
    from engine.model import loading

    other = tiny.save_folder(tmp_path / "other", "llama")
    engine.load(ModelConfig(model=str(folder)))
    was_free = []
    original = loading.load

    def watching(*args):
        was_free.append(engine._door is None)
        return original(*args)

    monkeypatch.setattr(loading, "load", watching)
    engine.load(ModelConfig(model=str(other)))

    assert was_free == [True]
    assert engine.status().model["architecture"] == "LlamaForCausalLM"


def test_status_says_what_is_loaded_and_what_its_tests_found(engine: Engine, folder: Path) -> None:
    assert engine.status().state == "not loaded"
    finished(engine, engine.submit_load(ModelConfig(model=str(folder))))

    status = engine.status()
    assert status.state == "ready"
    assert status.checks
    assert all(check.passed for check in status.checks)
    assert status.memory_used > 0
    finished(engine, engine.submit_unload())
    assert engine.status().state == "not loaded"


def test_a_model_that_cannot_be_loaded_leaves_a_sentence(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="was not found"):
        engine.submit_load(ModelConfig(model=str(tmp_path / "nowhere")))
    broken = tiny.save_folder(tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"no tensors")
    job = engine.submit_load(ModelConfig(model=str(broken)))
    finished(engine, job)

    assert job.state == "failed"
    assert "cannot be loaded" in job.error
    assert engine.status().state == "failed"


def test_digests_depend_on_content_not_on_names(engine: Engine, folder: Path, tmp_path) -> None:
    import shutil

    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    first = RandomConfig(model=ModelConfig(model=str(folder)), source_layer=1)
    second = RandomConfig(model=ModelConfig(model=str(moved)), source_layer=1)
    third = RandomConfig(model=ModelConfig(model=str(folder)), source_layer=2)

    assert engine.digest(first) == engine.digest(second)
    assert engine.digest(first) != engine.digest(third)
    weights = (moved / "model.safetensors").read_bytes()
    (moved / "model.safetensors").write_bytes(weights[:-4] + b"\0\0\1\1")
    assert engine.digest(first) != engine.digest(second)


@pytest.mark.parametrize(
    "config",
    [
        MelboConfig(**LAYERS, variant="study"),
        PowerIterationConfig(**LAYERS, tolerance=0.1),
        RandomConfig(source_layer=1),
        ContrastiveConfig(layers=(1, 2), negative="honest.json"),
        FinetuneDiffConfig(position="template-2", system=None),
        EvaluateConfig(vectors=(VectorRef(digest="abc", indices=(1, 2)),), scales=(1.0,)),
    ],
)
def test_a_config_comes_back_from_its_json(config) -> None:
    assert from_json(config.method, json.loads(json.dumps(as_json(config)))) == config


def test_json_that_is_no_config_is_refused() -> None:
    with pytest.raises(ConfigError, match="not known"):
        from_json("magic", {})
    with pytest.raises(ConfigError, match="incomplete"):
        from_json("melbo", {"model": {"model": "demo"}, "strength": 3})


def test_a_cancelled_job_leaves_no_record_and_the_model_sound(engine: Engine, folder: Path) -> None:
    config = MelboConfig(model=ModelConfig(model=str(folder)), **LAYERS, steps=5000)
    job = engine.submit(config)
    while job.done < 2 and job.active:
        time.sleep(0.01)
    job.cancel()
    finished(engine, job)

    assert job.state == "cancelled"
    assert not engine.is_stored(config)
    assert not list(engine.store.root.glob("vectors/*"))
    door = engine.load(config.model)
    assert all(not b._forward_hooks for b in door.loaded.model.model.layers)


def test_two_callers_of_one_store_share_one_engine(tmp_path: Path) -> None:
    engines = []
    threads = [
        threading.Thread(target=lambda: engines.append(shared_engine(tmp_path))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(e) for e in engines}) == 1


def test_two_threads_that_run_one_config_get_one_equal_record(engine: Engine, folder: Path) -> None:
    config = PowerIterationConfig(model=ModelConfig(model=str(folder)), **LAYERS, vectors=2)
    digests: list[str] = []
    threads = [
        threading.Thread(target=lambda: digests.append(engine.run(config))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(digests) == 3
    assert set(digests) == {engine.digest(config)}
    assert len(list(engine.store.root.glob("vectors/*"))) == 1


def test_pages_need_not_walk_a_loaded_model_when_they_collect_garbage(
    engine: Engine, folder: Path
) -> None:
    engine.load(ModelConfig(model=str(folder)))
    assert gc.get_freeze_count() > 100_000

    engine.unload()

    assert gc.get_freeze_count() == 0
