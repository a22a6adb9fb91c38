"""Slow, plain versions of `engine.maths.race`: capital in loops, as the formulas have it."""

import math


def race(values, signs, worsts, delta, batch, caution, unbet):
    """Questions asked when each (sign, arm) is dropped, and its largest capital.

    `values[arm][question]` in the order asked; `worsts` as `race.Worst`.
    """
    arms, total = len(values), len(values[0])
    entries = [(sign, arm) for sign in signs for arm in range(arms)]
    capital, largest, dropped = dict.fromkeys(entries, 1.0), dict.fromkeys(entries, 1.0), {}

    def value(entry, question):
        return entry[0] * values[entry[1]][question]

    for t in range(total):
        living = [entry for entry in entries if entry not in dropped]
        if len(living) > 1 and t >= unbet:
            figure = {e: math.fsum(value(e, q) for q in range(t)) for e in living}
            # Python's sort keeps the order of the grid among equals.
            first, second = sorted(living, key=lambda e: -figure[e])[:2]
            for entry in living:
                rival = second if entry == first else first
                worst = worsts[rival[0] != entry[0]]
                seen = [value(rival, q) - value(entry, q) for q in range(t)]
                expected = -sum(seen) / (total - t)
                if expected < worst - 1e-9:
                    capital[entry] = math.inf
                else:
                    stake = kelly(seen, expected, worst, caution)
                    d = value(rival, t) - value(entry, t)
                    capital[entry] *= max(1 + stake * (d - expected), 1 - caution)
                largest[entry] = max(largest[entry], capital[entry])
        if (t + 1) % batch == 0 or t + 1 == total:
            for entry in living:
                if largest[entry] >= 1 / delta:
                    dropped[entry] = t + 1
    return dropped, largest


def kelly(seen, expected, worst, caution):
    """Mean gain over its second moment, with one pseudo-observation, within what can be lost."""
    n = len(seen) + 1
    mean = sum(seen) / n
    spread = (sum((d - mean) ** 2 for d in seen) + (worst / 2) ** 2) / n
    gain = mean - expected
    most = caution / max(expected - worst, 1e-9)
    return min(max(gain / (spread + gain**2), 0.0), most)


def interval(values, total, span, delta, grid, cap):
    """Smallest and largest mean that hedged capital has not ruled out, a step of the grid wider.

    Every mean is tried by itself, its two capitals multiplied up from the first value.
    """
    low, high = span
    units = [(value - low) / (high - low) for value in values]
    kept = []
    for step in range(grid):
        mean, up, down, is_out = step / (grid - 1), 1.0, 1.0, False
        for t, x in enumerate(units):
            left = (total * mean - sum(units[:t])) / (total - t)
            is_out = is_out or not -1e-9 <= left <= 1 + 1e-9
            left = min(max(left, 1e-9), 1 - 1e-9)
            means = [(0.5 + sum(units[: i + 1])) / (i + 2) for i in range(t)]
            spread = 0.25 + sum((units[i] - means[i]) ** 2 for i in range(t))
            size = math.sqrt(2 * math.log(2 / delta) / (spread * math.log(t + 2)))
            up *= 1 + min(size, cap / left) * (x - left)
            down *= 1 - min(size, cap / (1 - left)) * (x - left)
            is_out = is_out or max(up, down) / 2 >= 1 / delta
        if not is_out:
            kept.append(mean)
    asked, so_far, width = len(units), sum(units), 1 / (grid - 1)
    least, most = so_far / total, (so_far + total - asked) / total
    ends = max(kept[0] - width, least), min(kept[-1] + width, most)
    return tuple(low + end * (high - low) for end in ends)
