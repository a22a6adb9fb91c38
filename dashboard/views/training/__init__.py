"""The parts of the page Train.

Knows nothing of other pages.
"""
