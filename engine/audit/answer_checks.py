"""Checks of letters and options in a sweep: what stands at A and B, and who says so.

Knows no files. Each gives one finding, or None where there is nothing to check.
"""

import numpy as np

from engine.audit.findings import Finding, counted, listed
from engine.audit.sweep_subject import ASKED, Sweep
from engine.questions.files import LOPSIDED
from engine.statistics import flags

LOW_MASS = 0.5
"""P(A) + P(B) below which the logits are of tokens that the model would not say."""


def letters(sweep: Sweep) -> Finding | None:
    """At which letter the behaviour stands, over the questions asked; None where nothing says."""
    asked = sweep.frame.drop_duplicates(ASKED)
    asked = asked[asked["behaviour_letter"] != ""]
    if asked.empty:
        return None
    both = asked.groupby("question")["order"].nunique().min() > 1
    held = asked["behaviour_letter"].value_counts()
    common, count, total = str(held.index[0]), int(held.iloc[0]), int(held.sum())
    figures = {"share": count / total, "questions": float(asked["question"].nunique())}
    figure, name = f"{count} of {total} at ({common})", sweep.behaviour
    if both:
        return Finding(
            severity="fine", name="both-orders", figure=figure, figures=figures,
            sentence="Every question was asked in both option orders, so a liking for a letter "
            "cannot pass for the behaviour.",
        )  # fmt: skip
    if count == total:
        other = "A" if common == "B" else "B"
        return Finding(
            severity="wrong", name="one-letter-sample", figure=figure, figures=figures,
            sentence=f"The {name} answer is ({common}) in every question, and no question was "
            f"asked with its options exchanged. So '{name} %' is the share with logit {common} "
            f"above logit {other}: the behaviour and a liking for the letter {common} cannot be "
            "told apart.",
        )  # fmt: skip
    if max(count / total, 1 - count / total) > LOPSIDED:
        return Finding(
            severity="doubtful", name="unbalanced-letters", figure=figure, figures=figures,
            sentence=f"The {name} answer is ({common}) in {count} of {total} questions, asked in "
            "one order only: part of every change may be a liking for that letter.",
        )  # fmt: skip
    return Finding(
        severity="note", name="one-order", figure=figure, figures=figures,
        sentence="Letters are balanced, but each question was asked in one order only: compare the "
        "two halves of the questions before calling a change behaviour.",
    )  # fmt: skip


def strata(sweep: Sweep) -> Finding | None:
    """Whether the behaviour is chosen alike at both letters by the unsteered model."""
    base = sweep.baseline.dropna(subset=["difference"])
    groups = (base["difference"] > 0).groupby(base["behaviour_letter"].astype(str))
    rates, sizes = groups.mean(), groups.size()
    if not {"A", "B"} <= set(rates.index):
        return None
    at_a, at_b = float(rates["A"]), float(rates["B"])
    spread = np.sqrt(at_a * (1 - at_a) / sizes["A"] + at_b * (1 - at_b) / sizes["B"])
    figures = {"rate_at_a": at_a, "rate_at_b": at_b, "questions_at_a": float(sizes["A"])}
    figure = f"{at_a:.0%} at (A), {at_b:.0%} at (B)"
    if abs(at_a - at_b) <= 1.96 * spread:
        return Finding(
            severity="fine", name="letters-alike", figure=figure, figures=figures,
            sentence="Unsteered, the behaviour is chosen about as often at (A) as at (B).",
        )  # fmt: skip
    return Finding(
        severity="note", name="letter-bias", figure=figure, figures=figures,
        sentence=f"Unsteered, the model chooses {sweep.behaviour} {figure}: it likes one letter. "
        "Report both halves, or the mean of both orders.",
    )  # fmt: skip


def options(sweep: Sweep) -> Finding | None:
    """Rows whose answer is beyond (A) and (B), and what our own loader dropped."""
    letter = sweep.frame.drop_duplicates(ASKED)["behaviour_letter"].astype(str)
    beyond = letter[~letter.isin(["A", "B", ""])]
    if len(beyond):
        found = listed(f"({one})" for one in sorted(beyond.unique()))
        return Finding(
            severity="wrong", name="not-two-options", figure=f"{len(beyond)} of {len(letter)}",
            figures={"rows": float(len(beyond)), "questions": float(len(letter))},
            sentence=f"{len(beyond)} of {len(letter)} questions have the {sweep.behaviour} answer "
            f"at {found}, but only the logits of A and B were read: these rows measure nothing and "
            "were left out here.",
        )  # fmt: skip
    if sweep.questions is None:
        return None
    dropped = len(sweep.questions.dropped)
    return Finding(
        severity="fine", name="two-options", figure=f"{counted(dropped, 'row')} dropped",
        figures={"dropped": float(dropped)},
        sentence="Only two-option questions were asked, each once; other rows of the file were "
        "dropped and are listed in the record.",
    )  # fmt: skip


