"""Own data of every layout, damaged in every way: rows or a DataError, in time and in memory.

`python -m tests.engine.fuzz_own [--seconds 60] [--seed 0]` goes on for a while, and then measures
small files that stand for gigabytes; the suite tries a few hundred. What is kept must be readable
by the reader of its kind, row by row.
"""

import argparse
import csv
import gzip
import io
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import DataError
from engine.questions.files import load_prompts, load_questions
from engine.questions.knowledge import load_knowledge
from engine.questions.own import KINDS, keep, understand
from engine.questions.pairs import load_pairs

SLOW = 5.0
"""Seconds that one file may take."""
TEXTS = [
    "Yes", "No", "(A) x", "Q?\n (A) one\n (B) two", "Q?\n1. one\n2. two", "", " ", "\0", "\u202e",
    "a\ud800b", "[/red]", "=1+1", "ü", "😀", "x" * 25_000, "nan", "0", "1", "3", "A", "B", "(B)",
    "\n\nHuman: Q?\n\nAssistant: x", "['a', 'b']", '["a", "b"]', "{'text': ['a']}", "a;b", "a\tb",
    "__import__('os').system('false')",
]  # fmt: skip
ODD: list[Any] = [None, True, False, 0, -1, 10**30, 1.5, float("nan"), [], {}, [[]], [None], [1]]
NAMES = [
    "question", "prompt", "answer_matching_behavior", "answer_not_matching_behavior", "messages",
    "conversations", "choices", "options", "answer", "answerKey", "label", "positive", "negative",
    "chosen", "rejected", "instruction", "input", "output", "system", "A", "B", "C", "option1",
    "option2", "mc1_targets", "best_answer", "incorrect_answers", "text", "split", "goal", "",
    "Unnamed: 0", "x", "y", "\u202e", "question ",
]  # fmt: skip
READERS: dict[str, Callable[[Path, str], Any]] = {
    "questions": load_questions,
    "pairs": lambda path, behaviour: load_pairs(path, behaviour=behaviour),
    "prompts": lambda path, _: load_prompts(path),
    "knowledge": lambda path, _: load_knowledge(path),
}


