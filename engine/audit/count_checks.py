"""Checks of how a sweep counts: ties, verdicts, polarity, scale 0, movement. Knows no files.

Each gives one finding, or None where there is nothing to check.
"""

import numpy as np
import pandas as pd

from engine.audit.findings import Finding, counted, listed
from engine.audit.sweep_subject import Sweep
from engine.questions import answers
from engine.questions import polarity as polarities
from engine.questions.polarity import KnownFile
from engine.questions.sources import located
from engine.records import readings
from engine.statistics import flips
from engine.statistics.cells import is_no_op

STILL = 1e-3
"""A logit that moved by no more has not moved, as in `statistics.is_no_op`."""


def ties(sweep: Sweep, rates: pd.DataFrame) -> Finding:
    """How many logits are equal, how the file counts them, and what that is worth."""
    frame = sweep.frame.dropna(subset=["difference"])
    tied = frame[frame["difference"] == 0]
    if tied.empty:
        return Finding(
            severity="fine", name="no-ties", figure="0 ties", figures={"ties": 0.0},
            sentence=f"No two {_what(sweep)} are equal, so no tie had to be counted.",
        )  # fmt: skip
    claimed = tied["claimed_choice"].dropna()
    how, way = "The file does not say how it counts them.", "unknown"
    if len(claimed):
        share = float(claimed.mean())
        way = {0.0: "against", 1.0: "for"}.get(share, "mixed")
        how = {
            "against": f"The file counts every tie as not {sweep.behaviour}.",
            "for": f"The file counts every tie as {sweep.behaviour}.",
            "mixed": f"The file counts {share:.0%} of them as {sweep.behaviour}.",
        }[way]
    worth = float((rates["with_ties"] - rates["rate"]).max())
    figures = {"ties": float(len(tied)), "rows": float(len(frame)), "worth": worth}
    is_ours = "Here ties count as half." if sweep.is_record else ""
    return Finding(
        severity="note" if sweep.is_record or worth < 0.01 else "doubtful",
        name="ties",
        figure=f"{len(tied)} of {counted(len(frame), 'row')}, counted {way}",
        figures=figures,
        sentence=f"{counted(len(tied), 'row')} have equal {_what(sweep)}"
        f"{_rounding(frame)}. {is_ours or how} Counted as half instead of not at all, a share "
        f"rises by up to {100 * worth:.1f} points.",
    )


def _what(sweep: Sweep) -> str:
    """What is compared of two answers."""
    return "answer logits" if sweep.reading.has_letters else "log p of answers"


def _rounding(frame: pd.DataFrame) -> str:
    """Why ties happen, where the logits show it: all of them fit in 16 bits."""
    if readings.is_likelihood(frame.columns):
        return ""
    values = np.ascontiguousarray(frame[["logit_a", "logit_b"]].to_numpy(np.float32))
    if not np.isfinite(values).any():
        return ""
    if not (values.view(np.uint32) & 0xFFFF).any():
        return ", which are rounded to bfloat16"
    with np.errstate(over="ignore"):
        is_half = bool((values.astype(np.float16).astype(np.float32) == values).all())
    return ", which are rounded to float16" if is_half else ""


def counting(sweep: Sweep) -> Finding | None:
    """Whether the file's own choices and differences follow from its logits."""
    # Without logits there is nothing that a verdict could follow from.
    read = {"difference", "logit_a"} & {*sweep.frame}
    frame = sweep.frame.dropna(subset=sorted(read))
    apart = frame[frame["difference"] != 0]
    chosen = apart.dropna(subset=["claimed_choice"])
    wrong = int(((chosen["difference"] > 0) != (chosen["claimed_choice"] > 0)).sum())
    given = frame.dropna(subset=["claimed_difference"])
    flipped = int(((given["difference"] + given["claimed_difference"]).abs() < 1e-3)[
        given["difference"].abs() > 1e-3
    ].sum())  # fmt: skip
    if chosen.empty and given.empty:
        return None
    figures = {"contradicted": float(wrong), "opposite_sign": float(flipped)}
    if wrong or flipped:
        worst, rows = max((wrong, len(chosen)), (flipped, len(given)))
        return Finding(
            severity="wrong", name="wrong-polarity", figure=f"{worst:,} of {rows:,} rows",
            figures=figures,
            sentence=f"In {worst:,} of {rows:,} rows the file's {sweep.behaviour} verdict is the "
            "opposite of its logits and letters: its sign is wrong, or its letters are.",
        )  # fmt: skip
    return Finding(
        severity="fine", name="counts-agree", figure=counted(max(len(chosen), len(given)), "row"),
        figures=figures,
        sentence="The file's own verdicts follow from its logits and letters in every row.",
    )  # fmt: skip


