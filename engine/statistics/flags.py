"""What a reader of a sweep must be told first: nothing moved, or only the letters did.

Sentences from the rows of an evaluation. Knows nothing of files, models or charts.
"""

from typing import Any

import numpy as np
import pandas as pd

from engine.records import readings
from engine.records.steered import PLAIN, Steered
from engine.statistics import side_effects
from engine.statistics.cells import BASELINE, CELL, CONTROL, VECTOR, is_no_op

LOPSIDED = 0.75
"""Share of one letter among the unsteered answers above which a sweep is flagged."""
LETTER_SHIFT = 1.0
"""Logits by which a vector's letter preference must move to be called a letter vector."""
LETTER_RATIO = 4.0
"""How many times its largest change of content that shift must be."""
LITTLE_AGREEMENT = 0.7
"""Agreement of written answers with the logits below which cells are flagged."""
MANY_UNPARSED = 0.2
"""Share of written answers without a letter above which cells are flagged."""
MUCH_LOST = 1.0
"""Nats a token that both written answers must lose for a cell to be flagged."""
NAMED = 6
"""Vectors or cells that a sentence names."""


def of_frame(
    frame: pd.DataFrame, answers: tuple[str, ...] | None = None, how: Steered = PLAIN
) -> tuple[str, ...]:
    """All sentences that hold for a sweep, the gravest first; empty where none does.

    Args:
        frame: An evaluation's rows, with the columns of `measures.columns_of`.
        answers: Output of `of_answers` of it, if at hand.
        how: What was done with the vectors.
    """
    found = [undefined(frame), _no_op(frame, how)]
    if answers is None:
        answers = of_answers(frame, side_effects.by_cell(frame))
    return (*(s for s in found if s), *answers)


def of_answers(frame: pd.DataFrame, effects: pd.DataFrame) -> tuple[str, ...]:
    """Those on what the answers are worth, without what is undefined or did not move.

    Args:
        frame: As of `of_frame`.
        effects: `side_effects.by_cell` of it.
    """
    if readings.is_likelihood(frame.columns):
        found = [_both_lost(frame)]
    else:
        found = [_one_letter(frame), _always_a_letter(frame), _letter_vectors(frame)]
    return tuple(s for s in (*found, *_costs(effects)) if s)


def undefined(frame: pd.DataFrame) -> str:
    """How many rows have no figure, because a logit is not a finite number; "" if all have one."""
    figures = list(readings.figures_of(frame.columns))
    known = np.isfinite(frame[figures].to_numpy(float)).all(axis=1)
    if known.all():
        return ""
    lost = frame.loc[~known, "scale"]
    figure = "log p" if readings.is_likelihood(frame.columns) else "logit"
    told = undefined_words(len(lost), len(frame), "rows", lost, figure)
    return f"{told}: these rows are in no figure."


def undefined_words(
    lost: int, asked: int, what: str, scales: pd.Series, figure: str = "logit"
) -> str:
    """How many figures are lost to undefined logits, and where; the beginning of a sentence.

    Args:
        lost: How many.
        asked: Of how many.
        what: What they are.
        scales: Where they were lost; 0 is the unsteered model.
        figure: What is undefined: a logit, or a log p.
    """
    steered = scales[scales != 0].abs()
    where = "" if steered.empty else f", steered ones from scale {steered.min():g} on"
    subject = "Logits are" if figure == "logit" else "Log p is"
    return f"{subject} undefined (not finite) in {lost:,} of {asked:,} {what}{where}"


def letter_shifts(frame: pd.DataFrame) -> pd.DataFrame:
    """How far each steered cell moves the letters and the content, apart from each other.

    With L_A and L_B the mean change of logit A - logit B where the behaviour stands at (A) and at
    (B), the letters move by (L_A + L_B) / 2 and the content by (L_A - L_B) / 2. Asked in both
    orders, these are the changes of `letter_bias` and of `content`.

    Returns:
        Columns: vector_set, vector, method, scale, letter, content (logits). NaN where all rows
        have the behaviour at one letter: then the two cannot be told apart.
    """
    rows = frame[[*CELL, "question", "order", "behaviour_letter"]].assign(
        lean=(frame["logit_a"] - frame["logit_b"]).astype(float)
    )
    asked = ["question", "order"]
    is_base = rows["vector_set"] == BASELINE
    base = rows[is_base].set_index(asked)["lean"].rename("base")
    steered = rows[~is_base].join(base, on=asked, how="inner")
    steered["lean"] -= steered.pop("base")
    keys = [*CELL, "behaviour_letter"]
    sides = steered.groupby(keys, sort=False, observed=True)["lean"].mean().unstack()
    sides = sides.reindex(columns=["A", "B"])
    table = pd.DataFrame(
        {"letter": (sides["A"] + sides["B"]) / 2, "content": (sides["A"] - sides["B"]) / 2}
    )
    return table.reset_index()


