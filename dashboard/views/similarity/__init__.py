"""The parts of the page Similarity.

Knows nothing of other pages.
"""
