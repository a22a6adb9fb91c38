"""What searches under a budget say in words. Knows nothing of how anything was measured."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from engine.configs.steering.interventions import TITLES
from engine.records import readings
from engine.statistics.nulls import MIN_CONTROLS

NOTHING = "Nothing under the budget moves answers beyond random vectors"


def suggestion(record: Mapping[str, Any]) -> list[str]:
    """The choice in one sentence, then what it was chosen from."""
    best, held, cells = record["best"], record["held"], record["tables"]["cells"]
    allowed = sum(cell["allowed"] for cell in cells)
    count, budget = len(record["choosing"]), record["config"]["budget"]
    among = (
        f"It was chosen on {count} other questions among {len(cells)} cells, {allowed} of which "
        f"keep to {budget:g} nats per token."
    )
    if best is None:
        return [f"No cell keeps to {budget:g} nats per token, so nothing can be suggested.", among]
    first = f"{cell(best)}{_effect(held, record)}"
    if held["is_beyond"] is False:
        return [f"{NOTHING}; the best is {first[0].lower()}{first[1:]}", among]
    if held["is_beyond"] is None:
        few = f"Only {held['controls']} random directions cost as much: {MIN_CONTROLS} give a p."
        return [first, few, among]
    return [first, among]


def cell(row: Mapping[str, Any]) -> str:
    """A cell: operation, vector, block, strength and what it costs."""
    return (
        f"{TITLES[row['operation']]} {row['name']} at block {row['block']}, strength "
        f"{row['strength']:+.3g} (KL {row['kl_mean']:.2g} per token)"
    )


def _effect(held: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    reading = readings.of_config(record["sweep"])
    shown = form(record)
    beside = ""
    if held["band_low"] is not None:
        band = f"{held['band_low']:{shown}} to {held['band_high']:{shown}}"
        beside = f", {held['controls']} random directions {band}"
    p = "" if held["p"] is None else f", p {held['p']:.2g}"
    return (
        f": {held['effect']:{shown}} {reading.unit} ({held['low']:{shown}} to "
        f"{held['high']:{shown}}) on {held['questions']} unseen questions{beside}{p}."
    )


def form(record: Mapping[str, Any]) -> str:
    """Format of an effect."""
    return "+.2f" if readings.of_config(record["sweep"]).has_letters else "+.3f"


def blend(record: Mapping[str, Any]) -> list[str]:
    """Whether the best blend beats both vectors, and whether random planes have such blends."""
    found = record["nested"]
    if found is None:
        budget = record["config"]["budget"]
        return [f"No blend keeps to {budget:g} nats per token, so nothing can be compared."]
    shown, unit, held = form(record), readings.of_config(record["sweep"]).unit, found["held"]
    degrees = math.degrees(record["angles"][found["best"]])
    said = [
        f"The best blend, at {degrees:.0f}°, moves answers by {held['effect']:{shown}} {unit} "
        f"({held['low']:{shown}} to {held['high']:{shown}}) on {held['questions']} unseen "
        "questions."
    ]
    pairs = list(zip(record["names"], found["pure"], strict=True))
    said += [_alone(name, one, found["best"], shown) for name, one in pairs]
    said.append(verdict(found, record["names"]))
    if found["p"] is not None:
        said.append(
            f"Of {len(found['planes'])} random planes at the same KL, the best blend has p "
            f"{found['p']:.2g}."
        )
    return said


def _alone(name: str, one: Mapping[str, Any], best: int, shown: str) -> str:
    if one["place"] == best:
        return f"That is the angle of {name} itself."
    return (
        f"{name} alone: {one['held']['effect']:{shown}}; the blend gains {one['less']:{shown}} "
        f"({one['less_low']:{shown}} to {one['less_high']:{shown}}; {one['slack']:.3f} may be "
        "unequal cost)."
    )


def verdict(found: Mapping[str, Any], names: Sequence[str]) -> str:
    """Whether the gain over both vectors is more than noise and unequal cost."""
    beaten = [
        name
        for name, one in zip(names, found["pure"], strict=True)
        if one["place"] != found["best"] and one["less_low"] > one["slack"]
    ]
    if len(beaten) == len(names):
        own = [abs(one["held"]["effect"]) for one in found["pure"]]
        share = abs(found["held"]["effect"]) / max(own) - 1
        return f"The blend beats both vectors, the better one by {share:.0%}."
    only = f": it beats {beaten[0]} only" if beaten else ""
    return f"No blend beats both vectors{only}."
