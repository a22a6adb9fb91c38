"""What a comparison at equal cost says, in sentences. Knows nothing of how it was measured."""

from collections.abc import Mapping
from typing import Any

from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.configs.steering.interventions import TITLES
from engine.records import readings


def form(config: EqualCostConfig) -> str:
    """How a change is written: nats per token are smaller than logits."""
    return "+.3f" if config.sweep.is_likelihood else "+.2f"


def summary(record: Mapping[str, Any], config: EqualCostConfig) -> str:
    """A line for lists of records."""
    cells = record["tables"]["cells"]
    met = sum(row["reached"] for row in cells)
    count = len({row["operation"] for row in cells})
    noun = "operation" if count == 1 else "operations"
    return f"{count} {noun} at KL {config.budget:g}: {met} of {len(cells)} cells"


def sentences(record: Mapping[str, Any], config: EqualCostConfig) -> list[str]:
    """What held, for how many, and beside what."""
    tables = record["tables"]
    cells = tables["cells"]
    reached = [row for row in cells if row["reached"]]
    figure = "mean" if config.of == "mean" else "95th percentile"
    found = [
        f"{len(reached)} of {len(cells)} cells cost {config.budget:g} nats per token "
        f"({figure} over neutral tokens), to within a tenth."
    ]
    tested = [row for row in cells if row["p"] is not None]
    if tested:
        beyond = sum(row["p"] < 0.05 for row in tested)
        found.append(
            f"{beyond} of {len(tested)} cells have p below .05 beside random vectors at the same "
            f"KL; by chance it would be {0.05 * len(tested):.1f}."
        )
    found += [_best(row, config) for row in tables["best"]]
    found += [_rival(row, config) for row in tables.get("prompt", [])]
    return found


def _best(row: Mapping[str, Any], config: EqualCostConfig) -> str:
    unit = readings.of_config(vars(config.sweep)).unit
    turned = "" if row["sign"] > 0 else ", turned round"
    change = format(row["change"], form(config))
    chance = (
        "" if row["p"] is None else f" (p = {row['p']:.3f} for the best of {row['cells']} cells)"
    )
    title = TITLES[row["operation"]].lower()
    return f"{row['name']} moves answers most by {title}{turned}: {change} {unit}{chance}."


def _rival(row: Mapping[str, Any], config: EqualCostConfig) -> str:
    cost = row["kl_mean" if config.of == "mean" else "kl_p95"]
    side = "above" if row["is_above"] else "within"
    change = "undefined" if row["change"] is None else format(row["change"], form(config))
    return f"Just asking the model costs {cost:.3g}, {side} the budget; change {change}."
