"""Every command with every option set to what a person could mend: exit code 0 or 2, no traceback.

`python -m tests.engine.fuzz_commands [--share 0.1] [--seconds S] [VERB…]` tries all of them or a
share, in this process; the suite tries a few. A command that is still at work after `SECONDS` was
not refused, and is stopped.
"""

import argparse
import contextlib
import io
import json
import pickle
import random
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer

from engine.cli import main
from engine.configs.core import ModelConfig
from engine.configs.finders import RandomConfig
from engine.runs.engine import Engine
from engine.store.store import Store
from tests import tiny

SECONDS = 4.0
LONGEST = 700
"""Letters of a sentence."""
HUGE = 10**30
INTS = [-1, 0, 2**31, 2**63, HUGE, -HUGE, "1e5", "", "nan", "\u0663", "\ud800"]
FLOATS = [-1.0, "nan", "inf", "-inf", "1e400", "1e308", "5e-324", "", "\ud800"]
TEXTS = ["", " ", "\0", "\ud800", "\udcff", "x" * 300, "a/" * 3000, "..", "-", "\u202e", "~x"]
FILES = (
    *("digest", "file", "files", "--adapter", "--knowledge", "--model", "--negative"),
    *("--neutral-prompts", "--null", "--out", "--pairs", "--prompts", "--questions", "--remove"),
    *("--seeds", "--store", "--vectors", "--avoid"),
)
"""Options and arguments that name a file, a folder or a record."""
SPECIAL = {
    "--device": ["cuda:99", "mps", "xpu", "meta", "cpu:7", "tpu", "vulkan", "cuda:-1", "hpu"],
    "--dtype": ["int8", "float64", "auto "],
    "--scales": ["nan", "1e400", "1,,", ",", "1;2", "0", "1e308", "١"],
    "--layers": ["99", "-1", "1,1", "7,", "²", "9" * 40, "own,all"],
    "--positions": ["last-0", "last-²", "last-" + "9" * 30, "last--1"],
    "--blend": ["", "nan", "1,2,3"],
    "--model": ["demo ", "a/b/c", "a//b", "hub/none\ud800"],
    "--adapter": ["demo", "a/b/c"],
    "--sites": ["-1", "²", "block"],
}


@dataclass(frozen=True)
class Outcome:
    """How one command line ended."""

    arguments: tuple[str, ...]
    code: int | None
    """None where it raised; 0 also where it was still at work."""
    error: str
    """The sentence, or the traceback."""

    @property
    def is_wrong(self) -> bool:
        """Whether it neither worked nor said in a sentence why not."""
        if self.code == 0:
            return False
        return self.code != 2 or not self.error or "\n" in self.error or len(self.error) > LONGEST


class _StillAtWork(BaseException):
    """Not refused within the time."""


