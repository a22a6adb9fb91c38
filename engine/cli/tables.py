"""What the command line prints: tables for people, on stdout."""

import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.cli import tables_of_vectors
from engine.configs import registry
from engine.records.records import Evaluation, RecordInfo, VectorSet
from engine.runs.engine import EngineStatus
from engine.statistics import cells as statistics
from engine.statistics import flags, nulls, side_effects

WIDTH = 118
"""Columns of a table where stdout is no terminal, as in a log or a pipe."""

out = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
OWN_WORDS = {"random": "Random", "control": "Controls"}
"""What tables call the yardsticks of a sweep."""


def named(method: str) -> str:
    """What a method is called in tables."""
    return OWN_WORDS.get(method) or registry.titled(method) or method


def vectors(found: VectorSet) -> None:
    """One line per vector with its scores."""
    table = Table(title=f"{named(found.method)} · {found.digest}")
    table.add_column("vector")
    table.add_column("site")
    table.add_column("norm", justify="right")
    scores = {name: values for name, values in found.scores.items() if name != "norm"}
    for name in scores:
        table.add_column(name, justify="right")
    norms = (found.vectors**2).sum(axis=1) ** 0.5
    for index, name in enumerate(found.names):
        figures = [f"{values[index]:.4g}" for values in scores.values()]
        table.add_row(name, found.sites[index].words, f"{norms[index]:.3g}", *figures)
    out.print(table)
    _notes(found.notes)


def evaluation(found: Evaluation) -> None:
    """Rates by method and scale, and the best vectors with their p values."""
    summary = statistics.summarise(found.frame)
    questions = found.questions
    title = f"{questions.name} · {questions.behaviour} · {found.digest}"
    letters = questions.letter_counts
    out.print(
        f"{len(questions.questions)} questions, {questions.behaviour} answer at (A) "
        f"{letters['A']}, at (B) {letters['B']}; {len(questions.dropped)} rows of the file dropped"
    )
    _rates(title, statistics.by_method(summary).to_dict("records"))
    band = nulls.control_band(summary)
    if len(band):
        out.print(f"Band of {int(band.controls.max())} random controls (95 %):")
        for row in band.to_dict("records"):
            low, high = row["rate_low"], row["rate_high"]
            out.print(f"  scale {row['scale']:+g}: {low:.1%} to {high:.1%}")
    best = nulls.best_vectors(summary, top=5)
    _best(best.to_dict("records"))
    _costs(side_effects.beside_best(side_effects.by_cell(found.frame), best).to_dict("records"))
    tables_of_vectors.evaluation(found, out)
    if statistics.is_no_op(found.frame):
        out.print("[bold red]NOTHING MOVED: at no scale did any logit change.[/]")
    for sentence in flags.of_frame(found.frame):
        out.print(f"[red]{sentence}[/]", highlight=False)
    _notes(found.notes)


WAYS = {
    "contrastive_moved": "contrastive, study / same tokens",
    "difference_moved": "difference, study / same tokens",
}


def experiment(record: dict[str, Any]) -> None:
    """The tables of a study, the evidence for found vectors, or an adaptive sweep."""
    if record["name"] == "evidence":
        tables_of_vectors.evidence(record, out)
        return
    if record["name"] == "screening":
        tables_of_vectors.screening(record, out)
        return
    (deception if record["name"] == "deception" else corrigibility)(record)
    seconds = record["provenance"]["seconds"]
    out.print(f"Took {seconds:.0f} s on {record['model']['device']}.")


def corrigibility(record: dict[str, Any]) -> None:
    """The study's tables and its list of best vectors."""
    for table in record["tables"]:
        title = f"{table['questions']} ({table['asked']} questions): {table['behaviour']} %"
        _rates(title, table["by_method"])
        _best(table["best"])
        _notes(table["notes"])


def deception(record: dict[str, Any]) -> None:
    """Cosines per layer, and each arm at the cell that was chosen for it."""
    table = Table(title="Contrastive and fine-tune-difference vectors, layer by layer")
    for name in ("block", "cosine", "attainable", "random \u00b1", "norms"):
        table.add_column(name, justify="right")
    for row in record["tables"]["similarity"]:
        attainable = "" if row["attainable"] is None else f"{row['attainable']:.2f}"
        norms = f"{row['norm_first']:.1f}, {row['norm_second']:.1f}"
        table.add_row(
            str(row["block"]), f"{row['cosine']:+.3f}", attainable, f"{row['random']:.3f}", norms
        )
    out.print(table)
    _ways(record["tables"].get("cosines", []))
    arms = Table(title="Steered answers on questions that chose nothing")
    for name in ("arm", "block", "scale", "changed", "best random", "p", "labels", "log-prob"):
        arms.add_column(name, justify="left" if name in ("arm", "labels") else "right")
    for row in record["tables"]["arms"]:
        labels = ", ".join(f"{name or 'unlabelled'} {n}" for name, n in row["labels"].items())
        arms.add_row(
            row["arm"],
            str(row["block"]),
            f"{row['scale']:g}",
            _share(row["converted"]),
            _share(row["random_high"]),
            _p(row["p"]),
            labels,
            "" if row["mean_logprob"] is None else f"{row['mean_logprob']:.2f}",
        )
    out.print(arms)
    out.print(
        "changed: of the answers that were honest (base) or deceptive (fine-tuned) unsteered, the "
        "share that became the other. best random: the largest share any random vector reached."
    )


