"""`python -m tests.architectures [NAME...]`: the table of what works on which architecture.

Without names it writes `data/architectures.md`; exit code 1 where something is silently wrong.
"""

import sys
import tempfile
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import transformers

from engine.store.files import write_atomically
from tests.architectures import measuring, models
from tests.architectures.measuring import FEATURES, Figure, Report

PLACE = Path("data/architectures.md")


def main(names: list[str]) -> int:
    """Measure, print a line each, and write the table where all were asked for."""
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    reports = []
    for name in names or models.KINDS:
        with tempfile.TemporaryDirectory() as folder:
            reports.append(measuring.report(name, Path(folder)))
        sys.stdout.write(f"{_line(reports[-1])}\n")
        sys.stdout.flush()
    if not names:
        write_atomically(PLACE, _page(reports).encode())
    return int(not all(report.is_right for report in reports))


def _page(reports: list[Report]) -> str:
    versions = ", ".join(f"{one} {metadata.version(one)}" for one in ("torch", "transformers"))
    refused = [report for report in reports if report.way in ("refused", "crashed")]
    head = ["architecture", "", "run", *FEATURES]
    lines = [
        "# What works on which architecture",
        "",
        f"Tiny random models in float32 on a CPU, {versions}, {datetime.now(UTC):%d %B %Y};",
        "made by `python -m tests.architectures`. Each figure is the largest difference from whole",
        "passes of the library's eager model, one row at a time and without a cache, as a share of",
        f"the largest value; {measuring.BAR:g} is the bar. Every prompt is longer than every",
        "window or boundary below, unless it says otherwise. *By hand*: blocks that share",
        "beginnings (fast); *hooks*: the library's own passes.",
        "",
        f"| {' | '.join(head)} |",
        f"| {' | '.join(['---'] * 3 + ['---:'] * len(FEATURES))} |",
        *(_line(report) for report in reports),
    ]
    if refused:
        lines += ["", "Refused:", "", *(f"- {one.name}: {one.reason}" for one in refused)]
    said = [
        f"- {one.name}, {title}: {figure.words}"
        for one in reports
        for title, figure in one.figures.items()
        if figure.words
    ]
    if said:
        lines += ["", "Without a figure:", "", *said]
    return "\n".join(lines) + "\n"


def _line(report: Report) -> str:
    about = models.KINDS[report.name].about
    figures = [_cell(report.figures.get(title)) for title in FEATURES]
    return f"| {' | '.join([report.name, about, report.way, *figures])} |"


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    if figure.words:
        return "refused"
    return f"{figure.difference:.0e}" if figure.holds else f"**wrong: {figure.difference:.1e}**"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
