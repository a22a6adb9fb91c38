"""The samples that a contrastive or fine-tune-difference vector was made from, read again.

Source and destination are the negative and the positive pole's states, or the base and the
fine-tuned model's on the same tokens, at the positions that the vector's own config reads.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs import registry
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig
from engine.errors import ConfigError, EngineError
from engine.evaluators.steering.directions import Sides, stored_vector
from engine.finders.extraction import States
from engine.finders.texts import Reader, Text, contrast_texts, difference_texts
from engine.model.forward import Forward
from engine.questions.pairs import PairSet, load_pairs
from engine.records.records import VectorSet

MOST_UNITS = 128
"""Pairs or prompts that are read: slopes and offsets from more differ little."""
SAME = 0.9
"""Cosine of a vector and its samples' mean step, below which the samples are not its own."""


class Samples:
    """Both sides' states of stored vectors, read when first asked."""

    def __init__(self, door: Forward) -> None:
        """Take the model that the vectors are used on."""
        self._door = door
        self._known: dict[str, dict[int, Sides]] = {}

    def of(self, found: VectorSet, index: int) -> Sides:
        """Both sides at one vector's block.

        Raises:
            ConfigError: If the vector has no sides, or its file does not give it any more.
        """
        if found.digest not in self._known:
            self._known[found.digest] = self._read(found)
        sides = self._known[found.digest][found.sites[index].block]
        vector = stored_vector(found, index)
        step = (sides.destination - sides.source).mean(0)
        cosine = float(torch.nn.functional.cosine_similarity(step, vector, dim=0))
        least = SAME if found.config.get("estimator", "mean-difference") == "mean-difference" else 0
        if not cosine > least:
            raise ConfigError(
                f"The samples read for vector {index} of {found.digest} point elsewhere (cosine "
                f"{cosine:.2f}): its file, model or adapter has changed since it was found."
            )
        return sides

    def _read(self, found: VectorSet) -> dict[int, Sides]:
        config = _config(found)
        blocks = sorted({site.block for site in found.sites})
        pairs = _pairs(config)
        reader = Reader(self._door.loaded.prompter, config)
        if isinstance(config, ContrastiveConfig):
            poles = [contrast_texts(reader, config, pair) for pair in pairs.pairs]
            sides = self._sides(
                ([negative for _, negative in poles], config.fine_tuned),
                ([positive for positive, _ in poles], config.fine_tuned),
                blocks,
            )
        else:
            if not self._door.loaded.has_adapter:
                raise ConfigError(
                    f"The samples of {found.digest} are a fine-tuned model's, but no adapter is "
                    "loaded: name it with --adapter."
                )
            texts = [
                text for pair in pairs.pairs for text in difference_texts(reader, config, pair)
            ]
            sides = self._sides((texts, False), (texts, True), blocks)
        return dict(zip(blocks, sides, strict=True))

    def _sides(
        self,
        source: tuple[Sequence[Text], bool],
        destination: tuple[Sequence[Text], bool],
        blocks: list[int],
    ) -> list[Sides]:
        read = [self._states(texts, blocks, adapter) for texts, adapter in (source, destination)]
        return [
            Sides(source=read[0][:, place], destination=read[1][:, place])
            for place in range(len(blocks))
        ]

    def _states(
        self, texts: Sequence[Text], blocks: list[int], adapter: bool
    ) -> Float[Tensor, "samples blocks hidden"]:
        found = States(self._door, blocks, adapter, texts).read(texts)
        return found.unflatten(1, (len(blocks), -1))[:, :, 0]


def _config(found: VectorSet) -> ContrastiveConfig | FinetuneDiffConfig:
    try:
        config = registry.from_json(found.method, dict(found.config))
    except (EngineError, TypeError, KeyError, ValueError):
        config = None
    is_plain = isinstance(config, ContrastiveConfig | FinetuneDiffConfig)
    if not is_plain or config.variant == "study" or getattr(config, "shuffles", 0):
        raise ConfigError(
            f"{found.method} {found.digest} has no samples of two sides: linear transport takes "
            "contrastive or fine-tune-difference vectors."
        )
    return replace(config, max_rows=min(config.max_rows or MOST_UNITS, MOST_UNITS))


def _pairs(config: ContrastiveConfig | FinetuneDiffConfig) -> PairSet:
    path = config.pairs if isinstance(config, ContrastiveConfig) else config.prompts
    return load_pairs(path, config.negative, config.behaviour, config.max_rows, config.seed)
