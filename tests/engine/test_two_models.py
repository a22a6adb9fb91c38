"""Two readers with two models on one engine: each is answered by the model that he named."""

from pathlib import Path

import numpy as np

from engine import Engine
from engine.configs.core import ModelConfig
from engine.configs.finders import MelboConfig
from tests import tiny

SMALL = {"num_hidden_layers": 2, "max_position_embeddings": 64}


def test_jobs_of_two_models_in_turn_are_each_answered_by_their_own(tmp_path: Path) -> None:
    models = {}
    for seed in (1, 2):
        place = tiny.save_folder(tmp_path / str(seed) / "m", "llama", seed, **SMALL)
        models[seed] = ModelConfig(model=str(place))

    def config(model: int, seed: int) -> MelboConfig:
        settings = {"source_layer": 0, "target_layer": 1, "vectors": 1, "steps": 1}
        return MelboConfig(model=models[model], seed=seed, **settings)

    engine = Engine(tmp_path / "both", keep_jobs=False)
    # Both are called m, and all are queued before the first has loaded anything.
    asked = [config(1, 7), config(2, 7), config(1, 8)]
    jobs = [engine.submit(one) for one in asked]
    for job in jobs:
        assert engine.jobs.wait(job, 60.0)

    for one, job in zip(asked, jobs, strict=True):
        assert job.state == "done", job.error
        found = engine.store.load_vectors(job.result)
        assert found.config["model"]["model"] == one.model.model
        # What the loaded weights say of themselves, not what was asked.
        assert found.model["fingerprint"] == engine.names.model(one.model)["fingerprint"]
    first, second = (engine.store.load_vectors(job.result).vectors for job in jobs[:2])
    assert not np.allclose(first, second, atol=0.05)
