"""The parts of the page of one vector.

Knows nothing of other pages.
"""
