"""Cards and reports of the views: what stands on them. Draws no page and reads no files."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from dashboard.cards import card, html_run, html_texts, recipes
from dashboard.cards import texts as text_cards
from dashboard.cards.card import Card
from dashboard.charts import families as family_charts
from dashboard.charts import heatmaps, many_vectors, vector_view
from dashboard.charts.vector_view import View
from dashboard.frames import controls, cosines
from dashboard.frames import families as side_by_side
from dashboard.frames import sweep as sweeps
from dashboard.frames.families import Choice
from dashboard.frames.sweep import Sweep
from dashboard.widgets import widgets
from dashboard.widgets.sheets import Sheet
from dashboard.widgets.words import stored as words
from dashboard.words import captions
from dashboard.words.inks import LIGHT, Inks
from engine.errors import EngineError
from engine.records.grids import Generation
from engine.records.records import VectorSet
from engine.statistics import similarity

TITLE, MOST_PROMPT = 120, 2000
"""Signs of a prompt that a title holds, and that a recipe keeps."""


def curves(sweep: Sweep, view: View, row: dict | None, address: str) -> None:
    """What can be shared of one vector's curves: link, card, and the report of the run.

    Args:
        sweep: The run.
        view: What of it is shown.
        row: The vector's row of the ranking, if it has one.
        address: The link to the view.
    """
    digest = sweep.evaluation.digest
    name = f"curves_{digest}_{view.name}".replace(" ", "_")
    widgets.share_card(
        address,
        lambda: curve_card(sweep, view, row, address),
        name,
        lambda: html_run.report(sweep),
    )


def proxy(sweep: Sweep) -> str:
    """What the figures of a run stand for."""
    return captions.PROXY if sweep.reading.has_letters else captions.LIKELIHOOD


def curve_card(sweep: Sweep, view: View, row: dict | None, address: str) -> Card:
    """The violin of one vector over its shares, as they are on screen."""
    usable = sweeps.usable_span(row)
    violin = None if view.metric == "rate" else vector_view.violin(sweep, view, LIGHT)
    drawn = [
        *([] if violin is None else [violin]),
        vector_view.rates(sweep, view, LIGHT, usable),
    ]
    said = "" if row is None else f"{sweeps.sentence(row)} "
    foot = "Blue foot: the usable range. " if usable else ""
    note = f"{said}{vector_view.legend(sweep, view)} {foot}{proxy(sweep)}"
    place = sweeps.key_of(sweep, view.name)
    recipe = recipes.of_vector(sweep.evaluation, *place, view.told)
    if says := words.on_card(place, sweep.model):
        recipe = {**recipe, "says": says}
    if view.pinned is not None:
        other = sweeps.key_of(sweep, view.pinned)
        told = f"{captions.PINNED} {view.pinned_told}: row {other[1]} of set {other[0]}"
        recipe = {**recipe, "pinned": told}
    title = f"{view.told}: {sweep.metrics[view.metric].lower()} by scale, {sweep.title}"
    return card.of_charts(title, note, drawn, card.view(address, recipe))


def overview(
    sweep: Sweep, cells: pd.DataFrame, address: str, own: Mapping[str, str] | None = None
) -> None:
    """What can be shared of all vectors: link, card, and the report of the run.

    Args:
        sweep: The run.
        cells: What the map draws, as `many_vectors.heat_map` takes it.
        address: The link to the view.
        own: A reader's own names of vectors, by those of the run.
    """
    widgets.share_card(
        address,
        lambda: overview_card(sweep, cells, address, own),
        f"overview_{sweep.evaluation.digest}",
        lambda: html_run.report(sweep),
    )


def overview_card(
    sweep: Sweep, cells: pd.DataFrame, address: str, own: Mapping[str, str] | None = None
) -> Card:
    """All vectors x scales."""
    marks = captions.flags(sweep.evaluation.config)
    note = (
        f"Mean change of {sweep.reading.less(sweep.behaviour)} from scale 0. Bold: beyond "
        f"the 95 % band of {controls.words_of_all(sweep)} at that scale. \u2605 beyond the "
        f"best of them. {marks}. {proxy(sweep)}"
    )
    shown = card.view(address, recipes.of_sweep(sweep.evaluation))
    title = f"{sweep.title}: every vector at every scale"
    drawn = many_vectors.heat_map(cells, LIGHT, sweep.reading, sweep.steered, own)
    return card.of_charts(title, note, [drawn], shown)


def families(sweep: Sweep, choice: Choice, address: str) -> None:
    """What can be shared of methods side by side: link, card, and the report of the run.

    Args:
        sweep: The run.
        choice: What is drawn; a pick that is none of one picture means all six.
        address: The link to the view.
    """
    widgets.share_card(
        address,
        lambda: families_card(sweep, choice, address),
        f"methods_{sweep.evaluation.digest}_{choice.pick}",
        lambda: html_run.report(sweep),
    )


def families_card(sweep: Sweep, choice: Choice, address: str) -> Card:
    """One picture of methods side by side, or all six."""
    if choice.pick in side_by_side.PICKS:
        one = family_charts.draw(sweep, choice, LIGHT)
        drawn, name = [] if one is None else [one], side_by_side.PICKS[choice.pick].lower()
    else:
        drawn = list(family_charts.draw_six(sweep, choice, LIGHT).values())
        name = "all, top and by rank"
    note = f"{side_by_side.DRAWN} {proxy(sweep)}"
    recipe = recipes.of_sweep(sweep.evaluation) | side_by_side.told(sweep, choice)
    if told := side_by_side.notes(sweep, choice):
        recipe["to know"] = " ".join(told)
    title = f"{sweep.title}: methods by scale, {name}"
    return card.of_charts(title, note, drawn, card.view(address, recipe))


def layers(
    pair: tuple[VectorSet, VectorSet],
    nulls: Sequence[VectorSet],
    names: tuple[str, str],
    limit: float,
    cell: str | None,
    address: str,
) -> None:
    """What can be shared of two sets, layer by layer: link and card.

    Args:
        pair: Rows and columns.
        nulls: Sets of shuffled labels, if there are any.
        names: Of the rows and the columns.
        limit: |cosine| at which the colour is full.
        cell: The chosen cell.
        address: The link to the view.
    """
    name = f"similarity_{pair[0].digest}_{pair[1].digest}"
    widgets.share_card(address, lambda: layer_card(pair, nulls, names, limit, cell, address), name)


def layer_card(
    pair: tuple[VectorSet, VectorSet],
    nulls: Sequence[VectorSet],
    names: tuple[str, str],
    limit: float,
    cell: str | None,
    address: str,
) -> Card:
    """The map of two sets over the cosine at the same layer; arguments as those of `layers`."""
    cells = cosines.cells(*pair)
    titles = (f"{names[0]} vector, block", f"{names[1]} vector, block")
    drawn = [heatmaps.layers(cells, titles, limit, LIGHT, cell)]
    words = []
    try:
        frame = similarity.by_layer(*pair, nulls)
        drawn.append(heatmaps.same_layer(frame, LIGHT))
        words.append(f"Grey: 95 % of random pairs lie within \u00b1{frame['random'].iloc[0]:.3f}.")
    except EngineError as error:
        words.append(str(error))
    if nulls:
        words.append("Orange: 95 % of the same pairs with shuffled labels.")
    words.append("A cosine compares directions, not effects.")
    shown = card.view(address, recipes.of_pair(*pair, _cell_words(cells, cell)))
    return card.of_charts(f"{names[0]} against {names[1]}", " ".join(words), drawn, shown)


def _cell_words(cells: object, cell: str | None) -> str | None:
    """The chosen cell: both labels and its cosine."""
    rows = cells[cells["cell"] == cell] if cell else None  # type: ignore[index]
    if rows is None or rows.empty:
        return None
    one = rows.iloc[0]
    return f"row {one['row_label']}, column {one['column_label']}: cosine {one['cosine']:+.3f}"


class Shown(NamedTuple):
    """Which texts of a grid are on screen."""

    prompt: int
    samples: tuple[int, ...]
    names: tuple[str, ...]
    """Of the columns, in their order."""
    marks_changes: bool = False
    """Against the unsteered text."""


def texts(sheet: Sheet, shown: Shown, labels: dict[int, str], address: str) -> None:
    """What can be shared of one prompt's texts: link, card, and the report of a stored grid.

    Args:
        sheet: The grid.
        shown: What of it.
        labels: A person's, by row.
        address: The link to the view.
    """
    found = sheet.generation
    if found is None:
        widgets.share(address)
        return
    name = f"texts_{sheet.digest}_{shown.prompt + 1}"
    inks = widgets.inks()
    widgets.share_card(
        address,
        lambda: text_card(sheet, found, shown, labels, address, inks),
        name,
        lambda: html_texts.report(found, labels),
    )


def text_card(
    sheet: Sheet,
    found: Generation,
    shown: Shown,
    labels: dict[int, str],
    address: str,
    inks: Inks = LIGHT,
) -> Card:
    """One prompt's texts side by side; arguments as those of `texts`, and the page's inks."""
    cells = []
    for name in shown.names:
        for sample in shown.samples:
            row = sheet.row(shown.prompt, name, sample)
            before = sheet.row(shown.prompt, sheet.baseline, sample)
            is_marked = shown.marks_changes and name != sheet.baseline and before is not None
            title = f"{name}, sample {sample + 1}" if len(shown.samples) > 1 else name
            given = None if row is None else labels.get(row["row"])
            against = str(before["text"]) if is_marked and before is not None else None
            cells.append(text_cards.cell(title, row, given, against))
    asked = str(found.config["prompts"][shown.prompt])
    # The title has room for two lines.
    recipe = {"prompt": asked[:MOST_PROMPT]} if len(asked) > TITLE else {}
    told = {**recipe, **recipes.of_texts(found, shown.names)}
    return text_cards.of_texts(asked, _note(sheet, shown), cells, card.view(address, told), inks)


def _note(sheet: Sheet, shown: Shown) -> str:
    """What the reader of a card must know."""
    count = int(sheet.config["samples"])
    words = ["One text is an anecdote, not a rate."]
    if count > 1 and len(shown.samples) == 1:
        words.append(f"Sample {shown.samples[0] + 1} of {count}.")
    left = len(sheet.names) - len(shown.names)
    if left > 0:
        words.append(f"{len(shown.names)} of the grid's {len(sheet.names)} columns.")
    if shown.marks_changes:
        words.append(f"Marked against {sheet.baseline}: new words underlined, others struck out.")
    return " ".join(words)
