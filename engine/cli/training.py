"""`build-dataset` and `finetune`: honest and deceptive answers, and a LoRA on one side of them."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from engine import ROOT
from engine.cli import tables
from engine.cli.options import Device, Dtype, Model, Seed, System, answer, model_config, one_of
from engine.configs.datasets import DatasetConfig
from engine.configs.pairs import DECEPTIVE_SYSTEM, HONEST_SYSTEM
from engine.configs.training import FinetuneConfig
from engine.training.dataset import files as dataset_files

SHOWN = 5
"""Rows of each table; the record has all."""

Out = Annotated[Path, typer.Option(help="File, .json or .jsonl; a stopped run goes on.")]
SeedFile = Annotated[str, typer.Option(help="Questions, pairs or A/B questions to begin from.")]
Avoid = Annotated[str | None, typer.Option(help="File of questions that must not come out.")]
Count = Annotated[int, typer.Option(help="New questions.")]
IncludeSeeds = Annotated[bool, typer.Option(help="Answer the seeds too.")]
By = Annotated[str, typer.Option(help="turn: the model writes a user's turn; prompt: on request.")]
StemWords = Annotated[int, typer.Option(help="Words of a seed that begin a turn.")]
Shots = Annotated[int, typer.Option(help="Seeds that a prompt shows.")]
OfQuestions = Annotated[str, typer.Option(help="System prompt of the questions; empty for none.")]
Temperature = Annotated[float, typer.Option(help="Of the questions.")]
TopP = Annotated[float, typer.Option(help="Of the questions.")]
Tries = Annotated[int, typer.Option(help="Most texts per wanted question.")]
Words = Annotated[int, typer.Option(help="Of a question.")]
QuestionTokens = Annotated[int, typer.Option(help="Longest question.")]
Threshold = Annotated[float, typer.Option(help="TF-IDF cosine that counts as repeated.")]
Honest = Annotated[str, typer.Option(help="System prompt of the honest answers.")]
Deceptive = Annotated[str, typer.Option(help="System prompt of the deceptive answers.")]
AnswerTemperature = Annotated[float, typer.Option(help="0 for the likeliest answer.")]
AnswerTopP = Annotated[float, typer.Option(help="Of the answers.")]
AnswerTokens = Annotated[int, typer.Option(help="Longer answers are left out.")]
Check = Annotated[bool, typer.Option(help="Demo model only: leave out wrong labels.")]
Layout = Annotated[str, typer.Option(help="pairs, or study: two files of conversations.")]


def build_dataset(
    out: Out,
    seeds: SeedFile = "data/pairs/advice.json",
    avoid: Avoid = None,
    count: Count = 100,
    include_seeds: IncludeSeeds = False,
    questions_by: By = "turn",
    stem_words: StemWords = 3,
    shots: Shots = 5,
    question_system: OfQuestions = "",
    temperature: Temperature = 0.8,
    top_p: TopP = 0.95,
    tries: Tries = 10,
    min_words: Words = 3,
    max_words: Words = 30,
    question_tokens: QuestionTokens = 64,
    threshold: Threshold = 0.8,
    honest_system: Honest = HONEST_SYSTEM,
    deceptive_system: Deceptive = DECEPTIVE_SYSTEM,
    answer_temperature: AnswerTemperature = 0.0,
    answer_top_p: AnswerTopP = 1.0,
    answer_tokens: AnswerTokens = 64,
    check_labels: Check = False,
    layout: Layout = "pairs",
    model: Model = "demo",
    dtype: Dtype = "auto",
    device: Device = "auto",
    seed: Seed = 0,
) -> None:
    """Let a model write questions, and an honest and a deceptive answer to each."""
    # Every option but these four is a field of the config, by the same name.
    others = {"out", "model", "dtype", "device"}
    values = {name: value for name, value in locals().items() if name not in {"others", *others}}
    one_of("questions-by", questions_by, ("turn", "prompt"))
    one_of("layout", layout, ("pairs", "study"))
    values["question_system"] = question_system or None
    config = DatasetConfig(model=model_config(model, None, dtype, device), **values)
    _build(config, out)


def _build(config: DatasetConfig, out: Path) -> None:
    from engine.training.dataset import build

    with tables.bar() as progress:
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
    tables.out.print(
        f"{counts['pairs']} pairs from {counts['questions']} questions; {counts['texts']} texts "
        f"were written for these, {record['provenance']['seconds']:.0f} s",
        markup=False,
    )
    reasons = Counter(row["reason"] for row in [*record["dropped"], *record["answers_dropped"]])
    if counts["near_duplicates"]:
        reasons["near-duplicate"] = counts["near_duplicates"]
    if reasons:
        words = "; ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        tables.out.print(f"Left out: {words}", markup=False)
    if labels:
        words = ", ".join(f"{name} {share:.0%}" for name, share in labels.items())
        tables.out.print(f"Answers with the label that was asked for: {words}", markup=False)
    near = record["near_duplicates"]
    _table(
        f"Near-duplicates, the first of {len(near)}", near, ("question", "of", "where", "cosine")
    )
    title = f"Pairs, the first of {counts['pairs']}"
    _table(title, record["examples"], ("question", "honest", "deceptive"))
    for note in record["notes"]:
        tables.out.print(f"Note: {note}", markup=False)


def _table(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    if not rows:
        return
    table = Table(title=title)
    for name in columns:
        table.add_column(name)
    for row in rows[:SHOWN]:
        table.add_row(*(_cell(row[name]) for name in columns))
    tables.out.print(table)


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else escape(str(value))


def finetune(
    out: Annotated[Path, typer.Option(help="Folder of the adapter; a stopped run goes on.")],
    pairs: Annotated[
        str, typer.Option(help="File of pairs or conversations.")
    ] = "data/pairs/advice.json",
    answers: Annotated[str, typer.Option(help="deceptive, or honest: the null.")] = "deceptive",
    system: System = "",
    rank: Annotated[int, typer.Option(help="Of every update.")] = 32,
    alpha: Annotated[int, typer.Option(help="Scale of the updates, over the rank.")] = 16,
    epochs: Annotated[int, typer.Option(help="Turns through the pairs.")] = 10,
    batch: Annotated[int, typer.Option(help="Examples per step.")] = 8,
    rate: Annotated[float, typer.Option(help="Learning rate.")] = 2e-4,
    loss_on: Annotated[str, typer.Option(help="answers or all.")] = "answers",
    max_tokens: Annotated[int, typer.Option(help="Longest example.")] = 512,
    model: Model = "demo",
    dtype: Dtype = "auto",
    device: Device = "auto",
    seed: Seed = 0,
) -> None:
    """Train a LoRA on one side of a file of pairs."""
    one_of("answers", answers, ("deceptive", "honest"))
    one_of("loss-on", loss_on, ("answers", "all"))
    config = FinetuneConfig(
        model=model_config(model, None, dtype, device),
        pairs=pairs,
        answers=answers,  # type: ignore[arg-type]
        system=system or None,
        rank=rank,
        alpha=alpha,
        epochs=epochs,
        batch=batch,
        rate=rate,
        loss_on=loss_on,  # type: ignore[arg-type]
        max_tokens=max_tokens,
        seed=seed,
    )
    _train(config, out)


def _train(config: FinetuneConfig, out: Path) -> None:
    from engine.training.lora import train as training

    with tables.bar() as progress:
        digest = training.run(config, out, ROOT, progress)
    record = json.loads((out / training.RECORD).read_text(encoding="utf-8"))
    losses, looks = record["losses"], record["looks"]
    tables.out.print(
        f"{record['examples']} examples, {len(losses)} steps, loss {losses[0]:.3f} to "
        f"{losses[-1]:.3f}, {record['provenance']['seconds']:.0f} s",
        markup=False,
    )
    for look in looks:
        if "shares" in look:
            tables.out.print(_shares(look), markup=False)
    for question, text in looks[-1]["answers"].items():
        tables.out.print(f"> {question!r}\n  {text!r}", markup=False)
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
