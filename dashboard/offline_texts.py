"""A grid of texts as a self-contained HTML report. Knows nothing of sessions or files."""

from collections.abc import Mapping

import pandas as pd

from dashboard import captions, offline, offline_run, recipes, text_cards
from engine.generation_records import Generation


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
    title = f"{asked} \u00d7 {captions.count(len(columns), 'configuration')}"
    parts = [
        offline.heading(title, 1),
        offline.paragraph(f"Vectorscope, generation {generation.digest}", "muted"),
        *(offline.paragraph(note, "warning") for note in generation.notes),
        offline.heading("What was run"),
        offline.names(recipes.of_texts(generation, columns)),
    ]
    for prompt in prompts:
        rows = generation.frame[generation.frame["prompt"] == prompt]
        parts += [offline.heading(prompt), _cells(rows, labels, samples)]
    effects = pd.DataFrame(generation.side_effects).T.rename_axis("configuration").reset_index()
    parts += [
        offline.heading("Side effects"),
        offline.table(effects),
        offline.folded("All settings", offline.settings(config)),
        offline.heading("Provenance"),
        offline.names(offline_run.provenance(generation.provenance)),
    ]
    return offline.document(title, parts)


def _cells(rows: pd.DataFrame, labels: Mapping[int, str], samples: int) -> str:
    """The texts to one prompt."""
    boxes = []
    for index, row in rows.iterrows():
        name = str(row["configuration"]) + (f", sample {row['sample'] + 1}" if samples > 1 else "")
        one = text_cards.cell(name, row.to_dict(), labels.get(int(str(index))))
        words = "(empty)" if not (one.text or "").strip() else one.text
        boxes.append(
            f'<div class="cell"><b>{offline.escape(one.name)}</b>'
            f"<pre>{offline.escape(words)}</pre>"
            f'<span class="muted">{offline.escape(one.facts)}</span></div>'
        )
    return f'<div class="grid">{"".join(boxes)}</div>'
