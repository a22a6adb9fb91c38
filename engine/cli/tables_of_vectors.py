"""What the command line prints of vectors: a sweep's strongest, an adaptive sweep, evidence."""

from typing import Any

import pandas as pd

from engine.cli.drawing import console, draw, notes, say
from engine.records import readings
from engine.records.records import Evaluation
from engine.statistics import badges, power
from engine.statistics.cells import VECTOR
from engine.statistics.whole import SweepStatistics

STRONGEST = 5
CELLS = 12
"""Vectors, and cells of an adaptive sweep, that are printed."""


def evaluation(found: Evaluation, read: SweepStatistics) -> None:
    """One line for each of the strongest vectors, and what the sweep could have shown at all."""
    rows = strongest(read)
    if rows:
        _strongest(rows)
        console.print(
            "held out: change, in the direction chosen, on questions that had no part in choosing "
            "scale and sign. flips: answers that came to show the behaviour, and that ceased to, "
            "with the exact McNemar p."
        )
        if all(pd.isna(row["low"]) for row in rows):
            say("usable: unknown, as no KL was measured; evaluate with --side-effects.")
        say(badges.sentence(rows[0]))
    if read.repeated:
        twice = f"{read.repeated} questions repeat another one"
        console.print(f"{twice}: intervals draw them together.")
    if plan := planned(found, read):
        say(power.sentence(plan, readings.of_config(found.config).unit))


def planned(found: Evaluation, read: SweepStatistics) -> power.Plan | None:
    """What another sweep like this one could show."""
    vectors, words = len(read.vectors), readings.of_config(found.config)
    scales = len([s for s in found.config["scales"] if s != 0])
    if read.spread is None or not vectors or not scales:
        return None
    return power.plan(
        len(found.questions.questions) - read.repeated,
        read.spread,
        both_orders=found.config.get("orders", "both") == "both" or not words.has_letters,
        vectors=vectors,
        scales=scales,
        controls=int(found.config["controls"]),
    )


def strongest(read: SweepStatistics, top: int = STRONGEST) -> list[dict[str, Any]]:
    """The vectors with the largest |change|, each at its best scale, with all that is known."""
    best = read.tests.sort_values("t", ascending=False, kind="stable").head(top)
    if best.empty:
        return []
    best = best[[*VECTOR, "scale", "change"]]
    best = best.merge(read.vectors.rename(columns={"scale": "own"}), on=VECTOR, how="left")
    best = best.merge(
        read.cells[[*VECTOR, "scale", "gained", "lost", "flips_p"]], on=[*VECTOR, "scale"]
    )
    held = read.selection.vectors.rename(columns={"low": "held_low", "high": "held_high"})
    held = held[[*VECTOR, "held_out", "held_low", "held_high"]]
    return best.merge(held, on=VECTOR, how="left").to_dict("records")


def _strongest(rows: list[dict[str, Any]]) -> None:
    columns = {
        "vector": "{method}_{vector:02.0f} @ {scale:+g}",
        "badge": "{badge_words}",
        "held out": "{held_out:.2f} ({held_low:.2f} … {held_high:.2f})",
        "flips": "+{gained:.0f} −{lost:.0f}, p {flips_p:.2g}",
        "slope, against": "{slope:+.3g}, {anti_steerable:.0%}",
        "shape": "{shape}",
        "usable": "{low:g} … {high:g}",
    }
    draw(
        "Strongest vectors beside random ones, and how they work",
        [row | {"badge_words": badges.words(row)} for row in rows],
        columns,
        left=set(columns) - {"held out", "flips"},
        whole=("vector",),
    )


def adaptive(record: dict[str, Any]) -> None:
    """The cells that were asked longest, and what is sure."""
    arms = sorted(
        record["tables"]["arms"], key=lambda arm: (-arm["asked"], -abs(arm["mean"] or 0.0))
    )
    rows = [
        arm | {"points": None if arm["rate_change"] is None else 100 * arm["rate_change"]}
        for arm in arms[:CELLS]
    ]
    words = readings.of_config(record.get("sweep", {}))
    form = "+.2f" if words.has_letters else "+.3f"
    draw(
        f"{record['title']}, by {_by(record)} ({record['digest']})",
        rows,
        {
            "vector": "{name}",
            "scale": "{scale:+g}",
            "asked": "{asked}",
            f"change in {words.unit}": f"{{change:{form}}}",
            "points": "{points:+.0f}",
            "bounds": f"{{low:{form}}} … {{high:{form}}}",
            "dropped": "after {dropped}",
        },
        left=("vector",),
    )
    if len(arms) > CELLS:
        console.print(f"And {len(arms) - CELLS} cells that were asked no longer.")
    notes((*record["sentences"], *(f"Note: {note}" for note in record.get("notes", ()))), "- ")
    say("The best on these questions only: evaluate it on others, beside random controls.")


def _by(record: dict[str, Any]) -> str:
    is_share = record["config"]["measure"] == "share"
    words = readings.of_config(record.get("sweep", {}))
    return "share of answers" if is_share else f"mean {words.difference}"


PERCENT = ("percentile", "found_again")
WORDS = ("vector", "site", "forecast", "kind", "name", "digest")
"""Columns of words, which stand to the left."""


def evidence(record: dict[str, Any]) -> None:
    """A table of the vectors, one of the repeated runs, and what they say."""
    _plain(record["title"], record["tables"]["vectors"])
    if record["tables"].get("runs"):
        _plain("Found again up to sign and order", record["tables"]["runs"])
        chance = record["tables"]["chance"]
        console.print(
            f"Random directions, matched alike: |cosine| up to {chance['cosine']:.2f} (95 %), "
            f"largest angle from {chance['angle']:.0f} degrees on (95 %)."
        )
    notes(record["sentences"], "- ")


def _plain(title: str, rows: list[dict[str, Any]]) -> None:
    """All that the rows hold, under its own names."""
    figures = {name for row in rows for name, value in row.items() if isinstance(value, float)}
    columns = {}
    for name in rows[0]:
        shown = ":.0%}" if name in PERCENT else ":.3g}" if name in figures else "}"
        shown = ":.1f}°" if name.endswith("angle") else shown
        columns[name.replace("_", " ")] = f"{{{name}{shown}"
    draw(title, rows, columns, left=WORDS)
