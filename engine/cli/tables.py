"""What the command line shows of a record, of all of them, and of a model's self-tests."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from engine.cli import tables_of_studies, tables_of_talks, tables_of_vectors
from engine.cli.budgets import tables as budgets
from engine.cli.budgets.equal_cost_table import equal_cost
from engine.cli.budgets.operators_table import operators
from engine.cli.drawing import by_scale, console, draw, filled, notes, plain, say
from engine.cli.reads import words_table
from engine.cli.reads.examples_table import examples
from engine.cli.reads.probe_table import probe
from engine.configs import registry
from engine.errors import StoreError
from engine.model.declared import generating
from engine.records import readings, steered
from engine.records.grids import Generation
from engine.records.readings import LETTERS, Reading
from engine.records.records import Evaluation, RecordInfo, VectorSet
from engine.runs.status import EngineStatus
from engine.statistics import cells as statistics
from engine.statistics import flags, nulls, side_effects, whole, yardsticks
from engine.statistics.yardsticks import YARDSTICK
from engine.store import beforehand, judged
from engine.store.store import Store

OWN_WORDS = {"random": "Random", "control": "Controls"}
"""What tables call the yardsticks of a sweep."""


def named(method: str) -> str:
    """What a method is called in tables."""
    return OWN_WORDS.get(method) or registry.titled(method) or method


def vectors(found: VectorSet) -> None:
    """One line per vector with its scores."""
    scores = {name: values for name, values in found.scores.items() if name != "norm"}
    norms = (found.vectors**2).sum(axis=1) ** 0.5
    rows = [
        {"vector": name, "site": found.sites[i].words, "norm": norms[i]}
        | {score: values[i] for score, values in scores.items()}
        for i, name in enumerate(found.names)
    ]
    columns = {"vector": "{vector}", "site": "{site}", "norm": "{norm:.3g}"}
    columns |= {score: f"{{{score}:.4g}}" for score in scores}
    draw(f"{named(found.method)} · {found.digest}", rows, columns, left=("vector", "site"))
    notes(found.notes)


def evaluation(found: Evaluation) -> None:
    """Rates by method and scale, and the best vectors with their p values."""
    read, kinds = whole.read(found), yardsticks.of_run(found)
    questions = found.questions
    how = steered.of_config(found.config)
    told = f" · {how.short}" if how.short else ""
    title = f"{questions.name} · {questions.behaviour}{told} · {found.digest}"
    letters, words = questions.letter_counts, readings.of_config(found.config)
    stands = f"{questions.behaviour} answer at (A) {letters['A']}, at (B) {letters['B']}"
    if not words.has_letters:
        stands = f"read by {words.difference}"
    console.print(
        f"{_count(len(questions.questions), 'question')}, {stands}; "
        f"{_count(len(questions.dropped), 'row')} of the file dropped"
    )
    if not how.adds:
        say(f"Strengths are {how.unit}. It does: {how.does}.")
    if how.gated:
        say(f"It acts {how.gated}.")
    _rates(title, statistics.by_method(read.summary).to_dict("records"))
    if len(kinds.table) > 1:
        say(f"The means mix {len(kinds.table)} sites or norms; bands, p and badges do not.")
    _bands(read.band, kinds.table)
    best = nulls.best_vectors(read.summary, top=5, tests=read.tests)
    _best(best.to_dict("records"), best.attrs["note"], words)
    beside = yardsticks.labelled(side_effects.by_cell(found.frame), kinds)
    _side_effects(side_effects.beside_best(beside, best).to_dict("records"), words)
    tables_of_vectors.evaluation(found, read)
    if read.nothing_moved:
        console.print(f"[bold red]NOTHING MOVED: at no scale did any {words.single} change.[/]")
    for sentence in flags.of_frame(found.frame, read.flags, how):
        console.print(f"[red]{sentence}[/]", highlight=False)
    notes(found.notes)


def _bands(band: pd.DataFrame, kinds: pd.DataFrame) -> None:
    """Where the random controls of each site and norm lie."""
    for number, rows in band.groupby(YARDSTICK):
        row = kinds[kinds[YARDSTICK] == number].iloc[0]
        console.print(f"Band of {yardsticks.words(row, int(rows.controls.max()))} (95 %):")
        for one in rows.to_dict("records"):
            console.print(filled("  scale {scale:+g}: {rate_low:.1%} to {rate_high:.1%}", one))


BESIDE = {
    "configuration": "{name}",
    "relative size": "{relative:.3g}",
    "KL from base": "{kl:.3g}",
    "neutral perplexity": "{neutral_perplexity:.3g}",
    "labels": "{labels}",
}
"""What a column of a grid does beside its texts."""


FIGURES = ("{tokens} tokens", "repetition {repetition:.2f}", "{mean_logprob:.2f} nats")
"""What stands above a text, as far as it is known."""


def generation(found: Generation) -> None:
    """Every text as plain text, then what each configuration does beside."""
    for prompt, rows in found.frame.groupby("prompt", sort=False):
        console.print(f"\n> {plain(str(prompt))}", markup=False, style="bold")
        for row in rows.to_dict("records"):
            sample = f" #{row['sample']}" if found.config["samples"] > 1 else ""
            label = f" · {row['label']}" if row["label"] else ""
            told = (filled(shown, row) for shown in FIGURES)
            head = f"[{row['configuration']}{sample}] {', '.join(one for one in told if one)}"
            console.print(f"{head}{label}", markup=False, style="dim")
            say(f"  {plain(row['text'])}")
    unknown = {"relative": None, "kl": None, "neutral_perplexity": None}
    beside = []
    for name, effects in found.side_effects.items():
        labels = found.frame[found.frame.configuration == name].label.value_counts()
        counts = ", ".join(f"{count} {label}" for label, count in labels.items() if label)
        beside.append(unknown | effects | {"name": plain(name), "labels": counts})
    draw(f"Side effects · {found.digest}", beside, BESIDE, left=BESIDE)
    say(*map(plain, generating.told_of(found.model)))
    notes(found.notes)


WAYS = {
    "contrastive_moved": "contrastive, study / same tokens",
    "difference_moved": "difference, study / same tokens",
}


def experiment(record: dict[str, Any]) -> None:
    """The tables of a study, the evidence for found vectors, or an adaptive sweep.

    Raises:
        StoreError: If it is of a kind that is not known here.
    """
    drawn = EXPERIMENTS.get(record["name"])
    if drawn is None:
        raise StoreError(
            f"{record['name']!r} is a study that this version cannot show: export its tables, or "
            "use the version that made it."
        )
    drawn(record)
    if drawn in (corrigibility, deception, tables_of_studies.behaviour):
        made = {"seconds": record["provenance"]["seconds"]}
        where = record["model"].get("device") or "an unknown device"
        console.print(filled("Took {seconds:.0f} s", made) or "Took unknown time", f"on {where}.")


def corrigibility(record: dict[str, Any]) -> None:
    """The study's tables and its list of best vectors, under its own definitions if it has them."""
    tables_of_studies.definitions(record.get("definitions") or {})
    for table in record["tables"]:
        asked = _count(table["asked"], "question")
        title = f"{table['questions']} ({asked}): {table['behaviour']} %"
        _rates(title, table["by_method"])
        _best(table["best"], words=readings.of_config(record["config"]))
        notes(table["notes"])


