"""Checks of what a sweep shows: controls, best of many, size, collapse. Knows no files."""

import numpy as np
import pandas as pd

from engine.audit.findings import Finding, counted, listed
from engine.audit.sweep_subject import Sweep
from engine.maths.intervals import wilson
from engine.statistics import nulls, yardsticks
from engine.statistics.cells import BASELINE, CONTROL
from engine.statistics.held_out import split_selection
from engine.statistics.yardsticks import YARDSTICK

FEWEST = 20
"""Questions below which halves are too small to choose on."""
RESAMPLES = 500
MANY = 0.1
"""Share of cells from which their collapse is more than a note."""
TINY = 1e-30
"""What stands for the reach of controls that move nothing."""
COLLAPSE = 0.5
"""Spread of the questions over its value unsteered below which answers have become alike."""


def controls(sweep: Sweep) -> Finding:
    """Whether there are enough random controls for a p value."""
    number = sweep.fewest_controls
    floor = 1 / (1 + number)
    figures = {"controls": float(number), "floor": floor}
    each = "" if sweep.controls == number else " of the site and norm that has the fewest"
    if not sweep.controls:
        return Finding(
            severity="wrong", name="no-controls", figure="0 controls", figures=figures,
            sentence="There are no random controls, so nothing says which changes are more than "
            "any push of that size gives.",
        )  # fmt: skip
    norms = (
        "" if sweep.is_record else " Whether they have the vectors' norms and site is not stated."
    )
    if number < nulls.MIN_CONTROLS:
        return Finding(
            severity="doubtful", name="too-few-controls", figure=counted(number, "control"),
            figures=figures,
            sentence=f"{counted(number, 'random control')}{each} cannot give a p below "
            f"{floor:.2g}, so "
            "no change can be called beyond chance: p values are given from "
            f"{nulls.MIN_CONTROLS} controls on.{norms}",
        )  # fmt: skip
    return Finding(
        severity="fine", name="controls", figure=counted(number, "control"), figures=figures,
        sentence=f"{sweep.controls} random controls stand in the same sweep"
        + (f", at least {number} of each vector's site and norm" if each else "")
        + f": the smallest p is {floor:.2g}.{norms}",
    )  # fmt: skip


def best_of_many(sweep: Sweep) -> Finding | None:
    """Whether the best of the vectors and scales can be told from the best of random ones."""
    vectors, scales, number = sweep.vectors, sweep.scales_each, sweep.fewest_controls
    cells = vectors * scales
    if cells < 2:
        return None
    floor = float(nulls.floors(sweep.matched).max())
    figures = {"vectors": float(vectors), "scales": float(scales), "floor": floor}
    figure = f"best of {vectors} × {scales}; p ≥ {floor:.2f}"
    if floor <= nulls.ALPHA:
        return Finding(
            severity="fine", name="best-of-many", figure=figure, figures=figures,
            sentence=f"With {number} controls the best of {counted(vectors, 'vector')} can be "
            "compared with the best of as many random ones.",
        )  # fmt: skip
    return Finding(
        severity="doubtful", name="best-of-many", figure=figure, figures=figures,
        sentence=f"{counted(vectors, 'vector')} × {counted(scales, 'scale')} give {cells} chances, "
        f"and no null for the best of them: beside {counted(number, 'control')} the smallest "
        f"possible p of the best vector is {floor:.2f}. Choose on half of the questions and report "
        "the other half, or add controls.",
    )  # fmt: skip


def held_out(questions: pd.DataFrame) -> Finding | None:
    """What the best vector, chosen on one half of the questions, does on the other half."""
    if questions["question"].nunique() < FEWEST:
        return None
    best = split_selection(questions, resamples=RESAMPLES).best
    known = best.dropna(subset=["held_out", "low"]) if len(best) else best
    if known.empty:
        return None
    worst = known.loc[known["held_out"].idxmin()]
    name = f"{worst['method']}_{int(worst['vector']):02d}"
    own, other, low = (float(worst[key]) for key in ("selected", "held_out", "low"))
    random = float(worst["random"])
    figures = {"selected": own, "held_out": other, "low": low, "random": random}
    known_random = np.isfinite(random)
    beaten = low <= 0 or (known_random and other <= random)
    beside = f" The best control, chosen alike, keeps {random:+.2f}." if known_random else ""
    return Finding(
        severity="doubtful" if beaten else "note",
        name="not-held-out" if beaten else "held-out",
        figure=f"{own:.2f} where chosen, {other:+.2f} elsewhere",
        figures=figures,
        sentence=f"{name} at {worst['scale']:+g} was the best on one half of the questions, "
        f"where it changes the mean by {own:.2f}. On the other half it is "
        f"{other:+.2f} in the same direction (from {low:+.2f}, 95 %).{beside}",
    )