def polarity(sweep: Sweep) -> Finding | None:
    """Whether the answer that counts is the one on record for this question file."""
    asked = sweep.questions
    if asked is None:
        return None
    entry = polarities.known_file(located(asked.path), asked.sha256)
    if entry is None and not sweep.reading.has_letters:
        entry = KnownFile(asked.name, "its fields' names", answers.shown(asked.path))
    known = entry.behaviours.get(polarities.canonical(asked.behaviour)) if entry else None
    if entry is None or known is None:
        return Finding(
            severity="doubtful", name="unknown-polarity", figure=asked.polarity,
            sentence=f"The {asked.polarity} answer of '{asked.name}' was counted as "
            f"{asked.behaviour}; nothing on record confirms it.",
        )  # fmt: skip
    if known != asked.polarity:
        return Finding(
            severity="wrong", name="wrong-polarity", figure=f"{asked.polarity}, not {known}",
            sentence=f"The {asked.polarity} answer was counted as {asked.behaviour}, but in "
            f"'{entry.name}' the {known} answer shows it, by {entry.source}: every sign is "
            "reversed.",
        )  # fmt: skip
    return Finding(
        severity="fine", name="polarity", figure=asked.polarity,
        sentence=f"The {known} answer shows {asked.behaviour}: the file is known by "
        f"{entry.source}.",
    )  # fmt: skip


def unsteered(sweep: Sweep) -> Finding:
    """Whether the unsteered model was measured, and how often it was counted."""
    questions = len(sweep.baseline)
    figures = {"rows": float(sweep.zero_rows), "questions": float(questions)}
    if not questions:
        return Finding(
            severity="wrong", name="no-baseline", figure="0 rows at scale 0", figures=figures,
            sentence="The unsteered model was not measured, so no change can be told.",
        )  # fmt: skip
    if sweep.zero_spread > 0:
        return Finding(
            severity="wrong", name="baseline-varies", figure=f"up to {sweep.zero_spread:g} logits",
            figures=figures | {"spread": sweep.zero_spread},
            sentence="At scale 0 all vectors must give the same logits, but they differ by up to "
            f"{sweep.zero_spread:g}: something was left on the model, or rows of a batch disturb "
            "each other. The first of each question was kept.",
        )  # fmt: skip
    if sweep.zero_rows > questions:
        times = sweep.zero_rows / questions
        return Finding(
            severity="doubtful", name="scale-0-repeated", figure=f"{times:.0f} × {questions}",
            figures=figures | {"times": times},
            sentence=f"{sweep.zero_rows:,} rows at scale 0 are the same {questions} unsteered "
            f"answers, once per vector. Counted {times:.0f} times over, they make intervals too "
            "narrow; here they count once.",
        )  # fmt: skip
    return Finding(
        severity="fine", name="baseline", figure=f"{counted(questions, 'row')} at scale 0",
        figures=figures,
        sentence="The unsteered model was measured once per question.",
    )  # fmt: skip


def movement(sweep: Sweep) -> Finding | None:
    """Whether anything moved, and which vectors did not."""
    single = sweep.reading.single
    if not sweep.scales:
        return Finding(
            severity="wrong", name="no-scales", figure="scale 0 only",
            sentence="Only the unsteered model was measured: there is nothing to compare.",
        )  # fmt: skip
    if is_no_op(sweep.frame):
        return Finding(
            severity="wrong", name="nothing-moved", figure="0 of all rows",
            sentence=f"Nothing moved: at every scale each {single} is that of the unsteered model. "
            + (
                "No state was beyond the target, or the condition never held."
                if sweep.steered.may_rest
                else "The vectors were not used, or are far too short."
            ),
        )  # fmt: skip
    groups = flips.moves(sweep.frame).groupby(["method", "vector"], observed=True)["move"].max()
    idle = [f"{kind}_{index:02d}" for kind, index in groups.index[groups <= STILL]]
    if idle:
        return Finding(
            severity="doubtful", name="idle-vectors", figure=f"{len(idle)} of {len(groups)}",
            figures={"idle": float(len(idle))},
            sentence=f"{listed(idle)} moved no {single} at any scale: as good as never used.",
        )  # fmt: skip
    return Finding(
        severity="fine", name="moved", figure=counted(len(groups), "vector"),
        sentence=f"Every vector moved some {single}{'s' * sweep.reading.has_letters}.",
    )  # fmt: skip


def repeats(sweep: Sweep) -> Finding | None:
    """Rows that ask one question twice at one cell."""
    if not sweep.repeated:
        return None
    return Finding(
        severity="doubtful", name="repeated-rows", figure=counted(sweep.repeated, "row"),
        figures={"rows": float(sweep.repeated)},
        sentence=f"{counted(sweep.repeated, 'row')} repeat a vector, scale and question: the first "
        "was kept, the others would make intervals too narrow.",
    )  # fmt: skip
