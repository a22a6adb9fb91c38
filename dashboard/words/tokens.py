"""A text with its tokens' figures behind them, as HTML. Knows nothing of Streamlit."""

import html
from collections.abc import Sequence

BOLD = 2.0
"""Standard deviations from which a token is set in bold, so that colour is not all there is."""
FULL = 4.0
"""Those at which the colour is full."""
UP, DOWN = "178,24,43", "33,102,172"
"""Ends of the ramp of scales, which stand on a light and on a dark page."""
MOST_OPAQUE = 0.6
ABOUT = "Bold: at least 2 SD; underlined up, overlined down. Hover for a token's figure."


def as_html(lead: str, pieces: Sequence[str], values: Sequence[float]) -> str:
    """The text in which every character is a character, never markup.

    Args:
        lead: Its beginning, of which nothing is told.
        pieces: What each token writes.
        values: Its figure, in standard deviations.
    """
    told = [plain(lead)] if lead else []
    told += [_token(piece, value) for piece, value in zip(pieces, values, strict=True)]
    body = "".join(told)
    return f'<span style="white-space:pre-wrap;overflow-wrap:anywhere">{body}</span>'


def _token(piece: str, value: float) -> str:
    share = min(abs(value) / FULL, 1.0) * MOST_OPAQUE
    style = f"background:rgba({UP if value > 0 else DOWN},{share:.2f})"
    if abs(value) >= BOLD:
        style += ";font-weight:600;text-decoration:" + ("underline" if value > 0 else "overline")
    return f'<span style="{style}" title="{value:+.2f} SD">{plain(piece)}</span>'


def plain(text: str) -> str:
    """A text as HTML in which every character is a character."""
    return html.escape(text, quote=True)
