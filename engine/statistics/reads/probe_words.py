"""What a probe's figures say in words. Knows nothing of how anything was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

TITLES = {
    "answer-mean": "answers, mean over the answer",
    "answer-end": "answers, last token",
    "state-prompt": "fine-tuned state, last token of the prompt",
    "state-answer": "fine-tuned state, mean over the answer",
}
"""The classes that are told apart, by their words in records."""
FIT = "fit"
"""In place of a set's digest, in rows of the logistic fit."""


def beside(record: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """What random directions and shuffled fits read where a row was read."""
    at = row["block"], row["classes"]
    found: dict[str, Any] = next(
        one for one in record["tables"]["random"] if (one["block"], one["classes"]) == at
    )
    return found


def badge(row: Mapping[str, Any]) -> str:
    """Beyond random directions or not, in three words."""
    if not row["beyond"]:
        return "not beyond random"
    return "beyond random" if row["auroc"] >= 0.5 else "beyond random, backwards"


def verdict(record: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """What one vector reads at one block, beside the best random direction there."""
    count, best = record["random"], beside(record, row)["best"]
    where = f"{TITLES[row['classes']]}, at block {row['block']}"
    figures = f"AUROC {row['auroc']:.2f}, best of {count} random {best:.2f}"
    if not row["beyond"]:
        return f"Reads no better than random directions ({where}): {figures}."
    way = "" if row["auroc"] >= 0.5 else " backwards"
    return f"Reads{way}, beyond random directions ({where}): {figures}."


def sentences(record: Mapping[str, Any]) -> list[str]:
    """For each set and two classes how many places are beyond random; then what fits read."""
    rows = record["tables"]["rows"]
    kinds = list(dict.fromkeys(row["classes"] for row in rows))
    sets = list(dict.fromkeys(row["vector_set"] for row in rows if row["vector_set"] != FIT))
    found = [
        _of_set([row for row in rows if (row["vector_set"], row["classes"]) == (one, kind)], record)
        for one in sets
        for kind in kinds
    ]
    found += [_of_fit([row for row in rows if _is_fit(row, kind)], record) for kind in kinds]
    return [*found, *([said] if (said := chance(record)) else [])]


def chance(record: Mapping[str, Any]) -> str:
    """How many places would be beyond random by chance; "" where one was read."""
    rows, count = record["tables"]["rows"], record["random"]
    tested = sum(row["vector_set"] != FIT for row in rows)
    if tested < 2:
        return ""
    return (
        f"Of {tested} places about {tested / (count + 1):.1f} would be beyond the best of "
        f"{count} random directions by chance."
    )


def _is_fit(row: Mapping[str, Any], kind: str) -> bool:
    return bool(row["vector_set"] == FIT and row["classes"] == kind)


def _of_set(rows: Sequence[Mapping[str, Any]], record: Mapping[str, Any]) -> str:
    first = rows[0]
    name = f"{first['method']} {first['vector_set'][:4]}, {TITLES[first['classes']]}"
    most = max(rows, key=lambda row: max(row["auroc"], 1 - row["auroc"]))
    best = beside(record, most)["best"]
    told = f"AUROC {most['auroc']:.2f} at block {most['block']}, best random {best:.2f}"
    beyond = sum(row["beyond"] for row in rows)
    return f"{name}: {beyond} of {len(rows)} places beyond random; strongest {told}."


def _of_fit(rows: Sequence[Mapping[str, Any]], record: Mapping[str, Any]) -> str:
    figures = [row["auroc"] for row in rows]
    shuffled = max(beside(record, row)["shuffled_best"] for row in rows)
    told = f"{min(figures):.2f} to {max(figures):.2f}"
    if len(figures) == 1:
        told = f"{figures[0]:.2f}"
    return (
        f"Logistic fit, {TITLES[rows[0]['classes']]}: AUROC {told}; fits with shuffled labels "
        f"reach {shuffled:.2f}."
    )


def recall_words(record: Mapping[str, Any]) -> str:
    """Why there is a recall at 1 % false positives, or why there is none."""
    neutral = record["neutral"]
    if neutral < record["neutral_needed"]:
        return (
            f"{neutral} neutral texts are too few for a threshold at 1 % false positives: give "
            f"{record['neutral_needed']}."
        )
    return f"The threshold lets through 1 % of {neutral} neutral texts."
