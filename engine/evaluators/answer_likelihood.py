"""How likely a model finds answers that are given: log p of their tokens after their prompts.

An answer ends with its last token of text: whether the model would stop there is another question,
so the token that ends a turn is not read. Knows nothing of sweeps and of who wrote the answers.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int

from engine.configs.steering.doses import Which
from engine.errors import DataError
from engine.evaluators import text_figures
from engine.evaluators.text_figures import Scored
from engine.model.edits import Edit
from engine.model.forward import Forward
from engine.model.prompts import Prompter


def _unseen(_tokens: int) -> None:
    """Show nobody how far it is."""


def _untold(_note: str) -> None:
    """Tell nobody that memory ran out."""


def answer_logps(
    door: Forward,
    prompts: Sequence[list[int]],
    answers: Sequence[list[int]],
    *,
    adapter: Which = False,
    edits: Sequence[Sequence[Edit]] | None = None,
    tick: Callable[[int], None] = _unseen,
    note: Callable[[str], None] = _untold,
) -> tuple[Float[np.ndarray, " texts"], Int[np.ndarray, " texts"]]:
    """Log-probability of each answer after its prompt, in nats, and how many tokens it has.

    The mean per token is the first over the second.

    Args:
        door: The model.
        prompts: Tokens before each answer; those of one length go through together.
        answers: Tokens of each answer, as `split` gives them.
        adapter: Whether the fine-tuned model reads; of several adapters its name.
        edits: One list per text, by default at all positions; None leaves the model unsteered.
        tick: Called with the number of tokens read; may raise to stop.
        note: Told when memory ran out.

    Raises:
        DataError: If an answer has no tokens.
    """
    if not all(answers):
        raise DataError("An answer is empty: its log-probability needs at least one token.")
    changes = [()] * len(prompts) if edits is None else edits
    texts = [
        Scored(prompt, answer, own, adapter)
        for prompt, answer, own in zip(prompts, answers, changes, strict=True)
    ]
    readings = text_figures.read(door, texts, tick, note)
    totals = np.array([np.sum(reading.logprobs) for reading in readings], dtype=np.float64)
    return totals, np.array([len(answer) for answer in answers], dtype=np.int64)


def split(
    prompter: Prompter, question: str, system: str | None, answers: Sequence[str]
) -> tuple[list[int], list[list[int]]]:
    """A question's prompt and its answers as tokens, each answer tokenised with its prompt.

    A tokenizer may join the end of the prompt and the beginning of an answer; all answers begin
    where the first of them differs from the bare prompt.

    Returns:
        Tokens of the prompt, and of every answer after it.

    Raises:
        DataError: If the prompt or an answer is empty, or the model has no positions for them.
    """
    if not all(answer.strip() for answer in answers):
        raise DataError("An answer is empty: its log-probability needs at least one token.")
    bare = prompter.tokens(question, system)
    whole = [prompter.tokens(question, system, answer.strip()) for answer in answers]
    begin = min(_common(bare, tokens) for tokens in whole)
    return bare[:begin], [tokens[begin:] for tokens in whole]


def _common(bare: list[int], whole: list[int]) -> int:
    """Where an answer begins, leaving it at least one token."""
    same = next((i for i, (a, b) in enumerate(zip(bare, whole, strict=False)) if a != b), len(bare))
    return min(same, len(whole) - 1)
