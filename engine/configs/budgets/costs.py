"""What steering may cost, as settings: a KL per token, and over which tokens it is told.

Knows nothing of what is sought under a budget.
"""

from typing import Any, Literal

from engine.configs.fields import setting

Of = Literal["mean", "p95"]
"""Over the tokens of all neutral answers."""


def budget(words: str) -> Any:
    """The setting of a budget.

    Args:
        words: One line for `--help`.
    """
    return setting(
        0.1,
        words,
        label="Budget: KL per token",
        about="KL(unsteered ‖ steered) per token, on the unsteered model's own answers to neutral "
        "prompts, in nats. Every strength is chosen to cost just this.",
        least=0.001,
        step=0.05,
    )


def of() -> Any:
    """The setting of the figure that meets the budget."""
    return setting(
        "mean",
        "mean, or p95: over the tokens.",
        label="Over the tokens",
        is_segmented=True,
        words={"mean": "Mean", "p95": "95th percentile"},
        about="Which figure over the tokens of all neutral answers meets the budget.",
    )
