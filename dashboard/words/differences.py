"""Which words of a text are new against another. Knows nothing of where texts come from."""

import difflib
import html
import re
from typing import Literal, NamedTuple

Kind = Literal["same", "added", "removed"]

STYLES = {
    "added": ("ins", "background:rgba(46,160,67,.28);text-decoration:underline"),
    "removed": ("del", "background:rgba(218,54,51,.22);opacity:.75;margin-right:.3em"),
}
"""Colours that stand on a light and on a dark page; lines so that colour is not all there is."""


class Part(NamedTuple):
    """A stretch of words that is in both texts, or in one of them."""

    kind: Kind
    text: str


def parts(before: str, after: str) -> list[Part]:
    """How to get from one text to the other, word by word; spaces and line ends are kept."""
    old, new = (re.findall(r"\s*\S+|\s+$", text) for text in (before, after))
    found: list[Part] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            found.append(Part("same", "".join(new[k:m])))
            continue
        if i < j:
            found.append(Part("removed", "".join(old[i:j])))
        if k < m:
            found.append(Part("added", "".join(new[k:m])))
    return found


def share(found: list[Part]) -> float:
    """Share of the new text's words that the other text does not have there, 0 to 1."""
    words = {kind: 0 for kind in ("same", "added", "removed")}
    for part in found:
        words[part.kind] += len(part.text.split())
    total = words["same"] + words["added"]
    return words["added"] / total if total else 0.0


def as_html(found: list[Part]) -> str:
    """The parts as HTML in which every character of the texts is a character, never markup."""
    pieces = []
    for part in found:
        # The one place where a model's text meets HTML: escaped, quotes included.
        words = html.escape(part.text, quote=True)
        if part.kind == "same":
            pieces.append(words)
        else:
            tag, style = STYLES[part.kind]
            pieces.append(f'<{tag} style="{style}">{words}</{tag}>')
    body = "".join(pieces)
    return f'<div style="white-space:pre-wrap;overflow-wrap:anywhere">{body}</div>'
