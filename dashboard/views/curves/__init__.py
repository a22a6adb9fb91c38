"""The parts of the page Scale curves.

Knows nothing of other pages.
"""
