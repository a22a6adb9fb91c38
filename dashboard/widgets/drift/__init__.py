"""How far a conversation lies and moves along a vector, turn by turn and token by token.

Knows nothing of single pages.
"""

from dashboard.widgets.drift.drawing import draw

__all__ = ["draw"]
