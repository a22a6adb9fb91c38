"""KL(unsteered || steered) per token, on the unsteered model's own answers to neutral prompts.

At every token of an answer, teacher-forced: the sum over the vocabulary of p log(p / q), p of the
unsteered model and q of the steered one after the same tokens, in nats. Unsteered is the model
with its adapter as the row has it. Knows nothing of strengths and budgets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from engine.configs.steering.doses import Which
from engine.configs.sweeps import EvaluateConfig
from engine.errors import DataError
from engine.evaluators import text_figures
from engine.evaluators.cells import end_tokens
from engine.evaluators.readings.asked import sharing
from engine.evaluators.steering.gating import SteeredRows
from engine.model.batches import Batches, Kind, tokens_at_once
from engine.model.blocks import RowCache
from engine.model.edits import Edit, EditBatch, first_edited
from engine.model.forward import Forward, Start
from engine.model.prompts import shared_prefix
from engine.questions import files

KEPT_BYTES = 256 * 2**20
"""Of unsteered states, and as much of unsteered log-probabilities, kept for further rows."""
MOST_TOKENS = text_figures.NEUTRAL_TOKENS
"""Of an answer."""
PERCENTILE = 95
ROWS_TOGETHER = {"cpu": 16, "cuda": 64}
"""Fewer rows go along with those that are first edited at an earlier block."""

Tick = Callable[[int], None]


@dataclass(eq=False)
class _Room:
    """Bytes that may still be kept."""

    left: int = KEPT_BYTES

    def takes(self, more: Tensor) -> bool:
        """Take the bytes of one more tensor, if there are as many."""
        size = more.numel() * more.element_size()
        if size > self.left:
            return False
        self.left -= size
        return True


@dataclass(eq=False)
class NeutralAnswers:
    """Neutral prompts with the unsteered model's own answers, on which rows are measured."""

    door: Forward
    adapter: Which
    prompts: list[list[int]]
    answers: list[list[int]]
    """Greedy, each with the token that ended it."""
    _starts: dict[tuple[int, int], Start] = field(default_factory=dict, init=False)
    _bases: dict[int, Tensor] = field(default_factory=dict, init=False)
    _states: _Room = field(default_factory=_Room, init=False)
    _logprobs: _Room = field(default_factory=_Room, init=False)

    @property
    def texts(self) -> int:
        """One a prompt."""
        return len(self.prompts)

    @property
    def tokens(self) -> int:
        """Of all answers together."""
        return sum(len(answer) for answer in self.answers)

    def start(self, text: int, after: int) -> Start:
        """A text's unsteered states after a block, from memory where they fit."""
        key = text, after
        if key not in self._starts:
            whole = self.prompts[text] + self.answers[text]
            start = self.door.start(whole, after, self.adapter, len(self.prompts[text]))
            if not self._states.takes(start.hidden):
                return start
            self._starts[key] = start
        return self._starts[key]

    def base(self, text: int, after: int) -> Float[Tensor, "tokens vocab"]:
        """Unsteered log-probabilities before every token of an answer, from memory if they fit."""
        if text in self._bases:
            return self._bases[text]
        parts: list[Tensor] = []

        def show(logits: Tensor, _first: int) -> None:
            parts.append(logits.log_softmax(-1))

        prompt_length = len(self.prompts[text])
        self.door.shown(self.start(text, after), EditBatch.none(1), prompt_length, show)
        found = torch.cat(parts)
        if self._logprobs.takes(found):
            self._bases[text] = found
        return found


def prepare(
    door: Forward, prompts: Sequence[str], adapter: Which, system: str | None = None
) -> NeutralAnswers:
    """Let the unsteered model answer neutral prompts, its likeliest token each time.

    Args:
        door: The model.
        prompts: At least one.
        adapter: Whether the fine-tuned model is steered; of several adapters its name.
        system: The system prompt, if any.

    Raises:
        DataError: If there is no prompt, one is empty, or the model has no positions for one.
    """
    if not prompts:
        raise DataError(
            "No neutral prompt is given: what steering costs is measured on at least 1."
        )
    tokens = [door.loaded.prompter.tokens(prompt, system, more=MOST_TOKENS) for prompt in prompts]
    ends = end_tokens(door)
    answers = text_figures.greedy(door, tokens, ends, MOST_TOKENS, _unseen, adapter=adapter)
    return NeutralAnswers(door, adapter, tokens, answers)


def of_sweep(door: Forward, asked: EvaluateConfig) -> NeutralAnswers:
    """The unsteered model's answers to the neutral prompts that a sweep names.

    Raises:
        DataError: As `prepare`; also if their file cannot be read.
    """
    prompts = files.load_prompts(asked.neutral_prompts)[: asked.neutral]
    return prepare(door, prompts, asked.which, asked.system)


def _unseen(_count: int) -> None:
    """Show nobody how far it is."""


