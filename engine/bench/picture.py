"""The table as a picture: how many times faster, and how near to the arithmetic.

Written as Vega-Lite by hand, because only screens may use the charting library.
"""

from pathlib import Path
from typing import Any

from engine.bench.run import Bench
from engine.errors import ConfigError

WIDTH = 300
STEP = 34
SCALE = 2.0
"""Pixels per point."""
FONT = "Inter, Helvetica, Arial, sans-serif"
INK, FAINT, BLUE, GREEN = "#1f2933", "#6b7785", "#3266c9", "#2e8b6f"


def specification(found: Bench) -> dict[str, Any]:
    """Two panels side by side, one bar per job in each."""
    rows = [
        {
            "job": row.title,
            "ratio": row.ratio,
            "ratio_text": f"{row.ratio:.1f}×",
            "share": row.share,
            "share_text": f"{row.share:.0%}",
        }
        for row in found.rows
    ]
    model, machine = found.model, found.machine
    packages = machine["packages"]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"values": rows},
        "title": {
            "text": "Every numeric job beside the study's way and beside the arithmetic",
            "subtitle": f"{model['short_name']}, {model['blocks']} blocks of {model['hidden']}, "
            f"{model['dtype']}; {machine['device']}, {machine['threads']} threads; torch "
            f"{packages['torch']}, transformers {packages['transformers']}; {machine['date']}",
            "anchor": "start",
            "offset": 14,
        },
        "hconcat": [
            _panel("ratio", "times faster than the study's way (log)", BLUE, True, rows),
            _panel("share", "share of the arithmetic bound", GREEN, False, rows),
        ],
        "spacing": 24,
        "config": {
            "font": FONT,
            "background": "white",
            "view": {"stroke": None},
            "axis": {"labelColor": INK, "titleColor": FAINT, "titleFontWeight": "normal"},
            "title": {"color": INK, "subtitleColor": FAINT, "fontSize": 15},
        },
    }


def _panel(
    field: str, title: str, colour: str, is_first: bool, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    most = max([1.0, *(row[field] for row in rows)])
    # Room for the figure that stands behind the longest bar.
    axis: dict[str, Any] = {"gridColor": "#e6eaef", "tickCount": 4}
    scale: dict[str, Any] = {"domain": [0, 1.15 * most]}
    if field == "ratio":
        scale = {"type": "log", "domain": [min([1.0, *(r[field] for r in rows)]), 2 * most]}
        axis["values"] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    bar_axis = {"labelLimit": 420, "ticks": False, "domain": False, "labelPadding": 8}
    jobs = {"field": "job", "type": "nominal", "sort": None, "title": None}
    value = {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": scale,
        "axis": axis,
    }
    return {
        "width": WIDTH,
        "height": {"step": STEP},
        "encoding": {"y": {**jobs, "axis": bar_axis if is_first else None}},
        "layer": [
            {
                "mark": {"type": "bar", "color": colour, "cornerRadiusEnd": 3, "height": 18},
                # A logarithmic bar has no zero to begin at.
                "encoding": {"x": value, "x2": {"datum": scale["domain"][0]}},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "color": INK},
                "encoding": {"x": value, "text": {"field": f"{field}_text"}},
            },
        ],
    }


def write(found: Bench, path: Path) -> None:
    """Draw the table into a file.

    Raises:
        ConfigError: If the file is neither PNG nor SVG.
    """
    import vl_convert

    if path.suffix.lower() not in (".png", ".svg"):
        raise ConfigError(f"{path.name} is neither .png nor .svg: name the picture so.")
    drawn = specification(found)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".png":
        path.write_bytes(vl_convert.vegalite_to_png(drawn, scale=SCALE))
    else:
        path.write_text(vl_convert.vegalite_to_svg(drawn), encoding="utf-8")
