"""A grid of texts as a self-contained HTML report. Knows nothing of sessions or files."""

from collections.abc import Mapping

import pandas as pd

from dashboard.cards import html, html_run, recipes, texts
from dashboard.words import captions
from engine.records.grids import Generation
from engine.statistics.agreement import sentences


def report(generation: Generation, labels: Mapping[int, str]) -> bytes:
    """Every prompt with the texts of all configurations side by side.

    Args:
        generation: The grid.
        labels: A person's labels, by row.
    """
    config = generation.config
    columns = [str(one["name"]) for one in config["configurations"]]
    prompts, samples = config["prompts"], int(config["samples"])
    asked = captions.count(len(prompts), "prompt")
    judge = sentences.told(generation.frame, generation.judge, labels)
    title = f"{asked} \u00d7 {captions.count(len(columns), 'configuration')}"
    parts = [
        html.heading(title, 1),
        html.paragraph(f"Vectorscope, generation {generation.digest}", "muted"),
        *(html.paragraph(note, "warning") for note in generation.notes),
        *(html.paragraph(sentence) for sentence in judge),
        html.heading("What was run"),
        html.names(recipes.of_texts(generation, columns)),
    ]
    for prompt in prompts:
        rows = generation.frame[generation.frame["prompt"] == prompt]
        parts += [html.heading(prompt), _cells(rows, labels, samples)]
    effects = pd.DataFrame(generation.side_effects).T.rename_axis("configuration").reset_index()
    parts += [
        html.heading("Side effects"),
        html.table(effects),
        html.folded("All settings", html.settings(config)),
        html.heading("Provenance"),
        html.names(html_run.provenance(generation.provenance)),
    ]
    return html.document(title, parts)


def _cells(rows: pd.DataFrame, labels: Mapping[int, str], samples: int) -> str:
    """The texts to one prompt."""
    boxes = []
    for index, row in rows.iterrows():
        name = str(row["configuration"]) + (f", sample {row['sample'] + 1}" if samples > 1 else "")
        one = texts.cell(name, row.to_dict(), labels.get(int(str(index))))
        words = "(empty)" if not (one.text or "").strip() else one.text
        boxes.append(
            f'<div class="cell"><b>{html.escape(one.name)}</b>'
            f"<pre>{html.escape(words)}</pre>"
            f'<span class="muted">{html.escape(one.facts)}</span></div>'
        )
    return f'<div class="grid">{"".join(boxes)}</div>'