class World:
    """A model, a store and files that work, and files of each kind that do not."""

    def __init__(self, place: Path) -> None:
        self.place, self.store = place, place / "store"
        self.here = place / "some" / "where"
        self.here.mkdir(parents=True)
        self.model = tiny.save_folder(place / "model", num_hidden_layers=2)
        engine = Engine(Store(self.store), keep_jobs=False)
        model = ModelConfig(model=str(self.model))
        self.vectors = engine.run(RandomConfig(model=model, source_layer=0, vectors=2))
        self.questions = self._write("questions.jsonl", "".join(f"{_question(i)}\n" for i in "12"))
        pair = {"question": "Well?", "honest": "Read.", "deceptive": "I refuse."}
        self.pairs = self._write("pairs.json", json.dumps([pair, {**pair, "question": "Who?"}]))
        self.prompts = self._write("prompts.txt", "Well?\n")
        self.bad = [self._write(f"bad{i}.{end}", c) for i, (end, c) in enumerate(_contents())]
        self.bad += [
            str(place / "model"),
            str(place / "gone.json"),
            str(place / "questions.jsonl/x"),
        ]
        adapters = [self._adapter(i, *one) for i, one in enumerate(_adapters())]
        self.special = {**SPECIAL, "--adapter": [*SPECIAL["--adapter"], *adapters]}

    def _write(self, name: str, content: str | bytes) -> str:
        raw = content if isinstance(content, bytes) else content.encode(errors="surrogatepass")
        (self.place / name).write_bytes(raw)
        return str(self.place / name)

    def _adapter(self, number: int, config: str, weights: bytes, name: str) -> str:
        folder = self.place / f"adapter{number}"
        folder.mkdir()
        (folder / "adapter_config.json").write_text(config)
        (folder / name).write_bytes(weights)
        return str(folder)

    def usual(self) -> dict[tuple[str, ...], list[str]]:
        """A short command line of every verb that works."""
        model = ["--model", str(self.model), "--store", str(self.store)]
        layers = ["--source-layer", "0", "--target-layer", "1"]
        out = str(self.place / "out")
        few = ["--max-questions", "2", "--controls", "1"]
        asked = ["--questions", self.questions, "--behaviour", "x", "--vectors", self.vectors]
        pairs, made = ["--pairs", self.pairs], ["--count", "1", "--tries", "1"]
        return {
            ("find", "melbo"): [*model, *layers, "--vectors", "1", "--steps", "1"],
            ("find", "power-iteration"): [*model, *layers, "--vectors", "1", "--iterations", "1"],
            ("find", "random"): [*model, "--source-layer", "0", "--vectors", "1"],
            ("find", "contrastive"): [*model, *pairs],
            ("find", "finetune-diff"): [*model, "--prompts", self.prompts],
            ("evaluate",): [*model, *asked, *few, "--scales", "1"],
            ("generate",): [*model, "--max-new-tokens", "1", "--neutral", "1"],
            ("similarity",): ["--vectors", self.vectors, self.vectors, *model[2:]],
            ("audit",): [self.vectors, *model[2:]],
            ("evidence",): [self.vectors, *model[2:]],
            ("show",): [self.vectors, *model[2:]],
            ("list",): model[2:],
            ("import",): [self.pairs, *model[2:]],
            ("export",): [self.vectors, "--out", f"{out}.jsonl", *model[2:]],
            ("check",): model,
            ("build-dataset",): ["--out", f"{out}.json", *model[:2], *made],
            ("finetune",): ["--out", out, *pairs, *model[:2], "--epochs", "1"],
            ("experiment", "corrigibility"): [*model, *layers],
            ("experiment", "deception"): model,
            ("experiment", "sentiment"): model,
        }


def _question(number: str) -> str:
    return json.dumps(
        {
            "question": f"Is it {number}?\n\nChoices:\n (A) Yes\n (B) No",
            "answer_matching_behavior": " (A)",
            "answer_not_matching_behavior": " (B)",
        }
    )


class _Evil:
    def __reduce__(self) -> Any:
        return print, ("a pickle ran code",)


def _contents() -> Iterator[tuple[str, str | bytes]]:
    """Endings and contents of files that hold nothing usable."""
    deep = "[" * 100_000
    yield from (("json", deep), ("jsonl", deep), ("json", '{"a":' * 100_000))
    for end in ("json", "jsonl", "txt", "npz", "pt", "safetensors", "gguf", "parquet"):
        yield end, ""
        yield end, b"\xff\xfe\x00\x01" * 5
    for text in (
        "null", "1", "[]", "{}", "[[]]", "[null]", '"x"', "[1e400]", "NaN", f"[{'9' * 5000}]",
        '[{"question": "Well?"}]', '[{"question": "Well?", "honest": ""}]',
        '[{"question": null, "honest": 1, "deceptive": []}]', '[{"question": "\\ud800"}]',
        '[{"question": "\\ud800", "honest": "a", "deceptive": "b"}]', '[["a"], ["b", "c", "d"]]',
        '{"question": "Well?", "answer_matching_behavior": 7}', '[{"messages": 3}]',
        '{"deceptive": [1], "honest": [null]}', '[{"question": "Well?", "answer": 7}]',
        '{"deceptive": [{"question": 1}], "honest": [{"question": 1}]}', '[[{"role": []}]]',
        '[{"question": 1, "honest": "a", "deceptive": "b"}]', '{"positive": [], "negative": {}}',
        '[{"question": "Q\\n (A) a\\n (B) b", "answer_matching_behavior": " (Z)"}]',
    ):  # fmt: skip
        yield from (("json", text), ("jsonl", text))
    yield "txt", "\n \n"
    yield "txt", "a\0b\n"
    yield "pt", pickle.dumps(_Evil())
    made = io.BytesIO()
    torch.save({"x": _Evil()}, made)
    yield "pt", made.getvalue()
    made = io.BytesIO()
    np.savez(made, x=np.array([_Evil()], dtype=object))
    yield "npz", made.getvalue()


