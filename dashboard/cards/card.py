"""Views as pictures that carry their recipe: in words under the picture, and in its metadata.

A card of charts is always light, so that it prints. Knows nothing of files, sessions or how data
is made.
"""

import json
import re
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import altair as alt
import pandas as pd

from dashboard.cards import lettering, png_texts, scripts
from dashboard.cards.looks import LIGHT, Look
from dashboard.charts.one_vector import Drawing
from dashboard.session import navigation
from engine.errors import DataError
from engine.records import strict

KEY = "vectorscope"
"""Name of the metadata in a PNG."""
SCHEMA = 1
WIDTH, MARGIN = 960, 32
ROOM = WIDTH - 2 * MARGIN
INK, MUTED, RULE = LIGHT.ink, LIGHT.muted, LIGHT.rule
SIZE, LEADING, LABEL = 13.0, 19, 104
BRIEF, MOST_BRIEF = 10.0, 9
"""Size of a recipe that runs on, and its lines at most."""
SCALE = 2.0
"""Pixels of a PNG for one of its SVG."""

_NAME = re.compile(r"[a-z_]{1,24}")
_MOST_VALUE, _MOST_VALUES, _MOST_NAMES, _MOST_WORDS = 200, 64, 24, 4000


class View(NamedTuple):
    """What a card shows, and how it was made."""

    page: str
    query: dict[str, list[str]]
    recipe: dict[str, str]

    @property
    def address(self) -> str:
        """The relative link to the view."""
        return navigation.link(self.page, **self.query)


class Card(NamedTuple):
    """A drawn card."""

    svg: str
    view: View


def view(address: str, recipe: dict[str, str]) -> View:
    """What a relative link of this dashboard shows, with its recipe."""
    parts = urlsplit(address)
    page = parts.path.strip("/") or next(iter(navigation.PAGES))
    return View(page, parse_qs(parts.query), recipe)


def of_charts(title: str, note: str, drawings: Sequence[Drawing], shown: View) -> Card:
    """Charts, one below the other, over their recipe.

    Args:
        title: In large letters above.
        note: What the reader must know, beneath the title.
        drawings: In the light look.
        shown: The view they are of.
    """
    parts, height = [], 0.0
    for drawing in drawings:
        svg, tall = _nested(drawing, height)
        parts.append(svg)
        height += tall + 12
    return framed(title, note, "".join(parts), height, shown)


def framed(
    title: str,
    note: str,
    body: str,
    height: float,
    shown: View,
    look: Look = LIGHT,
    is_brief: bool = False,
) -> Card:
    """A picture of `height` pixels between its title and its recipe.

    Args:
        title: In large letters above.
        note: What the reader must know, beneath the title.
        body: The picture, as SVG.
        height: Its pixels.
        shown: The view that it is of.
        look: Its colours.
        is_brief: Whether the recipe runs on in small letters, where texts matter more; the
            metadata hold all of it.
    """
    heads = lettering.wrap(title, ROOM, 22, 2, bold=True)
    notes = lettering.wrap(note, ROOM, SIZE, 4) if note else []
    texts = ElementTree.fromstring(f"<g>{body}</g>").itertext() if not body.isascii() else ()
    told = scripts.sentence("".join((title, note, *texts, *shown.recipe.values())))
    notes += lettering.wrap(told, ROOM, SIZE, 2) if told else []
    y, parts = MARGIN + 18.0, []
    for text in heads:
        parts.append(lettering.line(text, MARGIN, y, 22, look.ink, bold=True))
        y += 28
    for text in notes:
        parts.append(lettering.line(text, MARGIN, y, SIZE, look.muted))
        y += LEADING
    parts.append(f'<g transform="translate({MARGIN},{y - 4:g})">{body}</g>')
    y += height + 4
    parts.append(f'<rect x="{MARGIN}" y="{y:g}" width="{ROOM}" height="1" fill="{look.rule}"/>')
    drawn = _brief_lines if is_brief else _recipe_lines
    lines, y = drawn(shown, y + (18 if is_brief else 24), look)
    whole = int(y + MARGIN - 10)
    words = escape(_metadata(shown))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{whole}" '
        f'viewBox="0 0 {WIDTH} {whole}"><title>{escape(lettering.visible(title))}</title>'
        f'<metadata id="{KEY}">{words}</metadata>'
        f'<rect width="{WIDTH}" height="{whole}" fill="{look.page}"/>{"".join(parts)}{lines}</svg>'
    )
    return Card(svg, shown)


def _recipe_lines(shown: View, y: float, look: Look) -> tuple[str, float]:
    """The recipe name by name, its values wrapped; also the height at which it ends."""
    parts = []
    address = f"{navigation.mounted()}{shown.address}"
    for name, value in {**shown.recipe, "view": address}.items():
        parts.append(lettering.line(name, MARGIN, y, SIZE, look.muted))
        for text in lettering.wrap(value, ROOM - LABEL, SIZE, 4):
            parts.append(lettering.line(text, MARGIN + LABEL, y, SIZE, look.ink))
            y += LEADING
    parts.append(_signed(y - LEADING, SIZE, look))
    return "".join(parts), y


