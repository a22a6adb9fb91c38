"""Vectors at all blocks: contrastive ones, and what a fine-tuning changes."""

import torch
from torch import Tensor

from engine.bench.arithmetic import Dimensions, Portion, Products, distinct
from engine.bench.setting import Job, Outcome, Setting, largest
from engine.bench.timing import MOST_ROWS
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig
from engine.finders import contrastive as contrastive_finder
from engine.finders import finetune_diff as difference_finder
from engine.finders.texts import Reader, Text, contrast_texts, difference_texts
from engine.progress import silent
from engine.questions.pairs import load_pairs


def _forward(dimensions: Dimensions, texts: list[Text]) -> Products:
    """All texts through all blocks, what they share once; read where each text is read."""
    begins = [text.places[0][0] for text in texts]
    tokens = [text.tokens for text in texts]
    return dimensions.span(dimensions.blocks, distinct(tokens), distinct(tokens, begins))


def _as_read(texts: list[Text]) -> list[tuple[list[int], int]]:
    """Tokens of each text, and the position from which its states are averaged."""
    return [(list(text.tokens), text.places[0][0]) for text in texts]


def contrastive(setting: Setting) -> Job:
    """The mean difference of the states of two answers, at every block."""
    door = setting.door
    config = ContrastiveConfig(
        model=door.loaded.config, max_rows=setting.sizes.pairs, seed=setting.seed
    )

    def texts() -> list[Text]:
        pairs = load_pairs(config.pairs, max_rows=config.max_rows)
        reader = Reader(door.loaded.prompter, config)
        return [text for pair in pairs.pairs for text in contrast_texts(reader, config, pair)]

    def ours() -> Outcome:
        return Outcome(contrastive_finder.find(door, config, silent).vectors)

    def study() -> Outcome:
        states = setting.study.states(setting.causal, _as_read(texts()))
        return Outcome((states[0::2] - states[1::2]).mean(0))

    known = texts()
    return Job(
        name="contrastive",
        title=f"Contrastive vectors at all blocks, {len(known) // 2} pairs",
        study=study,
        ours=ours,
        flops=lambda _: [Portion(_forward(setting.dimensions, known).forward, MOST_ROWS)],
        difference=_by_block,
        unit="of the vector",
        tolerance=1e-4,
    )


def finetune_diff(setting: Setting) -> Job:
    """What a LoRA changes at the last prompt token, at every block."""
    tuned = setting.tuned
    config = FinetuneDiffConfig(
        model=tuned.loaded.config,
        position="last-prompt",
        max_rows=setting.sizes.pairs,
        seed=setting.seed,
    )
    wrapped = next(iter(tuned.loaded.adapters.values())).peft

    def texts() -> list[Text]:
        pairs = load_pairs(config.prompts, max_rows=config.max_rows)
        reader = Reader(tuned.loaded.prompter, config)
        return [text for pair in pairs.pairs for text in difference_texts(reader, config, pair)]

    def ours() -> Outcome:
        return Outcome(difference_finder.find(tuned, config, silent).vectors)

    def study() -> Outcome:
        # Two models, as the study loaded them: the LoRA is never switched off in either.
        read = _as_read(texts())
        with tuned.loaded.using(True):
            after = setting.study.states(wrapped, read)
        before = setting.study.states(setting.causal, read)
        return Outcome((after - before).mean(0))

    known = texts()
    dimensions = setting.dimensions
    rank = next(iter(wrapped.peft_config.values())).r
    adapter = dimensions.adapter(rank, distinct([t.tokens for t in known]).count)
    return Job(
        name="finetune-diff",
        title=f"Fine-tune difference at all blocks, {len(known)} prompts",
        study=study,
        ours=ours,
        flops=lambda _: [Portion(2 * _forward(dimensions, known).forward + adapter, MOST_ROWS)],
        difference=_by_block,
        unit="of the vector",
        tolerance=1e-4,
    )


def _by_block(ours: Tensor, study: Tensor) -> float:
    """Largest difference of a block's vectors, as a share of their norm."""
    return max(largest(a, b) for a, b in zip(ours, study.to(torch.float64), strict=True))
