"""On the shipped demo model the finders recover what was planted, and random vectors do not."""

from pathlib import Path

import pytest

from engine.configs.core import ModelConfig, VectorRef
from engine.configs.finders import PowerIterationConfig
from engine.configs.sweeps import EvaluateConfig
from engine.runs.engine import Engine
from engine.statistics import cells as statistics
from engine.statistics import nulls
from engine.store.store import Store

ROOT = Path(__file__).resolve().parents[2]
SOURCE, TARGET = 1, 7


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
            max_questions=8,
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
