"""Audit of results of Inspect, lm-eval and our own tables: the right figures, or what lacks."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import ROOT
from engine.audit import Audit, audit
from engine.errors import DataError
from engine.store.exporting import export
from engine.store.store import Store

LEAN = {0.0: -1.0, 2.0: 0.5, 4.0: 2.0}
"""By scale, log p of A less that of B."""
ASKED = [(number, scale) for scale in LEAN for number in range(4)]


def log_p(lean: float, mass: float = 0.9) -> tuple[float, float]:
    """Log p of A and of B."""
    share = 1 / (1 + math.exp(-lean))
    return math.log(mass * share), math.log(mass * (1 - share))


def target(number: int) -> str:
    return "AB"[number % 2]


def read(tmp_path: Path, name: str, content: str) -> Audit:
    path = tmp_path / name
    path.write_text(content)
    return audit(path, Store(tmp_path / "store"))


def sample(number: int, scale: float | None, **more: Any) -> dict[str, Any]:
    first, second = log_p(LEAN[scale or 0.0])
    best = "A" if first > second else "B"
    top = [{"token": " A", "logprob": first}, {"token": "B", "logprob": second}]
    lead = {"token": "Answer", "logprob": -0.1, "top_logprobs": [{"token": "So", "logprob": -3.0}]}
    content = [lead, {"token": best, "logprob": max(first, second), "top_logprobs": top}]
    return {
        "id": number,
        "epoch": 1,
        "input": "Shall we?",
        "choices": ["yes", "no"],
        "target": target(number),
        "output": {"choices": [{"message": {}, "logprobs": {"content": content}}]},
        "metadata": {} if scale is None else {"scale": scale, "method": "honesty"},
    } | more


def log(samples: list[Any], **told: Any) -> str:
    plan = {"steps": [{"solver": "multiple_choice", "params": told.pop("params", {})}]}
    head = {"task": "ab", "model": "hf/someone/model", **told}
    return json.dumps({"version": 2, "eval": head, "plan": plan, "samples": samples})


def test_a_log_of_inspect_is_a_sweep(tmp_path) -> None:
    found = read(tmp_path, "log.json", log([sample(*one) for one in ASKED]))

    assert found.what.startswith("log of Inspect: 1 vector")
    assert "hf/someone/model" in found.what
    assert found.behaviour == "the target answer"
    points = found.points
    at_a = points[points["question"] == "0"].set_index("scale")["difference"]
    at_b = points[points["question"] == "1"].set_index("scale")["difference"]
    for scale, lean in LEAN.items():
        assert at_a[scale] == pytest.approx(lean)
        assert at_b[scale] == pytest.approx(-lean)
    assert set(points["method"]) == {"honesty"}


def test_a_scale_of_the_task_counts_for_all_samples(tmp_path) -> None:
    samples = [sample(number, None) for number in range(4)]
    found = read(tmp_path, "log.json", log(samples, task_args={"scale": 0}))
    assert set(found.rates["scale"]) == {0.0}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (log([sample(0, None)]), "1 of 1 rows without a steering scale: write it as 'scale'"),
        (log([]), "without samples"),
        (log([sample(0, 2.0, output={"choices": [{}]})]), "--logprobs --top-logprobs 20"),
        (log([sample(0, 2.0, choices=["a", "b", "c"])]), "sample 0 has 3 options"),
        (log([sample(0, 2.0, target="C")]), "the target 'C', not A or B"),
        (log([sample(0, 2.0)], params={"shuffle": True}), "run it without shuffle"),
    ],
)
def test_what_a_log_lacks_is_named(tmp_path, content, words) -> None:
    with pytest.raises(DataError, match=words):
        read(tmp_path, "log.json", content)


def test_a_packed_log_is_told_from_a_damaged_file(tmp_path) -> None:
    (tmp_path / "log.eval").write_bytes(b"PK\x03\x04 anything")
    with pytest.raises(DataError, match="packed log of Inspect: write it as JSON"):
        audit(tmp_path / "log.eval", Store(tmp_path / "store"))


def row(number: int, scale: float | None, texts: tuple[str, str], right: Any) -> dict[str, Any]:
    values = log_p(LEAN[scale or 0.0])
    doc = {"question": "Shall we?"} | ({} if scale is None else {"scale": scale})
    arguments = {
        f"gen_args_{i}": {"arg_0": "Shall we?", "arg_1": one} for i, one in enumerate(texts)
    }
    resps = [[[str(value), "False"]] for value in values]
    return {"doc_id": number, "doc": doc, "target": right, "arguments": arguments, "resps": resps}


def lines(rows: list[Any]) -> str:
    return "\n".join(map(json.dumps, rows)) + "\n"


def test_samples_of_lm_eval_with_letters_are_a_sweep(tmp_path) -> None:
    rows = [row(number, scale, (" A", " B"), f" {target(number)}") for number, scale in ASKED]
    found = read(tmp_path, "samples_mine_2026-11-30T07.jsonl", lines(rows))

    assert found.what.startswith("samples of lm-eval: 1 vector")
    assert found.reading.has_letters
    at_b = found.points[found.points["question"] == "mine:1"].set_index("scale")["difference"]
    assert {s: pytest.approx(-lean) for s, lean in LEAN.items()} == dict(at_b)


def test_samples_with_texts_are_read_by_likelihood_and_their_run_is_told(tmp_path) -> None:
    told = {"model_args": "pretrained=gpt2,scale=4", "model": "hf"}
    beside = {"results": {}, "configs": {}, "versions": {}, "config": told, "model_name": "gpt2"}
    (tmp_path / "results_2026-11-30T07.json").write_text(json.dumps(beside))
    rows = [row(number, None, (" yes", " no"), str(number % 2)) for number in range(4)]
    found = read(tmp_path, "samples_mine_2026-11-30T07.jsonl", lines(rows))

    assert not found.reading.has_letters
    assert ", gpt2" in found.what
    points = found.points.set_index("question")
    assert set(points["scale"]) == {4.0}
    assert points["difference"]["mine:0"] == pytest.approx(LEAN[0.0])
    assert points["difference"]["mine:1"] == pytest.approx(-LEAN[0.0])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row(0, None, (" A", " B"), "A")], "without a steering scale"),
        ([row(0, 2.0, (" A", " B"), "C")], "the target 'C', none of its two answers"),
        ([row(0, 2.0, (" A", " B"), "A") | {"resps": [["text"]]}], "0 answers with log p"),
        (
            [row(0, 2.0, (" A", " B"), "A"), row(1, 2.0, ("x", "y"), "x")],
            "answers that are letters and others that are texts",
        ),
    ],
)
def test_what_samples_lack_is_named(tmp_path, rows, words) -> None:
    with pytest.raises(DataError, match=words):
        read(tmp_path, "samples.jsonl", lines(rows))


def test_totals_of_lm_eval_are_told_from_rows(tmp_path) -> None:
    totals = {"results": {"mine": {"acc,none": 0.5}}, "configs": {}, "versions": {}}
    with pytest.raises(DataError, match="totals and no rows: run it with --log_samples"):
        read(tmp_path, "results_x.json", json.dumps(totals))


@pytest.mark.matrix(keep=2)
@pytest.mark.parametrize("digest", ["ff95f2a74c69", "ea9c90af59d0", "c34b50c13af8"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_our_own_tables_audit_as_their_records_do(tmp_path, digest, form) -> None:
    store = Store(ROOT)
    info = store.find(digest)
    path = tmp_path / f"{digest}.{form}"
    path.write_bytes(export(store, info, form))
    own, again = audit(digest, store), audit(path, store)

    assert again.reading == own.reading
    assert len(again.points) == len(own.points)
    np.testing.assert_allclose(
        np.sort(again.points["change"].to_numpy(float)),
        np.sort(own.points["change"].to_numpy(float)),
        # A table has seven digits of each figure.
        atol=1e-5,
    )
    names = {one.name for one in own.findings} - {one.name for one in again.findings}
    assert not {"few-controls", "no-controls"} & names


def test_a_table_whose_differences_are_not_its_own_is_refused(tmp_path) -> None:
    store = Store(ROOT)
    frame = store.load_evaluation("ff95f2a74c69").frame
    frame.assign(difference=frame["difference"] + 1).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(DataError, match="not those of its log p"):
        audit(tmp_path / "a.csv", store)
