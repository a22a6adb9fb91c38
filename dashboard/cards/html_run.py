"""One evaluation as a self-contained HTML report. Knows nothing of sessions or files."""

import pandas as pd

from dashboard.cards import html, recipes
from dashboard.charts import families as family_charts
from dashboard.charts import many_vectors, vector_view
from dashboard.frames import controls, families
from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import BEYOND, Sweep
from dashboard.session import navigation
from dashboard.words import captions, inks
from engine.records.records import Provenance, Question

BEST = 3
MOST_QUESTIONS = 300


def report(sweep: Sweep) -> bytes:
    """The run: figures, charts of all and of the best vectors, tables, caveats, provenance."""
    evaluation = sweep.evaluation
    ranking = sweeps.ranking(sweep) if sweep.names else None
    title = f"{sweep.title} \u00b7 {sweep.model}"
    parts = [
        html.heading(title, 1),
        html.paragraph(f"Vectorscope, evaluation {evaluation.digest}", "muted"),
        *(html.paragraph(note, "warning") for note in warnings(sweep)),
        html.paragraph(captions.ONLY_CONTROLS, "warning")
        if ranking is None
        else html.figures(_figures(sweep, ranking)),
        html.paragraph(captions.reading(evaluation.config)),
        html.heading("What was run"),
        html.names(recipes.of_sweep(evaluation) | {"view": link(evaluation.digest)}),
        *([] if ranking is None else _measured(sweep, ranking)),
        html.folded("The questions", html.table(_questions(sweep))),
        html.folded("All settings", html.settings(evaluation.config)),
        html.heading("Provenance"),
        html.names(provenance(evaluation.provenance)),
    ]
    return html.document(title, parts)


def _measured(sweep: Sweep, ranking: pd.DataFrame) -> list[str]:
    """What was found of the vectors."""
    best = list(ranking["name"])[:BEST]
    return [
        *_all(sweep, ranking),
        *_methods(sweep),
        html.heading("Vectors, the largest effect first"),
        html.table(leaderboard(ranking)),
        html.paragraph(captions.BEST_OF_MANY, "muted"),
        *(part for name in best for part in _one(sweep, str(name), ranking)),
        html.heading("Every figure"),
        html.folded("All vectors at all scales", html.table(_numbers(sweep))),
    ]


def link(digest: str) -> str:
    """Where the dashboard shows this run."""
    return navigation.link("curves", run=digest)


def warnings(sweep: Sweep) -> list[str]:
    """What a reader must know before believing this run."""
    notes = (*sweep.evaluation.questions.notes, *sweep.evaluation.notes)
    found = list(dict.fromkeys(notes))
    if sweep.nothing_moved:
        found.append(captions.nothing_moved(sweep.steered))
    if words := controls.lacking(sweep):
        found.append(words)
    is_sure = sweep.control_count or sweep.evaluation.unfinished
    return found if is_sure else [*found, captions.NO_CONTROLS]


def provenance(made: Provenance) -> dict[str, str]:
    """How and where a record was made, in words."""
    commit = f"{made.commit or 'unknown'}{' (changed)' if made.dirty else ''}"
    return {
        "made": f"{made.created[:19].replace('T', ' ')} UTC, {captions.seconds(made.seconds)}",
        "machine": f"{made.device}, {made.dtype}",
        "commit": commit,
        "packages": ", ".join(f"{name} {version}" for name, version in made.packages.items()),
    }


def _figures(sweep: Sweep, ranking: pd.DataFrame) -> dict[str, str]:
    base = sweep.vectors[sweep.vectors["scale"] == 0].iloc[0]
    rates, beyond = sweep.vectors["rate"], int((ranking["badge"] == BEYOND).sum())
    last = {"Unsteered choosing A": captions.figure(base["percent_a"])}
    if not sweep.reading.has_letters:
        last = {f"Unsteered, {sweep.reading.unit}": captions.number(base["mean"])}
    return {
        f"Unsteered {sweep.behaviour}": captions.figure(base["rate"]),
        f"Steered {sweep.behaviour}": captions.span(rates.min(), rates.max()),
        "Beyond the best random": f"{beyond} of {len(ranking)}",
        **last,
    }


