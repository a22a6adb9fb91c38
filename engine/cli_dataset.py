"""`build-dataset`: honest and deceptive answers to questions that the model wrote."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from engine import dataset_files, reports
from engine.cli_values import answer, model_config
from engine.dataset_configs import DatasetConfig
from engine.engine import ROOT
from engine.options import Device, Dtype, Model, Seed, one_of
from engine.pair_configs import DECEPTIVE_SYSTEM, HONEST_SYSTEM

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
    from engine import dataset_builder

    with reports.bar() as progress:
        digest = dataset_builder.run(config, out, ROOT, progress)
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
    reports.out.print(
        f"{counts['pairs']} pairs from {counts['questions']} questions; {counts['texts']} texts "
        f"were written for these, {record['provenance']['seconds']:.0f} s",
        markup=False,
    )
    reasons = Counter(row["reason"] for row in [*record["dropped"], *record["answers_dropped"]])
    if counts["near_duplicates"]:
        reasons["near-duplicate"] = counts["near_duplicates"]
    if reasons:
        words = "; ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        reports.out.print(f"Left out: {words}", markup=False)
    if labels:
        words = ", ".join(f"{name} {share:.0%}" for name, share in labels.items())
        reports.out.print(f"Answers with the label that was asked for: {words}", markup=False)
    near = record["near_duplicates"]
    _table(
        f"Near-duplicates, the first of {len(near)}", near, ("question", "of", "where", "cosine")
    )
    title = f"Pairs, the first of {counts['pairs']}"
    _table(title, record["examples"], ("question", "honest", "deceptive"))
    for note in record["notes"]:
        reports.out.print(f"Note: {note}", markup=False)


def _table(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    if not rows:
        return
    table = Table(title=title)
    for name in columns:
        table.add_column(name)
    for row in rows[:SHOWN]:
        table.add_row(*(_cell(row[name]) for name in columns))
    reports.out.print(table)


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else escape(str(value))
