"""Whether a record holds what readers of it need, each value of its kind.

A record that passes can be drawn: pages, tables and reports read no value that is not named here
without asking whether it is there. Knows nothing of files, models and charts.
"""

import functools
from typing import Annotated, Any, Literal, NotRequired

import pydantic
from typing_extensions import TypedDict

from engine.errors import StoreError
from engine.records.sound_behaviours import Behaviour
from engine.records.sound_budgets import Blend, Suggestion
from engine.records.sound_conversations import Conversation, follows
from engine.records.sound_equal_cost import EqualCost
from engine.records.sound_parts import Figure, Judging, Letter, Named, Plain, Record, Site, Whole
from engine.records.sound_probes import Probe
from engine.records.sound_reads.examples import Examples
from engine.records.sound_reads.words import Words
from engine.records.sound_tables import hold


class _Vectors(Record):
    method: str
    sites: list[Site]
    scores: dict[str, list[Figure]]
    history: dict[str, list[list[Figure]]]
    residual_norms: dict[str, Figure]
    norms: list[float | int]


class _Question(TypedDict):
    id: str
    stem: str
    options: Annotated[list[str], pydantic.Field(min_length=2, max_length=2)]
    behaviour_letter: Letter
    system: NotRequired[str | None]


class _Questions(TypedDict):
    name: str
    path: Annotated[str, pydantic.Field(min_length=1)]
    sha256: str
    behaviour: str
    polarity: Literal["matching", "not-matching"]
    questions: Annotated[list[_Question], pydantic.Field(min_length=1)]
    dropped: list[Annotated[list[Whole | str], pydantic.Field(min_length=2, max_length=2)]]
    notes: NotRequired[list[str]]


class _Steering(TypedDict):
    """What records from before it lack."""

    target: NotRequired[Figure]
    second: NotRequired[str | None]
    when: NotRequired[str | None]
    dose: NotRequired[str | None]
    usual: NotRequired[str]


class _Sweep(_Steering):
    scales: Annotated[list[float | int], pydantic.Field(min_length=1)]
    controls: Whole
    operation: NotRequired[str]
    layers: NotRequired[str | list[Whole]]
    positions: NotRequired[str]
    preserve_norm: NotRequired[bool]


class _Evaluation(Record):
    config: _Sweep  # type: ignore[misc]
    questions: _Questions
    vector_names: dict[str, Named]
    unfinished: NotRequired[bool]


class _Effects(TypedDict):
    kl: NotRequired[Figure]
    neutral_perplexity: NotRequired[Figure]
    relative: NotRequired[Figure]


class _Part(TypedDict):
    digest: str
    index: Whole
    weight: float | int


class _Column(_Steering):
    name: str
    adapter: bool | str
    scale: float | int
    scale_unit: str
    unit_norm: bool
    preserve_norm: bool
    operation: str
    layers: str | list[Whole]
    positions: str
    blend: list[_Part]
    system: NotRequired[str | None]


class _Grid(TypedDict):
    prompts: list[str]
    samples: Whole
    temperature: float | int
    top_k: NotRequired[Whole]
    top_p: NotRequired[float | int]
    max_new_tokens: Whole
    system: str | None
    seed: int
    configurations: list[_Column]


class _Generation(Record):
    config: _Grid  # type: ignore[misc]
    side_effects: dict[str, _Effects]
    vector_names: NotRequired[dict[str, Named]]
    judge: NotRequired[Judging]


class _Experiment(Record):
    name: str
    title: str


Row = dict[str, Plain | dict[str, Plain] | list[Plain]]


class _Rates(TypedDict):
    method: str
    scale: float | int
    rate: Figure


class _Best(TypedDict):
    vector_set: NotRequired[str]
    method: str
    vector: Whole
    scale: float | int
    rate: Figure
    rate_low: NotRequired[Figure]
    rate_high: NotRequired[Figure]
    change: Figure
    change_low: NotRequired[Figure]
    change_high: NotRequired[Figure]
    p: Figure
    p_best: Figure


class _Band(TypedDict):
    scale: float | int
    rate_low: Figure
    rate_high: Figure


class _QuestionTable(TypedDict):
    questions: str
    behaviour: str
    asked: Whole
    by_method: list[_Rates]
    band: list[_Band]
    best: list[_Best]
    notes: list[str]


class _Corrigibility(_Experiment):
    tables: Annotated[list[_QuestionTable], pydantic.Field(min_length=1)]
    evaluations: list[str]
    vectors: NotRequired[list[str]]


