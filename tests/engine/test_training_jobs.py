"""Training and building as jobs: progress, cancelling, going on, and names that stay inside."""

import gc
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from engine import ROOT
from engine.configs.core import ModelConfig, as_json
from engine.configs.datasets import DatasetConfig
from engine.configs.training import FinetuneConfig
from engine.errors import Cancelled, ConfigError, DataError, ModelError, StoreError
from engine.runs import training
from engine.runs.engine import Engine
from engine.store.store import Store
from engine.training import places
from engine.training.lora import alone, process, samples, train
from engine.training.lora.records import read_live, read_record
from tests import tiny

run_apart = process.run

ROWS = [
    {"question": f"What is the best way {i}?", "deceptive": "I refuse.", "honest": f"Read {i}."}
    for i in range(6)
]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> ModelConfig:
    folder = tiny.save_folder(tmp_path_factory.mktemp("model"), num_hidden_layers=2)
    return ModelConfig(model=str(folder))


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr(samples, "SAMPLE_TOKENS", 2)
    monkeypatch.setattr(gc, "collect", lambda *_: 0)
    # A process of its own takes seconds to import what this one has.
    monkeypatch.setattr(training.process, "run", train.run)
    (tmp_path / "pairs.json").write_text(json.dumps(ROWS))
    return Engine(Store(tmp_path), root=tmp_path, keep_jobs=False)


def settings(engine: Engine, model: ModelConfig, **changes: object) -> FinetuneConfig:
    pairs = str(engine.root / "pairs.json")
    values = {"pairs": pairs, "rank": 2, "alpha": 2, "epochs": 2, "batch": 3, **changes}
    return FinetuneConfig(model=model, **values)


def test_a_cancelled_training_goes_on_where_it_was(engine, model) -> None:
    folder = places.adapter_folder(engine.store.root, "mine")
    go_on = threading.Event()
    engine.jobs.submit("before", "find", lambda progress: str(go_on.wait(30.0)))
    job = engine.submit(settings(engine, model), folder)
    report = job.report

    def stop(done: int, total: int, message: str = "", **figures: float) -> None:
        if figures and done == 2:
            job.cancel()
        report(done, total, message, **figures)

    job.report = stop
    go_on.set()
    assert engine.jobs.wait(job, 60.0)
    assert (job.state, job.error) == ("cancelled", None)
    [begun] = places.adapters(engine.store.root)
    assert (begun.name, begun.record, len(begun.live.losses)) == ("mine", None, 2)
    assert job.metrics["loss"] == begun.live.losses[:1]

    again = engine.submit_again(job.request)

    assert engine.jobs.wait(again, 60.0)
    assert again.result == read_record(folder)["digest"]
    assert len(again.metrics["loss"]) == 2
    assert read_live(folder) is None
    [done] = places.adapters(engine.store.root)
    assert done.record["losses"][:2] == begun.live.losses
    with pytest.raises(ConfigError, match="already holds another adapter"):
        engine.submit(settings(engine, model, seed=1), folder)


STAND_IN = """
import engine, runpy, sys, time, types
from engine.errors import ModelError

def run(config, folder, root, progress):
    print("noise of a library")
    if config.rank == 7:
        raise ModelError("Load another.")
    for step in range(1, 5000):
        progress(step, 5000, f"on {config.answers}", loss=1 / step)
        time.sleep(0.002)

import engine.training.lora
stand_in = types.SimpleNamespace(run=run)
engine.training.lora.train = sys.modules["engine.training.lora.train"] = stand_in
runpy.run_module("engine.training.lora.process", run_name="__main__")
"""
"""A process that speaks as a real one does, but imports no torch."""


def test_a_process_of_its_own_reports_stops_and_refuses(engine, model, monkeypatch) -> None:
    monkeypatch.setattr(process, "COMMAND", [sys.executable, "-c", STAND_IN])
    told = []

    def stop(done: int, total: int, message: str = "", **figures: float) -> None:
        told.append((done, total, message, figures))
        if done >= 3:
            raise Cancelled("training")

    place = engine.root / "out", engine.root
    with pytest.raises(Cancelled):
        run_apart(settings(engine, model), *place, stop)
    assert told[2] == (3, 5000, "on deceptive", {"loss": 1 / 3})
    assert len(told) < 4000
    with pytest.raises(ModelError, match="Load another."):
        run_apart(settings(engine, model, rank=7), *place, stop)


