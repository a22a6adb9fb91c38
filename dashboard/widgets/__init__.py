"""Pieces that several pages use.

Knows nothing of single pages.

Public: adaptive, bound, retrying, sharing, sheets, trainings, widgets.
"""
