"""What the command line says of a sweep's vectors: badge, held-out effect, flips and range."""

from typing import Any

from rich.console import Console
from rich.table import Table

from engine import badges, power, readings
from engine.readings import Readings
from engine.records import Evaluation
from engine.statistics import VECTOR

SHOWN = 5


def evaluation(found: Evaluation, out: Console) -> None:
    """One line for each of the strongest vectors, and what the sweep could have shown at all."""
    read = readings.read(found)
    rows = strongest(read)
    if rows:
        out.print(_table(rows))
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


def planned(found: Evaluation, read: Readings) -> power.Plan | None:
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


def strongest(read: Readings, top: int = SHOWN) -> list[dict[str, Any]]:
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


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="Strongest vectors beside random ones, and how they work")
    for name in ("vector", "badge", "held out", "flips", "slope, against", "shape", "usable"):
        is_figure = name in ("held out", "flips")
        side = "right" if is_figure else "left"
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