def _ways(rows: list[dict[str, Any]]) -> None:
    """Cosine of the two families by the way in which both were read."""
    if not rows:
        return
    names = [name for name in rows[0] if name != "block"]
    table = Table(title="Cosine of the two families by the way of reading them")
    for name in ("block", *names):
        table.add_column(WAYS.get(name, name), justify="right")
    for row in rows:
        cells = ["" if row[name] is None else f"{row[name]:+.2f}" for name in names]
        table.add_row(str(row["block"]), *cells)
    out.print(table)
    out.print("same tokens: nothing but the family differs.", end=" ")
    if "study" in names:
        out.print(
            "study: padding read as text, other texts, templates and positions for each; the last "
            "two columns compare a family with itself: what the way of reading alone changes."
        )


def _share(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.0%}"


def _rates(title: str, rows: list[dict[str, Any]]) -> None:
    baseline = [r for r in rows if r["method"] == "baseline"]
    scales = sorted({r["scale"] for r in rows})
    table = Table(title=title)
    table.add_column("method")
    for scale in scales:
        table.add_column(f"{scale:+g}" if scale else "0", justify="right")
    for method in dict.fromkeys(r["method"] for r in rows if r["method"] != "baseline"):
        cells = {r["scale"]: r["rate"] for r in rows if r["method"] == method}
        cells |= {r["scale"]: r["rate"] for r in baseline}
        table.add_row(
            named(method),
            *[f"{cells[s]:.1%}" if s in cells and cells[s] is not None else "" for s in scales],
        )
    out.print(table)


def _best(rows: list[dict[str, Any]]) -> None:
    table = Table(title="Best vectors, each at its best scale")
    for name in ("vector", "scale", "rate", "95 %", "change in logits", "95 % ", "p", "best of k"):
        table.add_column(name, justify="left" if name == "vector" else "right")
    for row in rows:
        table.add_row(
            f"{row['method']}_{int(row['vector']):02d}",
            f"{row['scale']:+g}",
            f"{row['rate']:.1%}",
            f"{row['rate_low']:.0%} … {row['rate_high']:.0%}",
            f"{row['change']:+.2f}",
            f"{row['change_low']:+.2f} … {row['change_high']:+.2f}",
            _p(row["p"]),
            _p(row["p_best"]),
        )
    out.print(table)
    out.print(
        "p compares the vector at its best scale with random controls at theirs; 'best of k' also "
        "allows for the choice among all vectors."
    )


def _costs(rows: list[dict[str, Any]]) -> None:
    """Side effects of the best cells, of the baseline, and of the worst controls."""
    if not rows:
        return
    table = Table(title="Side effects")
    for name in ("cell", "KL", "perplexity", "repeats", "no letter", "agreement", "knowledge"):
        table.add_column(name, justify="left" if name == "cell" else "right")
    for row in rows:
        low, high = _share(row["knowledge_low"]), _share(row["knowledge_high"])
        known = f"{_share(row['knowledge'])} ({low} … {high})" if low else ""
        table.add_row(
            row["cell"],
            _figure(row["kl"]),
            _figure(row["neutral_perplexity"]),
            *(_share(row[name]) for name in ("repetition", "unparsed", "agreement")),
            known,
        )
    out.print(table)
    chance = _share(rows[0]["knowledge_chance"])
    out.print(
        "KL and perplexity on neutral prompts; agreement: the written answers name the letter with "
        f"the larger logit; knowledge: options rotated{f', chance {chance}' if chance else ''}."
    )


def _figure(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3g}"


def _p(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3f}"


def checks(status: EngineStatus) -> None:
    """Each self-test with its figure."""
    card = status.model or {}
    title = f"{card.get('title')} · {card.get('blocks')} blocks · width {card.get('hidden')}"
    table = Table(title=f"{title} · {card.get('dtype')} on {card.get('device')}")
    for name in ("", "self-test", "figure", "reason"):
        table.add_column(name)
    for one in status.checks:
        mark = "[green]ok[/]" if one.passed else "[red]FAIL[/]"
        table.add_row(mark, one.name, one.figure, one.reason)
    out.print(table)


def library(infos: list[RecordInfo], damaged: list[tuple[Path, str]]) -> None:
    """One line per record."""
    table = Table(title="Records")
    for name in ("digest", "kind", "method", "model", "what", "made"):
        table.add_column(name)
    for info in infos:
        table.add_row(
            info.digest, info.kind, info.method, info.model, info.summary, info.created[:19]
        )
    out.print(table)
    for path, sentence in damaged:
        out.print(f"[red]{path.name}[/]: {sentence}", markup=True)


def _notes(notes: tuple[str, ...] | list[str]) -> None:
    for note in notes:
        out.print(f"Note: {note}", markup=False)
