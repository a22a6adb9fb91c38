"""What the evidence for found vectors says, in sentences. Knows nothing of models or files."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.statistics.evidence import RELIABLE, SAME, SMALL_GAP, Again, Beyond, Chance
from engine.statistics.similarity import Matrix, clusters, effective_rank

NAMED = 8


def listed(indices: Sequence[int]) -> str:
    """Indices with commas; after a few, how many more there are."""
    shown = ", ".join(str(i) for i in indices[:NAMED])
    return shown + (f" and {len(indices) - NAMED} more" if len(indices) > NAMED else "")


def _vectors(indices: Sequence[int]) -> str:
    return f"vector{'s' * (len(indices) != 1)} {listed(indices)}"


def of_duplicates(vectors: Matrix) -> str:
    """How many directions the vectors are, up to sign."""
    found = clusters(vectors)
    rank = effective_rank(vectors)
    copies = [str(size) for size in found.sizes if size > 1]
    alone = len(found.sizes) - len(copies)
    head = f"{len(vectors)} vectors, {len(found.sizes)} directions"
    if not copies:
        return f"{head}; effective rank {rank:.1f}: no copies."
    more = f" and {alone} on {'its' if alone == 1 else 'their'} own" if alone else ""
    return (
        f"{head}: {' + '.join(copies)} copies{more}; effective rank {rank:.1f}: count directions, "
        "not vectors."
    )


def of_convergence(residuals: Sequence[float], tolerance: float) -> str:
    """Whether the singular vectors are singular vectors."""
    loose = [i for i, r in enumerate(residuals) if not r <= tolerance]
    worst = max(residuals)
    if not loose:
        return f"Converged: every residual is at most {worst:.1e}."
    return (
        f"Not converged: {_vectors(loose)} with residuals up to {worst:.1e} (accepted: "
        f"{tolerance:g}); more iterations would change them."
    )


def of_gaps(groups: Sequence[Sequence[int]], turns: Sequence[float], gaps: Sequence[float]) -> str:
    """Which vectors are vectors of their own, and which only span something."""
    share = f"{SMALL_GAP:.0%}"
    own = [g[0] for g in groups if len(g) == 1 and gaps[g[0]] >= SMALL_GAP]
    parts = []
    for group, turn in zip(groups, turns, strict=True):
        is_open = gaps[group[-1]] < SMALL_GAP
        if len(group) == 1 and not is_open:
            continue
        end = " and those after them" if is_open else ""
        angle = "" if np.isnan(turn) else f" (turned {turn:.1f} degrees between seeds)"
        parts.append(f"{_vectors(group)}{end}{angle}")
    head = f"Apart from their neighbours by {share} or more: {_vectors(own)}. " if own else ""
    if not parts:
        return head.rstrip()
    spans = "subspace" if len(parts) == 1 else "subspaces"
    verb = "is" if len(parts) == 1 else "are"
    return (
        f"{head}Only the {spans} of {'; of '.join(parts)} {verb} meaningful: there each singular "
        f"value lies within {share} of the next."
    )


def of_runs(what: str, runs: Sequence[Again], null: Chance) -> str:
    """How other runs agree: "seeds" or "prompts"."""
    if not runs:
        return ""
    worst = np.min([run.cosines for run in runs], axis=0)
    kept = [i for i, cosine in enumerate(worst) if cosine >= SAME]
    angle = max(float(run.angles[-1]) for run in runs)
    total = len(worst)
    head = f"Other {what} ({len(runs)}): "
    if len(kept) == total:
        body = f"all {total} vectors are found again in every run"
    elif kept:
        verb = "is" if len(kept) == 1 else "are"
        body = f"{len(kept)} of {total} vectors {verb} found again in every run ({listed(kept)})"
    else:
        body = f"none of the {total} vectors is found again in every run"
    middle = float(np.median([run.cosines for run in runs]))
    return (
        f"{head}{body}, median |cosine| {middle:.2f}, where random directions give up to "
        f"{null.cosine:.2f}. The spans are at most {angle:.0f} degrees apart (random: "
        f"{null.angle:.0f} or more)."
    )


def of_displacement(placed: Sequence[Beyond], draws: int) -> str:
    """Whether the vectors move the target more than random ones do."""
    ratios = [one.ratio for one in placed]
    below = [i for i, one in enumerate(placed) if one.ratio_to_best <= 1]
    head = (
        f"Displacement {min(ratios):.1f} to {max(ratios):.1f} times the median of {draws} random "
        "directions of equal norm"
    )
    if not below:
        return f"{head}; every vector is beyond the largest of them."
    return f"{head}; {_vectors(below)} not beyond the largest of them."


def of_reliability(rows: Sequence[dict[str, Any]]) -> str:
    """How far the vectors would be the same from other rows of the same kind."""
    known = [row for row in rows if row["reliability"] == row["reliability"]]
    if not known:
        return "Nothing is known of the reliability of these vectors: give at least 4 rows."
    values = [row["reliability"] for row in known]
    solid = [value for value in values if value >= RELIABLE]
    return (
        f"Split-half reliability {min(values):.2f} to {max(values):.2f}; at least {RELIABLE:g} at "
        f"{len(solid)} of {len(rows)} sites."
    )


def of_forecasts(rows: Sequence[dict[str, Any]]) -> str:
    """At which sites a contrastive vector promises to steer."""
    known = [row for row in rows if row["forecast"] != "unknown"]
    if not known:
        return ""
    counts = {name: sum(row["forecast"] == name for row in known) for name in ("good", "poor")}
    best = max(known, key=lambda row: row["pair_cosine"])
    return (
        f"Forecast of steerability, before any steering: good at {counts['good']} sites, poor at "
        f"{counts['poor']}; single pairs agree most at the {best['site']} (mean cosine "
        f"{best['pair_cosine']:.2f}, d' {best['d_prime']:.1f})."
    )


def of_shifts(rows: Sequence[dict[str, Any]]) -> str:
    """How much of what fine-tuning changed is one and the same shift."""
    shares = [row["explained"] for row in rows]
    return (
        f"The mean difference makes up {min(shares):.0%} to {max(shares):.0%} of the mean square "
        "difference (100% is a pure shift). That it steers does not follow: sweep it."
    )
