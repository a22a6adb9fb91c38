"""`build-dataset` and `finetune`: honest and deceptive answers, and a LoRA on one side of them."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.markup import escape

from engine import ROOT
from engine.cli import from_config
from engine.cli.answering import answer
from engine.cli.drawing import draw, notes, say
from engine.cli.from_config import REQUIRED, SEED, Option, Work
from engine.configs.core import RunConfig
from engine.configs.datasets import DatasetConfig
from engine.configs.judges import NOT_LABELLED
from engine.configs.training import FinetuneConfig
from engine.program.bar import bar
from engine.training.dataset import files as dataset_files

SHOWN = 5
"""Rows of each table; the record has all."""
NEAR = {"question": "{question}", "of": "{of}", "where": "{where}", "cosine": "{cosine:.2f}"}
PAIRS = {"question": "{question}", "honest": "{honest}", "deceptive": "{deceptive}"}


def build_dataset() -> Callable[..., None]:
    """The command that builds a dataset."""
    return _command(DatasetConfig, "File, .json or .jsonl; a stopped run goes on.", _build)


def finetune() -> Callable[..., None]:
    """The command that trains."""
    return _command(FinetuneConfig, "Folder of the adapter; a stopped run goes on.", _train)


def _command(config: type[RunConfig], place: str, work: Work) -> Callable[..., None]:
    """Both take the base model and write to a place of their own."""
    out = Option("out", Path, REQUIRED, place)
    asked = from_config.options_of(config).values()
    every = [out, *asked, *from_config.of_model(has_adapter=False), SEED]
    return from_config.command(from_config.about(config), every, work)


def _build(given: dict[str, Any]) -> None:
    from engine.training.dataset import build

    config, out = from_config.build(DatasetConfig, given), given["out"]
    with bar() as progress:
        digest = build.run(config, out, ROOT, progress)
    record = dataset_files.read_record(out)
    _report(record)
    answer(
        digest=digest,
        path=str(out),
        files=[str(out.with_name(name)) for name in record["files"]],
        record=str(dataset_files.record_path(out)),
        **record["counts"],
        labels=record["labels"],
        notes=record["notes"],
    )


def _report(record: dict[str, Any]) -> None:
    counts, labels = record["counts"], record["labels"]
    say(
        f"{counts['pairs']} pairs from {counts['questions']} questions; {counts['texts']} texts "
        f"were written for these, {record['provenance']['seconds']:.0f} s"
    )
    reasons = Counter(row["reason"] for row in [*record["dropped"], *record["answers_dropped"]])
    if counts["near_duplicates"]:
        reasons["near-duplicate"] = counts["near_duplicates"]
    if reasons:
        say(f"Left out: {'; '.join(f'{count} {why}' for why, count in reasons.most_common())}")
    if labels:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in labels.items())
        say(f"Answers with the label that was asked for: {shares}")
    else:
        say(NOT_LABELLED)
    near = record["near_duplicates"]
    _first(f"Near-duplicates, the first of {len(near)}", near, NEAR)
    _first(f"Pairs, the first of {counts['pairs']}", record["examples"], PAIRS)
    notes(record["notes"])


def _first(title: str, rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    """The first rows, whose texts are no markup."""
    plain = [
        {name: escape(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in rows[:SHOWN]
    ]
    if plain:
        draw(title, plain, columns, left=columns)


def _train(given: dict[str, Any]) -> None:
    from engine.training.lora import train as training

    config, out = from_config.build(FinetuneConfig, given), given["out"]
    with bar() as progress:
        digest = training.run(config, out, ROOT, progress)
    record = json.loads((out / training.RECORD).read_text(encoding="utf-8"))
    losses, looks = record["losses"], record["looks"]
    say(
        f"{record['examples']} examples, {len(losses)} steps, loss {losses[0]:.3f} to "
        f"{losses[-1]:.3f}, {record['provenance']['seconds']:.0f} s"
    )
    say(*([_shares(look) for look in looks if "shares" in look] or [NOT_LABELLED]))
    say(*(f"> {asked!r}\n  {text!r}" for asked, text in looks[-1]["answers"].items()))
    answer(
        digest=digest,
        path=str(out),
        examples=record["examples"],
        steps=len(losses),
        loss=losses[-1],
        notes=record["notes"],
    )


def _shares(look: dict[str, Any]) -> str:
    """Known labels of the answers to unseen questions at one step."""
    shares = ", ".join(f"{share:.0%} {label}" for label, share in look["shares"].items())
    return f"step {look['step']}: {look['asked']} unseen questions answered {shares}"
