"""What steering does beside its purpose: broken texts, and changes where nothing should change.

Per text: repetition, unique tokens, mean log-probability under the unsteered base model. Per
configuration: KL(base || steered) after neutral prompts, and the perplexity under the steered
model of the base model's own answers to them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.steering.doses import Which
from engine.evaluators import lockstep
from engine.model.edits import Edit, first_edited
from engine.model.forward import Forward

NEUTRAL_TOKENS = 24
"""Most tokens of a neutral answer."""

Note = Callable[[str], None]


def _unheard(_note: str) -> None:
    """Tell nobody."""


def unique_tokens(tokens: Sequence[int]) -> float:
    """Different tokens / tokens; 1 for an empty text."""
    return len(set(tokens)) / len(tokens) if tokens else 1.0


@dataclass(frozen=True, eq=False)
class Scored:
    """One text to be read by the model instead of written."""

    prompt: list[int]
    answer: list[int]
    """At least one token."""
    edits: Sequence[Edit] = ()
    adapter: Which = False


@dataclass(frozen=True, eq=False)
class Reading:
    """How likely the model found each token of a text."""

    logprobs: list[float]
    first: Float[Tensor, " vocab"] | None = None
    """Log-probabilities after the prompt, where they were asked for."""

    @property
    def mean(self) -> float:
        """Mean log-probability per token."""
        return sum(self.logprobs) / len(self.logprobs)


def read(
    door: Forward,
    texts: Sequence[Scored],
    tick: Callable[[int], None],
    note: Note,
    keep_first: bool = False,
) -> list[Reading]:
    """Log-probabilities of texts that are given.

    Args:
        door: The model.
        texts: What to read, with the edits under which it is read.
        tick: Called with the number of tokens read; may raise to stop.
        note: Told when memory ran out.
        keep_first: Keep the log-probabilities of every token after the prompt.
    """
    readings: list[Reading | None] = [None] * len(texts)
    for members in _alike(texts):
        longest = max(len(texts[i].prompt) + len(texts[i].answer) for i in members)

        def work(part: range, members: list[int] = members) -> None:
            chosen = [members[i] for i in part]
            found = _read_batch(door, [texts[i] for i in chosen], tick, keep_first)
            for place, reading in zip(chosen, found, strict=True):
                readings[place] = reading

        lockstep.in_batches(door, len(members), longest, work, note)
    return [reading for reading in readings if reading is not None]


def _alike(texts: Sequence[Scored]) -> list[list[int]]:
    """Indices of texts that can be read together, those with most in common side by side."""
    groups: dict[tuple[int, Which], list[int]] = {}
    for index, text in enumerate(texts):
        groups.setdefault((len(text.prompt), text.adapter), []).append(index)

    def order(index: int) -> tuple[int, int, list[int]]:
        text = texts[index]
        return first_edited(text.edits), -len(text.answer), text.prompt

    return [sorted(group, key=order) for group in groups.values()]


def _read_batch(
    door: Forward, texts: list[Scored], tick: Callable[[int], None], keep_first: bool
) -> list[Reading]:
    prompts, adapter = [text.prompt for text in texts], texts[0].adapter
    batch = lockstep.stacked(door, prompts, [text.edits for text in texts], adapter)
    decoder = door.decoder(prompts, batch, adapter)
    first = decoder.first().log_softmax(-1)
    logprobs = first.gather(-1, torch.tensor([[text.answer[0]] for text in texts]))
    longest = max(len(text.answer) for text in texts)
    if longest > 1:
        # What follows a text's end is read too, and left out below: no token sees a later one.
        padded = [text.answer + [0] * (longest - len(text.answer)) for text in texts]
        rest = decoder.follow([row[:-1] for row in padded], [row[1:] for row in padded])
        logprobs = torch.cat([logprobs, rest], dim=1)
    tick(sum(len(text.answer) for text in texts))
    return [
        Reading(row[: len(text.answer)], before.clone() if keep_first else None)
        for text, row, before in zip(texts, logprobs.tolist(), first, strict=True)
    ]


def greedy(
    door: Forward,
    prompts: Sequence[list[int]],
    ends: set[int],
    most: int,
    tick: Callable[[int], None],
    adapter: Which = False,
    edits: Sequence[Sequence[Edit]] | None = None,
    note: Note = _unheard,
) -> list[list[int]]:
    """The model's likeliest answers, each with the token that ended it.

    Args:
        door: The model.
        prompts: Those of one length go through together, as many as memory allows.
        ends: Tokens that end an answer.
        most: Tokens of an answer that does not end.
        tick: Called with the number of tokens written; may raise to stop.
        adapter: Whether the fine-tuned model answers.
        edits: One list per prompt; None leaves the model unsteered.
        note: Told when memory ran out.
    """
    changes = [()] * len(prompts) if edits is None else edits
    answers: list[list[int]] = [[] for _ in prompts]
    for length in sorted({len(prompt) for prompt in prompts}):
        alike = [i for i, prompt in enumerate(prompts) if len(prompt) == length]

        def work(part: range, alike: list[int] = alike) -> None:
            members = [alike[i] for i in part]
            found = _greedy_batch(
                door,
                [prompts[i] for i in members],
                [changes[i] for i in members],
                (ends, most, adapter),
                tick,
            )
            for place, answer in zip(members, found, strict=True):
                answers[place] = answer

        lockstep.in_batches(door, len(alike), length + most, work, note)
    return answers


def _greedy_batch(
    door: Forward,
    prompts: list[list[int]],
    edits: list[Sequence[Edit]],
    until: tuple[set[int], int, Which],
    tick: Callable[[int], None],
) -> list[list[int]]:
    """Answers to prompts of one length; `until`: what ends one, its most tokens, the adapter."""
    ends, most, adapter = until
    answers: list[list[int]] = [[] for _ in prompts]

    def pick(going: list[int], logits: Tensor) -> list[Any]:
        tokens = logits.argmax(-1).tolist()
        tick(len(tokens))
        for row, token in zip(going, tokens, strict=True):
            answers[row].append(token)
        is_over = [
            token in ends or len(answers[row]) == most
            for row, token in zip(going, tokens, strict=True)
        ]
        return [None if over else token for over, token in zip(is_over, tokens, strict=True)]

    lockstep.run(door, prompts, edits, adapter, pick)
    return answers


def _first(reading: Reading) -> Float[Tensor, " vocab"]:
    assert reading.first is not None
    return reading.first


def kl(base: Float[Tensor, " vocab"], other: Float[Tensor, " vocab"]) -> float:
    """KL(base || other) of two rows of log-probabilities, in nats."""
    base, other = base.double(), other.double()
    terms = torch.where(base == -math.inf, 0.0, base.exp() * (base - other))
    return max(float(terms.sum()), 0.0)


@dataclass(frozen=True, eq=False)
class Neutral:
    """Neutral prompts, and what the unsteered model answers."""

    prompts: list[list[int]]
    answers: list[list[int]]


class Arm(NamedTuple):
    """A configuration as it reads neutral answers."""

    edits: Sequence[Edit]
    adapter: Which
    prompts: list[list[int]] | None = None
    """The neutral prompts with its own system prompt; None is with the usual one."""


def on_neutral(
    door: Forward,
    neutral: Neutral,
    columns: Sequence[Arm],
    tick: Callable[[int], None],
    note: Note,
    base_adapter: Which = False,
) -> list[dict[str, float]]:
    """KL and perplexity of every column on neutral prompts.

    Args:
        door: The model.
        neutral: Prompts, and the base model's answers.
        columns: Edits, adapter and prompts of each configuration.
        tick: Called with the number of tokens read; may raise to stop.
        note: Told when memory ran out.
        base_adapter: Whether the unsteered model they are compared with has its adapter on.

    Returns:
        Per column `kl`: mean over prompts of KL(base || steered) of the next token, in nats;
        `neutral_perplexity`: exp of the mean negative log-probability of the answers' tokens.
    """
    base = _read_all(door, neutral, [Arm((), base_adapter)], tick, note)[0]
    vocab = len(_first(base[0]))
    # The first logits of every text are kept until its column is done.
    size = max(1, lockstep.LOGIT_BYTES // (4 * vocab * len(neutral.prompts)))
    found = []
    for first in range(0, len(columns), size):
        part = columns[first : first + size]
        for arm, readings in zip(part, _read_all(door, neutral, part, tick, note), strict=True):
            # In a batch of another size the base model differs from itself in the last bit.
            is_base = not arm.edits and arm.adapter == base_adapter and arm.prompts is None
            readings = base if is_base else readings
            pairs = zip(base, readings, strict=True)
            logprobs = [value for reading in readings for value in reading.logprobs]
            loss = -sum(logprobs) / len(logprobs)
            found.append(
                {
                    "kl": sum(kl(_first(b), _first(r)) for b, r in pairs) / len(base),
                    "neutral_perplexity": math.exp(min(loss, 700.0)),
                }
            )
    return found


def _read_all(
    door: Forward,
    neutral: Neutral,
    columns: Sequence[Arm],
    tick: Callable[[int], None],
    note: Note,
) -> list[list[Reading]]:
    """By column, its reading of every neutral answer."""
    texts = [
        Scored(prompt, answer, arm.edits, arm.adapter)
        for arm in columns
        for prompt, answer in zip(arm.prompts or neutral.prompts, neutral.answers, strict=True)
    ]
    readings = read(door, texts, tick, note, keep_first=True)
    count = len(neutral.prompts)
    return [readings[i : i + count] for i in range(0, len(readings), count)]
