"""What the command line prints of a comparison at equal cost."""

from typing import Any

from engine.cli.drawing import draw, notes, say
from engine.configs.budgets.equal_cost import config_of
from engine.configs.steering.interventions import TITLES
from engine.records import readings
from engine.statistics.budgets import equal_cost_words


def equal_cost(record: dict[str, Any]) -> None:
    """Every cell beside its random band, each vector's best one, and just asking the model."""
    config = config_of(record)
    form, tables = equal_cost_words.form(config), record["tables"]
    unit = readings.of_config(record["sweep"]).unit
    base = record["baseline"]
    cells = [
        row | {"title": TITLES[row["operation"]], "way": "+" if row["sign"] > 0 else "-"}
        for row in tables["cells"]
    ]
    several = len({row["name"] for row in cells}) > 1
    columns = {"vector": "{name}", "at": "{site}"} if several else {}
    columns |= {
        "operation": "{title}",
        "": "{way}",
        "strength": "{strength:+.3g}",
        "KL": "{kl_mean:.3f}",
        "KL p95": "{kl_p95:.2f}",
        f"change, {unit}": f"{{change:{form}}}",
        "95 %": f"{{change_low:{form}}} … {{change_high:{form}}}",
        "random": f"{{band_low:{form}}} … {{band_high:{form}}}",
        "p": "{p:.3f}",
        "behaviour": "{rate:.0%}",
        "controls": "{controls} of {drawn}",
    }
    budget = f"KL {config.budget:g} nats per token ({config.of})"
    title = f"{record['title']} ({record['digest']}), at {budget}"
    draw(title, cells, columns, left=("vector", "at", "operation"), style=_style)
    say(f"Unsteered: {base['rate']:.0%} with the behaviour, over {base['n']:.0f} questions.")
    _asked(tables.get("prompt", []), form, unit)
    say(*record["sentences"])
    notes(f"{_cell(row)}: {row['absent']}" for row in cells if row["absent"])
    notes(row["name"] + ": " + row["absent"] for row in tables["best"] if row["absent"])
    notes(record["notes"])


def _style(row: Any) -> str:
    return "" if row["reached"] else "dim"


def _cell(row: dict[str, Any]) -> str:
    return f"{row['name']}, {row['title']} {row['way']}"


def _asked(rows: list[dict[str, Any]], form: str, unit: str) -> None:
    if rows:
        draw(
            "Just asking the model",
            [row | {"side": "above" if row["is_above"] else "within"} for row in rows],
            {
                "system prompt": "{prompt}",
                "KL": "{kl_mean:.3f}",
                "KL p95": "{kl_p95:.2f}",
                "budget": "{side}",
                f"change, {unit}": f"{{change:{form}}}",
                "95 %": f"{{change_low:{form}}} … {{change_high:{form}}}",
                "behaviour": "{rate:.0%}",
            },
            left=("system prompt",),
        )
