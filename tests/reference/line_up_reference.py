"""Slow, plain version of `engine.statistics.line_ups` for sweeps of one site and norm.

From the rows themselves: loops, no table, no helper of the engine.
"""

import statistics as plain

from tests.reference.statistics_reference import choice


def answers(frame):
    """(set, index) -> scale -> question -> mean difference over its orders."""
    found = {}
    for row in frame.to_dict("records"):
        sign = 1 if row["behaviour_letter"] == "A" else -1
        cells = found.setdefault((row["vector_set"], row["vector"]), {})
        asked = cells.setdefault(row["scale"], {}).setdefault(row["question"], [])
        asked.append(sign * (row["logit_a"] - row["logit_b"]))
    return {
        key: {
            scale: {question: plain.fmean(values) for question, values in asked.items()}
            for scale, asked in cells.items()
        }
        for key, cells in found.items()
    }


def best(found, key, by):
    """(scale, effect there, change of the logit difference there) of a vector."""
    base = found["baseline", -1][0.0]
    held = None
    for scale in sorted(found[key]):
        here = found[key][scale]
        change = plain.fmean(here[q] - base[q] for q in here)
        share = plain.fmean(choice(here[q]) - choice(base[q]) for q in here)
        effect = change if by == "change" else share
        if held is None or (abs(effect), abs(change)) > (abs(held[1]), abs(held[2])):
            held = (scale, effect, change)
    return held


def ranked(found, keys, by):
    """(vector, scale, effect, change), the strongest first."""
    rows = [(key, *best(found, key, by)) for key in keys]
    return sorted(rows, key=lambda row: (-abs(row[2]), -abs(row[3])))


def random_pick(found, count, needed, first, last, by):
    """The same ranks in each group of `needed` of `count` controls; the group in the middle."""
    groups = []
    for begin in range(0, count - needed + 1, needed):
        own = [("control", i) for i in range(begin, begin + needed)]
        chosen = ranked(found, own, by)[first - 1 : last]
        groups.append((plain.fmean(abs(row[2]) for row in chosen), begin, chosen))
    groups.sort(key=lambda one: one[:2])
    return [row[0] for row in groups[len(groups) // 2][2]], len(groups)
