"""Slow, plain versions of `engine.statistics`, written from METHODS 7.

Loops and the standard library, so that a mistake in a pivot or a join shows.
"""

import math
import random
import statistics as plain


def rows_of(frame, **wanted):
    """The frame's rows as dicts, where every named column has the named value."""
    rows = frame.to_dict("records")
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def contents(frame, vector_set, vector, scale):
    """Question -> mean difference over its orders."""
    found: dict[str, list[float]] = {}
    for row in rows_of(frame, vector_set=vector_set, vector=vector, scale=scale):
        sign = 1 if row["behaviour_letter"] == "A" else -1
        difference = sign * (row["logit_a"] - row["logit_b"])
        found.setdefault(row["question"], []).append(difference)
    return {question: plain.fmean(values) for question, values in found.items()}


def choice(content):
    """1 for the behaviour, 0 against it, 0.5 for a tie."""
    return 0.5 if content == 0 else float(content > 0)


def cell(frame, vector_set, vector, scale):
    """One row of `summarise`, without the bootstrap intervals."""
    rows = rows_of(frame, vector_set=vector_set, vector=vector, scale=scale)
    m = contents(frame, vector_set, vector, scale)
    base = contents(frame, "baseline", -1, 0.0)
    shared = [question for question in m if question in base]
    leans = [row["logit_a"] - row["logit_b"] for row in rows]
    rate = plain.fmean(choice(value) for value in m.values())
    low, high = wilson(rate * len(m), len(m))
    return {
        "n": len(m),
        "rate": rate,
        "rate_low": low,
        "rate_high": high,
        "mean": plain.fmean(m.values()),
        "change": plain.fmean(m[q] - base[q] for q in shared),
        "rate_change": plain.fmean(choice(m[q]) - choice(base[q]) for q in shared),
        "percent_a": plain.fmean(choice(lean) for lean in leans),
        "letter_bias": plain.fmean(leans),
        "answer_mass": plain.fmean(row["answer_mass"] for row in rows),
        "spread_ratio": plain.stdev(m.values()) / plain.stdev(base.values()),
    }


def wilson(successes, n):
    """The interval from its definition: shares p with |share - p| <= z sqrt(p (1-p) / n).

    Found by bisection on each side, not by the closed formula.
    """
    z, share = plain.NormalDist().inv_cdf(0.975), successes / n

    def is_inside(p):
        return abs(share - p) <= z * math.sqrt(p * (1 - p) / n) + 1e-15

    def edge(inside, outside):
        for _ in range(200):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if is_inside(middle) else (inside, middle)
        return inside

    return edge(share, 0.0), edge(share, 1.0)


def bootstrap_mean(values, resamples, seed):
    """Expanded percentile interval of a mean, one resample with replacement after another."""
    draw = random.Random(seed)
    means = sorted(plain.fmean(draw.choices(values, k=len(values))) for _ in range(resamples))
    return ends(means, len(values))


def ends(means, n):
    """The resampled means that bound a mean of n draws (Hesterberg 2015).

    Outside lies the share alpha with Phi^-1(alpha) = -sqrt(n / (n - 1)) times Student's 97.5 %
    quantile, which is found by adding up his density.
    """
    reach = math.sqrt(n / (n - 1)) * student(0.975, n - 1)
    alpha = plain.NormalDist().cdf(-reach)
    return means[int(alpha * len(means))], means[int((1 - alpha) * len(means))]


def student(share, degrees, step=1e-4):
    """Quantile above the median of Student's t, by adding up its density from 0."""
    log_gamma = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)
    height = math.exp(log_gamma) / math.sqrt(degrees * math.pi)
    t, mass = 0.0, 0.5
    while mass < share:
        mass += step * height * (1 + (t + step / 2) ** 2 / degrees) ** (-(degrees + 1) / 2)
        t += step
    return t


def rank_p(value, null):
    """(1 + how many of the null are at least as large) / (1 + size)."""
    return (1 + sum(abs(other) >= abs(value) for other in null)) / (1 + len(null))


def best_of(above, controls, vectors, draws, seed):
    """P(at most `above` controls exceed the best of `vectors`), all exchangeable, by shuffling."""
    draw, hits = random.Random(seed), 0
    for _ in range(draws):
        best = max(draw.sample(range(controls + vectors), vectors))
        hits += controls + vectors - 1 - best <= above
    return hits / draws


def slope(points):
    """Least-squares slope of y on x."""
    x_mean, y_mean = plain.fmean(x for x, _ in points), plain.fmean(y for _, y in points)
    top = sum((x - x_mean) * (y - y_mean) for x, y in points)
    return top / sum((x - x_mean) ** 2 for x, _ in points)


def flips(frame, vector_set, vector, scale):
    """(gained, lost): questions whose answer changed from the baseline, one after another."""
    m, base = contents(frame, vector_set, vector, scale), contents(frame, "baseline", -1, 0.0)
    gained = sum(base[q] < 0 < m[q] for q in m)
    lost = sum(base[q] > 0 > m[q] for q in m)
    return gained, lost


def mcnemar(gained, lost):
    """Two-sided exact p by adding up binomial terms."""
    n = gained + lost
    tail = sum(math.comb(n, k) for k in range(min(gained, lost) + 1)) / 2**n
    return min(1.0, 2 * tail)


def largest_move(frame, vector_set, vector, scale):
    """The largest |logit - logit at the baseline| of a cell."""
    base = {(r["question"], r["order"]): r for r in rows_of(frame, vector_set="baseline")}
    return max(
        abs(row[name] - base[row["question"], row["order"]][name])
        for row in rows_of(frame, vector_set=vector_set, vector=vector, scale=scale)
        for name in ("logit_a", "logit_b")
    )


def cluster_bootstrap(values, labels, resamples, seed):
    """Percentile interval of a mean, drawing whole groups with replacement."""
    groups: dict = {}
    for value, label in zip(values, labels, strict=True):
        groups.setdefault(label, []).append(value)
    draw, kinds, means = random.Random(seed), list(groups.values()), []
    for _ in range(resamples):
        drawn = [v for group in draw.choices(kinds, k=len(kinds)) for v in group]
        means.append(plain.fmean(drawn))
    means.sort()
    return ends(means, len(kinds))


def studentised(value, null):
    """How far a value lies from others, as a new draw among them."""
    spread = plain.stdev(null) * math.sqrt(1 + 1 / len(null))
    return (value - plain.fmean(null)) / spread


def held_out(cells, chooses, reports):
    """Choose the cell with the largest |mean| on some questions; its mean, so signed, on others.

    Args:
        cells: By scale, question -> change.
        chooses: Questions to choose on.
        reports: Questions to report on.
    """
    means = {s: plain.fmean(values[q] for q in chooses) for s, values in cells.items()}
    scale = max(means, key=lambda s: abs(means[s]))
    sign = 1 if means[scale] > 0 else -1
    return scale, sign, [sign * cells[scale][q] for q in reports]
