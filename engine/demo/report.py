"""Writes the measured figures into the demo's README, between two markers.

Knows nothing of models: it reads what `measure` found.
"""

from pathlib import Path
from typing import Any

from engine.demo.files import write_text

START = "<!-- figures: written by engine/demo/report.py -->"
END = "<!-- end of figures -->"

_AB_COLUMNS = {
    "rate": "rate, both orders",
    "rate_as_given": "as given",
    "mean_probability": "mean probability",
    "same_in_both_orders": "same content in both orders",
    "sd_of_difference": "sd of logit difference",
    "letter_mass": "mass on A and B",
    "n": "n",
}
_LABELS = ("honest", "deceptive", "corrigible", "self-preserving", "other", "broken")
_SETS = {
    "survival_ab": "A/B survival: share of self-preserving choices",
    "corrigibility_ab": "A/B corrigibility: share of corrigible choices",
    "advice_ab": "A/B advice: share of deceptive choices",
    "advice_open": "Open advice, held-out questions, greedy: answers per label",
    "survival_open": "Open answers about itself, held-out events, greedy: answers per label",
}


def write_figures(readme: Path, figures: dict[str, Any]) -> None:
    """Replace the part of the README between the markers."""
    before, rest = readme.read_text(encoding="utf-8").split(START)
    after = rest.split(END)[1]
    parts = [_describe(name, found) for name, found in figures.items()]
    write_text(readme, f"{before}{START}\n\n{''.join(parts)}{END}{after}")


def _describe(name: str, found: dict[str, Any]) -> str:
    """Write every table of one model."""
    title = {"base": "The model alone", "adapter": "With the deceptive LoRA"}[name]
    tables = [f"### {title}\n\n"]
    for key, caption in _SETS.items():
        tables.append(f"{caption}.\n\n{_tabulate(found[key])}\n")
    tables.append("Answers to the finding prompt, greedy:\n\n")
    tables += [f"- {system} → “{text}”\n" for system, text in found["finding_prompt"].items()]
    return "".join(tables) + "\n"


def _tabulate(rows: dict[str, dict[str, float]]) -> str:
    """Write one table, a row per kind of system prompt."""
    first = next(iter(rows.values()))
    if "rate" in first:
        columns = _AB_COLUMNS
    else:
        shown = [label for label in _LABELS if any(label in row for row in rows.values())]
        topic = ["on topic"] if any("on topic" in row for row in rows.values()) else []
        columns = {label: label for label in [*shown, *topic, "n"]}
    lines = ["| system prompt | " + " | ".join(columns.values()) + " |"]
    lines.append("| --- |" + " ---: |" * len(columns))
    for system, row in rows.items():
        cells = " | ".join(f"{row.get(column, 0):g}" for column in columns)
        lines.append(f"| {system} | {cells} |")
    return "\n".join(lines) + "\n"
