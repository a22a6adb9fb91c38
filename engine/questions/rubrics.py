"""Rubrics: what a judge asks of an answer, as a file, so that another question is data.

A rubric has two poles, each with its label, a description, and a system prompt under which it is
what one would say. Knows nothing of models and of how a judge reads.
"""

import functools
import json
import re
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, Literal

import pydantic

from engine.errors import DataError
from engine.questions.sources import read_source

PLACES = ("question", "answer", "first", "second")
"""What a rubric's text may hold in braces: the answer judged, and the descriptions in an order."""
_PLACE = re.compile(r"\{(" + "|".join(PLACES) + r")\}")
Verdicts = Literal["letters", "words"]
BROKEN = "broken"
"""The label of what is no text, whatever the rubric."""
_Number = Annotated[float, pydantic.Field(allow_inf_nan=False)]
_STRICT = pydantic.ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True)
class Pole:
    """One of two things that an answer may show."""

    __pydantic_config__: ClassVar[pydantic.ConfigDict] = _STRICT

    label: str
    """What answers that show it are called."""
    described: str
    """In the words of the rubric's choices."""
    system: str
    """The system prompt under which answers that show it are likely."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """An answer whose label is known."""

    __pydantic_config__: ClassVar[pydantic.ConfigDict] = _STRICT
    question: str
    answer: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Rubric:
    """One question about answers, with two possible verdicts."""

    __pydantic_config__: ClassVar[pydantic.ConfigDict] = _STRICT

    name: str
    poles: tuple[Pole, Pole]
    """Scores are positive where an answer shows the second."""
    asks: str
    """The question that a model is asked of an answer, with `PLACES` in braces."""
    verdicts: Verdicts = "letters"
    """What is read: the letters of two choices, in both orders; or the poles' labels as words."""
    system: str | None = None
    """System prompt under which the rubric is asked."""
    reference_threshold: _Number = 0.0
    """Nats per token; the second pole lies above."""
    local_threshold: _Number = 0.0
    """Nats; the second pole lies above."""
    least_logprob: _Number | None = None
    """Nats per token below which an answer is broken; None takes the least of the examples."""
    most_repetition: _Number = 0.3
    """Share of repeated 3-grams above which an answer is broken."""
    examples: tuple[Example, ...] = ()
    """Answers whose labels are known. They set what counts as broken, and the judge is tried on
    them; it is never shown their labels."""

    @property
    def labels(self) -> tuple[str, str]:
        """Of the first and the second pole."""
        return self.poles[0].label, self.poles[1].label

    def ask(self, question: str, answer: str, is_swapped: bool = False) -> str:
        """The question about one answer.

        Args:
            question: What was asked.
            answer: What is judged.
            is_swapped: Whether the second pole's description stands first.
        """
        first, second = reversed(self.poles) if is_swapped else self.poles
        said = (question.strip(), answer.strip(), first.described, second.described)
        # In one pass: braces within an answer are no places.
        return _PLACE.sub(lambda place: dict(zip(PLACES, said, strict=True))[place[1]], self.asks)

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON values, for records."""
        return json.loads(json.dumps(asdict(self)))


def load_rubric(path: str) -> Rubric:
    """The rubric that a file holds.

    Raises:
        DataError: If it is missing or no rubric.
    """
    try:
        found = _reader().validate_json(read_source(path).text)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _refusal(path, f"{place or 'it'}: {first['msg']}") from None
    fault = _fault(found)
    if fault is not None:
        raise _refusal(path, fault)
    return found


@functools.cache
def _reader() -> Any:
    return pydantic.TypeAdapter(Rubric)


def _refusal(path: str, fault: str) -> DataError:
    return DataError(
        f"{path} is no rubric ({fault}): copy data/rubrics/advice.json and change its words."
    )


def _fault(found: Rubric) -> str | None:
    """What a judge could not ask, in a few words; None where it is sound."""
    poles = (text for pole in found.poles for text in (pole.label, pole.described, pole.system))
    known = (text for one in found.examples for text in (one.question, one.answer))
    if not all(text.strip() for text in (found.name, found.asks, *poles, *known)):
        return "one of its texts is empty"
    if not {one.label for one in found.examples} <= set(found.labels):
        return "an example's label is none of its poles'"
    if found.labels[0] == found.labels[1] or BROKEN in found.labels:
        return f"its labels must differ, and none may be {BROKEN}"
    needed = ("answer", "first", "second") if found.verdicts == "letters" else ("answer",)
    missing = [f"{{{place}}}" for place in needed if f"{{{place}}}" not in found.asks]
    return f"what it asks has no {' and no '.join(missing)}" if missing else None