def _all(sweep: Sweep, ranking: pd.DataFrame) -> list[str]:
    """The two charts of all vectors."""
    cells = sweeps.cells(sweep)
    band = sweeps.labelled(controls.shared_band(sweep, "change"), sweep)
    thick = "Thick: each method's strongest vector."
    grey = controls.grey(sweep)
    best = ranking.loc[ranking["badge"] == BEYOND, "name"]
    told = cells.assign(starred=cells["name"].isin(best), flips="", told="")
    marks = captions.flags(sweep.evaluation.config)
    return [
        html.heading(f"What moves {sweep.behaviour} answers"),
        html.chart(
            many_vectors.headline(cells, band, inks.LIGHT, sweep.reading, sweep.steered),
            f"{thick} {grey}",
        ),
        html.chart(
            many_vectors.heat_map(told, inks.LIGHT, sweep.reading, sweep.steered),
            f"Mean change of the {sweep.reading.difference} from scale 0. Bold: beyond the band "
            f"of random vectors at that scale. \u2605 beyond the best of "
            f"{controls.words_of_all(sweep)}. {marks}.",
        ),
    ]


def _methods(sweep: Sweep) -> list[str]:
    """The study's six violins of whole methods."""
    every = families.Choice("six")
    drawn = family_charts.draw_six(sweep, every, inks.LIGHT)
    if not drawn:
        return []
    return [
        html.heading("Methods side by side"),
        html.paragraph(" ".join([families.DRAWN, *families.notes(sweep, every)])),
        *(
            html.chart(one, f"Drawn: {families.told(sweep, families.Choice(pick))['drawn']}.")
            for pick, one in drawn.items()
        ),
    ]


def leaderboard(ranking: pd.DataFrame) -> pd.DataFrame:
    """The ranking as a reader's table."""
    rows = ranking.to_dict("records")
    table = pd.DataFrame(
        {
            "vector": ranking["name"],
            "method": ranking["method"].map(captions.method),
            "at scale": ranking["label"],
            "change": ranking["change"].map(captions.number),
            "95 % interval": [
                captions.span(row["change_low"], row["change_high"], captions.number)
                for row in rows
            ],
            "random": ranking["control"].map(captions.number),
            "behaviour": ranking["rate"].map(captions.figure),
            "choosing A": ranking["percent_a"].map(captions.figure),
            "badge": [sweeps.verdict(row) for row in rows],
        }
    )
    return table if ranking["percent_a"].notna().any() else table.drop(columns="choosing A")


def _one(sweep: Sweep, name: str, ranking: pd.DataFrame) -> list[str]:
    """A vector's violin and shares, with what may be said of it."""
    view = vector_view.usual(sweep, name)
    drawn = vector_view.violin(sweep, view, inks.LIGHT)
    if drawn is None:
        return []
    row = ranking[ranking["name"] == name].to_dict("records")[0]
    return [
        html.heading(name),
        html.paragraph(sweeps.sentence(row)),
        html.chart(drawn, "Every dot is a question; the % is the share of behaviour answers."),
        html.chart(vector_view.rates(sweep, view, inks.LIGHT), vector_view.legend(sweep, view)),
    ]


def _numbers(sweep: Sweep) -> pd.DataFrame:
    kept = ["name", "label", "rate", "rate_low", "rate_high", "mean", "change", "percent_a"]
    cells = sweeps.cells(sweep)
    if not sweep.reading.has_letters:
        kept.remove("percent_a")
    return cells[[name for name in kept if name in cells]].rename(columns={"label": "scale"})


def _options(sweep: Sweep, one: Question) -> dict[str, str]:
    """The answers to a question, and which of them shows the behaviour."""
    if not sweep.reading.has_letters:
        return dict(zip((f"{sweep.behaviour} answer", "other answer"), one.answers, strict=True))
    return {
        "(A)": one.options[0],
        "(B)": one.options[1],
        sweep.behaviour: one.behaviour_letter,
    }


def _questions(sweep: Sweep) -> pd.DataFrame:
    asked = sweep.evaluation.questions.questions
    rows = [
        {
            "id": one.id,
            "question": one.stem,
            **_options(sweep, one),
        }
        for one in asked[:MOST_QUESTIONS]
    ]
    if len(asked) > MOST_QUESTIONS:
        rows.append({"id": "\u2026", "question": f"and {len(asked) - MOST_QUESTIONS} more"})
    return pd.DataFrame(rows).fillna("")
