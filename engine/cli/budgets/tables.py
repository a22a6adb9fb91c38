"""What the command line prints of a suggestion and of a blend."""

import math
from typing import Any

from engine.cli.drawing import console, draw, notes
from engine.statistics.budgets import choosing, words

CELLS = 12
"""Cells of a suggestion that are printed."""


def suggestion(record: dict[str, Any]) -> None:
    """The cells that moved the choosing half most, and the choice."""
    cells = record["tables"]["cells"]
    form, direction = words.form(record), record["config"]["direction"]
    moved = choosing.scores(choosing.plain_means(cells), direction)
    ranked = sorted(range(len(cells)), key=lambda i: (not cells[i]["allowed"], -moved[i]))
    draw(
        f"{record['title']} ({record['digest']})",
        [cells[i] for i in ranked[:CELLS]],
        {
            "vector": "{name}",
            "block": "{block}",
            "operation": "{operation}",
            "strength": "{strength:+.3g}",
            "KL": "{kl_mean:.3f}",
            "KL p95": "{kl_p95:.2f}",
            "change, choosing half": f"{{change:{form}}}",
        },
        left=("vector", "operation"),
    )
    if len(cells) > CELLS:
        console.print(f"And {len(cells) - CELLS} cells that move answers less.")
    _said(record)


def blend(record: dict[str, Any]) -> None:
    """Every angle, and whether a blend beats both vectors."""
    form = words.form(record)
    ends = {
        place: name
        for name, places in zip(record["names"], record["ends"], strict=True)
        for place in places
    }
    rows = [
        row | {"degrees": math.degrees(row["angle"]), "is": ends.get(place, "")}
        for place, row in enumerate(record["tables"]["curve"])
    ]
    draw(
        f"{record['title']} ({record['digest']})",
        rows,
        {
            "angle": "{degrees:.0f}°",
            "along": "{is}",
            "strength": "{strength:.3g}",
            "KL": "{kl_mean:.3f}",
            "choosing half": f"{{first:{form}}}",
            "reporting half": f"{{second:{form}}}",
            "95 %": f"{{low:{form}}} … {{high:{form}}}",
        },
        left=("along",),
    )
    band = record["band"]
    if band["low"] is not None:
        console.print(
            f"Random planes ({band['planes']}, {band['cells']} cells at this KL): 95 % within "
            f"{band['low']:{form}} to {band['high']:{form}}; largest of a circle up to "
            f"{band['largest']:{form}} (95 %)."
        )
    _said(record)


def _said(record: dict[str, Any]) -> None:
    notes((*record["sentences"], *(f"Note: {note}" for note in record.get("notes", ()))), "- ")
