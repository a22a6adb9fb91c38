"""What the command line prints of examples."""

from typing import Any

from engine.cli.drawing import console, draw, notes

SHOWN = 3
"""Texts of each end that are printed."""


def examples(record: dict[str, Any]) -> None:
    """Every vector's ends beside random directions, then its furthest texts."""
    rows = record["tables"]["vectors"]
    draw(
        f"{record['title']} ({record['digest']}), in SD of neutral text",
        [_flat(row) for row in rows],
        {
            "vector": "{name}",
            "block": "{block}",
            "highest": "{high:+.2f}",
            "random up to": "{high_random:+.2f}",
            "p": "{high_p:.3f}",
            "lowest": "{low:+.2f}",
            "random down to": "{low_random:+.2f}",
            "p ": "{low_p:.3f}",
            "at top, bottom": "{label}: {top}, {bottom} of {shown}",
            "p  ": "{lean_p:.3f}",
        },
        left=("vector",),
        whole=("at top, bottom",),
    )
    for row in rows:
        console.print(f"\n{row['name']} at block {row['block']}", markup=False, style="bold")
        for one in [*row["top"][:SHOWN], *row["bottom"][:SHOWN]]:
            console.print(f"  {one['mean']:+.2f}  {_line(record, one)}", markup=False)
    notes((*record["sentences"], *(f"Note: {note}" for note in record["notes"])), "- ")


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    lean = row["lean"] or {}
    return {
        "name": row["name"],
        "block": row["block"],
        "high": row["high"]["value"],
        "high_random": row["high"]["random_high"],
        "high_p": row["high"]["p"],
        "low": row["low"]["value"],
        "low_random": row["low"]["random_low"],
        "low_p": row["low"]["p"],
        "lean_p": lean.get("p"),
        **{name: lean.get(name) for name in ("label", "top", "bottom", "shown")},
    }


def _line(record: dict[str, Any], one: dict[str, Any]) -> str:
    text = record["tables"]["texts"][one["text"]]
    words_of = text["lead"] + "".join(text["pieces"])
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in words_of)
    return f"[{text['label']}] {shown}" if text["label"] else shown
