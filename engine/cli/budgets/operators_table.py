"""What the command line prints of every operation at one cost, in the base and the tuned model."""

from collections.abc import Mapping
from typing import Any

from engine.cli.drawing import draw, notes
from engine.configs.steering.interventions import TITLES

COLUMNS = {
    "vector": "{name}",
    "at": "{site}",
    "operation": "{title}",
    "strength": "{strength:+.3g}",
    "KL": "{kl_mean:.3f}",
    "change, nats a token": "{change:+.3f}",
    "95 %": "{change_low:+.3f} … {change_high:+.3f}",
    "over adding": "{over_add:+.3f} ({over_add_low:+.3f} … {over_add_high:+.3f})",
    "random up to": "{band_high:+.3f}",
    "p": "{p:.3f}",
    "turned": "{turned} of {texts}",
    "share 95 %": "{share_low:.0%} … {share_high:.0%}",
    "random texts up to": "{text_band_high:.0%}",
    "p of texts": "{text_p:.3f}",
    "broken": "{broken}",
}


def operators(record: dict[str, Any]) -> None:
    """A table for each arm: unsteered, just asked, then every vector under every operation."""
    rows = record["tables"]["operators"]
    budget, of = record["config"]["budget"], record["config"]["of"]
    for arm in dict.fromkeys(row["arm"] for row in rows):
        own = [row | {"title": _title(row)} for row in rows if row["arm"] == arm]
        title = f"{arm}, towards {own[0]['toward']}, at KL {budget:g} nats per token ({of})"
        draw(title, own, COLUMNS, left=("vector", "at", "operation"))
        notes(f"{row['name']}, {row['title']}: {row['absent']}" for row in own if row["absent"])


def _title(row: Mapping[str, Any]) -> str:
    return {str(name): title for name, title in TITLES.items()}.get(row["operation"], "")
