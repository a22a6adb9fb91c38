"""Texts of a corpus with the highest and lowest projection on a vector, and the search for them.

Knows nothing of single pages.
"""

from dashboard.widgets.examples.drawing import draw

__all__ = ["draw"]
