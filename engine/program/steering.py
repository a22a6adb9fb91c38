"""Steering a model that a program loaded itself, by the edits that the engine steers with."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from engine.configs.core import Site, VectorRef
from engine.errors import ConfigError
from engine.program.objects import Shown, ShownVectors
from engine.records.records import VectorSet
from engine.store.store import Store

OPERATIONS = ("add", "ablate", "spherical")
"""Those that need nothing but the vector; the others are measured on prompts of the engine's."""
ONE_OF = "Several vectors were given: name one by its place, as in index=0."


class Steering:
    """The verb that steers a model in somebody else's hands."""

    store: Store
    _references: Callable[[Any], tuple[VectorRef, ...]]

    @contextmanager
    def steer(
        self,
        model: Any,
        vector: Any,
        strength: Any,
        *,
        index: int | None = None,
        block: int | None = None,
        operation: str = "add",
    ) -> Iterator[Any]:
        """Within the context a Hugging Face causal LM is steered at every token; after it, not.

        The edits are the engine's own (`engine.model.edits`), set as hooks on the model's blocks.
        They are taken off at the end, also after an exception. Contexts may lie in one another.

        Args:
            model: A causal LM of transformers, or PEFT's around one, with any batch.
            vector: What `find` gave, a digest, `digest:index`, a file, or numbers `[hidden]`.
            strength: For "add" the multiple of the vector, which is added to the residual stream
                in its own units; a negative one subtracts. For other operations a share of the
                way: 0 nothing, 1 all. At 0 the model gives the same bits as without.
            index: Which vector, where several were found.
            block: At whose output, counted from 0; the vector's own site if left out. Numbers
                have no site: they need it.
            operation: "add", "ablate" or "spherical".

        Yields:
            The model.

        Raises:
            ConfigError: If the vector does not fit the model, or a value cannot work.
        """
        strength = _number(strength)
        if operation not in OPERATIONS:
            raise ConfigError(
                f"Operation {operation!r} needs what the engine measures: "
                f"use {', '.join(OPERATIONS)}, or engine.generate."
            )
        numbers, site = self._meant(vector, index, block)
        from engine.model.ways.lent import lent

        with lent(model, numbers, site, strength, operation):
            yield model

    def _meant(self, vector: Any, index: int | None, block: int | None) -> tuple[np.ndarray, Site]:
        """The numbers of one vector `[hidden]`, and where it acts."""
        if isinstance(vector, VectorSet):
            found, index = vector, _one(range(len(vector.vectors)), index)
        elif isinstance(vector, Shown | VectorRef | str | Path):
            found, index = self._stored(vector, index)
        else:
            if block is None:
                raise ConfigError("Numbers alone have no place in a model: name it by block=.")
            return _numbers(vector), Site(block=block)
        site = found.sites[index] if block is None else Site(block=block)
        return np.asarray(found.vectors[index], dtype=np.float32), site

    def _stored(self, vector: Any, index: int | None) -> tuple[VectorSet, int]:
        [ref] = self._references(vector)
        found = (
            vector.record
            if isinstance(vector, ShownVectors)
            else self.store.load_vectors(ref.digest)
        )
        return found, _one(ref.indices or range(len(found.vectors)), index)


def _one(places: Sequence[int], index: int | None) -> int:
    """The place of the one vector that is meant.

    Raises:
        ConfigError: If it is none of those, or not said.
    """
    if index is None and len(places) == 1:
        return places[0]
    if index is None:
        raise ConfigError(ONE_OF)
    if isinstance(index, bool) or index not in places:
        known = ", ".join(str(place) for place in places)
        raise ConfigError(f"There is no vector {index!r}: use one of {known}.")
    return int(index)


def _number(strength: Any) -> float:
    is_number = isinstance(strength, int | float | np.number) and not isinstance(strength, bool)
    if not is_number or not math.isfinite(strength):
        raise ConfigError(f"strength is {strength!r}, but must be a finite number.")
    return float(strength)


def _numbers(vector: Any) -> np.ndarray:
    """Numbers `[hidden]` of a tensor, an array or a list, in float32."""
    try:
        held = vector.detach().float().cpu() if hasattr(vector, "detach") else vector
        found = np.asarray(held, dtype=np.float32)
    except (TypeError, ValueError):
        found = np.empty((0, 0), dtype=np.float32)
    if found.ndim != 1 or not found.size or not np.isfinite(found).all():
        raise ConfigError("A vector is one row of finite numbers [hidden], or a stored vector.")
    return found
