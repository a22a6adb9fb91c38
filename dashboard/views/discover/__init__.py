"""The parts of the page Discover.

Knows nothing of other pages.
"""