def divergences(
    neutral: NeutralAnswers,
    rows: Sequence[Sequence[Edit]],
    tick: Tick,
    note: text_figures.Note,
) -> Float[np.ndarray, "rows tokens"]:
    """KL(unsteered || steered) of every row at every token of all answers, in nats.

    A row without edits is the unsteered model, so its values are exactly 0.

    Args:
        neutral: The texts.
        rows: Edits of each row, measured with the adapter of the texts.
        tick: Called with the number of texts that a row was run on; may raise to stop.
        note: Told when memory ran out.

    Raises:
        ModelError: If not even one row fits into memory.
    """
    found = np.zeros((len(rows), neutral.tokens))
    for run in _runs(rows, ROWS_TOGETHER.get(neutral.door.loaded.device.type, 16)):

        def work(part: range, run: list[int] = run) -> None:
            chosen = run[part.start : part.stop]
            found[chosen] = _together(neutral, [rows[i] for i in chosen], tick)

        _batches(neutral, first_edited(rows[run[-1]])).over(len(run), work, note)
    return found


def _runs(rows: Sequence[Sequence[Edit]], least: int) -> list[list[int]]:
    """Rows with edits by falling first block; those of one block on their own where they are many.

    A batch sets out from the states before its first edited block, so that late ones are cheap.
    """
    runs: list[list[int]] = []
    firsts = [first_edited(row) for row in rows]
    for i in sorted((i for i, row in enumerate(rows) if row), key=lambda i: -firsts[i]):
        if not runs or (len(runs[-1]) >= least and firsts[i] != firsts[runs[-1][-1]]):
            runs.append([])
        runs[-1].append(i)
    return runs


def mean_and_p95(
    values: Float[np.ndarray, "rows tokens"],
) -> tuple[Float[np.ndarray, " rows"], Float[np.ndarray, " rows"]]:
    """Mean and 95th percentile over all tokens of all answers; not finite where a token is not."""
    means = values.mean(axis=1)
    high = np.percentile(np.where(np.isfinite(values), values, np.inf), PERCENTILE, axis=1)
    return means, np.where(np.isfinite(means), high, np.nan)


def _batches(neutral: NeutralAnswers, after: int) -> Batches:
    loaded = neutral.door.loaded
    longest = max(map(len, neutral.prompts)) + MOST_TOKENS
    own = longest - shared_prefix(neutral.prompts)
    kind = Kind(
        job="measuring what steering costs",
        unit="rows",
        keeps="answers",
        tokens=longest,
        blocks=neutral.door.blocks - 1 - after,
    )
    return Batches(loaded, kind, tokens_at_once(loaded.device) // max(own, 1))


def _together(
    neutral: NeutralAnswers, rows: list[Sequence[Edit]], tick: Tick
) -> Float[np.ndarray, "rows tokens"]:
    """The rows of one batch, text by text, from states that they all share."""
    door, edits = neutral.door, SteeredRows(door=neutral.door, rows=rows, adapter=neutral.adapter)
    after = min(first_edited(row) for row in rows)
    common = RowCache()
    if not edits.gates:
        upto = _common(neutral.prompts, rows)
        common = door.prefill(neutral.start(0, after), edits.on(neutral.prompts[0]), upto)
    parts = []
    for text in range(neutral.texts):
        batch = edits.on(neutral.prompts[text])
        base = neutral.base(text, after)
        found = torch.empty(len(rows) * len(base), device=base.device)

        def show(logits: Tensor, first: int, base: Tensor = base, found: Tensor = found) -> None:
            places = torch.arange(first, first + len(logits), device=base.device) % len(base)
            found[first : first + len(logits)] = kl(base[places], logits.log_softmax(-1))

        door.shown(neutral.start(text, after), batch, len(neutral.prompts[text]), show, common)
        values = found.view(len(rows), -1).cpu()
        # In a batch the unsteered model differs from itself in the last bit.
        values[_untouched(batch)] = 0
        parts.append(values.numpy())
        tick(len(rows))
    return np.concatenate(parts, axis=1)


def _untouched(batch: EditBatch) -> Bool[Tensor, " rows"]:
    """Rows that change nothing, as where a text's gate stays shut."""
    found = torch.ones(batch.rows, dtype=torch.bool)
    for group in batch.groups:
        found &= group.scales.cpu() == 0
    return found


def kl(
    base: Float[Tensor, "places vocab"], steered: Float[Tensor, "places vocab"]
) -> Float[Tensor, " places"]:
    """KL(base || steered) of rows of log-probabilities, in nats; never below 0."""
    shares = base.exp()
    terms = torch.where(shares > 0, shares * (base - steered), 0.0)
    return terms.sum(-1).clamp_min(0)


def _common(prompts: list[list[int]], rows: list[Sequence[Edit]]) -> int:
    """Leading tokens that all texts share and that no row changes in some texts only."""
    shortest = min(len(prompt) for prompt in prompts)
    # The first token of an answer is read off the last one of its prompt.
    shared = min(shared_prefix(prompts), shortest - 1)
    return min(sharing(prompts, shared, edit.window) for row in rows for edit in row)
