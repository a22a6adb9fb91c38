"""What the command line prints of vectors: a sweep's strongest, an adaptive sweep, evidence."""

from typing import Any

from rich.console import Console, JustifyMethod
from rich.table import Table

from engine.records.records import Evaluation
from engine.statistics import badges, power, whole
from engine.statistics.cells import VECTOR
from engine.statistics.whole import SweepStatistics

STRONGEST = 5
CELLS = 12
"""Vectors, and cells of an adaptive sweep, that are printed."""


def evaluation(found: Evaluation, out: Console) -> None:
    """One line for each of the strongest vectors, and what the sweep could have shown at all."""
    read = whole.read(found)
    rows = strongest(read)
    if rows:
        out.print(_strongest(rows))
        out.print(
            "held out: change, in the direction chosen, on questions that had no part in choosing "
            "scale and sign. flips: answers that came to show the behaviour, and that ceased to, "
            "with the exact McNemar p."
        )
        out.print(badges.sentence(rows[0]), markup=False)
    if read.repeated:
        out.print(f"{read.repeated} questions repeat another one: intervals draw them together.")
    if plan := planned(found, read):
        out.print(power.sentence(plan), markup=False)


def planned(found: Evaluation, read: SweepStatistics) -> power.Plan | None:
    """What another sweep like this one could show."""
    vectors = len(read.vectors)
    scales = len([s for s in found.config["scales"] if s != 0])
    if read.spread is None or not vectors or not scales:
        return None
    return power.plan(
        len(found.questions.questions) - read.repeated,
        read.spread,
        both_orders=found.config.get("orders", "both") == "both",
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


def _strongest(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="Strongest vectors beside random ones, and how they work")
    for name in ("vector", "badge", "held out", "flips", "slope, against", "shape", "usable"):
        is_figure = name in ("held out", "flips")
        side: JustifyMethod = "right" if is_figure else "left"
        table.add_column(name, justify=side, no_wrap=name == "vector")
    for row in rows:
        table.add_row(
            f"{row['method']}_{int(row['vector']):02d} @ {row['scale']:+g}",
            badges.words(row),
            f"{row['held_out']:.2f} ({row['held_low']:.2f} … {row['held_high']:.2f})",
            f"+{int(row['gained'])} −{int(row['lost'])}, p {row['flips_p']:.2g}",
            f"{row['slope']:+.3g}, {row['anti_steerable']:.0%}",
            str(row["shape"]),
            f"{row['low']:g} … {row['high']:g}",
        )
    return table


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
    for arm in arms[:CELLS]:
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
    if len(arms) > CELLS:
        out.print(f"And {len(arms) - CELLS} cells that were asked no longer.")
    for sentence in (*record["sentences"], *(f"Note: {note}" for note in record["notes"])):
        out.print(f"- {sentence}", markup=False)
    out.print(
        "The best on these questions only: evaluate it on others, beside random controls.",
        markup=False,
    )


def _by(record: dict[str, Any]) -> str:
    is_share = record["config"]["measure"] == "share"
    return "share of answers" if is_share else "mean logit difference"


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
