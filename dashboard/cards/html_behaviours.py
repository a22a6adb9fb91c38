"""A behaviour's study as a self-contained HTML report. Knows nothing of sessions or files."""

from typing import Any

from dashboard.cards import html, html_run, recipes
from dashboard.charts import behaviours as charts
from dashboard.frames import behaviours as frames
from dashboard.session import navigation
from dashboard.words.inks import LIGHT
from engine.records.records import Provenance

NO_TEXTS = "Nobody judged the texts, so their shares are absent."
TEXTS = (
    "Share of the judged texts, with Wilson's 95 % interval. Grey: 95 % of random vectors of the "
    "same norm at the same block. Whether people agree with a judge is not measured here."
)


def report(record: dict[str, Any]) -> bytes:
    """The study: its charts and tables, its settings and provenance.

    Args:
        record: Of the store, with its digest.
    """
    title = f"{record['title']} on {record['model'].get('short_name', 'a model')}"
    tables, positive = record["tables"], record["config"]["positive"]
    texts = [html.paragraph(NO_TEXTS, "warning")]
    if tables["texts"]:
        drawing = charts.texts(tables["texts"], positive, LIGHT)
        texts = [html.chart(drawing, TEXTS), html.table(frames.texts(record))]
    parts = [
        html.heading(title, 1),
        html.paragraph(f"Vectorscope, study {record['digest']}", "muted"),
        *(html.paragraph(note, "warning") for note in record.get("notes", ())),
        html.heading(f"Texts at block {record['chosen']['block']}"),
        *texts,
        html.heading("On pairs that had no part in the choice"),
        html.table(frames.likelihood(record)),
        html.paragraph(frames.told_of_likelihood(record), "muted"),
        html.heading("Where steering works"),
        html.chart(
            charts.choice(tables["choice"], record["chosen"], LIGHT), frames.told_of_choice(record)
        ),
        html.heading("Do the texts hold together?"),
        html.table(frames.fluency(record)),
        html.paragraph(frames.told_of_fluency(record), "muted"),
        html.heading("What was run"),
        html.names(
            recipes.of_study(record) | {"view": navigation.link("studies", study=record["digest"])}
        ),
        html.folded("All settings", html.settings(record["config"])),
        html.heading("Provenance"),
        html.names(html_run.provenance(Provenance(**record["provenance"]))),
    ]
    return html.document(title, parts)
