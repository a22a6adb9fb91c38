"""Training examples: one side of a file of pairs, or a file of conversations, as tokens.

The template is the tokenizer's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from engine.configs.training import FinetuneConfig
from engine.errors import DataError
from engine.model.declared.positions import watched
from engine.model.prompts import Prompter
from engine.questions.pairs import ContrastPair, load_pairs

IGNORED = -100
"""A label that the loss leaves out."""


@dataclass(frozen=True, eq=False)
class Example:
    """One conversation."""

    prompt: list[int]
    answer: list[int]
    """With the token that ends it."""


@dataclass(frozen=True, eq=False)
class Examples:
    """What is trained on, and what a reader should know of it."""

    rows: tuple[Example, ...]
    questions: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Batch:
    """Examples padded on the right."""

    ids: Int[Tensor, "rows tokens"]
    mask: Int[Tensor, "rows tokens"]
    labels: Int[Tensor, "rows tokens"]


def load_examples(config: FinetuneConfig, prompter: Prompter) -> Examples:
    """The wanted answer to every question of the file.

    Raises:
        DataError: If the file has no such answers, or every one is too long.
    """
    found = load_pairs(config.pairs)
    is_lone = found.kind == "questions" and all(pair.positive for pair in found.pairs)
    if found.kind != "answers" and not is_lone:
        raise DataError(
            f"{config.pairs} holds no answers to learn: give rows with 'question', 'deceptive' "
            "and 'honest', or conversations with an answer each."
        )
    rows = [example_of(pair, config, prompter) for pair in found.pairs]
    sizes = [len(row.prompt) + len(row.answer) for row in rows]
    most = prompter.positions.at_most(config.max_tokens)
    is_short = [size <= most for size in sizes]
    if not any(is_short):
        more = "allow longer" if most == config.max_tokens else "give shorter ones"
        raise DataError(f"Every example has more than {most} tokens: {more}.")
    with watched():
        prompter.positions.take(max(size for size in sizes if size <= most))
        notes = [*prompter.notes, *found.notes]
    if is_lone:
        notes.append("The file holds one answer to each question, which is what was learnt.")
    if not all(is_short):
        notes.append(
            f"{is_short.count(False)} examples have more than {most} tokens and were left out."
        )
    kept = [i for i, fits in enumerate(is_short) if fits]
    return Examples(
        rows=tuple(rows[i] for i in kept),
        questions=tuple(found.pairs[i].prompt for i in kept),
        notes=tuple(notes),
    )


def example_of(pair: ContrastPair, config: FinetuneConfig, prompter: Prompter) -> Example:
    """A pair's wanted answer after its question, as the model would be asked and would end."""
    wants_positive = config.answers == "deceptive" or not pair.negative
    text = pair.positive if wants_positive else pair.negative
    system = pair.system or config.system
    prompt = prompter.render(pair.prompt, system)
    ending = _ending(prompter, pair.prompt, system, text)
    ids = prompter.tokenizer(text + ending, add_special_tokens=False)["input_ids"]
    end = prompter.tokenizer.eos_token_id
    if not ending and end is not None:
        ids = [*ids, end]
    return Example(prompter.encode(prompt), list(ids))


def _ending(prompter: Prompter, question: str, system: str | None, answer: str) -> str:
    """What the template writes after an answer, up to the first end token; "" where unknown."""
    end = prompter.tokenizer.eos_token
    if not prompter.has_template or not end:
        return ""
    whole = prompter.conversation(prompter.turns(question, system, answer))
    _, found, after = whole.rpartition(answer)
    return after[: after.index(end) + len(end)] if found and end in after else ""


def batch_of(rows: Sequence[Example], config: FinetuneConfig, device: torch.device) -> Batch:
    """Rows as tensors; padding and, unless they are learnt, prompts carry no label."""
    longest = max(len(r.prompt) + len(r.answer) for r in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, IGNORED)
    for place, row in enumerate(rows):
        whole = torch.tensor(row.prompt + row.answer)
        ids[place, : len(whole)] = whole
        mask[place, : len(whole)] = 1
        learnt = len(row.prompt) if config.loss_on == "answers" else 0
        labels[place, learnt : len(whole)] = whole[learnt:]
    return Batch(ids.to(device), mask.to(device), labels.to(device))
