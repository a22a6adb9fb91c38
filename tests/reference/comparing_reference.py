"""Slow, plain versions of `engine.statistics.across`: two runs beside each other, by loops.

Rows, dicts and means one after another, so that a mistake in a pivot or an alignment shows.
"""

import statistics as plain

import numpy as np

from engine.maths.intervals import draws, tails


def read(frame):
    """(set, index, scale) -> question -> mean difference over its orders, row after row."""
    found: dict = {}
    for row in frame.to_dict("records"):
        sign = 1 if row["behaviour_letter"] == "A" else -1
        own = found.setdefault((row["vector_set"], row["vector"], row["scale"]), {})
        value = sign * (row["logit_a"] - row["logit_b"])
        own.setdefault(row["question"], []).append(value)
    return {key: {q: plain.fmean(v) for q, v in own.items()} for key, own in found.items()}


def change(run, vector_set, vector, scale):
    """Question -> change of the mean difference from the unsteered model."""
    steered, base = run[vector_set, vector, scale], run["baseline", -1, 0.0]
    return {question: steered[question] - base[question] for question in steered}


def cell(first, second, key, other, scale, controls):
    """One row of `comparing.cells`, for runs whose questions do not repeat each other.

    Args:
        first: `read` of the first run.
        second: Of the second.
        key: Set and index in the first run.
        other: In the second.
        scale: Of both.
        controls: How many pairs of controls there are, i with i.
    """
    a, b = change(first, *key, scale), change(second, *other, scale)
    shared = sorted(set(a) & set(b))
    apart = [b[question] - a[question] for question in shared]
    null = []
    for i in range(controls):
        left, right = change(first, "control", i, scale), change(second, "control", i, scale)
        null.append(plain.fmean(right[q] - left[q] for q in shared))
    mean = plain.fmean(apart)
    low, high = interval(apart)
    return {
        "first": plain.fmean(a[q] for q in shared),
        "second": plain.fmean(b[q] for q in shared),
        "difference": mean,
        "low": low,
        "high": high,
        "random_low": float(np.percentile(null, 2.5)),
        "random_high": float(np.percentile(null, 97.5)),
        "p": (1 + sum(abs(one) >= abs(mean) for one in null)) / (1 + len(null)),
    }


def interval(values, resamples=2000, seed=0):
    """The mean of every resample, one by one, and the ends of them."""
    means = []
    for counts in draws(len(values), resamples, seed):
        drawn = [v for v, n in zip(values, counts, strict=True) for _ in range(int(n))]
        means.append(plain.fmean(drawn))
    return tuple(float(np.percentile(means, end)) for end in tails(len(values)))


def best(run, keys, scales, chooses):
    """Vector, scale and sign with the largest |mean change| on some questions."""
    found = []
    for key in keys:
        for scale in scales:
            values = change(run, *key, scale)
            mean = plain.fmean(values[q] for q in chooses)
            found.append((abs(mean), key, scale, 1 if mean > 0 else -1))
    return max(found, key=lambda one: one[0])[1:]


def held_out(first, second, keys, scales, halves, controls):
    """`comparing.held_out`: (difference, low, high, p) of both runs' best on the other half."""
    chooses, reports = halves

    def apart(mine, theirs):
        a = change(first, *mine[0], mine[1])
        b = change(second, *theirs[0], theirs[1])
        return [theirs[2] * b[q] - mine[2] * a[q] for q in reports]

    values = apart(best(first, keys, scales, chooses), best(second, keys, scales, chooses))
    null = []
    for i in range(controls):
        own = [("control", i)]
        null.append(
            plain.fmean(
                apart(best(first, own, scales, chooses), best(second, own, scales, chooses))
            )
        )
    mean = plain.fmean(values)
    above = sum(abs(one) >= abs(mean) for one in null)
    return mean, *interval(values), (1 + above) / (1 + len(null))
