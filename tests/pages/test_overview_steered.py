"""The steered text on the overview: which rows it takes of a study's grid, and from which study."""

import pandas as pd

from dashboard.views import overview_steered
from engine import ROOT
from engine.configs.behaviours import BehaviourConfig
from engine.store.store import Store


def test_one_prompt_is_shown_from_minus_to_plus_and_random_texts_never() -> None:
    names = ["random 0 -2", "unsteered", "contrastive +2", "contrastive -2", "contrastive -1"]
    scales = [-2.0, None, 2.0, -2.0, -1.0]
    grid = pd.DataFrame(
        [
            {"prompt": prompt, "configuration": name, "scale": scale, "text": f"{prompt} {name}"}
            for prompt in ("first", "second")
            for name, scale in zip(names, scales, strict=True)
        ]
    )

    found = overview_steered.rows(grid, 2.0)

    assert list(found["text"]) == [
        "first contrastive -2", "first unsteered", "first contrastive +2"
    ]  # fmt: skip


def test_the_shipped_study_gives_three_texts_of_its_chosen_cell() -> None:
    store = Store(ROOT)
    study = next(one for one in store.list() if one.method == BehaviourConfig.method)
    record = store.load_experiment(study.digest)
    frame = store.load_generation(record["generations"][-1]).frame

    found = overview_steered.rows(frame, record["chosen"]["scale"])

    assert study.model == "smollm2"
    assert list(found["scale"].fillna(0)) == [-1.5, 0.0, 1.5]
    assert list(found["label"])[::2] == ["negative", "positive"]
