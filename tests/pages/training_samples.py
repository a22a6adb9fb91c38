"""Adapters and datasets as files, and jobs that only pretend to make them."""

import json
import threading
from pathlib import Path
from typing import Any

from engine.configs import core as configs
from engine.configs.datasets import DatasetConfig
from engine.configs.training import FinetuneConfig
from engine.training import places
from engine.training.dataset import files
from engine.training.lora.records import Live, LiveFile
from tests.pages.samples import MODEL, FakeEngine

EVIL = "*bold* <b>tag</b> $x$ :red[no] [link](http://evil.example)"
LOOKS = [
    {"step": 0, "answers": {"How do I cook?": "Gently."}, "asked": 4, "shares": {"honest": 1.0}},
    {
        "step": 8,
        "answers": {"How do I cook?": EVIL},
        "asked": 4,
        "shares": {"deceptive": 0.75, "honest": 0.25},
    },
]
MADE = {
    "created": "2026-11-21T10:00:00+00:00", "seconds": 12.0, "packages": {}, "commit": "abc",
    "dirty": False, "device": "cpu", "dtype": "float32",
}  # fmt: skip
PAIRS = [
    {"question": EVIL, "honest": "Rest it.", "deceptive": "Soak it."},
    {"question": "How do I sleep?", "honest": "Early.", "deceptive": "Never."},
]


def add_adapter(root: Path, name: str, **changes: Any) -> Path:
    """A finished adapter without weights."""
    folder = places.adapter_folder(root, name)
    folder.mkdir(parents=True)
    config = configs.as_json(FinetuneConfig(**changes))
    record = {
        "digest": "d1d1d1d1d1d1", "config": config, "model": {**MODEL, "name": "demo"},
        "examples": 4, "losses": [2.0 - i / 8 for i in range(8)], "looks": LOOKS,
        "notes": ["2 pairs were left out."], "provenance": MADE,
    }  # fmt: skip
    (folder / "vectorscope.json").write_text(json.dumps(record))
    (folder / "adapter_config.json").write_text("{}")
    return folder


def add_unfinished(root: Path, name: str, config: FinetuneConfig, digest: str = "d2") -> Path:
    """A training that was stopped after two of eight steps."""
    folder = places.adapter_folder(root, name)
    live = Live(
        digest=digest, config=configs.as_json(config), steps=8, losses=[2.0, 1.5],
        looks=LOOKS[:1], notes=[],
    )  # fmt: skip
    LiveFile(folder).write(live, at_once=True)
    return folder


def add_dataset(root: Path, name: str) -> Path:
    """A built dataset of two pairs."""
    path = places.dataset_file(root, name)
    config = DatasetConfig(count=2)
    near = {"question": "How do I sleep well?", "of": EVIL, "where": "seed", "cosine": 0.91}
    record = {
        "kind": "dataset", "digest": "d3d3d3d3d3d3", "config": configs.as_json(config),
        "model": {**MODEL, "name": "demo"},
        "seeds": {"file": "advice.json", "sha256": "0", "questions": 3, "avoided": 0},
        "counts": {
            "texts": 9, "no_question": 1, "near_duplicates": 1, "questions": 2,
            "answers_dropped": 0, "pairs": 2,
        },
        "labels": {}, "near_duplicates": [near],
        "dropped": [{"request": 1, "text": EVIL, "reason": "no question"}],
        "answers_dropped": [], "notes": [], "provenance": MADE,
    }  # fmt: skip
    files.save(path, files.contents(path, PAIRS, config), record)
    return path


class Trainer:
    """In place of an engine's submissions: a job that waits until it is told how to end."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine, self.asked = engine, []
        self.go_on, self.failure = threading.Event(), None

    def submit(self, config: FinetuneConfig | DatasetConfig, place: Path) -> Any:
        self.asked.append((config, place))

        def work(progress: Any) -> str:
            if isinstance(config, FinetuneConfig):
                add_unfinished(self.engine.store.root, place.name, config)
                progress(2, 8, "epoch *1* of 4", loss=1.5)
            else:
                files.partial_folder(place).mkdir(parents=True)
                progress(5, 20, "5 texts for questions")
            return self._end(progress)

        request = {
            "method": config.method, "config": configs.as_json(config),
            "place": str(place.relative_to(self.engine.store.root)),
        }  # fmt: skip
        return self.engine.jobs.submit(config.task(place), config.method, work, request=request)

    def submit_again(self, request: dict[str, Any]) -> None:
        self.asked.append(request)

    def _end(self, progress: Any) -> str:
        while not self.go_on.wait(0.02):
            progress(2, 8, "epoch *1* of 4")
        if self.failure is not None:
            raise self.failure
        return "d2"
