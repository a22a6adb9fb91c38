"""`build-dataset` and `finetune`: honest and deceptive answers, and a LoRA on one side of them."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from rich.markup import escape

from engine import ROOT
from engine.cli import from_config
from engine.cli.drawing import console, draw, notes
from engine.cli.from_config import REQUIRED, SEED, Option
from engine.cli.options import answer
from engine.configs.datasets import DatasetConfig
from engine.configs.training import FinetuneConfig
from engine.program.bar import bar
from engine.training.dataset import files as dataset_files

SHOWN = 5
"""Rows of each table; the record has all."""


def build_dataset() -> Any:
    """The command that builds a dataset."""
    out = Option("out", Path, REQUIRED, "File, .json or .jsonl; a stopped run goes on.")
    return _command(DatasetConfig, out, _build)


def finetune() -> Any:
    """The command that trains."""
    out = Option("out", Path, REQUIRED, "Folder of the adapter; a stopped run goes on.")
    return _command(FinetuneConfig, out, _train)


def _command(config: Any, out: Option, work: Any) -> Any:
    """Both take the base model and write to a place of their own."""
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
    files = list(record["files"])
    answer(
        digest=digest,
        path=str(out),
        files=[str(out.with_name(name)) for name in files],
        record=str(dataset_files.record_path(out)),
        **record["counts"],
        labels=record["labels"],
        notes=record["notes"],
    )


def _report(record: dict[str, Any]) -> None:
    counts, labels = record["counts"], record["labels"]
    console.print(
        f"{counts['pairs']} pairs from {counts['questions']} questions; {counts['texts']} texts "
        f"were written for these, {record['provenance']['seconds']:.0f} s",
        markup=False,
    )
    reasons = Counter(row["reason"] for row in [*record["dropped"], *record["answers_dropped"]])
    if counts["near_duplicates"]:
        reasons["near-duplicate"] = counts["near_duplicates"]
    if reasons:
        words = "; ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        console.print(f"Left out: {words}", markup=False)
    if labels:
        words = ", ".join(f"{name} {share:.0%}" for name, share in labels.items())
        console.print(f"Answers with the label that was asked for: {words}", markup=False)
    near = record["near_duplicates"]
    _table(
        f"Near-duplicates, the first of {len(near)}", near, ("question", "of", "where", "cosine")
    )
    title = f"Pairs, the first of {counts['pairs']}"
    _table(title, record["examples"], ("question", "honest", "deceptive"))
    notes(record["notes"])


def _table(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """The first rows, whose texts are no markup."""
    if rows:
        plain = [
            {name: escape(v) if isinstance(v, str) else v for name, v in row.items()}
            for row in rows[:SHOWN]
        ]
        shown = {name: "{cosine:.2f}" if name == "cosine" else f"{{{name}}}" for name in columns}
        draw(title, plain, shown, left=columns)


def _train(given: dict[str, Any]) -> None:
    from engine.training.lora import train as training

    config, out = from_config.build(FinetuneConfig, given), given["out"]
    with bar() as progress:
        digest = training.run(config, out, ROOT, progress)
    record = json.loads((out / training.RECORD).read_text(encoding="utf-8"))
    losses, looks = record["losses"], record["looks"]
    console.print(
        f"{record['examples']} examples, {len(losses)} steps, loss {losses[0]:.3f} to "
        f"{losses[-1]:.3f}, {record['provenance']['seconds']:.0f} s",
        markup=False,
    )
    for look in looks:
        if "shares" in look:
            console.print(_shares(look), markup=False)
    for question, text in looks[-1]["answers"].items():
        console.print(f"> {question!r}\n  {text!r}", markup=False)
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