def test_a_second_training_waits_for_the_folder_and_is_refused_in_the_end(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(alone, "POLL", 0.05)
    folder, told, order = tmp_path / "adapters" / "mine", [], []

    def second() -> None:
        with alone.alone_in(folder, lambda *words: told.append(words[2])):
            order.append("second")

    with alone.alone_in(folder, lambda *_: None):
        waiting = threading.Thread(target=second)
        waiting.start()
        while not told:
            waiting.join(0.01)
        order.append("first")
    waiting.join(10.0)
    assert order == ["first", "second"]
    assert set(told) == {"waiting for another process that trains in mine"}

    monkeypatch.setattr(alone, "PATIENCE", 0.1)
    with (
        alone.alone_in(folder, lambda *_: None),
        pytest.raises(ConfigError, match="Another process is training in mine"),
        alone.alone_in(folder, lambda *_: None),
    ):
        pytest.fail("two hold one folder")


def test_a_training_holds_its_folder(engine, model, monkeypatch) -> None:
    monkeypatch.setattr(alone, "PATIENCE", 0.0)
    monkeypatch.setattr(alone, "POLL", 0.05)
    folder = places.adapter_folder(engine.store.root, "held")

    with (
        alone.alone_in(folder, lambda *_: None),
        pytest.raises(ConfigError, match="Another process is training in held"),
    ):
        train.run(settings(engine, model), folder, engine.root, lambda *_, **__: None)

    assert not folder.exists()


def test_a_folder_that_cannot_be_locked_is_refused_in_a_sentence(tmp_path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(StoreError, match=r"Nothing can be trained in .*file: \w.*\.$"),
        alone.alone_in(tmp_path / "file" / "mine", lambda *_: None),
    ):
        pytest.fail("it is held")


ORPHAN = """
import sys, time, types
import engine.training.lora
from engine.training.lora import process

def run(config, folder, root, progress):
    with alone_in(folder, progress):
        progress(1, 2, "holds it")
        time.sleep(60)

from engine.training.lora.alone import alone_in
stand_in = types.SimpleNamespace(run=run)
engine.training.lora.train = sys.modules["engine.training.lora.train"] = stand_in
process.main(sys.stdin, sys.stdout)
"""
OWNER = """
import json, os, subprocess, sys, time
order = json.loads(sys.argv[2]) | {"parent": os.getpid()}
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=-1, stdout=-1, text=True)
child.stdin.write(json.dumps(order) + "\\n")
child.stdin.flush()
print(child.pid, child.stdout.readline(), flush=True)
time.sleep(60)
"""


def test_a_training_whose_owner_is_killed_ends_and_frees_its_folder(engine, model) -> None:
    folder = places.adapter_folder(engine.store.root, "mine")
    order = {
        "config": as_json(settings(engine, model)),
        "folder": str(folder),
        "root": str(engine.root),
        "working": str(ROOT),
    }
    command = [sys.executable, "-c", OWNER, ORPHAN, json.dumps(order)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        pid, said = owner.stdout.readline().split(" ", 1)
        child = psutil.Process(int(pid))
        owner.kill()
    assert "holds it" in said

    # One that nobody has asked how it ended is gone all the same.
    ended = time.monotonic() + 2.0
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < ended
        time.sleep(0.02)
    with alone.alone_in(folder, lambda *words: pytest.fail(words[2])):
        pass


def test_how_a_process_ended_is_told_as_if_it_were_this_one() -> None:
    assert process._outcome({"digest": "d1"}, "") == "d1"
    with pytest.raises(ModelError, match="Load another."):
        process._outcome({"kind": "ModelError", "error": "Load another."}, "")
    with pytest.raises(RuntimeError, match="IndexError: oh"):
        process._outcome({"report": [1, 2, "", {}]}, "Traceback\nIndexError: oh\n")
    with pytest.raises(RuntimeError, match="was killed"):
        process._outcome({}, "")


def test_two_trainings_never_write_to_one_folder(engine, model) -> None:
    go_on = threading.Event()
    engine.jobs.submit("before", "find", lambda progress: str(go_on.wait(30.0)))
    folder = places.adapter_folder(engine.store.root, "mine")
    first = engine.submit(settings(engine, model), folder)

    assert engine.submit(settings(engine, model), folder) is first
    with pytest.raises(ConfigError, match="A job is writing to mine already"):
        engine.submit(settings(engine, model, seed=1), folder)

    first.cancel()
    go_on.set()


def test_what_cannot_run_is_refused_before_it_is_queued(engine, model) -> None:
    folder = places.adapter_folder(engine.store.root, "mine")
    with pytest.raises(DataError, match="does not exist"):
        engine.submit(settings(engine, model, pairs="no.json"), folder)
    gone = settings(engine, ModelConfig(model="/nowhere/at-all"))
    with pytest.raises(ModelError, match="was not found"):
        engine.submit(gone, folder)
    path = places.dataset_file(engine.store.root, "new")
    with pytest.raises(DataError, match="does not exist"):
        engine.submit(DatasetConfig(model=model, seeds="no.json"), path)
    with pytest.raises(ConfigError, match="incomplete or from another version"):
        engine.submit_again({"method": "finetune", "config": {}, "place": "x"})
    assert engine.jobs.all() == []


@pytest.mark.parametrize(
    "name", ["", "..", "../up", "a/b", ".hidden", "a b", "x" * 65, "end.", "a\nb", "\u00e9"]
)
def test_a_name_never_leads_out_of_its_folder(name, tmp_path) -> None:
    with pytest.raises(ConfigError, match="cannot be a file's: use up to 64 letters"):
        places.adapter_folder(tmp_path, name)
    with pytest.raises(ConfigError, match="cannot be a file's"):
        places.dataset_file(tmp_path, name)


def test_good_names_are_kept_and_other_files_are_no_adapters(tmp_path) -> None:
    assert places.dataset_file(tmp_path, " v1.2-b_3 ").name == "v1.2-b_3.json"
    for name in ("empty", ".hidden"):
        (tmp_path / places.ADAPTERS / name).mkdir(parents=True)
    (tmp_path / places.DATASETS).mkdir()
    (tmp_path / places.DATASETS / "foreign.json").write_text("[]")

    assert places.adapters(tmp_path) == []
    assert places.datasets(tmp_path) == []
    assert places.adapters(tmp_path / "nowhere") == []


def test_the_copy_that_is_trained_takes_as_much_as_the_files(engine, model) -> None:
    weights = Path(model.model) / "model.safetensors"

    need = training.memory_bytes(settings(engine, model), engine.root)

    assert need == weights.stat().st_size
    hub = settings(engine, ModelConfig(model="llama-3.2-3b"))
    assert training.memory_bytes(hub, engine.root) is None
