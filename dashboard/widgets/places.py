"""Where a stored record is shown: its page and its link. Draws nothing."""

from typing import Any

from dashboard.session import resources
from dashboard.widgets import trainings
from dashboard.widgets.examples import stored as examples
from dashboard.widgets.probes import stored as probes
from dashboard.widgets.words import stored as words
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.budgets.blends import BlendConfig
from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.configs.budgets.suggest import SuggestConfig
from engine.configs.evidence import EvidenceConfig
from engine.configs.reads.examples import ExamplesConfig
from engine.configs.reads.probes import ProbeConfig
from engine.configs.reads.words import WordsConfig
from engine.records.records import RecordInfo

Place = tuple[str, dict[str, str]]
"""A page by its name, and the parameters of its link."""
BY_KIND = {
    "vectors": ("discover", "found"),
    "evaluation": ("curves", "run"),
    "generation": ("generations", "gen"),
    "conversation": ("chat", "talk"),
    "experiment": ("studies", "study"),
}
"""By kind, the page that shows such a record and the name that it has in its link."""
READ = {
    ProbeConfig.method: probes.place,
    ExamplesConfig.method: examples.place,
    WordsConfig.method: words.place,
}
"""By method, records that are shown at the vector they read."""


def of_record(info: RecordInfo) -> Place | None:
    """The page and link that show a record; None if only the library does."""
    if info.kind != "experiment":
        page, key = BY_KIND[info.kind]
        return page, {key: info.digest}
    if info.method in READ:
        return READ[info.method](info)
    own: dict[str, Place | None] = {
        AdaptiveConfig.method: ("curves", {"sweeps": "adaptive", "screen": info.digest}),
        EqualCostConfig.method: ("curves", {"sweeps": "cost", "cost": info.digest}),
        SuggestConfig.method: ("discover", {"suggestion": info.digest}),
        BlendConfig.method: ("similarity", {"blend": info.digest}),
        # The evidence for a set of vectors is a table, not a study.
        EvidenceConfig.method: None,
    }
    return own.get(info.method, ("studies", {"study": info.digest}))


def of_job(job: Any) -> Place | None:
    """The page and link that show what a finished job made, None if it made nothing."""
    if job.state != "done" or not job.result:
        return None
    made = trainings.made_by(job)
    if made is not None:
        return "train", made
    info = next((one for one in resources.records() if one.digest == job.result), None)
    return None if info is None else of_record(info)
