"""Sentences on a judge and on how far people agree with it, the same on pages and in reports.

Knows nothing of how agreement is computed.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from engine.statistics.agreement.figures import ENOUGH, Agreement, of_grids

NOBODY = ("", "none")
WORD_LIST = {"name": "word-list", "title": "the demo corpus's word list"}
"""What older records, which do not say, were labelled by."""


def of_judge(judge: Mapping[str, Any], found: Agreement) -> list[str]:
    """What stands beside every figure of a judge: who it is, and how far people agree.

    Args:
        judge: As a record tells of it.
        found: Its agreement with people.
    """
    if str(judge.get("name") or "") in NOBODY:
        return []
    told = [_who(judge)]
    if found.is_enough:
        told.append(_figures(found))
    else:
        told.append(
            f"Unvalidated: people have labelled {found.n} of the {ENOUGH} texts that a check "
            "needs; Generations shows a sample to rate blind."
        )
    known = judge.get("on_examples") or {}
    if known.get("asked"):
        told.append(
            f"Of its rubric's {known['asked']} known answers it labels {known['right']} so."
        )
    return told


def told(frame: pd.DataFrame, judge: Mapping[str, Any], given: Mapping[int, str]) -> list[str]:
    """The same of one grid: its frame, its judge as its record tells of it, people's labels."""
    return of_judge(named(judge, frame), of_grids([(frame, given)]))


def named(judge: Mapping[str, Any], frame: pd.DataFrame) -> Mapping[str, Any]:
    """Who labelled a grid; one with labels that does not say was labelled by the word list."""
    return judge or (WORD_LIST if bool((frame.label.fillna("") != "").any()) else {})


def _who(judge: Mapping[str, Any]) -> str:
    rubric, model = judge.get("rubric") or {}, judge.get("model") or {}
    words = f"Judge: {judge.get('title') or judge.get('name')}"
    if rubric:
        words += f" by the rubric {rubric.get('name')} ({str(judge.get('rubric_sha256'))[:8]})"
    if model:
        words += f", read by {model.get('short_name')} ({str(model.get('fingerprint'))[:8]})"
    return f"{words}."


def _figures(found: Agreement) -> str:
    share = (
        f"{found.same} of {found.n} labels equal, {found.share:.0%} "
        f"({found.share_low:.0%} to {found.share_high:.0%})."
    )
    if math.isnan(found.kappa):
        return f"Agreement with people: {share} All labels are one, so there is no kappa."
    low, high = max(found.kappa_low, -1.0), found.kappa_high
    return (
        f"Agreement with people: Cohen's \u03ba {found.kappa:.2f} (95 %: {low:.2f} to {high:.2f}); "
        f"{share}"
    )
