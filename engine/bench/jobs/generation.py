"""The generation grid: one prompt under many configurations, greedy."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from engine.bench.arithmetic import Portion, tokens_of
from engine.bench.jobs.sweep import MOST_LOGITS
from engine.bench.setting import Job, Outcome, Setting
from engine.bench.timing import MOST_ROWS, Laps
from engine.configs.core import STUDY_SYSTEM, Site
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.evaluators import generation
from engine.evaluators.cells import end_tokens
from engine.finders.found import residual_norm
from engine.maths.directions import random_directions
from engine.progress import silent
from engine.records.records import Provenance, VectorSet

DIGEST = "000000000000"


class _Forgetting:
    """Keeps no finished unit."""

    def units(self) -> set[str]:
        return set()

    def load_unit(self, _name: str) -> pd.DataFrame | None:
        return None

    def save_unit(self, _name: str, _frame: pd.DataFrame) -> None:
        return None


def _vectors(setting: Setting, count: int) -> VectorSet:
    """Random vectors of the residual stream's norm, as a record."""
    door = setting.door
    norm = residual_norm(door.start(setting.prompt, setting.source), door)
    made = Provenance(
        created="", seconds=0.0, packages={}, commit=None, dirty=None, device="", dtype=""
    )
    return VectorSet(
        digest=DIGEST,
        method="random",
        vectors=(norm * random_directions(count, door.hidden, setting.seed + 2)).numpy(),
        sites=(Site(block=setting.source),) * count,
        scores={},
        history={},
        config={},
        model={},
        residual_norms={},
        provenance=made,
    )


def _config(setting: Setting, vectors: int) -> GenerateConfig:
    columns = [Configuration(name="base")]
    columns += [
        Configuration(
            name=f"{index} at {scale:+g}",
            blend=(BlendPart(digest=DIGEST, index=index),),
            scale=scale,
        )
        for index in range(vectors)
        for scale in setting.sizes.written_scales
    ]
    return GenerateConfig(
        model=setting.door.loaded.config,
        prompts=setting.prompts.prompts,
        configurations=tuple(columns),
        max_new_tokens=setting.sizes.new_tokens,
        neutral=0,
        seed=setting.seed,
    )


def grid(setting: Setting) -> Job:
    """Texts of a baseline and of vectors at scales; ours also scores each text."""
    sizes, door = setting.sizes, setting.door
    found = _vectors(setting, sizes.written_vectors)
    config = _config(setting, sizes.written_vectors)
    prompt = door.loaded.prompter.tokens(config.prompts[0], STUDY_SYSTEM)
    texts = len(config.configurations)

    def ours() -> Outcome:
        done = generation.run(door, config, {DIGEST: found}, silent, _Forgetting())
        return Outcome(done.frame)

    def study() -> Outcome:
        laps, written = Laps(door.loaded.device), []
        laps.mark()
        for column in config.configurations[-sizes.study_texts :]:
            delta = column.scale * found.vectors[column.blend[0].index]
            ids = setting.study.generate(
                setting.causal,
                prompt,
                setting.source,
                torch.from_numpy(np.asarray(delta)),
                config.max_new_tokens,
                sorted(end_tokens(door)),
            )
            written.append(door.loaded.tokenizer.decode(ids, skip_special_tokens=True))
            laps.mark()
        return Outcome(written, laps.typical * texts)

    def difference(frame: pd.DataFrame, other: list[str]) -> float:
        mine = frame["text"].tolist()[-len(other) :]
        return sum(a != b for a, b in zip(mine, other, strict=True)) / len(other)

    return Job(
        name="generation",
        title=f"Generation grid, {texts} texts of at most {sizes.new_tokens} tokens",
        study=study,
        ours=ours,
        flops=lambda outcome: _flops(setting, len(prompt), outcome.values),
        difference=difference,
        unit="of the texts",
        tolerance=0.0,
    )


def _flops(setting: Setting, prompt: int, frame: pd.DataFrame) -> list[Portion]:
    """Every text is written, then read once by the unsteered model."""
    counts = [
        int(n) + bool(over) for n, over in zip(frame["tokens"], frame["finished"], strict=True)
    ]
    texts = {text: count for text, count in zip(frame["text"], counts, strict=True)}
    return [
        *writing(setting, [prompt] * len(counts), counts),
        *_reading(setting, prompt, list(texts.values())),
    ]


def writing(setting: Setting, prompts: Sequence[int], counts: Sequence[int]) -> list[Portion]:
    """The prompt's blocks to the source once, the others per text; every token but the last.

    Args:
        setting: The model and its source block.
        prompts: Tokens of each text's prompt; texts of one prompt stand together.
        counts: Tokens written in each.
    """
    dimensions = setting.dimensions
    above = dimensions.blocks - setting.source - 1
    pairs = list(zip(prompts, counts, strict=True))
    below = sum(dimensions.span(setting.source + 1, tokens_of(p)).forward for p in set(prompts))
    first = sum(dimensions.span(above, tokens_of(p), tokens_of(p, p - 1)).forward for p in prompts)
    fed = sum(dimensions.span(dimensions.blocks, tokens_of(p + n - 1, p)).forward for p, n in pairs)
    # How many texts go on together, on average.
    going = max(1, round(sum(counts) / max(counts)))
    return [
        Portion(below, max(prompts)),
        Portion(first, min(sum(prompts), MOST_ROWS)),
        Portion(fed, going),
        Portion(dimensions.head(sum(counts)), going, is_head=True),
    ]


def _reading(setting: Setting, prompt: int, counts: Sequence[int]) -> list[Portion]:
    """The prompt once, then all tokens of each text but the last in one pass."""
    dimensions = setting.dimensions
    once = dimensions.span(dimensions.blocks, tokens_of(prompt), tokens_of(prompt, prompt - 1))
    rest = [dimensions.span(dimensions.blocks, tokens_of(prompt + n - 1, prompt)) for n in counts]
    positions = sum(counts)
    return [
        Portion(once.forward, prompt),
        Portion(sum(one.forward for one in rest), min(positions, MOST_ROWS)),
        Portion(dimensions.head(positions), min(positions, MOST_LOGITS), is_head=True),
    ]
