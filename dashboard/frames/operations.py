"""Operations at equal cost, turned into bars and tables: one row an operation and way round.

Knows nothing of pages and charts.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from dashboard.words import captions
from engine.configs.steering.interventions import OPERATIONS, REMOVING, TITLES

Key = tuple[str, int]
"""Digest of a vector's set, and its index there."""
OPERATION, PROMPT = "operation", "prompt"
"""Kinds of bars."""
WAYS = {1: "+", -1: "\u2212"}
"""The vector as it is, and turned round."""
ASKED = "System prompt"
BARS = (
    *("label", "kind", "value", "low", "high", "band_low", "band_high", "p", "strength"),
    *("kl_mean", "kl_p95", "is_above", "controls", "drawn", "behaviour", "note", "absent"),
)
"""Columns of `bars`: label (of the bar), kind (operation or prompt), value with its 95 % interval,
the band of random vectors at equal KL, p, strength, KL, is_above (a prompt's KL is above the
budget), controls of those drawn, behaviour (its share), note (written where a bar is missing) and
absent (why figures are missing)."""


def vectors(record: Mapping[str, Any]) -> dict[str, Key]:
    """The vectors of a comparison by what they are called; sets of one name are told apart."""
    keys = dict.fromkeys(
        (str(row["name"]), str(row["vector_set"]), int(row["vector"]))
        for row in record["tables"]["cells"]
    )
    names = [name for name, _, _ in keys]
    return {
        name if names.count(name) == 1 else f"{name} ({digest[:4]})": (digest, index)
        for name, digest, index in keys
    }


def figure(record: Mapping[str, Any]) -> str:
    """The column whose KL met the budget."""
    return "kl_mean" if record["config"]["of"] == "mean" else "kl_p95"


def bars(record: Mapping[str, Any], key: Key) -> pd.DataFrame:
    """One vector under every operation, both ways round, then the rival prompt where there is one.

    Args:
        record: A comparison at equal cost.
        key: Of the vector.

    Returns:
        Columns `BARS`, in the order of the operations.
    """
    cells = [
        row for row in record["tables"]["cells"] if (row["vector_set"], int(row["vector"])) == key
    ]
    cells.sort(key=lambda row: (OPERATIONS.index(row["operation"]), -row["sign"]))
    cost = figure(record)
    rows = [_bar(row, record["config"]["budget"], cost) for row in cells]
    rows += [_prompt(row, cost) for row in record["tables"].get("prompt", ())]
    return pd.DataFrame(rows, columns=list(BARS))


def label(operation: str, sign: int) -> str:
    """What a bar is called: its operation, and which way the vector points."""
    title = str(TITLES.get(operation, operation))  # type: ignore[call-overload]
    return title if operation in REMOVING else f"{title} {WAYS[int(sign)]}"


def _bar(row: Mapping[str, Any], budget: float, cost: str) -> dict[str, Any]:
    return {
        "label": label(row["operation"], row["sign"]),
        "kind": OPERATION,
        "value": row["change"],
        "low": row["change_low"],
        "high": row["change_high"],
        "is_above": False,
        "behaviour": row["rate"],
        "note": _note(row, budget, cost),
        **_same(row, "band_low", "band_high", "p", "strength", "kl_mean", "kl_p95"),
        **_same(row, "controls", "drawn", "absent"),
    }


def _prompt(row: Mapping[str, Any], cost: str) -> dict[str, Any]:
    return {
        "label": f"{ASKED}, KL {row[cost]:.2g}",
        "kind": PROMPT,
        "value": row["change"],
        "low": row["change_low"],
        "high": row["change_high"],
        "is_above": bool(row["is_above"]),
        "behaviour": row["rate"],
        "note": "" if row["change"] is not None else "no defined answer",
        "absent": "A prompt has no random band.",
        **_same(row, "kl_mean", "kl_p95"),
    }


def _same(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _note(row: Mapping[str, Any], budget: float, cost: str) -> str:
    """What stands where the bar of a cell would: why there is none."""
    if row["reached"]:
        return "" if row["change"] is not None else "no defined answer"
    if row[cost] is None:
        return "not reached"
    bound = "at most " if row[cost] < budget else ""
    return f"not reached: costs {bound}{row[cost]:.2g}"


def table(found: pd.DataFrame) -> pd.DataFrame:
    """The figures of `bars` as they are read and downloaded."""
    names = {
        "label": "operation",
        "value": "effect",
        "low": "from",
        "high": "to",
        "band_low": "random from",
        "band_high": "random to",
        "p": "p",
        "strength": "strength",
        "kl_mean": "KL mean",
        "kl_p95": "KL p95",
        "behaviour": "behaviour",
        "controls": "controls",
        "drawn": "drawn",
        "absent": "absent",
    }
    return found[list(names)].rename(columns=names)


def best(record: Mapping[str, Any], key: Key) -> Mapping[str, Any] | None:
    """Where a vector moves answers most; None where no cell of it has a p."""
    rows: Iterable[Mapping[str, Any]] = record["tables"]["best"]
    return next((row for row in rows if (row["vector_set"], int(row["vector"])) == key), None)


def told_of_best(record: Mapping[str, Any], key: Key) -> str:
    """The same in a few words, as a column of a table holds them; why it is absent, else."""
    row = best(record, key)
    if row is not None:
        chance = "" if row["p"] is None else f", {captions.p(row['p'])}"
        named = label(row["operation"], row["sign"])
        return f"{captions.number(row['change'])} {named}{chance}"
    cells = [
        one for one in record["tables"]["cells"] if (one["vector_set"], int(one["vector"])) == key
    ]
    if not any(one["reached"] for one in cells):
        return "not reached"
    return "no random band"


def budget_words(record: Mapping[str, Any]) -> str:
    """The budget as it stands in headings: "KL 0.1", or "KL p95 0.1"."""
    config = record["config"]
    name = "KL" if config["of"] == "mean" else "KL p95"
    return f"{name} {config['budget']:g}"
