"""On the shipped demo model the finders recover what was planted, and random vectors do not."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.cli.budgets import tables
from engine.configs.budgets.blends import BlendConfig
from engine.configs.budgets.suggest import SuggestConfig
from engine.configs.core import ModelConfig, Site, VectorRef
from engine.configs.finders import PowerIterationConfig
from engine.configs.sweeps import EvaluateConfig
from engine.foreign.importing import import_file
from engine.records.records import VectorSet
from engine.runs.engine import Engine
from engine.statistics import cells as statistics
from engine.statistics import nulls
from engine.store.store import Store

ROOT = Path(__file__).resolve().parents[2]
SOURCE, TARGET = 1, 7
CONTRASTIVE, DIFFERENCE = "48850fa29ef0", "a8547bed0f5d"
"""Vectors of the deception study, at all ten blocks."""
ADVICE: dict[str, Any] = {
    "questions": "data/pairs/advice.json",
    "reading": "likelihood",
    "behaviour": "deceptive",
}
PLANTED = 4
"""Block at which the study found that they steer."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return Engine(Store(tmp_path_factory.mktemp("store")), keep_jobs=False)


def test_a_vector_from_the_one_shutdown_prompt_moves_unseen_questions_beyond_random_ones(
    engine: Engine,
) -> None:
    """The best of 8 singular vectors, against the 95 % band of 64 random vectors of its norm."""
    found = engine.run(
        PowerIterationConfig(
            model=ModelConfig(), source_layer=SOURCE, target_layer=TARGET, vectors=8
        )
    )
    swept = engine.run(
        EvaluateConfig(
            vectors=(VectorRef(digest=found),),
            scales=(-0.5, 0.5),
            scale_unit="relative",
            max_questions=4,
            controls=64,
        )
    )

    summary = statistics.summarise(engine.store.load_evaluation(swept).frame)
    band = nulls.control_band(summary).set_index("scale")
    cells = summary[summary.vector_set == found]
    above = cells.rate > cells.scale.map(band.rate_high)
    assert above.any(), cells[["vector", "scale", "rate"]]
    best = nulls.best_vectors(summary, top=1).iloc[0]
    assert best.p <= 2 / 65


@pytest.fixture(scope="module")
def found(engine: Engine) -> Engine:
    """The same, with the vectors of the deception study."""
    for digest in (CONTRASTIVE, DIFFERENCE):
        engine.store.save_vectors(Store(ROOT).load_vectors(digest))
    return engine


def noisy(engine: Engine, noise: float = 1.0) -> VectorSet:
    """The planted direction twice, each time with noise across it of its own length."""
    true = engine.store.load_vectors(CONTRASTIVE)
    plant = torch.from_numpy(true.vectors[PLANTED].copy())
    across = torch.from_numpy(np.random.default_rng(8).normal(size=(2, len(plant)))).float()
    unit = plant / plant.norm()
    across = across - (across @ unit)[:, None] * unit
    across = noise * plant.norm() * across / across.norm(dim=1, keepdim=True)
    site = Site(block=PLANTED)
    made = dataclasses.replace(
        true, digest="a" * 12, vectors=(plant + across).numpy(), sites=(site, site),
        scores={}, history={},
    )  # fmt: skip
    engine.store.save_vectors(made)
    return made


def test_a_blend_of_two_noisy_copies_recovers_what_is_planted(found: Engine, tmp_path) -> None:
    made = noisy(found)
    both = tuple(VectorRef(digest=made.digest, indices=(index,)) for index in (0, 1))
    asked = EvaluateConfig(vectors=both, max_questions=16, neutral=1, **ADVICE)
    digest = found.run(BlendConfig.of_sweep(asked, angles=12, planes=0, direction="toward"))

    record = found.store.load_experiment(digest)
    best, (first, second) = record["nested"], record["nested"]["pure"]
    part = record["use"]["blend"]
    blend = sum(one["weight"] * torch.from_numpy(made.vectors[one["index"]].copy()) for one in part)
    plant = torch.from_numpy(found.store.load_vectors(CONTRASTIVE).vectors[PLANTED].copy())

    def alike(one: torch.Tensor) -> float:
        return float(torch.cosine_similarity(one, plant, dim=0))

    alone = max(alike(torch.from_numpy(row.copy())) for row in made.vectors)
    assert alike(blend) > 0.8 > alone + 0.05
    assert 0 < record["angles"][best["best"]] < record["second"]
    assert best["held"]["effect"] > max(first["held"]["effect"], second["held"]["effect"])
    assert min(first["less_low"], second["less_low"]) > 0
    assert any(one.startswith("The blend beats both vectors") for one in record["sentences"])
    content = Path(found.store.find(digest).path).read_bytes()
    assert import_file(Store(tmp_path), content, "blend.json") == digest


def test_on_the_demo_model_it_suggests_a_middle_block_for_deception(found: Engine, capsys) -> None:
    asked = EvaluateConfig(
        vectors=tuple(VectorRef(digest=one) for one in (CONTRASTIVE, DIFFERENCE)),
        max_questions=16,
        neutral=1,
        controls=20,
        **ADVICE,
    )
    digest = found.run(SuggestConfig.of_sweep(asked, operations=("add",), direction="toward"))

    record = found.store.load_experiment(digest)
    assert len(record["tables"]["cells"]) == 2 * 10 * 2
    assert record["best"]["block"] in (4, 5, 6)
    assert record["held"]["is_beyond"]
    assert record["held"]["low"] > record["held"]["band_high"]
    costs = [row["kl_mean"] for row in record["tables"]["controls"] if row["reached"]]
    assert len(costs) == record["held"]["controls"] == 20
    assert np.abs(np.array(costs) / record["best"]["kl_mean"] - 1).max() <= 0.1
    assert record["use"]["scale"] == record["best"]["strength"]
    tables.suggestion(record)
    assert f"at block {record['best']['block']}, strength" in capsys.readouterr().out
