"""A page as one HTML file that needs nothing else: no script, no font, no request.

Knows nothing of runs or grids; everything that it is given is shown as its characters.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import pandas as pd

from dashboard.cards import card
from dashboard.charts.one_vector import Drawing
from engine.records import strict

STYLE = """
body{font:15px/1.5 "Liberation Sans",Arial,Helvetica,sans-serif;color:#1f2328;background:#fff;
max-width:1080px;margin:0 auto;padding:24px 16px 64px}
h1{font-size:26px;line-height:1.25;margin:.2em 0}h2{font-size:19px;margin:2em 0 .4em}
p,dd,td{overflow-wrap:anywhere}.muted{color:#57606a}
.warning{border-left:4px solid #bf8700;background:#fff8e5;padding:8px 12px;margin:8px 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0}
dt{color:#57606a}dd{margin:0}
.figures{display:flex;flex-wrap:wrap;gap:12px}
.figures div{border:1px solid #d0d7de;border-radius:6px;padding:8px 14px;flex:1 1 180px}
.figures b{display:block;font-size:22px}
.wide{overflow-x:auto}svg{max-width:100%;height:auto}
table{border-collapse:collapse;font-size:13px;margin:8px 0}
th,td{border-bottom:1px solid #d0d7de;padding:4px 10px;text-align:left;vertical-align:top}
td.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,1fr));gap:10px}
.cell{border:1px solid #d0d7de;border-radius:6px;background:#f6f8fa;padding:10px 12px}
.cell pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere;margin:.4em 0}
pre.json{font-size:12px;white-space:pre-wrap;overflow-wrap:anywhere;background:#f6f8fa;padding:12px}
@media print{details{display:block}.cell,figure,tr{break-inside:avoid}}
figure{margin:16px 0}figcaption{color:#57606a;font-size:13px}
"""


def escape(text: Any) -> str:
    """Text of any origin as its characters.

    Slashes in pairs and signs of equality become entities too, so that not even a search of the
    file finds an address in it.
    """
    safe = html.escape("" if text is None else str(text))
    return safe.replace("//", "&#47;&#47;").replace("=", "&#61;").replace("\0", "\ufffd")


def document(title: str, parts: Sequence[str], style: str = "") -> bytes:
    """The whole file; `style` adds to what all of them look like."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}{style}</style>'
    mobile = '<meta name="viewport" content="width=device-width">'
    top = f'<!doctype html>\n<html lang="en"><head>{head}{mobile}</head>'
    whole = "\n".join([top, "<body>", *parts, "</body></html>"])
    return whole.encode("utf-8", "replace")


def heading(text: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph; `kind` is muted, warning or nothing."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def names(values: Mapping[str, Any]) -> str:
    """Names and what they stand for."""
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in values.items())
    return f"<dl>{rows}</dl>"


def figures(values: Mapping[str, str]) -> str:
    """A few figures in large letters."""
    boxes = "".join(f"<div>{escape(k)}<b>{escape(v)}</b></div>" for k, v in values.items())
    return f'<div class="figures">{boxes}</div>'


def table(frame: pd.DataFrame) -> str:
    """A table; numbers stand to the right, what is missing is left empty."""
    head = "".join(f"<th>{escape(name)}</th>" for name in frame)
    rows = "".join(
        f"<tr>{''.join(map(_cell, row))}</tr>" for row in frame.itertuples(index=False, name=None)
    )
    return f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _cell(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"<td>{escape(value)}</td>"
    words = "" if value != value else f"{value:.4g}" if isinstance(value, float) else str(value)
    return f'<td class="number">{escape(words)}</td>'


def chart(drawing: Drawing, caption: str, width: int = card.ROOM) -> str:
    """A chart as inline SVG, with its caption."""
    root = ElementTree.fromstring(card.chart_svg(drawing, width))
    for one in root.iter():
        one.tag = one.tag.rpartition("}")[2]
        for name in [name for name in one.attrib if "}" in name]:
            del one.attrib[name]
    svg = ElementTree.tostring(root, encoding="unicode").replace("//", "&#47;&#47;")
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def folded(title: str, inside: str) -> str:
    """Something that opens on a click."""
    return f"<details><summary>{escape(title)}</summary>{inside}</details>"


def settings(config: Mapping[str, Any]) -> str:
    """All settings, as JSON."""
    return f'<pre class="json">{escape(strict.dumps(config, indent=1, ensure_ascii=False))}</pre>'
