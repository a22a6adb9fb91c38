"""Pieces that several pages use.

Knows nothing of single pages.

Public: adaptive, retrying, sharing, sheets, trainings, widgets.
"""
