"""Grids of texts, stored or on their way, as one thing to draw. Draws nothing itself."""

from typing import Any, Literal, NamedTuple

import pandas as pd

from dashboard.frames import grids
from dashboard.session import resources
from engine.configs.core import ModelConfig
from engine.records.grids import Generation, partial_texts

State = Literal["done", "running", "queued", "cancelled", "failed", "interrupted"]


class Sheet(NamedTuple):
    """One grid: prompts x configurations x samples, with what is written so far."""

    digest: str
    state: State
    config: dict[str, Any]
    """Of the grid, as JSON."""
    frame: pd.DataFrame
    """Columns of a stored grid, or of the texts so far."""
    job: Any | None = None
    generation: Generation | None = None

    @property
    def model(self) -> str:
        """Short name of the model that is asked."""
        if self.generation is not None:
            return str(self.generation.model["short_name"])
        return ModelConfig(model=str(self.config["model"]["model"])).short_name

    @property
    def names(self) -> list[str]:
        """The columns of the grid."""
        return [str(one["name"]) for one in self.config["configurations"]]

    @property
    def baseline(self) -> str:
        """The column that others are compared with: the first that changes nothing."""
        return grids.unsteered(self.config)

    def row(self, prompt: int, name: str, sample: int) -> dict[str, Any] | None:
        """One text with its figures and its `row` in the frame; None if it is not begun."""
        frame = self.frame
        if frame.empty:
            return None
        hits = frame[
            (frame["prompt"] == self.config["prompts"][prompt])
            & (frame["configuration"] == name)
            & (frame["sample"] == sample)
        ]
        if hits.empty:
            return None
        return {"row": int(hits.index[0]), **{str(k): v for k, v in hits.iloc[0].items()}}


def jobs() -> dict[str, Any]:
    """The newest job of every grid that was asked for, by digest."""
    found: dict[str, Any] = {}
    for job in resources.engine().jobs.all():
        if job.kind == "generate" and job.digest and job.request:
            found.setdefault(job.digest, job)
    return found


def known() -> list[str]:
    """Digests of all grids that can be shown: those in work, this model's, then the newest."""
    asked = jobs()
    active = [digest for digest, job in asked.items() if job.active]
    stored = [info.digest for info in resources.own_first(resources.records("generation"))]
    rest = [digest for digest in asked if digest not in stored]
    return list(dict.fromkeys([*active, *stored, *rest]))


def live(digest: str) -> Sheet | None:
    """A grid in work with its texts so far, None once the work is over; cheap."""
    job = jobs().get(digest)
    if job is None or not job.active:
        return None
    texts = partial_texts(resources.engine().store.partial(digest))
    return Sheet(digest, job.state, job.request["config"], texts, job)


def load(digest: str) -> Sheet:
    """A grid by its digest, which must be one of `known`.

    Raises:
        StoreError: If its file is damaged.
    """
    store, job = resources.engine().store, jobs().get(digest)
    # Before the store is asked: a job that is done by now has its record there.
    state: State = "interrupted" if job is None or job.state == "done" else job.state
    if job is None or store.has(digest):
        generation = store.load_generation(digest)
        return Sheet(digest, "done", generation.config, generation.frame, None, generation)
    texts = partial_texts(store.partial(digest))
    return Sheet(digest, state, job.request["config"], texts, job)
