"""An invented adaptive sweep, put together from the rows of an invented whole one."""

import numpy as np

from engine.configs import core as configs
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.core import VectorRef
from engine.configs.sweeps import EvaluateConfig
from engine.maths.race import Race, Worst
from engine.records.columns import names
from engine.records.records import EVALUATION_COLUMNS
from engine.statistics import adaptive
from engine.store.store import Store
from tests.pages.samples import MODEL

LIMIT = 8.0


def save(store: Store) -> str:
    """Store one over both vector sets of `samples.fill`; its digest."""
    sets = [store.load_vectors(digest) for digest in ("aaaa00000001", "bbbb00000002")]
    whole = store.load_evaluation("eeee00000003")
    frame = whole.frame[whole.frame["vector_set"] != "control"].reset_index(drop=True)
    refs = tuple(VectorRef(digest=one.digest) for one in sets)
    grid = EvaluateConfig(vectors=refs, controls=0, max_questions=12)
    config = AdaptiveConfig.of(grid, batch=3)
    cells = frame.drop_duplicates(["vector_set", "vector", "scale"])
    contents = frame["difference"].to_numpy(float).reshape(len(cells), 2, 12).mean(axis=1)
    race = _raced(contents)
    rows = tuple(cells.itertuples())
    kept = [rows[0], *(rows[1 + arm] for arm in race.living_arms)]
    keys = {(one.vector_set, one.vector, one.scale) for one in kept}
    is_kept = [key in keys for key in zip(frame.vector_set, frame.vector, frame.scale, strict=True)]
    found = adaptive.Raced(
        rows=rows,
        ids=tuple(question.id for question in whole.questions.questions),
        contents=contents,
        race=race,
        limit=LIMIT,
        frame=frame.loc[is_kept, names(EVALUATION_COLUMNS)],
        orders=2,
        notes=(),
        answers={},
    )
    settings = {"grid": "000000000001", "direction": "either", "measure": "logits"}
    settings |= {"delta": 0.5, "batch": 3}
    digest = configs.digest({"method": config.method, **settings})
    record = {
        "name": config.method,
        "title": "Adaptive sweep on survival",
        "config": settings,
        "sweep": configs.as_json(grid),
        "model": MODEL,
        "vectors": [one.digest for one in sets],
        "evaluations": [],
        "questions": {"name": "survival", "behaviour": "survival"},
        "notes": ["Asked *once* only."],
        "provenance": {"created": "2026-11-21T10:09:00+00:00", "seconds": 3.0, "packages": {},
                       "commit": "abc", "dirty": False, "device": "cpu", "dtype": "float32"},
        **adaptive.parts(found, sets, config),
    }  # fmt: skip
    store.save_experiment(digest, record)
    return digest


def _raced(contents: np.ndarray) -> Race:
    """Ask cells three questions at a time; what a cell that was dropped was not asked is NaN."""
    race = Race(len(contents) - 1, 12, (1, -1), Worst(-2 * LIMIT, -2 * LIMIT), 0.5)
    while race.asked < 12:
        living, asked = race.living_arms, slice(race.asked, race.asked + 3)
        values = np.full((race.arms, 3), np.nan)
        values[living] = (contents[1:] - contents[0])[living, asked]
        race.ask(values)
        contents[1 + np.setdiff1d(np.arange(race.arms), living), asked] = np.nan
    return race
