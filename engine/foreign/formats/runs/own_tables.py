"""Sweeps that our own `export --format csv` or `jsonl` wrote, whose columns are an evaluation's.

They tell neither the model nor the behaviour. Knows nothing of bytes.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import DataError

_ALWAYS = {"vector_set", "vector", "method", "scale", "question", "order", "difference"}
_LETTERS = {"logit_a", "logit_b", "behaviour_letter"}
_TEXTS = {"logp_behaviour", "logp_other", "tokens_behaviour", "tokens_other"}
_TAKEN = ("random", "control", "noise", "baseline", "none", "unsteered")
"""Beginnings of names that readers take for controls or for the unsteered model."""
CLOSE = 1e-4
"""Log p within which a difference is that of its parts, which a table may have rounded."""


def is_one(row: Mapping[str, Any]) -> bool:
    """Whether a row has the columns of an evaluation."""
    return {*row} >= _ALWAYS and ({*row} >= _LETTERS or {*row} >= _TEXTS)


def rows_of(
    name: str, rows: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the table says of itself, and its rows in the study's layout.

    Raises:
        DataError: If a figure is no number, or differences are not those of their parts.
    """
    try:
        return _rows_of(name, rows)
    except (KeyError, TypeError, ValueError):
        raise DataError(
            f"{name} has a row without a figure that our tables have: export it again."
        ) from None


def _rows_of(
    name: str, rows: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    is_letters = {*rows[0]} >= _LETTERS
    names = _names(rows)
    claims: dict[str, Any] = {"vectorscope.reading": "letters" if is_letters else "likelihood"}
    if not is_letters:
        claims["vectorscope.likelihood"] = _likelihood(name, rows)
    ties = {float(row["tie"]) for row in rows if _is_given(row.get("tie"))}
    if ties == {0.0}:
        claims["vectorscope.ties"] = "against"
    per_token = claims.get("vectorscope.likelihood") == "per-token"
    made = []
    for row in rows:
        figures = _of_letters(row) if is_letters else _of_texts(row, per_token)
        made.append(
            {
                "vector_type": names[str(row["vector_set"])],
                "vector_idx": int(row["vector"]),
                "scale": float(row["scale"]),
                "question_idx": str(row["question"]),
                "order": str(row["order"]),
                **figures,
            }
        )
    return claims, made


def _names(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What each set's vectors are called; never like controls where they are none."""
    methods = {str(row["vector_set"]): str(row["method"]) for row in rows}
    every = list(methods.values())
    found = {}
    for digest, method in methods.items():
        called = method if every.count(method) == 1 else f"{method} {digest[:6]}"
        found[digest] = f"set {digest[:6]} ({method})" if method.startswith(_TAKEN) else called
    return found | {"baseline": "baseline", "control": "random"}


def _of_letters(row: Mapping[str, Any]) -> dict[str, Any]:
    first, second = _number(row["logit_a"]), _number(row["logit_b"])
    values = {"logit_A": first, "logit_B": second, "behaviour_letter": row["behaviour_letter"]}
    mass = _number(row.get("answer_mass"))
    if mass is None or first is None or second is None:
        return values
    at_a = 1 / (1 + math.exp(min(max(second - first, -700.0), 700.0)))
    return values | {"prob_A": mass * at_a, "prob_B": mass * (1 - at_a)}


def _of_texts(row: Mapping[str, Any], per_token: bool) -> dict[str, Any]:
    """Log p of both answers, the one with the behaviour as (A): nobody was shown letters."""
    own, other = _parts(row, per_token)
    return {"logit_A": own, "logit_B": other, "behaviour_letter": "A"}


def _parts(row: Mapping[str, Any], per_token: bool) -> tuple[float | None, float | None]:
    found = []
    for one in ("behaviour", "other"):
        total = _number(row[f"logp_{one}"])
        count = float(row[f"tokens_{one}"]) if per_token else 1.0
        found.append(None if total is None else total / count)
    return found[0], found[1]


def _likelihood(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Whether differences are of log p per token or in total, as the figures themselves show."""
    for per_token, word in ((True, "per-token"), (False, "total")):
        if all(_fits(row, per_token) for row in rows):
            return word
    raise DataError(
        f"{name} has differences that are not those of its log p, per token or in total: export "
        "it again."
    )


def _fits(row: Mapping[str, Any], per_token: bool) -> bool:
    own, other = _parts(row, per_token)
    told = _number(row["difference"])
    if own is None or other is None or told is None:
        return True
    return abs(own - other - told) < CLOSE * max(1.0, abs(told))


def _number(value: Any) -> float | None:
    if not _is_given(value):
        return None
    found = float(value)
    return found if math.isfinite(found) else None


def _is_given(value: Any) -> bool:
    return value is not None and value != ""
