"""What the command line prints of a probe."""

from collections.abc import Mapping
from typing import Any

from engine.cli.drawing import draw, notes, say
from engine.statistics.reads import probe_words as words


def probe(record: dict[str, Any]) -> None:
    """Every place beside the best random direction there, class by class."""
    rows = record["tables"]["rows"]
    for kind in dict.fromkeys(row["classes"] for row in rows):
        shown = [_line(row, record) for row in rows if row["classes"] == kind]
        draw(
            f"{record['title']}: {words.TITLES[kind]} ({record['digest']})",
            shown,
            {
                "vector": "{name}",
                "set": "{set}",
                "block": "{block}",
                "AUROC": "{auroc:.3f}",
                "95 %": "{low:.3f} … {high:.3f}",
                "pairs": "{pairs:.1%}",
                "recall": "{recall:.1%}",
                "random": "{best:.3f}",
                "shuffled": "{shuffled_best:.3f}",
                "p": "{p:.3f}",
                "beyond": "{badge}",
            },
            left=("vector", "set", "beyond"),
            whole=("vector", "set", "block", "AUROC", "95 %"),
        )
    say(
        "random: the best of the random directions there, either way round; shuffled: of the fits.",
        words.recall_words(record),
    )
    notes((*record["sentences"], *(f"Note: {note}" for note in record.get("notes", ()))), "- ")


def _line(row: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    own = "" if row["vector_set"] == words.FIT else row["vector_set"][:4]
    return {
        **words.beside(record, row),
        **row,
        "set": own,
        "badge": "yes" if row["beyond"] else "no",
    }