def letter_vectors(sweep: Sweep) -> Finding | None:
    """Vectors whose whole effect is a liking for a letter; None where that cannot be told."""
    if sweep.frame["behaviour_letter"].isin(["A", "B"]).sum() == 0 or not sweep.scales:
        return None
    if flags.letter_shifts(sweep.frame)[["letter", "content"]].dropna().empty:
        return None
    found = flags.letter_vectors(sweep.frame)
    figure = f"{len(found)} of {counted(sweep.vectors, 'vector')}"
    if found.empty:
        return Finding(
            severity="fine", name="no-letter-vectors", figure=figure,
            figures={"vectors": 0.0},
            sentence="No vector moves the letters alone: what changes is not merely a liking for "
            "(A) or (B).",
        )  # fmt: skip
    names = [
        f"{row.method}_{row.vector:02d} ({row.letter:+.1f} logits towards (A), content at most "
        f"{row.content:.1f})"
        for row in found.itertuples()
    ]
    return Finding(
        severity="wrong", name="letter-vectors", figure=figure,
        figures={"vectors": float(len(found))},
        sentence=f"Only the liking for a letter moves, not the behaviour: {listed(names, 4)}.",
    )  # fmt: skip


def lengths(sweep: Sweep) -> Finding | None:
    """Whether the longer answers are of one kind; None where their tokens were not counted."""
    asked = sweep.baseline
    if "tokens_behaviour" not in asked:
        return None
    own, other = (asked[f"tokens_{name}"].astype(float) for name in ("behaviour", "other"))
    longer = float((own > other).mean() + (own == other).mean() / 2)
    figures = {"behaviour": float(own.mean()), "other": float(other.mean()), "longer": longer}
    figure = f"{own.mean():.1f} and {other.mean():.1f} tokens"
    is_total = sweep.reading.unit == "nats"
    is_lopsided = max(longer, 1 - longer) > LOPSIDED
    if is_total and is_lopsided:
        return Finding(
            severity="doubtful", name="unequal-lengths", figure=figure, figures=figures,
            sentence=f"Answers have {figure}, with the behaviour and without, and their total log "
            "p was compared: it favours the shorter. Compare changes, or log p per token.",
        )  # fmt: skip
    return Finding(
        severity="fine", name="lengths", figure=figure, figures=figures,
        sentence=f"Answers have {figure}, with the behaviour and without; "
        + ("in total log p length counts." if is_total else "their log p was compared per token."),
    )  # fmt: skip


def mass(sweep: Sweep) -> Finding:
    """Whether A and B are what the model would say: P(A) + P(B) over the vocabulary."""
    if sweep.mass == "normalised":
        return Finding(
            severity="note", name="no-answer-mass", figure="A + B = 1 in every row",
            sentence="The probabilities of A and B add up to 1 in every row: they were taken over "
            "these two letters, so whether the model would say either is not known.",
        )  # fmt: skip
    known = sweep.baseline["answer_mass"].astype(float).dropna()
    if known.empty:
        return Finding(
            severity="note", name="no-answer-mass", figure="not recorded",
            sentence="P(A) + P(B) over the vocabulary is not recorded. So it is not known whether "
            "the model would say these tokens: it may write '(A' and not a bare letter.",
        )  # fmt: skip
    middle, low = float(known.median()), float((known < LOW_MASS).mean())
    figures = {"median": middle, "share_low": low}
    if middle < LOW_MASS:
        return Finding(
            severity="wrong", name="wrong-tokens", figure=f"median {middle:.2%}", figures=figures,
            sentence=f"Unsteered, the two answer tokens share {middle:.2%} of the probability: the "
            "logits are of tokens that the model would not say.",
        )  # fmt: skip
    return Finding(
        severity="doubtful" if low > 0.1 else "fine", name="answer-mass",
        figure=f"median {middle:.0%}", figures=figures,
        sentence=f"Unsteered, the two answer tokens hold {middle:.0%} of the probability (median); "
        f"in {low:.0%} of the rows less than half.",
    )  # fmt: skip
