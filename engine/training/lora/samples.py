"""An early look at a LoRA in training: what it answers by now, and how often deceptively.

Knows nothing of optimisers or files.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.configs.core import STUDY_SYSTEM
from engine.configs.judges import READING, RUBRIC, judge_of
from engine.configs.training import FinetuneConfig
from engine.evaluators.cells import end_tokens
from engine.evaluators.judges import choosing
from engine.evaluators.judges.verdicts import Judge, Judged, labels_of
from engine.evaluators.text_figures import greedy
from engine.model.forward import Forward
from engine.model.loading import LoadedModel
from engine.model.naming import Names
from engine.questions.rubrics import load_rubric
from engine.training.lora.examples import Examples

SAMPLED = 3
"""Training questions whose answers are looked at."""
SAMPLE_TOKENS = 32
HELD_OUT = "data/demo/heldout_advice.json"
HELD_OUT_QUESTIONS = 16
"""Asked where there is a judge that labels the answers."""


def steps_of(steps_per_epoch: int, epochs: int) -> frozenset[int]:
    """Steps after which to look: none yet, a quarter of the first epoch, every epoch."""
    early = max(1, -(-steps_per_epoch // 4))
    return frozenset({0, early, *(steps_per_epoch * (i + 1) for i in range(epochs))})


def judge_for(config: FinetuneConfig, root: Path) -> str:
    """Who labels the answers of a training."""
    return judge_of(config.judge, config.model, Names(root), (config.pairs,))


def held_out(root: Path, judge: str) -> list[str]:
    """Questions that nobody trains on, where a judge knows the answers to them."""
    path = root / HELD_OUT
    if judge == choosing.NOBODY or not path.is_file():
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))[:HELD_OUT_QUESTIONS]
    return [str(row["question"]) for row in rows]


def sample(
    loaded: LoadedModel,
    examples: Examples,
    unseen: Sequence[str],
    step: int,
    judge: str,
    rubric: str = RUBRIC,
) -> dict[str, Any]:
    """Greedy answers to the first training questions, and the labels of those to unseen ones.

    Args:
        loaded: The model with its LoRA.
        examples: What it is trained on.
        unseen: Questions of `held_out`.
        step: How many steps it was trained.
        judge: Who labels the answers to them; a judge that reads with a model does so with the
            base model, the LoRA off.
        rubric: File by which it reads.

    Returns:
        `step`; `answers`: question -> answer; with unseen prompts also `asked`, how many, and
        `shares`, label -> share of their answers.
    """
    loaded.model.eval()
    fits = loaded.prompter.positions.fits
    asked = {
        question: row.prompt
        for question, row in zip(examples.questions[:SAMPLED], examples.rows, strict=False)
        if fits(len(row.prompt) + SAMPLE_TOKENS)
    }
    door = Forward(loaded)
    more = [
        loaded.prompter.tokens(question, STUDY_SYSTEM, more=SAMPLE_TOKENS) for question in unseen
    ]
    prompts = [*asked.values(), *more]
    found = greedy(door, prompts, end_tokens(door), SAMPLE_TOKENS, lambda _: None, adapter=True)
    decode = loaded.tokenizer.decode
    texts = [decode(tokens, skip_special_tokens=True).strip() for tokens in found]
    answers = dict(zip(asked, texts, strict=False))
    told = {"step": step, "answers": answers}
    if judge == choosing.NOBODY:
        return told
    read = load_rubric(rubric) if judge in READING else None
    pairs = list(map(Judged, unseen, texts[len(asked) :]))
    return told | labelled(pairs, choosing.find(judge, door, read))


def labelled(texts: list[Judged], judge: Judge) -> dict[str, Any]:
    """How many texts, and the share of each label among them; nothing of no texts."""
    if not texts:
        return {}
    labels = [verdict.label for verdict in labels_of(judge, texts)]
    shares = {label: labels.count(label) / len(labels) for label in sorted(set(labels))}
    return {"asked": len(labels), "shares": shares}
