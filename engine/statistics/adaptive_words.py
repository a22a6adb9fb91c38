"""What an adaptive sweep says in words: what was found, at what cost, and what is sure of it.

Knows nothing of how cells are raced or stored.
"""

from dataclasses import asdict
from typing import Any

from engine.records import readings, steered
from engine.records.readings import Reading


def sentences(record: dict[str, Any], config: Any) -> list[str]:
    """What was found, at what cost, and what is sure of it."""
    best, cells, arms = record["best"], record["cells"], record["tables"]["arms"]
    count, finalists = len(record["order"]), record["finalists"]
    asked = asdict(config.sweep)
    words, how = readings.of_config(asked), steered.of_config(asked)
    digits = 2 if words.has_letters else 3
    share = "" if best["rate_change"] is None else f"{100 * best['rate_change']:+.0f} points"
    found = [
        f"{best['name']} at {how.at(best['scale'])} has the largest change "
        f"{_wanted(config, words)} of {len(arms)} cells: "
        f"{best['change'] or 0.0:+.{digits}f} {words.unit}, "
        f"{share} of {config.sweep.behaviour} answers, over all {count} questions.",
        f"{cells['asked']:,} of the full grid's {cells['grid']:,} cells were asked "
        f"({cells['share']:.0%}).",
        f"The chance that the full grid's best cell was dropped is at most {config.delta:.2g}"
        f"{_counting(record, words)}.",
    ]
    if len(record["tied"]) > 1:
        found.append(f"{len(record['tied'])} cells have exactly this figure; the first is named.")
    if len(finalists) == len(arms) > 1:
        found.append("No cell could be dropped: none was clearly better than the others.")
    elif len(finalists) > 1:
        names = [f"{arms[arm]['name']} at {how.at(arms[arm]['scale'])}" for arm in finalists[:6]]
        more = f" and {len(finalists) - 6} more" if len(finalists) > 6 else ""
        found.append(f"Left at the end and asked in full: {', '.join(names)}{more}.")
    if record["limited"]:
        found.append(f"{record['limited']} answers changed by more than that limit.")
    return found


def _counting(record: dict[str, Any], words: Reading) -> str:
    limit = record["limit"]
    return "" if limit is None else f", a question's change counting up to {limit:.3g} {words.unit}"


def _wanted(config: Any, words: Reading) -> str:
    by = f"of the mean {words.difference}" if config.measure == "logits" else "of the share"
    way = {"either": "either way", "toward": "toward it", "away": "away from it"}
    return f"{by}, {way[config.direction]},"
