"""What the command line prints of vectors in words."""

from typing import Any

from engine.cli.drawing import console, draw, notes, say
from engine.statistics.reads import words_said as said

SHOWN = 5
"""Words of each sign that are printed."""


def table(record: dict[str, Any]) -> None:
    """Every vector's words by reading, promoted and suppressed."""
    rows, found = record["tables"]["words"], record["tables"]["vectors"]
    lines = []
    for place, vector in enumerate(found):
        for reading, name in said.READINGS.items():
            more, less = (said.words_of(rows, place, reading, sign) for sign in (1, -1))
            if more or less:
                line = {"vector": vector["name"], "block": vector["block"], "reading": name}
                lines.append(line | {"more": _words(more), "less": _words(less)})
    draw(
        f"{record['title']} ({record['digest']})",
        lines,
        {
            "vector": "{vector}",
            "block": "{block}",
            "reading": "{reading}",
            "promoted": "{more}",
            "suppressed": "{less}",
        },
        left=("vector", "reading", "promoted", "suppressed"),
    )
    config = record["config"]
    console.print(
        f"{said.star_rule(config['random'])} Values: measured effect in {said.UNITS['effect']}.",
        markup=False,
    )
    _random(record)
    notes(record["sentences"], "- ")
    notes(record["notes"])


def _words(rows: list[Any]) -> str:
    """Some words with their values; square brackets are no markup here."""
    marks = [said.STAR if row["star"] else "" for row in rows]
    told = [
        f"{row['word']}{mark} {row['value']:+.2g}" for row, mark in zip(rows, marks, strict=True)
    ]
    return "  ".join(told[:SHOWN]).replace("[", "\\[")


def _random(record: dict[str, Any]) -> None:
    """What one random vector would be said to promote."""
    drawn = [row for row in record["tables"]["random"] if row["reading"] == "effect"]
    if not drawn:
        return
    first = [row["word"] for row in drawn if row["site"] == drawn[0]["site"]]
    say(f"Beside them, a random vector at the {drawn[0]['site']}: {', '.join(first)}.")
