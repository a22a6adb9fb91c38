"""One field that goes anywhere: Ctrl-K, or Cmd-K, and the list of a page's keys, "?".

Knows nothing of what pages show.
"""

from dashboard.frame.palette.choosing import warn
from dashboard.frame.palette.drawing import draw

__all__ = ["draw", "warn"]
