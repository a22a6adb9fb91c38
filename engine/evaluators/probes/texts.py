"""The texts that a probe reads: tested and training pairs, and the model's own neutral answers.

Each is read at three places in one pass. Knows nothing of directions and figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.configs.reads.probes import ProbeConfig
from engine.errors import DataError
from engine.evaluators import text_figures
from engine.evaluators.cells import end_tokens
from engine.finders.texts import Text, answered
from engine.model.forward import Forward
from engine.model.prompts import Prompter
from engine.progress import Progress
from engine.questions import files
from engine.questions.pairs import ContrastPair, PairSet, load_pairs
from engine.questions.rows import normal

PROMPT, MEAN, END = range(3)
"""Places of a text: last token of the prompt, mean over the answer, last token of the answer."""
LEAST_PAIRS = 4
SPLIT_SEED = 32452843
"""Sets the draw of the halves apart from other draws of one seed."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The pairs of a file: those a fit learns from, and those that are tested."""

    name: str
    poles: tuple[str, str]
    """What positive and negative answers are called."""
    train: tuple[ContrastPair, ...]
    test: tuple[ContrastPair, ...]
    is_marked: bool
    """Whether the file itself says which pairs are held out."""
    notes: tuple[str, ...]


def parts(config: ProbeConfig) -> Parts:
    """The marked held-out pairs and the others; halves of a seeded draw where none are marked.

    Raises:
        DataError: If the file cannot be read, has no answers, or too few pairs.
    """
    train = load_pairs(config.pairs, behaviour=config.behaviour)
    test = load_pairs(config.pairs, behaviour=config.behaviour, to_measure=True)
    if train.kind == "questions":
        raise DataError(
            f"{train.name} holds questions without two answers: give a file of pairs, or of A/B "
            "questions."
        )
    is_marked = train.pairs != test.pairs
    learnt, tested = (train.pairs, test.pairs) if is_marked else _halves(train.pairs, config.seed)
    known = {normal(pair.prompt) for pair in learnt}
    fresh = tuple(pair for pair in tested if normal(pair.prompt) not in known)
    learnt, fresh = learnt[: config.max_rows], fresh[: config.max_rows]
    if min(len(learnt), len(fresh)) < LEAST_PAIRS:
        raise DataError(
            f"{train.name} gives {len(learnt)} pairs to learn from and {len(fresh)} to test: give "
            f"at least {LEAST_PAIRS} of each."
        )
    return Parts(
        name=train.name,
        poles=("behaviour", "other option") if train.kind == "letters" else train.poles,
        train=learnt,
        test=fresh,
        is_marked=is_marked,
        notes=_notes(train, len(tested) - len(fresh), is_marked),
    )


def _halves(
    pairs: tuple[ContrastPair, ...], seed: int
) -> tuple[tuple[ContrastPair, ...], tuple[ContrastPair, ...]]:
    order = np.random.default_rng([seed, SPLIT_SEED]).permutation(len(pairs)).tolist()
    middle = len(order) // 2
    return (
        tuple(pairs[i] for i in sorted(order[:middle])),
        tuple(pairs[i] for i in sorted(order[middle:])),
    )


def _notes(found: PairSet, repeated: int, is_marked: bool) -> tuple[str, ...]:
    notes = [note for note in found.notes if "held-out" not in note]
    if not is_marked:
        notes.append(
            "No pair is marked held-out: a drawn half is tested, which vectors found on this file "
            "have seen."
        )
    if repeated:
        notes.append(f"{repeated} tested questions stand among those learnt from: left out.")
    return tuple(notes)


def pair_texts(prompter: Prompter, pair: ContrastPair, system: str | None) -> tuple[Text, Text]:
    """The texts of the positive and of the negative answer."""
    told = pair.system or system
    before, rendered = prompter.tokens(pair.prompt, told), prompter.render(pair.prompt, told)
    return tuple(  # type: ignore[return-value]
        _text(*answered(prompter, rendered, before, answer))
        for answer in (pair.positive, pair.negative)
    )


def _text(whole: Sequence[int], begin: int) -> Text:
    end = len(whole)
    places = ((begin - 1, begin), (begin, end), (end - 1, end))
    return Text(tuple(whole[:begin]), tuple(whole[begin:]), places)


def neutral_texts(door: Forward, config: ProbeConfig, progress: Progress) -> list[Text]:
    """Neutral prompts with what the base model answers; empty answers are left out."""
    prompter, most = door.loaded.prompter, text_figures.NEUTRAL_TOKENS
    prompts = [
        prompter.tokens(prompt, config.system, more=most)
        for prompt in files.load_prompts(config.neutral)
    ]
    ends, done = end_tokens(door), 0

    def tick(count: int) -> None:
        nonlocal done
        done += count
        progress(0, 1, f"{done} tokens of neutral answers")

    answers = text_figures.greedy(door, prompts, ends, most, tick, adapter=False)
    texts = []
    for prompt, answer in zip(prompts, answers, strict=True):
        kept = answer[:-1] if answer and answer[-1] in ends else answer
        if kept:
            texts.append(_text([*prompt, *kept], len(prompt)))
    return texts
