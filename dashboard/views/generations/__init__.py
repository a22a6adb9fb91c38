"""The parts of the page Generations.

Knows nothing of other pages.
"""
