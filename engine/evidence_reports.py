"""What the command line prints of the evidence for found vectors."""

from typing import Any

from rich.console import Console
from rich.table import Table

PERCENT = ("percentile", "found_again")
SIDE = ("vector", "site", "forecast", "kind", "name", "digest")
"""Columns of words, which stand to the left."""


def evidence(record: dict[str, Any], out: Console) -> None:
    """A table of the vectors, one of the repeated runs, and what they say."""
    _table(record["title"], record["tables"]["vectors"], out)
    if record["tables"].get("runs"):
        _table("Found again up to sign and order", record["tables"]["runs"], out)
        chance = record["tables"]["chance"]
        out.print(
            f"Random directions, matched alike: |cosine| up to {chance['cosine']:.2f} (95 %), "
            f"largest angle from {chance['angle']:.0f} degrees on (95 %)."
        )
    for sentence in record["sentences"]:
        out.print(f"- {sentence}", markup=False)


def _table(title: str, rows: list[dict[str, Any]], out: Console) -> None:
    table = Table(title=title)
    for name in rows[0]:
        table.add_column(name.replace("_", " "), justify="left" if name in SIDE else "right")
    for row in rows:
        table.add_row(*(_cell(name, value) for name, value in row.items()))
    out.print(table)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in PERCENT:
        return f"{value:.0%}"
    if name.endswith("angle"):
        return f"{value:.1f}°"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