def letter_vectors(frame: pd.DataFrame) -> pd.DataFrame:
    """Vectors whose whole effect is a preference for a letter.

    Returns:
        Columns: vector_set, vector, method, scale (of the largest shift), letter, content (the
        largest change of content at any scale), both in logits. Controls are left out.
    """
    shifts = letter_shifts(frame)
    shifts = shifts[shifts["vector_set"] != CONTROL].dropna(subset=["letter", "content"])
    if shifts.empty:
        return shifts
    groups = shifts.groupby(VECTOR, sort=False, observed=True)
    largest = shifts.loc[groups["letter"].apply(lambda values: values.abs().idxmax())]
    content = groups["content"].apply(lambda values: values.abs().max())
    largest = largest.drop(columns="content").merge(content.reset_index(), on=VECTOR)
    shift = largest["letter"].abs()
    is_letter = (shift >= LETTER_SHIFT) & (shift >= LETTER_RATIO * largest["content"])
    return largest[is_letter].reset_index(drop=True)


def _no_op(frame: pd.DataFrame, how: Steered) -> str:
    if not is_no_op(frame):
        return ""
    figure = "log p" if readings.is_likelihood(frame.columns) else "logit"
    if how.may_rest:
        return (
            f"Nothing moved: at no strength did any {figure} change. No state was beyond the "
            "target, or the condition never held: choose another target or level."
        )
    return (
        f"Nothing moved: at no scale did any {figure} change. The steering did not reach the "
        "model, so no figure of this sweep says anything about the vectors."
    )


def _one_letter(frame: pd.DataFrame) -> str:
    letters = frame["behaviour_letter"].unique()
    if len(letters) != 1:
        return ""
    return (
        f"Every question was asked with the behaviour at ({letters[0]}) only: the rate is the "
        f"share of ({letters[0]}) answers, and a preference for the letter cannot be told from "
        "the behaviour. Ask both orders."
    )


def _always_a_letter(frame: pd.DataFrame) -> str:
    base = frame[frame["vector_set"] == BASELINE]
    base = base[np.isfinite(base[["logit_a", "logit_b"]].to_numpy(float)).all(axis=1)]
    lean = (base["logit_a"] - base["logit_b"]).to_numpy(float)
    if len(lean) == 0:
        return ""
    share = float((np.sign(lean) / 2 + 0.5).mean())
    letter, most = ("A", share) if share >= 0.5 else ("B", 1 - share)
    if most < LOPSIDED or frame["behaviour_letter"].nunique() < 2:
        return ""
    means = base.assign(lean=lean).groupby("behaviour_letter")["lean"].mean()
    return (
        f"Unsteered, the model answers ({letter}) in {most:.0%} of the rows, whatever stands there "
        f"(it prefers the letter by {abs(means.mean()):.1f} logits). Behaviour rates come from the "
        "content that is left after this cancels; read them with the logits, not alone."
    )


def _letter_vectors(frame: pd.DataFrame) -> str:
    found = letter_vectors(frame)
    if found.empty:
        return ""
    names = [
        f"{row.method}_{row.vector:02d} ({row.letter:+.1f} logits towards (A) at scale "
        f"{row.scale:+g}, content at most {row.content:.2f})"
        for row in found.itertuples()
    ]
    return f"Only the preference for a letter moves, not the behaviour: {_some(names)}."


def _both_lost(frame: pd.DataFrame) -> str:
    """Cells in which both answers became far less likely: a broken model prefers by accident."""
    poles = ("behaviour", "other")
    per_token = {pole: frame[f"logp_{pole}"] / frame[f"tokens_{pole}"] for pole in poles}
    rows = frame[[*CELL]].assign(**per_token)
    means = rows.groupby([*CELL], sort=False, observed=True)[list(poles)].mean().reset_index()
    base = means[means["vector_set"] == BASELINE]
    if base.empty:
        return ""
    lost = (base[list(poles)].iloc[0] - means[list(poles)]).min(axis=1)
    own = ~means["vector_set"].isin([BASELINE, CONTROL])
    found = means.assign(lost=lost)[own & (lost >= MUCH_LOST)].sort_values("lost", ascending=False)
    if found.empty:
        return ""
    names = [f"{_cell(row)} (\u2212{row.lost:.1f})" for row in found.itertuples()]
    return (
        f"Both answers lose {MUCH_LOST:g} nat a token or more there, so that a difference may come "
        f"of a broken model: {_some(names)}."
    )


def _costs(effects: pd.DataFrame) -> list[str]:
    cells = effects[~effects["vector_set"].isin([CONTROL])]
    sentences = []
    broken = cells[cells["unparsed"] > MANY_UNPARSED]
    if len(broken):
        names = [f"{_cell(row)} ({row.unparsed:.0%})" for row in broken.itertuples()]
        sentences.append(f"Written answers that name no letter: {_some(names)}.")
    apart = cells[cells["agreement_high"] < LITTLE_AGREEMENT]
    if len(apart):
        names = [f"{_cell(row)} ({row.agreement:.0%})" for row in apart.itertuples()]
        sentences.append(
            f"The model writes another letter than its logits say, agreement in {_some(names)}: "
            "there the A/B rates do not hold for what it writes."
        )
    return sentences


def _cell(row: Any) -> str:
    if row.vector_set == BASELINE:
        return "unsteered"
    return f"{row.method}_{row.vector:02d} at {row.scale:+g}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return "; ".join(names[:NAMED]) + more
