"""Checks of generated texts: which can be read, letters, repeats, controls. Knows no files."""

import re

import numpy as np
import pandas as pd

from engine.audit.findings import Finding, counted
from engine.maths.intervals import wilson
from engine.questions.letters import letter_of

TWO = ("", "")
"""Two options whose texts are not known: only letters can be read."""
_ROLE = re.compile(r"(?:^|\n)assistant\s*\n")
_TURN = re.compile(r"(?:^|\n)assistant\s*\n|</think>")
TAIL = 24
"""Letters at the end of a prompt that no answer begins with by chance."""
UNREAD = 0.1
"""Share of texts without an answer above which a rate of the others may mislead."""


def letter(text: str) -> str:
    """The letter that a text answers with; empty if it names none, or several.

    What stands before the last sign that the model's turn begins is not its answer.
    """
    start = max((found.end() for found in _TURN.finditer(text)), default=0)
    return letter_of(text[start:], TWO)


def echoes(frame: pd.DataFrame) -> Finding | None:
    """Texts that hold part of the prompt: where the answer was cut off at a wrong place."""
    if not frame["prompt"].astype(bool).any():
        return None
    tails = frame["prompt"].str.strip().str[-TAIL:]
    pairs = zip(tails, frame["text"], strict=True)
    held = np.array([bool(_ROLE.search(t)) or (len(p) == TAIL and p in t) for p, t in pairs])
    figure, figures = f"{held.sum():,} of {len(held):,}", {"texts": float(held.sum())}
    if held.mean() < 0.01:
        return Finding(
            severity="fine", name="no-echo", figure=figure, figures=figures,
            sentence="Texts do not hold the end of their prompt: they begin where the model does.",
        )  # fmt: skip
    return Finding(
        severity="wrong", name="prompt-in-text", figure=figure, figures=figures,
        sentence=f"{figure} texts hold the end of their own prompt: it was cut off at a wrong "
        "token, as when a padded batch is cut at one length. A pattern for the first letter then "
        "reads the question; here reading starts after it.",
    )  # fmt: skip


def unread(frame: pd.DataFrame) -> Finding | None:
    """Texts that name no option, by scale; None where questions have no letters."""
    asked = frame[frame["behaviour_letter"].isin(["A", "B"])]
    if asked.empty:
        return None
    silent = asked["text"].map(letter) == ""
    by_scale = silent.groupby(asked["scale"]).mean()
    worst = float(by_scale.max())
    at = ", ".join(f"{s:+g}" for s in by_scale.index[by_scale == worst])
    figures = {"share": float(silent.mean()), "worst": worst}
    return Finding(
        severity="doubtful" if worst > UNREAD else "fine", name="unread-answers",
        figure=f"{silent.mean():.0%}, up to {worst:.0%}", figures=figures,
        sentence=f"{silent.mean():.0%} of the texts name no letter, "
        f"{worst:.0%} at scale {at}. A share among the others says less the more are left out.",
    )  # fmt: skip


def strata(frame: pd.DataFrame) -> Finding | None:
    """Whether the behaviour is answered alike at both letters, in the unsteered texts."""
    asked = frame[frame["behaviour_letter"].isin(["A", "B"]) & (frame["scale"] == 0)]
    once = asked.drop_duplicates("question")
    read = once.assign(letter=once["text"].map(letter)).query("letter != ''")
    shows = (read["letter"] == read["behaviour_letter"]).groupby(read["behaviour_letter"])
    rates, sizes = shows.mean(), shows.size()
    if not {"A", "B"} <= set(rates.index):
        return None
    at_a, at_b = float(rates["A"]), float(rates["B"])
    bounds = [wilson(rates[x] * sizes[x], int(sizes[x])) for x in "AB"]
    overlap = bounds[0].low <= bounds[1].high and bounds[1].low <= bounds[0].high
    figure = f"{at_a:.0%} of {sizes['A']} at (A), {at_b:.0%} of {sizes['B']} at (B)"
    return Finding(
        severity="note", name="letters-in-texts", figure=figure,
        figures={"rate_at_a": at_a, "rate_at_b": at_b},
        sentence=f"Unsteered, the behaviour is answered in {figure}"
        + (
            ": a difference within chance for so few. Report both halves."
            if overlap
            else ": a liking for a letter. Report both halves."
        ),
    )  # fmt: skip


def repeats(frame: pd.DataFrame) -> Finding | None:
    """Unsteered texts that stand once per vector."""
    zero = frame[frame["scale"] == 0]
    kinds = zero.groupby("question")
    if zero.empty:
        return Finding(
            severity="wrong", name="no-baseline", figure="0 texts at scale 0",
            sentence="There is no unsteered text, so nothing shows what steering changed.",
        )  # fmt: skip
    copies = int(len(zero) - len(zero.drop_duplicates(["question", "text"])))
    same = int((kinds["text"].nunique() == 1).sum())
    if not copies:
        return None
    return Finding(
        severity="note", name="scale-0-repeated", figure=f"{len(zero)} for {len(kinds)} questions",
        figures={"texts": float(len(zero)), "questions": float(len(kinds))},
        sentence=f"{len(zero)} unsteered texts answer {counted(len(kinds), 'question')}; in {same} "
        "of these all are the same text, once per vector. Count it once.",
    )  # fmt: skip


def controls(frame: pd.DataFrame) -> Finding:
    """Whether random vectors wrote texts as well."""
    names = frame["vector"].astype(str).str.casefold()
    number = int(names[names.str.contains("random|control")].nunique())
    if number:
        return Finding(
            severity="fine", name="controls", figure=counted(number, "random vector"),
            sentence="Texts of random vectors stand beside the others.",
            figures={"controls": float(number)},
        )  # fmt: skip
    return Finding(
        severity="doubtful", name="no-controls", figure="0 random vectors",
        figures={"controls": 0.0},
        sentence="No text was written with a random vector, so nothing says what any push of that "
        "size does.",
    )  # fmt: skip


def repetition(frame: pd.DataFrame) -> Finding:
    """How much the texts repeat themselves, by scale: three words that stood before."""
    shares = frame["text"].map(_repeated)
    by_scale = shares.groupby(frame["scale"]).mean()
    base = float(by_scale.get(0.0, np.nan))
    worst, at = float(by_scale.max()), float(by_scale.idxmax())
    broken = worst > 0.3 and (np.isnan(base) or worst > base + 0.1)
    zero = "" if np.isnan(base) else f", {base:.0%} unsteered"
    return Finding(
        severity="doubtful" if broken else "fine", name="repetition",
        figure=f"up to {worst:.0%}", figures={"worst": worst},
        sentence=f"At scale {at:+g}, {worst:.0%} of all three-word runs stood before in the same "
        f"text{zero}" + (": the model falls into loops there." if broken else "."),
    )  # fmt: skip


def _repeated(text: str) -> float:
    words = text.split()
    runs = list(zip(words, words[1:], words[2:], strict=False))
    return 1 - len(set(runs)) / len(runs) if runs else 0.0