def deception(record: dict[str, Any]) -> None:
    """Cosines per layer, and each arm at the cell that was chosen for it."""
    draw(
        "Contrastive and fine-tune-difference vectors, layer by layer",
        record["tables"]["similarity"],
        {
            "block": "{block}",
            "cosine": "{cosine:+.3f}",
            "attainable": "{attainable:.2f}",
            "random \u00b1": "{random:.3f}",
            "norms": "{norm_first:.1f}, {norm_second:.1f}",
        },
    )
    _ways(record["tables"].get("cosines", []))
    tables_of_studies.arms(record["tables"]["arms"])


EXPERIMENTS = {
    "corrigibility": corrigibility,
    "deception": deception,
    "sentiment": tables_of_studies.behaviour,
    "evidence": tables_of_vectors.evidence,
    "screening": tables_of_vectors.adaptive,
    "suggest": budgets.suggestion,
    "blend": budgets.blend,
    "equal-cost": equal_cost,
    "operators": operators,
    "probe": probe,
    "examples": examples,
    "words": words_table.table,
}
"""What prints an experiment, by its name."""


def _ways(rows: list[dict[str, Any]]) -> None:
    """Cosine of the two families by the way in which both were read."""
    if not rows:
        return
    columns = {WAYS.get(name, name): f"{{{name}:+.2f}}" for name in rows[0] if name != "block"}
    title = "Cosine of the two families by the way of reading them"
    draw(title, rows, {"block": "{block}"} | columns)
    is_study = "study" in rows[0]
    console.print("same tokens: nothing but the family differs.", end=" " if is_study else "\n")
    if is_study:
        console.print(
            "study: padding read as text, other texts, templates and positions for each; the last "
            "two columns compare a family with itself: what the way of reading alone changes."
        )


def _rates(title: str, rows: list[dict[str, Any]]) -> None:
    """Rate of every method at every scale; the baseline is every method's scale 0."""
    shares: dict[str, dict[float, float]] = {}
    for row in rows:
        shares.setdefault(row["method"], {})[row["scale"]] = row["rate"]
    shared = shares.pop("baseline", {})
    by_scale(title, "method", {named(name): own | shared for name, own in shares.items()})


