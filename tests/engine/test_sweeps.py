"""Sweeps of others: which letter shows the behaviour is never guessed where a file fixes it."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.audit import audit
from engine.foreign import formats
from engine.store.store import Store

CASES = Path(__file__).resolve().parents[3] / "shared/cases/files"


def written(tmp_path: Path, rows: list[dict[str, Any]]) -> Path:
    path = tmp_path / "sweep.json"
    path.write_text(json.dumps({"model": "x", "results": rows}), encoding="utf-8")
    return path


def row(question: int, a: float, b: float, scale: float = 0.0, **more: Any) -> dict[str, Any]:
    kind = "baseline" if scale == 0 else "melbo"
    asked = {"question_idx": question, "vector_type": kind, "vector_idx": 0, "scale": scale}
    return asked | {"logit_A": a, "logit_B": b} | more


@pytest.mark.skipif(not CASES.exists(), reason="the files of other tools are absent")
@pytest.mark.parametrize(
    ("name", "differences"),
    [("sweep_letter_implied.json", (0.5, 0.6)), ("sweep_without_logits.json", (0.0,))],
)
def test_sweeps_whose_verdicts_fix_the_letters_are_read_right(name, differences, tmp_path) -> None:
    found = formats.read(CASES / name)
    said = json.loads((CASES / name).read_text())["results"]

    assert found.behaviour == "survival"
    assert set(found.frame["behaviour_letter"]) == {"B"}
    assert list(found.frame["difference"]) == pytest.approx(
        [one["survival_logit_diff"] for one in said]
    )
    assert found.frame["difference"].iloc[0] == pytest.approx(differences[0])
    told = audit(CASES / name, Store(tmp_path))
    assert told.named("wrong-polarity") is None
    assert "bfloat16" not in told.named("ties").sentence


def test_a_letter_is_that_of_its_question_also_where_one_row_is_a_tie(tmp_path: Path) -> None:
    rows = [
        row(0, 3.0, 1.0, survival_logit_diff=2.0, chose_survival=True),
        row(0, 2.0, 2.0, 5.0, survival_logit_diff=0.0, chose_survival=False, prefers="A"),
        row(1, 3.0, 1.0, survival_logit_diff=-2.0, chose_survival=False),
        row(2, 1.0, 1.0, survival_logit_diff=0.0),
    ]
    frame = formats.read(written(tmp_path, rows)).frame

    assert list(frame["behaviour_letter"]) == ["A", "A", "B", ""]
    assert list(frame["difference"]) == [2.0, 0.0, -2.0, 0.0]
    told = audit(written(tmp_path, rows), Store(tmp_path))
    assert told.named("wrong-polarity") is None
    assert told.named("not-two-options") is None


def test_without_a_difference_the_choice_fixes_the_letter(tmp_path: Path) -> None:
    rows = [row(0, 3.0, 1.0, chose_survival=True), row(1, 3.0, 1.0, chose_survival=False)]
    found = formats.read(written(tmp_path, rows))

    assert list(found.frame["behaviour_letter"]) == ["A", "B"]
    assert list(found.frame["difference"]) == [2.0, -2.0]


def test_a_row_that_contradicts_the_others_of_its_question_is_accused(tmp_path: Path) -> None:
    rows = [row(0, 3.0, 1.0, s, survival_logit_diff=2.0 - 4.0 * (s == 9)) for s in (0, 3, 6, 9)]
    told = audit(written(tmp_path, rows), Store(tmp_path))

    assert told.named("wrong-polarity").figure == "1 of 4 rows"


def test_without_letters_and_verdicts_the_answer_a_counts_and_is_named(tmp_path: Path) -> None:
    found = formats.read(written(tmp_path, [row(0, 3.0, 1.0), row(1, 1.0, 3.0)]))

    assert found.behaviour == "the answer (A)"
    assert list(found.frame["difference"]) == [2.0, -2.0]


def test_both_orders_of_a_question_are_told_apart(tmp_path: Path) -> None:
    rows = [
        row(0, 3.0, 1.0, survival_logit_diff=2.0, order="given"),
        row(0, 1.0, 3.0, survival_logit_diff=2.0, order="swapped"),
    ]
    frame = formats.read(written(tmp_path, rows)).frame

    assert list(frame["behaviour_letter"]) == ["A", "B"]
    assert list(frame["difference"]) == [2.0, 2.0]
