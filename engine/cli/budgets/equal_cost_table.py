"""What the command line prints of a comparison at equal cost."""

from typing import Any

from engine.cli.drawing import draw, notes, say
from engine.configs.budgets.equal_cost import config_of
from engine.configs.steering.interventions import REMOVING, TITLES
from engine.records import readings
from engine.statistics.budgets import equal_cost_words


def equal_cost(record: dict[str, Any]) -> None:
    """Every cell beside its random band, each vector's best one, and just asking the model."""
    config = config_of(record)
    form, tables = equal_cost_words.form(config), record["tables"]
    unit = readings.of_config(record["sweep"]).unit
    base = record["baseline"]
    cells = [row | {"title": _operation(row)} for row in tables["cells"]]
    several = len({row["name"] for row in cells}) > 1
    columns = {"vector": "{name}"} if several else {}
    columns |= {
        "operation": "{title}",
        "strength": "{strength:+.3g}",
        "KL": "{kl_mean:.3f}",
        "p95": "{kl_p95:.2f}",
        "change": f"{{change:{form}}}",
        "95 %": f"{{change_low:{form}}} … {{change_high:{form}}}",
        "random": f"{{band_low:{form}}} … {{band_high:{form}}}",
        "p": "{p:.3f}",
        "rate": "{rate:.0%}",
        "controls": "{controls}/{drawn}",
    }
    budget = f"KL {config.budget:g} nats per token ({config.of})"
    title = f"{record['title']} ({record['digest']}), at {budget}"
    words = ("vector", "operation")
    draw(title, cells, columns, left=words, whole=("95 %", "random"), style=_style)
    say(
        f"change: in {unit}, from the unsteered model; random: 2.5th to 97.5th percentile of "
        "random vectors by the same operation, at the same KL.",
        f"rate: answers with the behaviour; unsteered {base['rate']:.0%} of {base['n']:.0f}.",
    )
    _asked(tables.get("prompt", []), form)
    say(*record["sentences"])
    notes(f"{row['name']}, {row['title']}: {row['absent']}" for row in cells if row["absent"])
    notes(f"{row['name']}: {row['absent']}" for row in tables["best"] if row["absent"])
    notes(record["notes"])


def _style(row: Any) -> str:
    return "" if row["reached"] else "dim"


def _operation(row: dict[str, Any]) -> str:
    """Operation and sign; a removal has none."""
    sign = "" if row["operation"] in REMOVING else " +" if row["sign"] > 0 else " \u2212"
    return f"{TITLES[row['operation']]}{sign}"


def _asked(rows: list[dict[str, Any]], form: str) -> None:
    if rows:
        draw(
            "Just asking the model",
            [row | {"side": "above" if row["is_above"] else "within"} for row in rows],
            {
                "system prompt": "{prompt}",
                "KL": "{kl_mean:.3f}",
                "p95": "{kl_p95:.2f}",
                "budget": "{side}",
                "change": f"{{change:{form}}}",
                "95 %": f"{{change_low:{form}}} … {{change_high:{form}}}",
                "rate": "{rate:.0%}",
            },
            left=("system prompt",),
            whole=("95 %",),
        )