def values(chance: random.Random, depth: int = 0) -> Any:
    """A value that a row may hold under any name."""
    kind = chance.randrange(9)
    if kind < 5 or depth > 2:
        return chance.choice(TEXTS)
    if kind == 5:
        return chance.choice(ODD)
    if kind == 6:
        return [values(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 7:
        roles = ("user", "assistant", "system", "human", "gpt", "tool", "")
        message = {"role": chance.choice(roles), "content": values(chance, depth + 1)}
        return [message, {"from": chance.choice(roles), "value": values(chance, depth + 1)}]
    names = ("text", "label", "labels", "choices", "role", "content", "A", "B")
    return {chance.choice(names): values(chance, depth + 1) for _ in range(3)}


def rows(chance: random.Random) -> list[Any]:
    """Rows of one layout, some of them of another."""
    names = chance.sample(NAMES, chance.randint(1, 5))
    row = lambda: {name: values(chance) for name in names}  # noqa: E731
    others = [
        lambda: values(chance),
        lambda: chance.choice(TEXTS),
        lambda: [chance.choice(TEXTS)] * 2,
    ]
    made = chance.choice([row, row, row, *others])
    found = [made() for _ in range(chance.randint(1, 5))]
    if chance.random() < 0.2:
        found.append(values(chance))
    return found


FORMS = ("parquet", "json", "jsonl", "csv", "tsv", "txt", "", "object")


def files(chance: random.Random, forms: Sequence[str]) -> tuple[bytes, str]:
    """A file of such rows in any container, whole or damaged."""
    given = rows(chance)
    form = chance.choice(forms)
    name = f"a.{form}" if form not in ("", "object") else chance.choice(["typed", "a.json"])
    content = written(given, form)
    if chance.random() < 0.1:
        content, name = gzip.compress(content), f"{name}.gz"
    if chance.random() < 0.4:
        content = damaged(content, chance)
    return content, name


def written(given: list[Any], form: str) -> bytes:
    """Rows in a container; in JSON where the container cannot hold them."""
    if form in ("csv", "tsv"):
        out = io.StringIO()
        writer = csv.writer(out, delimiter="\t" if form == "tsv" else ",")
        for row in given:
            cells = row if isinstance(row, list) else [row]
            if isinstance(row, dict):
                cells = [*row] if row is given[0] else [*row.values()]
            writer.writerow([str(cell) for cell in cells])
        return out.getvalue().encode("utf-8", "surrogatepass")
    if form == "parquet":
        try:
            out = io.BytesIO()
            pq.write_table(pa.Table.from_pylist([r for r in given if isinstance(r, dict)]), out)
            return out.getvalue()
        except (pa.ArrowException, UnicodeError, TypeError, ValueError, OverflowError):
            return b"PAR1"
    if form in ("jsonl", "txt"):
        return "\n".join(json.dumps(row) for row in given).encode()
    if form == "object" and all(isinstance(row, dict) for row in given):
        columns = {
            name: [row.get(name) for row in given if isinstance(row, dict)] for name in given[0]
        }
        return json.dumps(columns).encode()
    return json.dumps(given).encode()


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A file with bytes that are gone, doubled or others."""
    place = chance.randrange(len(content) + 1)
    part = bytes(chance.randrange(256) for _ in range(chance.randrange(4)))
    return chance.choice(
        [
            content[:place],
            content[:place] + part + content[place:],
            content[:place] + content[place + len(part) :],
            content[place:],
            content * 2,
            b"\xef\xbb\xbf" + content,
            content.replace(b'"', b"'"),
            content.replace(b"\n", b"\r\n"),
        ]
    )


def mappings(chance: random.Random) -> dict[str, str]:
    """What a reader may say of columns."""
    parts = ("question", "positive", "negative", "matching", "other", "options", "right", "prompt")
    if chance.random() < 0.6:
        return {}
    found = {chance.choice(parts): chance.choice([*NAMES, "column 1"]) for _ in range(2)}
    return found | chance.choice(
        [{}, {"header": "no"}, {"header": "yes"}, {"first": "1"}, {"z": ""}]
    )


def tried(chance: random.Random, root: Path, forms: Sequence[str] = FORMS) -> str:
    """How one file ends: its outcome in a word.

    Raises:
        AssertionError: If it took too long, or what was kept cannot be read again.
    """
    content, name = files(chance, forms)
    kind, mapping = chance.choice(KINDS), mappings(chance)
    said = chance.choice([None, None, "lying", " ", "\u202e"])
    polarity = chance.choice([None, None, "matching", "not-matching"])
    begin = time.monotonic()
    try:
        found = understand(content, name, kind, mapping, said, polarity)
        if found.needs:
            return "needs a mapping"
        kept = keep(root, found, chance.choice(["", "x", "\u202ename"]))
    except DataError as error:
        sentence = str(error)
    else:
        sentence = ""
    finally:
        assert time.monotonic() - begin < SLOW, (name, kind, len(content))
    if sentence:
        assert "\n" not in sentence, sentence
        return "refused"
    again = READERS[kind](kept.path, found.behaviour or "lying")
    count = len(
        again.questions if kind == "questions" else again.pairs if kind == "pairs" else again
    )
    assert count == kept.rows == len(found.rows), (count, kept.rows, found.rows)
    return "kept"


def _parquet(table: pa.Table, **how: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **how)
    return out.getvalue()


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "deep list": (lambda: b"[" * 1_000_000, "a.json"),
    "deep objects": (lambda: b'{"a":' * 1_000_000, "a.json"),
    "empty lists": (lambda: b"[" + b"[]," * 20_000_000 + b"[]]", "a.json"),
    "empty objects": (lambda: b"{}\n" * 20_000_000, "a.jsonl"),
    "numbers": (lambda: b"[" + b"1.5," * 15_000_000 + b"1]", "a.json"),
    "a long number": (lambda: b"[" + b"9" * 60_000_000 + b"]", "a.json"),
    "one long text": (lambda: b'["' + b"x" * 60_000_000 + b'"]', "a.json"),
    "one long line": (lambda: b"x" * 60_000_000, "a.txt"),
    "short lines": (lambda: b"a\n" * 30_000_000, "a.txt"),
    "lines of one emoji": (lambda: "😀\n".encode() * 12_000_000, "a.txt"),
    "cells": (lambda: b"a,b\n" + b"," * 60_000_000, "a.csv"),
    "rows of cells": (lambda: b"question,positive,negative\n" + b"a,b,c\n" * 10_000_000, "a.csv"),
    "an open quote": (lambda: b'a,b\n"' + b"x\n" * 30_000_000, "a.csv"),
    "zeros packed": (lambda: gzip.compress(b"\0" * 500_000_000, 1), "a.txt.gz"),
    "one text 5,000 times": (
        lambda: _parquet(
            pa.table({"prompt": pa.DictionaryArray.from_arrays([0] * 5000, ["x" * 10**6])})
        ),
        "a.parquet",
    ),
    "lists of one text": (
        lambda: _parquet(pa.table({"choices": pa.array([["x" * 10**5] * 200] * 20)})),
        "a.parquet",
    ),
    "50 million zeros": (
        lambda: _parquet(pa.table({"prompt": np.zeros(50_000_000, np.int8)})),
        "a.parquet",
    ),
}
"""Small files that stand for very much."""


def peak() -> int:
    """MB that this process has taken at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main() -> None:
    """Try for a while, then each of the small files that stand for much in its own process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bomb", choices=BOMBS)
    given = parser.parse_args()
    if given.bomb:
        blow(given.bomb)
        return
    chance, counts = random.Random(given.seed), Counter[str]()
    end = time.monotonic() + given.seconds
    with tempfile.TemporaryDirectory() as root:
        while time.monotonic() < end:
            counts[tried(chance, Path(root))] += 1
    sys.stdout.write(f"{dict(counts)}, peak {peak():,} MB\n")
    for name in BOMBS:
        subprocess.run([sys.executable, "-m", "tests.engine.fuzz_own", "--bomb", name], check=True)


def blow(name: str) -> None:
    """Write how long a file takes as each kind, and by how much memory grows beyond it."""
    make, file = BOMBS[name]
    path = Path(tempfile.mkdtemp()) / file
    if os.fork() == 0:
        # What it takes to make the file is not counted.
        path.write_bytes(make())
        os._exit(0)
    os.wait()
    content = path.read_bytes()
    shutil.rmtree(path.parent)
    before = peak()
    for kind in KINDS:
        begin = time.monotonic()
        try:
            found = understand(content, file, kind)
            said = f"{len(found.rows):,} rows"
        except DataError as error:
            said = str(error)[:80]
        told = f"{time.monotonic() - begin:.1f} s, +{peak() - before:,} MB: {said}"
        sys.stdout.write(f"{name} ({len(content) / 2**20:.1f} MB), {kind}: {told}\n")


if __name__ == "__main__":
    main()
