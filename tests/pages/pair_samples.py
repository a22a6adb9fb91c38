"""Invented vectors of both families, with the same direction planted in the middle blocks."""

from dataclasses import replace

import numpy as np

from engine.configs import core as configs
from engine.configs.core import ModelConfig, Site
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig
from engine.records.records import VectorSet
from engine.store.store import Store
from tests.pages.samples import HIDDEN, MODEL, FakeEngine, provenance

BLOCKS = 6
CONTRASTIVE, FINETUNE, NULL = "c0de00000001", "f1de00000002", "0a11e0000003"


def family(
    config: ContrastiveConfig | FinetuneDiffConfig,
    digest: str,
    model: dict[str, object] = MODEL,
    hidden: int = HIDDEN,
) -> VectorSet:
    draws = max(getattr(config, "shuffles", 0), 1)
    seed = 3 if config.method == "contrastive" else 4
    generator = np.random.default_rng(seed + 100 * (draws > 1))
    values = generator.standard_normal((BLOCKS * draws, hidden))
    if draws == 1:
        planted = np.random.default_rng(9).standard_normal(hidden)
        values[2:5] += 2.0 * planted
    scores = {"norm": np.linalg.norm(values, axis=1).tolist()}
    if draws == 1:
        scores |= {"reliability": [0.8] * BLOCKS, "d_prime": [0.1, 0.4, 1.0, 3.0, 2.0, 0.5]}
    return VectorSet(
        digest=digest,
        method=config.method,
        vectors=values.astype(np.float32),
        sites=tuple(Site(block=block) for block in range(BLOCKS)) * draws,
        scores=scores,
        history={},
        config=configs.as_json(config),
        model=model,
        residual_norms={f"output of block {block}": 30.0 for block in range(BLOCKS)},
        provenance=provenance(),
    )


def fill_families(store: Store, null: bool = True) -> None:
    """A contrastive set, a fine-tune difference, and the first one's shuffled null."""
    contrastive = ContrastiveConfig()
    store.save_vectors(family(contrastive, CONTRASTIVE))
    store.save_vectors(family(FinetuneDiffConfig(model=ModelConfig(adapter="demo")), FINETUNE))
    if null:
        store.save_vectors(family(replace(contrastive, shuffles=8), NULL))


class PairEngine(FakeEngine):
    """Finds invented vectors of both families."""

    def submit(self, config: ContrastiveConfig | FinetuneDiffConfig) -> object:
        self.submitted.append(config)
        digest = self.digest(config)

        def work(progress: object) -> str:
            progress(1, 1, "read 1 of 1 pairs")
            self.store.save_vectors(family(config, digest))
            return digest

        return self.jobs.submit(f"Find {config.method} vectors", "find", work, digest=digest)
