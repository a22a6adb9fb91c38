"""The generation grid: one prompt under many configurations, greedy."""

import numpy as np
import pandas as pd
import torch

from engine.bench.arithmetic import Tokens, tokens_of
from engine.bench.setting import Job, Outcome, Setting
from engine.bench.timing import Laps
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
        rows=texts,
        difference=difference,
        unit="of the texts",
        tolerance=0.0,
    )


def _flops(setting: Setting, prompt: int, frame: pd.DataFrame) -> int:
    """The prompt's blocks to the source once, the others per text; every token but the last."""
    dimensions = setting.dimensions
    above = dimensions.blocks - setting.source - 1
    last = tokens_of(prompt, prompt - 1)
    total = dimensions.span(setting.source + 1, tokens_of(prompt)).forward
    for count, is_finished in zip(frame["tokens"], frame["finished"], strict=True):
        written = int(count) + bool(is_finished)
        fed: Tokens = tokens_of(prompt + written - 1, prompt)
        total += dimensions.span(above, tokens_of(prompt), last).forward
        total += dimensions.span(dimensions.blocks, fed).forward + dimensions.head(written)
    return total
