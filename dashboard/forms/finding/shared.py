"""Settings that several methods ask and that mean the same in each: what is typed travels along.

Knows nothing of how they are drawn.
"""

from typing import Any

from engine.configs.fields import offered
from engine.configs.finders import SliceConfig
from engine.configs.pairs import ContrastiveConfig, PairConfig

PROMPTS, SYSTEM, PAIRS = "find_prompts", "find_system", "find_pairs"
"""Keys of the widgets of prompts, of the system prompt, and of the file of pairs."""
TRAVEL = (
    "source_layer", "target_layer", "norm", "seed",
    "layers", "position", "behaviour", "negative", "max_rows", "system",
    "positive_system", "negative_system",
)  # fmt: skip
"""Fields that mean the same in every method that has them."""


def keys(kind: type[Any]) -> dict[str, str]:
    """Keys of the widgets of the fields that a method shares with others, by field.

    A newcomer's field of the same name counts only where its type and default are the same.
    """
    known: dict[str, tuple[Any, Any]] = {}
    for base in (SliceConfig, PairConfig, ContrastiveConfig):
        known |= {one.name: (one.hint, one.default) for one in offered(base) if one.name in TRAVEL}
    found = {}
    for one in offered(kind):
        if one.setting.file == "pairs" and one.default == ContrastiveConfig.pairs:
            found[one.name] = PAIRS
        elif known.get(one.name) == (one.hint, one.default):
            found[one.name] = f"find_{one.name}"
    return found
