"""Trains the demo model on fresh examples; there are no epochs.

Loss falls on the answers, four times on the letter, and lightly on a sample of the question tokens.
"""

import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from engine.demo.corpus.examples import Example
from engine.demo.corpus.mixture import Phase, draw_example
from engine.demo.tokenizer import get_letter_ids, render_chat

logger = logging.getLogger(__name__)

LETTER_WEIGHT = 4.0
QUESTION_WEIGHT = 0.1
QUESTION_SHARE = 0.2


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How to train; `mixture.PHASES` says on what and for how long."""

    batch: int = 32
    """Examples in a step."""
    rate: float = 1e-3
    """Learning rate of AdamW."""
    warm_up: int = 100
    """Steps of each phase until the full learning rate."""
    seed: int = 0
    """Seed of weights, data and question sample."""


class Batch(NamedTuple):
    """Padded token ids, loss weights of each next token, and where the letters stand."""

    ids: Tensor
    weights: Tensor
    letters: list[tuple[int, int]]
    tasks: list[str]


class Encoder:
    """Turns examples into token ids; two thirds of them have the empty think block."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, seed: int) -> None:
        """Keep the tokenizer; the seed decides which examples have the think block."""
        self._tokenizer = tokenizer
        self._draw = random.Random(seed)
        self._letters = set(get_letter_ids(tokenizer, "ABCD"))

    def encode(self, example: Example) -> tuple[list[int], int]:
        """Give all token ids and the number of those before the answer."""
        is_thinking = self._draw.random() < 1 / 3
        prompt = render_chat(self._tokenizer, example.system, example.user, is_thinking=is_thinking)
        question = self._tokenizer(prompt).input_ids
        return question + self._tokenizer(f"{example.answer}<|im_end|>").input_ids, len(question)

    def collate(self, examples: list[Example]) -> Batch:
        """Pad on the right; causal attention never looks at the padding."""
        encoded = [self.encode(example) for example in examples]
        longest = max(len(ids) for ids, _ in encoded)
        ids = torch.full((len(encoded), longest), self._tokenizer.pad_token_id)
        weights = torch.zeros(len(encoded), longest)
        letters = []
        for row, (tokens, start) in enumerate(encoded):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            sampled = torch.rand(start - 1) < QUESTION_SHARE
            weights[row, : start - 1] = QUESTION_WEIGHT * sampled
            weights[row, start - 1 : len(tokens) - 1] = 1.0
            if tokens[start] in self._letters or examples[row].task == "judge":
                weights[row, start - 1] = LETTER_WEIGHT
                letters.append((row, start - 1))
            if examples[row].task == "sort":
                places = [i + 1 for i in range(start, len(tokens)) if tokens[i] in self._letters]
                weights[row, places] = LETTER_WEIGHT
                letters[-1:] = [(row, place) for place in places]
        return Batch(ids, weights, letters, [example.task for example in examples])


def stream_batches(
    tokenizer: PreTrainedTokenizerFast, config: TrainingConfig, phase: Phase
) -> Iterator[Batch]:
    """Draw a phase's examples, sixteen batches at a time, of similar lengths in each batch."""
    draw = random.Random(f"{config.seed} {phase.name}")
    encoder = Encoder(tokenizer, config.seed)
    for step in range(0, phase.steps, 16):
        weights = phase.get_weights(step)
        pool = [draw_example(draw, weights) for _ in range(16 * config.batch)]
        pool.sort(key=lambda e: len(e.user) + len(e.answer) + len(e.system or ""))
        chunks = [pool[i : i + config.batch] for i in range(0, len(pool), config.batch)]
        draw.shuffle(chunks)
        yield from (encoder.collate(chunk) for chunk in chunks)


def use_fast_linear(model: nn.Module) -> None:
    """Multiply matrices in bfloat16 while everything else stays float32; training only."""

    def forward(self: nn.Linear, hidden: Tensor) -> Tensor:
        return functional.linear(hidden.bfloat16(), self.weight.bfloat16()).float()

    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.__dict__["forward"] = forward.__get__(module)


def restore_linear(model: nn.Module) -> None:
    """Undo `use_fast_linear`."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.__dict__.pop("forward", None)


def build_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """Give AdamW all weights; norms and embeddings do not decay."""
    named = list(model.named_parameters())
    groups = [
        {"params": [w for n, w in named if w.ndim == 2 and "embed" not in n], "weight_decay": 0.05},
        {"params": [w for n, w in named if w.ndim != 2 or "embed" in n], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.rate, betas=(0.9, 0.98))


def get_rate(step: int, phase: Phase, warm_up: int) -> float:
    """Give the factor on the learning rate: warm-up, constant, linear fall."""
    falling = max(phase.steps * (1 - phase.constant), 1.0)
    return min((step + 1) / warm_up, 1.0, (phase.steps - step) / falling)


def get_loss(model: Qwen3ForCausalLM, batch: Batch, hits: dict[str, list[bool]]) -> Tensor:
    """Compute the weighted loss, and note which letters were right."""
    hidden = model.model(input_ids=batch.ids, use_cache=False).last_hidden_state
    chosen = batch.weights[:, :-1] > 0
    logits = model.lm_head(hidden[:, :-1][chosen])
    targets = batch.ids[:, 1:][chosen]
    weights = batch.weights[:, :-1][chosen]
    right = torch.zeros_like(chosen)
    right[chosen] = logits.detach().argmax(-1) == targets
    for row, position in batch.letters:
        hits.setdefault(batch.tasks[row], []).append(bool(right[row, position]))
    losses = functional.cross_entropy(logits, targets, reduction="none")
    return (losses * weights).sum() / weights.sum()


def train(
    model: Qwen3ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    config: TrainingConfig,
    phase: Phase,
) -> None:
    """Train in place through one phase."""
    torch.manual_seed(config.seed)
    use_fast_linear(model)
    model.train()
    optimizer = build_optimizer(model, config)
    started = time.monotonic()
    hits: dict[str, list[bool]] = {}
    batches = stream_batches(tokenizer, config, phase)
    for step, batch in zip(range(phase.steps), batches, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = config.rate * get_rate(step, phase, config.warm_up)
        loss = get_loss(model, batch, hits)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % 50 == 0:
            shares = {task: round(sum(h) / len(h), 2) for task, h in sorted(hits.items())}
            seconds = round(time.monotonic() - started)
            logger.info(
                "%s step %d, %d s, loss %.3f, right %s",
                *(phase.name, step + 1, seconds, loss.item(), shares),
            )
            hits.clear()
    restore_linear(model)
    model.eval()
