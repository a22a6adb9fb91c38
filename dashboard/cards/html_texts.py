"""A grid of texts as a self-contained HTML report. Knows nothing of sessions or files."""

from collections.abc import Mapping

import pandas as pd

from dashboard.cards import html, html_run, looks, recipes, texts
from dashboard.frames import grids
from dashboard.words import captions, differences
from engine.records.grids import Generation
from engine.statistics.agreement import sentences


def _style(look: looks.Look) -> str:
    chips = "".join(
        f".{name}{{color:{chip.ink};background:{chip.page}}}" for name, chip in look.chips.items()
    )
    return f"ins{{background:{look.added}}}del{{background:{look.removed}}}{chips}"


_D = looks.DARK
LOOK = (
    ".chip{border-radius:5px;padding:1px 8px;font-size:13px;white-space:nowrap}"
    f"{_style(looks.LIGHT)}@media (prefers-color-scheme:dark){{body{{color:{_D.ink};"
    f"background:{_D.page}}}.muted,dt{{color:{_D.muted}}}.cell,pre.json{{background:{_D.cell};"
    f"border-color:{_D.edge}}}.warning{{background:{_D.cell}}}th,td{{border-color:{_D.edge}}}"
    f"{_style(_D)}}}"
)
"""Verdicts, marks of changes, and the page itself where the reader's browser is dark."""


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
    baseline = grids.unsteered(config)
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
        parts += [html.heading(prompt), _cells(rows, labels, samples, baseline)]
    effects = pd.DataFrame(generation.side_effects).T.rename_axis("configuration").reset_index()
    parts += [
        html.heading("Side effects"),
        html.table(effects),
        html.folded("All settings", html.settings(config)),
        html.heading("Provenance"),
        html.names(html_run.provenance(generation.provenance)),
    ]
    return html.document(title, parts, LOOK)


def _cells(rows: pd.DataFrame, labels: Mapping[int, str], samples: int, baseline: str) -> str:
    """The texts to one prompt, with what is new in them against the unsteered ones."""
    plain = rows[rows["configuration"] == baseline].set_index("sample")["text"].to_dict()
    boxes = []
    for index, row in rows.iterrows():
        name = str(row["configuration"]) + (f", sample {row['sample'] + 1}" if samples > 1 else "")
        before = None if row["configuration"] == baseline else plain.get(row["sample"])
        one = texts.cell(name, row.to_dict(), labels.get(int(str(index))), before)
        chips = "".join(
            f'<span class="chip {colour}">{html.escape(words)}</span> '
            for words, colour in one.chips
        )
        boxes.append(
            f'<div class="cell"><b>{html.escape(one.name)}</b>'
            f"<pre>{_words(one)}</pre>{chips}"
            f'<span class="muted">{html.escape(one.facts)}</span></div>'
        )
    return f'<div class="grid">{"".join(boxes)}</div>'


def _words(one: texts.Cell) -> str:
    """A text as its characters; what is new is underlined, what is gone is struck out."""
    if not (one.text or "").strip():
        return html.escape("(empty)")
    if one.before is None:
        return html.escape(one.text)
    tags = {"same": "{}", "added": "<ins>{}</ins>", "removed": "<del>{}</del> "}
    found = differences.parts(one.before, str(one.text))
    return "".join(tags[part.kind].format(html.escape(part.text)) for part in found)
