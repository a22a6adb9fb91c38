"""Multiple choice of many forms: the options of a row, and which of them match.

Options may stand in the question's text behind letters or numbers, in columns, in lists, or in
objects of texts and labels. Knows nothing of files.
"""

import ast
import json
import re
import string
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.questions.own.limits import LONGEST, Unusable, words

MOST = 26
_MARKER = re.compile(
    r"^[ \t]*(?:\(([A-Za-z]|\d{1,2})\)|([A-Za-z]|\d{1,2})[.):])[ \t]+", re.MULTILINE
)
_LEAD = re.compile(r"^\s*(question|human)\s*:\s*", re.IGNORECASE)
_TAIL = re.compile(r"\s*\n\s*(answer|assistant)\s*:\s*\(?\s*$", re.IGNORECASE)
_HEADER = re.compile(r"[\s*_]*(possible |answer )?(choices|answers?|options)[\s*_]*:?[\s*_]*", re.I)
_LABEL = re.compile(r"\s*\(?\s*([A-Za-z]|\d{1,2})\s*(?:\)|\.|:|$)")
YES_NO = ("Yes", "No")


class Choices(NamedTuple):
    """Options with what their file calls them."""

    options: tuple[str, ...]
    labels: tuple[str, ...]


def embedded(text: str) -> tuple[str, Choices]:
    """Stem and options of a question that brings them behind letters or numbers.

    Raises:
        Unusable: If there are not at least two.
    """
    text = _TAIL.sub("", text.replace("\r\n", "\n"))
    markers = list(_MARKER.finditer(text))
    labels = [(m[1] or m[2]).upper() for m in markers]
    begin = next((i for i in range(len(labels)) if _in_turn(labels[i:])), None)
    if begin is None:
        raise Unusable("no two options behind letters or numbers, as (A) and (B)")
    markers, labels = markers[begin:], labels[begin:]
    lines = _LEAD.sub("", text[: markers[0].start()]).rstrip().split("\n")
    if _HEADER.fullmatch(lines[-1]):
        lines.pop()
    ends = [*(marker.start() for marker in markers[1:]), len(text)]
    options = tuple(text[m.end() : e].strip() for m, e in zip(markers, ends, strict=True))
    return "\n".join(lines).strip(), Choices(options, tuple(labels))


def _in_turn(labels: Sequence[str]) -> bool:
    """Whether labels are letters or numbers in their order, such as C, D."""
    if len(labels) < 2 or len({label.isdigit() for label in labels}) > 1:
        return False
    places = [int(one) if one.isdigit() else ord(one) for one in labels]
    return all(b - a == 1 for a, b in zip(places, places[1:], strict=False))


def listed(value: Any) -> Choices:
    """Options that stand in one value: a list, or an object of texts and labels.

    Raises:
        Unusable: If it holds none.
    """
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, dict):
        texts = next(
            (value[k] for k in ("text", "texts", "choices", "options") if k in value), None
        )
        labels = next((value[k] for k in ("label", "labels") if k in value), None)
        if texts is None and value and all(isinstance(one, str) for one in value.values()):
            labels, texts = list(value), list(value.values())
    else:
        texts, labels = value, None
    if isinstance(texts, list) and texts and all(isinstance(one, dict) for one in texts):
        labels = [one.get("label", one.get("key")) for one in texts]
        texts = [one.get("text", one.get("content")) for one in texts]
    if not isinstance(texts, list) or not 2 <= len(texts) <= MOST:
        raise Unusable(f"no list of 2 to {MOST} options")
    options = tuple(words(one, "option") for one in texts)
    are_named = isinstance(labels, list) and len(labels) == len(texts) and None not in labels
    named = (
        tuple(str(one).strip().upper() for one in labels or ()) if are_named else lettered(options)
    )
    return Choices(options, named)


def lettered(options: Sequence[str]) -> tuple[str, ...]:
    """A, B, C... for options without names."""
    return tuple(string.ascii_uppercase[: len(options)])


def marks(value: Any) -> tuple[int, ...] | None:
    """The places of ones in a list of 0 and 1, as TruthfulQA labels its options."""
    found = value.get("labels") if isinstance(value, dict) else None
    if not isinstance(found, list) or not found or not set(map(str, found)) <= {"0", "1"}:
        return None
    return tuple(i for i, one in enumerate(found) if str(one) == "1")


def _parsed(text: str) -> Any:
    """A list that a table's cell holds as JSON or as Python writes it; nothing is run."""
    if len(text) > LONGEST or text.lstrip()[:1] not in ("[", "{"):
        return [one for one in re.split(r"\s*[;|]\s*", text) if one]
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None


def place_of(value: Any, choices: Choices, first: int) -> tuple[int, ...]:
    """Which options a file's answer names.

    Args:
        value: A label, an option's text, a number, or a list of these.
        choices: What is there to choose.
        first: How the file counts options: from 0 or from 1.

    Raises:
        Unusable: If it names none.
    """
    if isinstance(value, list):
        return tuple(dict.fromkeys(i for one in value for i in place_of(one, choices, first)))
    if isinstance(value, bool) and [o.casefold() for o in choices.options] == ["yes", "no"]:
        return (0 if value else 1,)
    plain = " ".join(str(value).split()).casefold()
    same = [i for i, one in enumerate(choices.options) if " ".join(one.split()).casefold() == plain]
    if len(same) == 1:
        return (same[0],)
    found = _LABEL.match(str(value))
    label = found[1].upper() if found is not None else str(value).strip().upper()
    if label in choices.labels:
        return (choices.labels.index(label),)
    number = int(label) - first if re.fullmatch(r"\d{1,2}", label) else -1
    if 0 <= number < len(choices.options):
        return (number,)
    raise Unusable(f"the answer {str(value).strip()[:40]!r} is none of the options")


def counted_from(values: Sequence[Any], sizes: Sequence[int]) -> tuple[int, bool]:
    """Whether a file's numbers count options from 0 or 1, and whether that is certain."""
    numbers = [int(v) for v in map(str, values) if re.fullmatch(r"\s*\d{1,2}\s*", v)]
    if not numbers or 0 in numbers:
        return 0, True
    most = any(n >= s for n, s in zip(numbers, sizes, strict=False))
    return (1, True) if most else (0, False)
