"""The parts of the page Library.

Knows nothing of other pages.
"""