def _best(rows: list[dict[str, Any]], note: str = "", words: Reading = LETTERS) -> None:
    """The strongest vectors; what p is where there is any, and `note`, why it lacks or is large."""
    form = "+.2f" if words.has_letters else "+.3f"
    draw(
        "Best vectors, each at its best scale",
        rows,
        {
            "vector": "{method}_{vector:02.0f}",
            "scale": "{scale:+g}",
            "rate": "{rate:.1%}",
            "95 %": "{rate_low:.0%} … {rate_high:.0%}",
            f"change in {words.unit}": f"{{change:{form}}}",
            "95 % ": f"{{change_low:{form}}} … {{change_high:{form}}}",
            "p": "{p:.3f}",
            "best of k": "{p_best:.3f}",
        },
        left=("vector",),
    )
    if any(pd.notna(row.get("p")) for row in rows):
        console.print(
            "p compares the vector at its best scale with the random controls of its own site and "
            "norm at theirs; 'best of k' also allows for the choice among all vectors."
        )
    if note and rows:
        say(note)


def _side_effects(rows: list[dict[str, Any]], words: Reading) -> None:
    """Side effects of the best cells, of the baseline, and of the worst controls."""
    if not rows:
        return
    columns = {
        "cell": "{cell}",
        "KL": "{kl:.3g}",
        "perplexity": "{neutral_perplexity:.3g}",
        "repeats": "{repetition:.0%}",
        "no letter": "{unparsed:.0%}",
        "agreement": "{agreement:.0%}",
        "knowledge": "{knowledge:.0%} ({knowledge_low:.0%} … {knowledge_high:.0%})",
    }
    agreement = "agreement: the written answers name the letter with the larger logit; "
    if not words.has_letters:
        agreement = ""
        columns = {name: shown for name, shown in columns.items() if name not in LETTERS_ONLY}
    draw("Side effects", rows, columns, left=("cell",))
    chance = filled(", chance {knowledge_chance:.0%}", rows[0])
    console.print(
        f"KL and perplexity on neutral prompts; {agreement}knowledge: options rotated{chance}."
    )


LETTERS_ONLY = ("no letter", "agreement")
"""Side effects that only answers with letters have."""


RECORDS: dict[str, tuple[Callable[[Store, Path], Any], Callable[[Any], None]]] = {
    "vectors": (Store.load_vectors, vectors),
    "evaluation": (Store.load_evaluation, evaluation),
    "generation": (Store.load_generation, generation),
    "conversation": (Store.load_conversation, tables_of_talks.conversation),
    "experiment": (Store.load_experiment, experiment),
}
"""How each kind of record is read and drawn."""


def show(store: Store, info: RecordInfo) -> Any:
    """Draw a record; what was read."""
    load, drawn = RECORDS[info.kind]
    found = load(store, Path(info.path))
    drawn(found)
    say(*map(plain, judged.told(store, found)))
    if words := chosen_before(store, found):
        console.print(f"[red]{words}[/]", highlight=False)
    return found


def chosen_before(store: Store, found: Any) -> str:
    """A sentence where an evaluation's vectors may have been chosen on its own questions, or ""."""
    if not isinstance(found, Evaluation):
        return ""
    return beforehand.note(found, [one for one in store.list() if one.kind == "evaluation"])


def checks(status: EngineStatus) -> None:
    """Each self-test with its figure."""
    card = status.model or {}
    title = f"{card.get('title')} · {card.get('blocks')} blocks · width {card.get('hidden')}"
    rows = [
        {
            **vars(one),
            "reason": f"{one.reason} {one.consequence}".strip(),
            "mark": "[green]ok[/]" if one.passed else "[red]FAIL[/]",
        }
        for one in status.checks
    ]
    columns = {"": "{mark}", "self-test": "{name}", "figure": "{figure}", "reason": "{reason}"}
    draw(f"{title} · {card.get('dtype')} on {card.get('device')}", rows, columns, left=columns)
    say(*map(plain, generating.told_of(card)))
    notes(tuple(card.get("notes", ())))


def library(records: list[dict[str, Any]], damaged: list[tuple[Path, str]]) -> None:
    """One line per record; what lies there and is none is told on stderr."""
    names = ("digest", "kind", "model", "name")
    columns = {name: f"{{{name}}}" for name in names}
    columns |= {"what": "{summary}", "made": "{created:.19}"}
    rows = [one | {"name": plain(f"{'* ' * one['star']}{one['name']}")} for one in records]
    draw("Records", rows, columns, left=columns)
    for path, sentence in damaged:
        print(plain(f"Left out of {path.parent.name}/: {sentence}"), file=sys.stderr)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
