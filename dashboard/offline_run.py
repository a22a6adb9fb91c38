"""One evaluation as a self-contained HTML report. Knows nothing of sessions or files."""

import pandas as pd

from dashboard import (
    captions,
    looks,
    navigation,
    offline,
    overviews,
    recipes,
    sweeps,
    vector_drawings,
)
from dashboard.sweeps import BEYOND, Sweep
from engine.records import Provenance

BEST = 3
MOST_QUESTIONS = 300
ONLY_CONTROLS = "This run measured no vector, only random controls or the unsteered model."


def report(sweep: Sweep) -> bytes:
    """The run: figures, charts of all and of the best vectors, tables, caveats, provenance."""
    evaluation = sweep.evaluation
    ranking = sweeps.ranking(sweep) if sweep.names else None
    title = f"{sweep.title} \u00b7 {sweep.model}"
    parts = [
        offline.heading(title, 1),
        offline.paragraph(f"Vectorscope, evaluation {evaluation.digest}", "muted"),
        *(offline.paragraph(note, "warning") for note in warnings(sweep)),
        offline.paragraph(ONLY_CONTROLS, "warning")
        if ranking is None
        else offline.figures(_figures(sweep, ranking)),
        offline.paragraph(f"{captions.PROXY} {captions.orders(evaluation.config)}"),
        offline.heading("What was run"),
        offline.names(recipes.of_sweep(evaluation) | {"view": link(evaluation.digest)}),
        *([] if ranking is None else _measured(sweep, ranking)),
        offline.folded("The questions", offline.table(_questions(sweep))),
        offline.folded("All settings", offline.settings(evaluation.config)),
        offline.heading("Provenance"),
        offline.names(provenance(evaluation.provenance)),
    ]
    return offline.document(title, parts)


def _measured(sweep: Sweep, ranking: pd.DataFrame) -> list[str]:
    """What was found of the vectors."""
    best = list(ranking["name"])[:BEST]
    return [
        *_all(sweep, ranking),
        offline.heading("Vectors, the largest effect first"),
        offline.table(leaderboard(ranking)),
        offline.paragraph(captions.BEST_OF_MANY, "muted"),
        *(part for name in best for part in _one(sweep, str(name), ranking)),
        offline.heading("Every figure"),
        offline.folded("All vectors at all scales", offline.table(_numbers(sweep))),
    ]


def link(digest: str) -> str:
    """Where the dashboard shows this run."""
    return navigation.link("curves", run=digest)


def warnings(sweep: Sweep) -> list[str]:
    """What a reader must know before believing this run."""
    found = [*sweep.evaluation.questions.notes, *sweep.evaluation.notes]
    if sweep.nothing_moved:
        found.append(captions.NOTHING_MOVED)
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
    return {
        f"Unsteered {sweep.behaviour}": f"{base['rate']:.0%}",
        f"Steered {sweep.behaviour}": f"{rates.min():.0%} to {rates.max():.0%}",
        "Beyond the best random": f"{beyond} of {len(ranking)}",
        "Unsteered choosing A": f"{base['percent_a']:.0%}",
    }


def _all(sweep: Sweep, ranking: pd.DataFrame) -> list[str]:
    """The two charts of all vectors."""
    cells = sweeps.cells(sweep)
    band = sweeps.labelled(sweeps.band(sweep, "change"), sweep)
    thick = "Thick: each method's strongest vector."
    grey = f"Grey: 95 % of {sweep.control_count} random vectors." if sweep.control_count else ""
    best = ranking.loc[ranking["badge"] == BEYOND, "name"]
    told = cells.assign(starred=cells["name"].isin(best), flips="", told="")
    marks = "; ".join(
        f"{mark} {captions.FLAGS[name]}" for name, mark in captions.FLAG_MARKS.items()
    )
    return [
        offline.heading(f"What moves {sweep.behaviour} answers"),
        offline.chart(overviews.headline(cells, band, looks.LIGHT), f"{thick} {grey}"),
        offline.chart(
            overviews.heat_map(told, looks.LIGHT),
            "Mean change of the logit difference from scale 0. Bold: beyond the band of random "
            f"vectors at that scale. \u2605 beyond the best of {sweep.control_count} random. "
            f"{marks}.",
        ),
    ]


def leaderboard(ranking: pd.DataFrame) -> pd.DataFrame:
    """The ranking as a reader's table."""
    rows = ranking.to_dict("records")
    return pd.DataFrame(
        {
            "vector": ranking["name"],
            "method": ranking["method"].map(captions.method),
            "at scale": ranking["label"],
            "change": ranking["change"].map(_number),
            "95 % interval": [
                f"{_number(row['change_low'])} to {_number(row['change_high'])}" for row in rows
            ],
            "random": ranking["control"].map(_number),
            "behaviour": ranking["rate"].map("{:.0%}".format),
            "choosing A": ranking["percent_a"].map("{:.0%}".format),
            "badge": [sweeps.verdict(row) for row in rows],
        }
    )


def _number(value: float) -> str:
    return "" if value != value else captions.number(value)


def _one(sweep: Sweep, name: str, ranking: pd.DataFrame) -> list[str]:
    """A vector's violin and shares, with what may be said of it."""
    view = vector_drawings.usual(sweep, name)
    drawn = vector_drawings.violin(sweep, view, looks.LIGHT)
    if drawn is None:
        return []
    row = ranking[ranking["name"] == name].to_dict("records")[0]
    return [
        offline.heading(name),
        offline.paragraph(sweeps.sentence(row)),
        offline.chart(drawn, "Every dot is a question; the % is the share of behaviour answers."),
        offline.chart(
            vector_drawings.rates(sweep, view, looks.LIGHT), vector_drawings.legend(sweep, view)
        ),
    ]


def _numbers(sweep: Sweep) -> pd.DataFrame:
    kept = ["name", "label", "rate", "rate_low", "rate_high", "mean", "change", "percent_a"]
    cells = sweeps.cells(sweep)
    return cells[[name for name in kept if name in cells]].rename(columns={"label": "scale"})


def _questions(sweep: Sweep) -> pd.DataFrame:
    asked = sweep.evaluation.questions.questions
    rows = [
        {
            "id": one.id,
            "question": one.stem,
            "(A)": one.options[0],
            "(B)": one.options[1],
            sweep.behaviour: one.behaviour_letter,
        }
        for one in asked[:MOST_QUESTIONS]
    ]
    if len(asked) > MOST_QUESTIONS:
        rows.append({"id": "\u2026", "question": f"and {len(asked) - MOST_QUESTIONS} more"})
    return pd.DataFrame(rows).fillna("")