def beyond_controls(sweep: Sweep, summary: pd.DataFrame) -> Finding | None:
    """Whether changes are larger than those of the controls, each at its best scale."""
    tests = nulls.max_t(summary)
    largest = {
        number: rows["change"].abs().max() for number, rows in yardsticks.control_groups(summary)
    }
    tests = tests.assign(reach=tests[YARDSTICK].map(largest)).dropna(subset=["t", "reach"])
    if tests.empty:
        return None
    best = tests.loc[(tests["t"] / tests["reach"].clip(lower=TINY)).idxmax()]
    reach, beyond = float(best["reach"]), int((tests["t"] > tests["reach"]).sum())
    name = f"{best['method']}_{int(best['vector']):02d}"
    figures = {
        "best": float(best["t"]), "largest_control": float(reach), "beyond": float(beyond),
        "vectors": float(len(tests)),
    }  # fmt: skip
    figure = f"{best['t']:.2f} against {reach:.2f} {sweep.reading.unit}"
    p = "" if pd.isna(best["p"]) else f" (p = {best['p']:.3f}, best of k {best['p_best']:.2f})"
    if best["t"] <= reach:
        return Finding(
            severity="wrong", name="within-controls", figure=figure, figures=figures,
            sentence=f"The largest mean change ({name}, {best['change']:+.2f} at "
            f"{best['scale']:+g}) is no larger than a random control's ({reach:.2f}){p}.",
        )  # fmt: skip
    few = int(best["controls"]) < nulls.MIN_CONTROLS
    kinds = tests[YARDSTICK].nunique()
    beside = f"all {sweep.controls} controls" if kinds == 1 else "all controls of their own kind"
    return Finding(
        severity="note" if few else "fine", name="beyond-controls", figure=figure, figures=figures,
        sentence=f"{beyond} of {counted(len(tests), 'vector')} change the mean by more than "
        f"{beside}, each at its best scale; the largest is {name} with "
        f"{best['change']:+.2f} at {best['scale']:+g}, the largest control {reach:.2f}{p}."
        + (" That few controls prove nothing." if few else ""),
    )  # fmt: skip


def control_range(summary: pd.DataFrame) -> Finding | None:
    """How far the controls alone move the share: they are not flat."""
    rows = summary[summary["vector_set"] == CONTROL].dropna(subset=["rate"])
    base = summary[summary["vector_set"] == BASELINE]["rate"].dropna()
    if rows.empty or base.empty:
        return None
    moved = rows.loc[(rows["rate"] - float(base.iloc[0])).abs().idxmax()]
    size = abs(float(moved["rate"]) - float(base.iloc[0]))
    figure = f"{float(base.iloc[0]):.1%} to {moved['rate']:.1%}"
    return Finding(
        severity="note", name="controls-move", figure=figure, figures={"largest_move": size},
        sentence=f"Random vectors are not flat: one moves the share from {figure} at scale "
        f"{moved['scale']:+g}, ties counted as half.",
    )  # fmt: skip


def collapse(summary: pd.DataFrame) -> Finding | None:
    """Cells whose questions have become alike: the model answers without reading."""
    cells = summary[~summary["vector_set"].isin([BASELINE, CONTROL])]
    known = cells.dropna(subset=["spread_ratio"])
    if known.empty:
        return None
    alike = known[known["spread_ratio"] < COLLAPSE]
    figures = {"cells": float(len(known)), "alike": float(len(alike))}
    figure = f"{len(alike)} of {len(known)} cells"
    if alike.empty:
        return Finding(
            severity="fine", name="no-collapse", figure=figure, figures=figures,
            sentence="At every scale the questions spread at least half as much as unsteered.",
        )  # fmt: skip
    scales = listed(f"{s:+g}" for s in sorted(alike["scale"].unique()))
    return Finding(
        severity="doubtful" if len(alike) > MANY * len(known) else "note",
        name="collapse",
        figure=figure,
        figures=figures,
        sentence=f"In {figure} (scales {scales}) the questions' differences spread less than "
        "half as much as unsteered: the answer depends less on what is asked, and a share can move "
        "for that reason alone.",
    )


def size(sweep: Sweep) -> Finding:
    """How precisely a share can be known with so many questions."""
    number = int(sweep.frame["question"].nunique())
    base = sweep.baseline.dropna(subset=["difference"])
    share = float((base["difference"] > 0).mean()) if len(base) else 0.5
    low, high = (float(bound) for bound in wilson(share * number, number))
    half = (high - low) / 2
    figures = {"questions": float(number), "half_width": half}
    return Finding(
        severity="note" if half > 0.05 else "fine", name="sample-size",
        figure=f"{counted(number, 'question')}, ±{100 * half:.0f} points", figures=figures,
        sentence=f"One share over {counted(number, 'question')} is known to ±{100 * half:.0f} "
        "points (95 %); changes of the same questions are known better, if they are paired.",
    )  # fmt: skip
