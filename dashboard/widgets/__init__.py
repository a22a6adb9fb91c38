"""Pieces that several pages use.

Knows nothing of single pages.
"""
