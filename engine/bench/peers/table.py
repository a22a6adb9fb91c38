"""The contest as a table for a terminal and for a page of text.

Knows nothing of how figures are measured.
"""

from typing import Any

from rich.table import Table

from engine.bench.peers.contest import Contest

CAPTION = (
    "ratio: how many times faster ours is, the median over rounds; bound: share of the time that "
    "the matrix products alone would take."
)
HEADINGS = ("job", "who", "seconds", "ratio", "bound", "batch", "agreement")


def lines(found: Contest) -> list[tuple[str, ...]]:
    """One line for this engine and for each peer in every job."""
    told: list[tuple[str, ...]] = []
    for row in found.rows:
        told.append(
            (row["title"], "ours", _seconds(row["median"]), "", f"{row['share']:.2f}", "", "")
        )
        told += [("", _named(found, name), *_cells(one)) for name, one in row["peers"].items()]
    return told


def _named(found: Contest, name: str) -> str:
    package = name.replace("_", "-")
    version = found.versions[name].get(package, "")
    return f"{package} {version}".strip()


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    if "missing" in one:
        return ("", "", "", "", one["missing"])
    settings = one["settings"]
    batch = f"{settings['batch']}" if "batch" in settings else ""
    if settings.get("together"):
        batch = f"{batch} one vector a row".strip()
    figure = f"{one['agreement']:.6f}" if one["agreement"] > 0.01 else f"{one['agreement']:.0e}"
    return (
        _seconds(one["median"]),
        f"{one['ratio']:.1f}",
        f"{one['share']:.2f}",
        batch,
        f"{figure} {one['agreement_words']}",
    )


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"


def where(found: Contest) -> str:
    """Model, machine class, versions and date in one line."""
    model, machine = found.model, found.machine
    packages, threads = machine["packages"], f"{machine['threads']} threads"
    if found.clock == "processor":
        threads = "processor time of one thread"
    return (
        f"{model['short_name']} ({model['blocks']} x {model['hidden']}, {model['dtype']}) on "
        f"{machine['processor']}, {machine['cores']} cores, {threads}, "
        f"{machine['memory_gib']} GiB; torch {packages['torch']}, transformers "
        f"{packages['transformers']}; {machine['date']}; medians of {found.rounds} rounds"
    )


def shown(found: Contest) -> Table:
    """For a terminal."""
    drawn = Table(title=where(found), caption=CAPTION, caption_justify="left", show_lines=False)
    for name in HEADINGS:
        drawn.add_column(name, justify="right" if name in ("seconds", "ratio", "bound") else "left")
    for line in lines(found):
        drawn.add_row(*line)
    return drawn


def markdown(found: Contest) -> str:
    """For a page of text."""
    rule = ["---:" if name in ("seconds", "ratio", "bound") else "---" for name in HEADINGS]
    rows = [HEADINGS, rule, *lines(found)]
    return "\n".join([where(found), "", *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"