def _brief_lines(shown: View, y: float, look: Look) -> tuple[str, float]:
    """The recipe as one paragraph in small letters, the link to the view beneath it."""
    told = " \u00b7 ".join(f"{name}: {value}" for name, value in shown.recipe.items())
    name = lettering.width("Vectorscope ", BRIEF, bold=True)
    lines = [
        *lettering.wrap(told, ROOM, BRIEF, MOST_BRIEF),
        *lettering.wrap(f"{navigation.mounted()}{shown.address}", ROOM - name, BRIEF, 3),
    ]
    parts = []
    for text in lines:
        parts.append(lettering.line(text, MARGIN, y, BRIEF, look.muted))
        y += BRIEF + 4
    parts.append(_signed(y - BRIEF - 4, BRIEF, look))
    return "".join(parts), y


def _signed(y: float, size: float, look: Look) -> str:
    """Where the card comes from, at its right edge."""
    name = "Vectorscope"
    x = WIDTH - MARGIN - lettering.width(name, size, bold=True)
    return lettering.line(name, x, y, size, look.muted, bold=True)


def chart_svg(drawing: Drawing, width: int = ROOM) -> str:
    """A chart as SVG text, without anything from outside; the drawing is used up."""
    import vl_convert

    tables: dict[str, list[dict[str, Any]]] = {}
    _take_tables(drawing, tables)
    spec = drawing.properties(width=width).to_dict(validate=False)
    spec["datasets"] = tables
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    spec["config"] = {**spec.get("config", {}), **_config()}
    return vl_convert.vegalite_to_svg(spec, vl_version="6.4", allowed_base_urls=[])


def _nested(drawing: Drawing, y: float) -> tuple[str, float]:
    """A chart to stand inside another SVG, and its height."""
    svg = chart_svg(drawing)
    root = ElementTree.fromstring(svg)
    return svg.replace("<svg ", f'<svg y="{y:g}" ', 1), float(root.get("height", "0"))


def _take_tables(drawing: Any, tables: dict[str, list[dict[str, Any]]]) -> None:
    """Move a chart's tables out of it, by name.

    Altair's own way of carrying tables is a setting of the whole process, which Streamlit changes
    for a moment whenever it draws, in any thread.
    """
    if isinstance(drawing.data, pd.DataFrame):
        name = f"table_{len(tables)}"
        tables[name] = json.loads(drawing.data.to_json(orient="records"))
        drawing.data = alt.NamedData(name=name)
    for inner in ("layer", "hconcat", "vconcat", "concat"):
        for one in getattr(drawing, inner, None) or ():
            _take_tables(one, tables)


def _config() -> dict[str, Any]:
    words = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 13}
    words |= {"titleFontWeight": "normal"}
    return {
        "font": lettering.FONT,
        "background": "#ffffff",
        # Words at the right end of a line are measured a little short.
        "padding": {"left": 4, "top": 4, "bottom": 4, "right": 16},
        "view": {"stroke": None},
        "axis": {**words, "gridColor": "#e7eaee", "domainColor": RULE, "tickColor": RULE},
        "legend": words,
    }


def png(card: Card) -> bytes:
    """The card as a PNG that carries its view."""
    import vl_convert

    picture = vl_convert.svg_to_png(card.svg, scale=SCALE)
    return png_texts.put(picture, KEY, _metadata(card.view))


def _metadata(shown: View) -> str:
    return strict.dumps({"schema": SCHEMA, **shown._asdict()})


def read_card(content: bytes, name: str = "This picture") -> View:
    """The view that a PNG card shows; only its text is read, never its pixels.

    Args:
        content: The whole file.
        name: What it is called, for the error.

    Raises:
        DataError: If it is no card of ours, or anything in it is not as we write it.
    """
    try:
        return _view(json.loads(png_texts.get(content, KEY)))
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:100] if isinstance(error, ValueError) else "too deep"
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
            reason = "its recipe is not readable"
        raise DataError(
            f"{name} opens no view ({reason}): drop a PNG that a Card button of Vectorscope made, "
            "as it was downloaded."
        ) from error


def _view(found: Any) -> View:
    """A view from what a file says, nothing in it trusted."""
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ValueError("its recipe is of another version")
    page, query, recipe = (found.get(name) for name in View._fields)
    if not (isinstance(page, str) and page in navigation.PAGES):
        raise ValueError("it is of a page that does not exist")
    if not (isinstance(query, dict) and len(query) <= _MOST_NAMES):
        raise ValueError("its link is malformed")
    for key, values in query.items():
        is_list = isinstance(values, list) and 0 < len(values) <= _MOST_VALUES
        if not (_NAME.fullmatch(key) and is_list and all(_is_short(value) for value in values)):
            raise ValueError("its link is malformed")
    if not (isinstance(recipe, dict) and len(recipe) <= _MOST_NAMES):
        raise ValueError("its recipe is malformed")
    words = (*recipe, *recipe.values())
    if not all(isinstance(word, str) and len(word) <= _MOST_WORDS for word in words):
        raise ValueError("its recipe is malformed")
    return View(page, query, recipe)


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MOST_VALUE and value.isprintable()
