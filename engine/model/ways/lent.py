"""A model that a program loaded itself, steered through the hooks that the engine steers with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.steering.interventions import Operation
from engine.errors import ConfigError
from engine.model.edits import Edit, EditBatch
from engine.model.hooked import HookedRunner


@contextmanager
def lent(
    model: Any,
    vector: Float[Any, " hidden"],
    site: Site,
    strength: float,
    operation: str,
) -> Iterator[None]:
    """Within this context every row and every token is edited at one site.

    Args:
        model: A causal LM.
        vector: As found, with its norm.
        site: Where it acts.
        strength: As of an `Edit`; 0 gives the same bits as no edit.
        operation: One that needs nothing but the vector.

    Raises:
        ConfigError: If the model is none that can be steered, or the vector does not fit it.
    """
    runner = _runner(model, len(vector), site.block)
    edit = Edit(
        site=site,
        vector=torch.as_tensor(vector),
        scale=strength,
        operation=cast(Operation, operation),
    )
    # By how many rows are run and where they lie: a batch is given when the model is called.
    batches: dict[tuple[int, torch.device], EditBatch] = {}

    def change(
        states: Float[Tensor, "rows tokens hidden"], block: int, first: int
    ) -> Float[Tensor, "rows tokens hidden"]:
        key = len(states), states.device
        if key not in batches:
            batches[key] = EditBatch.stack([[edit]] * key[0]).to(key[1])
        # All tokens are edited alike, so that it does not matter where the prompt ends.
        return batches[key].at(states, block, first, 0)

    with runner.edited(change):
        yield


def _runner(model: Any, width: int, block: int) -> HookedRunner:
    """Runs the model, once it is known that the vector fits it."""
    if not isinstance(model, torch.nn.Module) or not hasattr(model, "config"):
        kind = type(model).__name__
        raise ConfigError(f"A {kind} cannot be steered: give a causal LM of transformers.")
    runner = HookedRunner(model)
    config: Any = model.config
    blocks, hidden = len(runner.layers), int(config.get_text_config().hidden_size)
    if block >= blocks:
        raise ConfigError(
            f"The model has blocks 0 to {blocks - 1}: there is no block {block} to steer at."
        )
    if width != hidden:
        raise ConfigError(
            f"The vector has {width} numbers, but this model's states have {hidden}: "
            "it was found in another model."
        )
    return runner
