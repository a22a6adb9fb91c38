"""What a reader takes away from a view: its link, its picture, its report, its table.

Knows nothing of what the view shows.
"""

from dashboard.widgets.taking.ways import download, jsonl, made_on_click, share, share_card

__all__ = ["download", "jsonl", "made_on_click", "share", "share_card"]
