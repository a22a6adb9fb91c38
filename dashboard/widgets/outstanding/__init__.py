"""What stands out in the store, and what was done with it. Knows nothing of how it is drawn."""

from dashboard.widgets.outstanding.ranked import Found, found

__all__ = ["Found", "found"]
