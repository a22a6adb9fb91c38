"""What stands around every page: the sidebar and its tray of jobs.

Knows nothing of what the pages show.

Public: palette, picker, sidebar, tour.
"""
