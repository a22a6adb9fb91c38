"""Pieces that several pages use.

Knows nothing of single pages.

Public: adaptive, adding, bound, chatting, drift, equal_cost, examples, noting, offers,
outstanding, own_pairs, places, probes, retrying, searches, sharing, sheets, starting, strip,
sweep_kinds, taking, trainings, vector_card, widgets, words.
"""
