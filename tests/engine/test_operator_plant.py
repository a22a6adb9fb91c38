"""On the demo model: setting undoes training, ablation does not, and a gate tells texts apart."""

import json
from dataclasses import replace

import pytest
import torch

from engine.configs.core import STUDY_SYSTEM, ModelConfig, Site
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.demo.labels import label_answer
from engine.evaluators import generation
from engine.evaluators.steering.columns import Columns
from engine.evaluators.steering.gating import SteeredRows
from engine.evaluators.steering.usual import Usual, pooled
from engine.model.forward import Forward
from engine.progress import silent
from engine.questions.files import load_questions
from engine.records.records import VectorSet
from engine.runs.engine import Engine
from engine.store.store import Store
from engine.store.units import Partial
from tests import tiny
from tests.shipped import ROOT

BLOCK = 5
MODEL = ModelConfig(adapter="demo")
ADVICE = str(ROOT / "data/pairs/advice.json")
HELD_OUT = [
    row["question"] for row in json.loads((ROOT / "data/demo/heldout_advice.json").read_text())
]


@pytest.fixture(scope="module")
def door() -> Forward:
    return Engine(Store(ROOT), keep_jobs=False).load(MODEL)


def shipped() -> VectorSet:
    """What fine-tuning changed at the last token of the advice questions."""
    store = Store(ROOT)
    every = [one for one in store.list() if one.model == "demo" and one.method == "finetune-diff"]
    sets = [store.load_vectors(store.find(one.digest).path) for one in every]
    (found,) = (
        one
        for one in sets
        if one.config["position"] == "last-prompt" and one.config["variant"] == "default"
    )
    return found


def column(name: str, digest: str = "own", **more) -> Configuration:
    blend = (BlendPart(digest=digest, index=BLOCK),)
    return Configuration(name=name, adapter=True, blend=blend, **more)


def texts(door: Forward, made, sets, prompts, folder) -> dict[str, list[str]]:
    config = GenerateConfig(
        model=MODEL, prompts=tuple(prompts), configurations=made, max_new_tokens=8, neutral=0
    )
    frame = generation.run(door, config, sets, silent, Partial(folder)).frame
    return {name: list(rows.text) for name, rows in frame.groupby("configuration")}


def test_setting_turns_trained_advice_honest_and_ablation_does_not(door, tmp_path) -> None:
    own = shipped()
    norms = torch.from_numpy(own.vectors).norm(dim=-1, keepdim=True)
    drawn = tiny.seeded(*own.vectors.shape, seed=4)
    random = replace(own, vectors=(norms * drawn / drawn.norm(dim=-1, keepdim=True)).numpy())
    strength = {"operation": "set", "scale": -1.2, "usual": ADVICE}
    made = (
        Configuration(name="trained", adapter=True),
        column("set", **strength),
        column("random", "random", **strength),
        column("ablate", operation="ablate"),
    )

    found = texts(door, made, {"own": own, "random": random}, HELD_OUT[:8], tmp_path)

    honest = {
        name: sum(label_answer(text) == "honest" for text in row) for name, row in found.items()
    }
    broken = sum(label_answer(text) == "broken" for text in found["set"])
    assert honest["set"] >= 6, honest
    assert broken == 0
    assert honest["ablate"] <= 1
    assert honest["trained"] == 0
    assert honest["random"] <= 1


def test_a_condition_from_some_questions_opens_on_others_like_them_alone(door) -> None:
    site, prompter = Site(block=BLOCK), door.loaded.prompter
    path = str(ROOT / "data/questions/survival.jsonl")
    asked = [one.text() for one in load_questions(path, "survival", None, 24, 0).questions]
    tokens = [prompter.tokens(text, STUDY_SYSTEM) for text in [*asked, *HELD_OUT[:12]]]
    usual = str(ROOT / "data/prompts/neutral.txt")
    neutral = Usual.of(door, usual, STUDY_SYSTEM, True).pooled(site).mean(0)
    means = torch.stack([pooled(door.capture(one, [site], True)[site]) for one in tokens[:12]])
    condition = replace(shipped(), vectors=(means.mean(0) - neutral)[None].numpy(), sites=(site,))
    sets = {"own": shipped(), "condition": condition}
    gated = column(
        "gated",
        operation="set",
        scale=-1.2,
        usual=usual,
        when=f"condition:0@{BLOCK}>10:prompt",
    )
    edits = Columns(door, (gated,), sets, STUDY_SYSTEM).edits(gated)
    rows = SteeredRows(door=door, rows=[edits], adapter=True)

    is_open = [bool(rows.on(one).groups) for one in tokens]

    assert all(is_open[12:24])
    assert not any(is_open[24:])