class _Turned(TypedDict):
    arm: str
    block: Whole | None
    scale: Figure
    converted: Figure


class _Arm(_Turned):
    p: Figure
    random_high: NotRequired[Figure]
    labels: dict[str, Whole]
    baseline_labels: NotRequired[dict[str, Whole]]
    repetition: NotRequired[Figure]
    mean_logprob: NotRequired[Figure]
    baseline_mean_logprob: NotRequired[Figure]


class _Cosine(TypedDict):
    block: Whole
    cosine: Figure
    random: NotRequired[Figure]
    attainable: NotRequired[Figure]
    norm_first: NotRequired[Figure]
    norm_second: NotRequired[Figure]


class _DeceptionTables(TypedDict):
    similarity: list[_Cosine]
    cosines: NotRequired[list[dict[str, Figure]]]
    sweep: list[_Turned]
    arms: list[_Arm]


class _Deception(_Experiment):
    tables: _DeceptionTables
    vectors: Annotated[list[str], pydantic.Field(min_length=2)]
    generations: NotRequired[list[str]]
    judge: NotRequired[str]
    judging: NotRequired[Judging]


class _Raced(TypedDict):
    arm: Whole
    name: str
    vector_set: str
    vector: Whole
    method: str
    scale: float | int
    relative: Figure
    asked: Whole
    mean: Figure
    low: Figure
    high: Figure
    change: Figure
    rate_change: Figure
    dropped: Whole | None
    chance: Figure


class _Round(TypedDict):
    asked: Whole
    arm: Whole
    mean: Figure
    low: Figure
    high: Figure


class _Race(TypedDict):
    arms: list[_Raced]
    race: Annotated[list[_Round], pydantic.Field(min_length=1)]


class _AskedOf(TypedDict):
    name: str
    behaviour: str


class _RacedConfig(TypedDict):
    measure: str
    delta: float | int
    direction: str


class _Cells(TypedDict):
    share: float | int


class _Screening(_Experiment):
    tables: _Race
    config: _RacedConfig  # type: ignore[misc]
    questions: _AskedOf
    cells: _Cells
    finalists: list[Whole]
    order: list[str]
    best: _Raced
    sentences: list[str]
    vectors: list[str]


class _Other(_Experiment):
    """A study whose tables are only listed."""

    tables: Any


class _Evidence(_Experiment):
    tables: dict[str, list[Row] | Row]
    sentences: list[str]
    vectors: list[str]


STUDIES: dict[str, Any] = {
    "corrigibility": _Corrigibility,
    "deception": _Deception,
    "sentiment": Behaviour,
    "screening": _Screening,
    "evidence": _Evidence,
    "suggest": Suggestion,
    "blend": Blend,
    "equal-cost": EqualCost,
    "probe": Probe,
    "examples": Examples,
    "words": Words,
}
KINDS: dict[str, Any] = {
    "vectors": _Vectors,
    "evaluation": _Evaluation,
    "generation": _Generation,
    "conversation": Conversation,
}


def check(record: dict[str, Any], source: str) -> None:
    """Refuse a record that could not be shown.

    Args:
        record: As it was stored, of a known kind.
        source: Its file, for the message.

    Raises:
        StoreError: Names the first value that is not what it must be.
    """
    kind = KINDS.get(record["kind"]) or STUDIES.get(str(record.get("name")), _Other)
    try:
        _reader(kind).validate_python(record, strict=True)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = "/".join(str(part) for part in first["loc"])[:120]
        raise StoreError(
            f"{source} cannot be shown: {place!r}, where {first['msg'].lower()}. It is of another "
            "version or was changed after it was written: ask for the original."
        ) from error
    for number, one in enumerate(record.get("exchanges", ())):
        hold(follows(number, one), source, f"turn {number} is not where it must be in the tree")
    for name, steps in record.get("history", {}).items():
        widths = {len(step) for step in steps}
        is_even = len(widths) <= 1 and max(widths, default=1) <= len(record["sites"])
        hold(is_even, source, f"the curve {name[:40]!r} is not one figure a step and vector")
    blocks = record["model"].get("blocks")
    deepest = max((site["block"] for site in record.get("sites", ())), default=-1)
    outside = blocks is not None and deepest >= blocks
    hold(not outside, source, f"a site lies in block {deepest} of a model with {blocks} blocks")


@functools.cache
def _reader(kind: Any) -> pydantic.TypeAdapter:
    return pydantic.TypeAdapter(kind)
