"""A text token by token, drawn and asked for; every page that shows a text can show its strip.

Knows nothing of single pages.
"""

from dashboard.widgets.strip.asking import ask
from dashboard.widgets.strip.drawing import draw

__all__ = ["ask", "draw"]