def _adapters() -> Iterator[tuple[str, bytes, str]]:
    """Configs, weights and the weights' names of adapters that cannot be used."""
    lora = '{"peft_type": "LORA", "r": 2, "target_modules": ["q_proj"]}'
    for config in ("", "null", "[]", "{}", "[" * 100_000, '{"peft_type": 7}', '{"peft_type": "X"}'):
        yield config, b"", "adapter_model.safetensors"
    yield lora, b"", "adapter_model.safetensors"
    yield lora, b"\xff" * 100, "adapter_model.safetensors"
    yield lora, pickle.dumps(_Evil()), "adapter_model.bin"
    yield lora.replace("2", '"two"'), b"", "adapter_model.safetensors"


def _verbs() -> dict[tuple[str, ...], Any]:
    """All commands of the program as the library of command lines has them."""
    found: dict[tuple[str, ...], Any] = {}
    for name, one in typer.main.get_command(main.app).commands.items():  # type: ignore[attr-defined]
        more = getattr(one, "commands", None)
        found |= {(name,): one} if more is None else {(name, n): c for n, c in more.items()}
    return found


def lines(world: World) -> list[tuple[str, ...]]:
    """Every usual command line with every one of its options set to every odd value."""
    found = []
    for verb, usual in world.usual().items():
        for option in _verbs()[verb].params:
            is_argument = option.param_type_name == "argument"
            if getattr(option, "is_flag", False):
                continue
            kind = str(option.type_descriptor.annotation)
            numbers = {"<class 'int'>": INTS, "<class 'float'>": FLOATS}
            values: list[Any] = numbers.get(kind, TEXTS)
            values = [*values, *(world.bad if option.opts[0] in FILES else ())]
            values = [*values, *world.special.get(option.opts[0], ())]
            for value in map(str, values):
                rest = usual[1:] if is_argument else without(usual, option.opts[0])
                given = [value] if is_argument else [f"{option.opts[0]}={value}"]
                found.append((*verb, *given, *rest))
    return found


def without(usual: list[str], name: str) -> list[str]:
    if name not in usual:
        return usual
    place = usual.index(name)
    end = next((i for i in range(place + 1, len(usual)) if usual[i].startswith("--")), len(usual))
    return usual[:place] + usual[end:]


def tried(world: World, arguments: tuple[str, ...], seconds: float = SECONDS) -> Outcome:
    """Run one command line in this process, in a folder where it may leave what it likes."""

    def stop(*_: object) -> None:
        raise _StillAtWork

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    out = io.StringIO()
    try:
        with (
            contextlib.chdir(world.here),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            code = main.main(list(arguments))
        last = json.loads((out.getvalue().strip().splitlines() or ["{}"])[-1])
        return Outcome(arguments, code, str(last.get("error", "")))
    except _StillAtWork:
        return Outcome(arguments, 0, "")
    except BaseException:  # noqa: BLE001  Whatever it raises is what is looked for.
        return Outcome(arguments, None, traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("verbs", nargs="*")
    asked.add_argument("--seconds", type=float, default=SECONDS)
    asked.add_argument("--share", type=float, default=1.0)
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        every = [one for one in lines(world) if not given.verbs or {*one} & {*given.verbs}]
        some = random.Random(given.seed).sample(every, round(given.share * len(every)))
        wrong = [
            one for one in (tried(world, line, given.seconds) for line in some) if one.is_wrong
        ]
    kinds = Counter((one.error.strip().splitlines() or [""])[-1][:160] for one in wrong)
    told = [f"{one.arguments!a:.300}\n  {one.code}\n  {one.error[-700:]!a}" for one in wrong]
    told += [f"{count} {kind!a}" for kind, count in kinds.most_common()]
    told.append(f"{len(wrong)} of {len(some)} command lines were wrong.")
    sys.stdout.write("\n".join(told) + "\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    _main()
