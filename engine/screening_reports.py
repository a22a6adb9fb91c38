"""What the command line prints of an adaptive sweep, and what its last line holds."""

from typing import Any

from rich.console import Console
from rich.table import Table

SHOWN = 12


def answer(record: dict[str, Any]) -> dict[str, Any]:
    """The best vector and scale and what they cost, for the last line of stdout."""
    best, cells = record["best"], record["cells"]
    arms = record["tables"]["arms"]
    fields = ("name", "vector_set", "vector", "scale", "change", "rate_change")
    return {
        "best": {name: best[name] for name in fields},
        "finalists": [[arms[arm]["name"], arms[arm]["scale"]] for arm in record["finalists"]],
        "cells": cells["asked"],
        "share": round(cells["share"], 4),
        "delta": record["config"]["delta"],
        "notes": record["notes"],
    }


def screening(record: dict[str, Any], out: Console) -> None:
    """The cells that were asked longest, and what is sure."""
    arms = sorted(
        record["tables"]["arms"], key=lambda arm: (-arm["asked"], -abs(arm["mean"] or 0.0))
    )
    table = Table(title=f"{record['title']}, by {_by(record)} ({record['digest']})")
    for name in ("vector", "scale", "asked", "change in logits", "points", "bounds", "dropped"):
        table.add_column(name, justify="left" if name == "vector" else "right")
    for arm in arms[:SHOWN]:
        points = arm["rate_change"]
        table.add_row(
            arm["name"],
            f"{arm['scale']:+g}",
            str(arm["asked"]),
            "" if arm["change"] is None else f"{arm['change']:+.2f}",
            "" if points is None else f"{100 * points:+.0f}",
            f"{arm['low']:+.2f} … {arm['high']:+.2f}",
            "" if arm["dropped"] is None else f"after {arm['dropped']}",
        )
    out.print(table)
    if len(arms) > SHOWN:
        out.print(f"And {len(arms) - SHOWN} cells that were asked no longer.")
    for sentence in (*record["sentences"], *(f"Note: {note}" for note in record["notes"])):
        out.print(f"- {sentence}", markup=False)
    out.print(
        "The best on these questions only: evaluate it on others, beside random controls.",
        markup=False,
    )


def _by(record: dict[str, Any]) -> str:
    is_share = record["config"]["measure"] == "share"
    return "share of answers" if is_share else "mean logit difference"
