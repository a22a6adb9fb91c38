"""A conversation as tokens, and which of them each turn wrote. Knows nothing of models."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.configs.reads.drift import DriftAsk, Spoken
from engine.errors import DataError
from engine.evaluators.tokens.spans import at
from engine.model.prompts import Prompter

MARK = "\ue000{}\ue001"
"""Stands for a turn's text while the template's own parts are found; no text has such letters."""
_CHANGED = (
    "This model's chat template changes what was said, so that the turns' tokens cannot be told "
    "apart: read the answers one by one."
)


@dataclass(frozen=True, eq=False)
class Laid:
    """A conversation as tokens."""

    tokens: list[int]
    turns: list[slice]
    """Of each turn, its own tokens."""


def laid_out(prompter: Prompter, asked: DriftAsk) -> Laid:
    """The tokens of a conversation, and which of them each turn wrote.

    Raises:
        DataError: If the chat template changes what was said.
    """
    *before, last = asked.turns
    is_answer = last.role == "assistant"
    given = list(before) if is_answer else list(asked.turns)
    rendered, edges = _rendered(prompter, given, asked.is_raw)
    is_plain = True if asked.is_raw else None
    if is_answer:
        begun = last.prefill if last.tokens else last.text
        edges.append((len(rendered), len(rendered) + len(begun)))
        rendered += begun
    whole = prompter.encode(rendered, is_plain)
    turns = [at(prompter, rendered, first, end, whole, is_plain) for first, end in edges]
    if is_answer and last.tokens:
        # What ended it is the template's, as behind every other turn.
        own = _text_of(prompter, last.tokens)
        turns[-1] = slice(turns[-1].start, len(whole) + len(own))
        whole = [*whole, *own]
    return Laid(whole, turns)


def _text_of(prompter: Prompter, tokens: Sequence[int]) -> list[int]:
    special = set(prompter.tokenizer.all_special_ids)
    own = list(tokens)
    while own and own[-1] in special:
        own.pop()
    return own


def _rendered(
    prompter: Prompter, turns: Sequence[Spoken], is_raw: bool
) -> tuple[str, list[tuple[int, int]]]:
    """What the model is given before its answer, and between which letters each turn stands."""
    texts = [one.text for one in turns]
    if is_raw:
        parts = [""] * (len(texts) + 1)
        return "".join(texts), _edges(parts, texts)
    roles = [one.role for one in turns]

    def written(contents: Sequence[str]) -> str:
        said = [{"role": r, "content": c} for r, c in zip(roles, contents, strict=True)]
        return prompter.written(said)

    if not turns:
        raise DataError("The conversation begins with an answer: give the question before it.")
    marks = [MARK.format(place) for place in range(len(texts))]
    rendered, rest, parts = written(texts), written(marks), []
    for mark in marks:
        part, is_there, rest = rest.partition(mark)
        if not is_there:
            raise DataError(_CHANGED)
        parts.append(part)
    parts.append(rest)
    # Many templates trim what was said.
    for said in (texts, [text.strip() for text in texts]):
        joined = "".join(x for pair in zip(parts, [*said, ""], strict=True) for x in pair)
        if joined == rendered:
            return rendered, _edges(parts, said)
    raise DataError(_CHANGED)


def _edges(parts: Sequence[str], texts: Sequence[str]) -> list[tuple[int, int]]:
    edges, place = [], 0
    for part, text in zip(parts, texts, strict=False):
        place += len(part)
        edges.append((place, place + len(text)))
        place += len(text)
    return edges
