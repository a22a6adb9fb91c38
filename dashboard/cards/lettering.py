"""Text laid out for a picture: its width, its lines and safe signs. Knows nothing of charts."""

import unicodedata
from html import escape
from itertools import groupby

FONT = "Liberation Sans"
"""Comes with vl-convert, so that a card looks the same on every machine."""
FAMILY = f"{FONT}, DejaVu Sans, Arial, sans-serif"
OTHERS = "DejaVu Sans, Noto Sans CJK SC, Noto Sans, sans-serif"
"""For signs that the font lacks."""

_WIDTHS = {
    191: "'",
    222: "ijl",
    278: " !,./:;I[\\]ft|",
    333: "()-`r{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu",
    584: "+<=>~",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1015: "@",
}
_WIDTH = {sign: width for width, signs in _WIDTHS.items() for sign in signs}
"""Thousandths of the size, of this font and of those with its measures."""
_KNOWN, _OTHER, _WIDE = 620, 840, 1000
_TYPOGRAPHY = set(
    "\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2020\u2021\u2022\u2026\u2030\u2039\u203a"
    "\u20ac\u2122\u2212\u2248\u2260\u2264\u2265\u221e"
)
# They would turn the words around them about.
_TURNING = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def width(text: str, size: float, bold: bool = False) -> float:
    """How wide a text is drawn, in pixels; what is not Latin is guessed on the wide side."""
    thousandths = sum(_WIDTH.get(sign) or _other(sign) for sign in text)
    return thousandths * size / 1000 * (1.08 if bold else 1.0)


def _other(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    if _is_known(sign):
        base = unicodedata.normalize("NFD", sign)[0]
        if base in _WIDTH:
            return _WIDTH[base]
        return 1000 if sign in "\u2014\u2026\u2030\u2122" else _KNOWN
    return _WIDE if unicodedata.east_asian_width(sign) in "WF" else _OTHER


def visible(text: str) -> str:
    """The text with every sign that a picture cannot show, or that would turn it, as a mark."""
    return "".join(
        sign
        if sign == "\n" or (unicodedata.category(sign) not in ("Cc", "Cs") and sign not in _TURNING)
        else "\ufffd"
        for sign in text.replace("\r\n", "\n").replace("\t", "    ")
        if sign not in "\ufffe\uffff"
    )


def wrap(text: str, room: float, size: float, most: int, bold: bool = False) -> list[str]:
    """The text in lines of at most `room` pixels.

    Args:
        text: Its own line breaks are kept.
        room: Pixels across.
        size: Of the letters, in pixels.
        most: Lines at most; the last one then ends in an ellipsis.
        bold: Whether it is drawn bold.
    """
    # No more is looked at than could be shown: a text may be a book.
    able = int(most * room / (0.19 * size)) + 1
    lines = [
        line
        for paragraph in visible(text[:able]).split("\n")
        for line in _broken(paragraph, room, size, bold)
    ]
    if len(lines) <= most and len(text) <= able:
        return lines
    last = lines[min(most, len(lines)) - 1].rstrip()
    while last and width(f"{last} \u2026", size, bold) > room:
        last = last[:-1].rstrip()
    return [*lines[: most - 1], f"{last} \u2026"]


def _broken(paragraph: str, room: float, size: float, bold: bool) -> list[str]:
    """One paragraph's lines, broken at spaces, and within words that are longer than a line."""
    lines, line = [], ""
    for word in paragraph.split(" "):
        grown = f"{line} {word}" if line else word
        if width(grown, size, bold) <= room:
            line = grown
            continue
        if line:
            lines.append(line)
        while width(word, size, bold) > room:
            count = next(
                n
                for n in range(1, len(word) + 1)
                if width(word[:n], size, bold) > room or n == len(word)
            )
            count = max(count - 1, 1)
            lines.append(word[:count])
            word = word[count:]
        line = word
    return [*lines, line]


def line(text: str, x: float, y: float, size: float, colour: str, bold: bool = False) -> str:
    """One line of text as SVG, its signs escaped.

    Signs that the font lacks stand in an element of their own: what draws the picture would
    otherwise take another font for the whole line.
    """
    parts = []
    for is_known, signs in groupby(visible(text), _is_known):
        words = "".join(signs)
        family = FAMILY if is_known else OTHERS
        weight = ' font-weight="bold"' if bold else ""
        parts.append(
            f'<text x="{x:g}" y="{y:g}" font-family="{family}" font-size="{size:g}" '
            f'fill="{colour}"{weight} xml:space="preserve">{escape(words)}</text>'
        )
        x += width(words, size, bold)
    return "".join(parts)


def _is_known(sign: str) -> bool:
    return sign < "\u0530" or sign in _TYPOGRAPHY
