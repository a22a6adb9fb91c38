"""Pieces that several pages use.

Knows nothing of single pages.

Public: adaptive, bound, chatting, drift, equal_cost, examples, own_pairs, probes, retrying,
searches, sharing, sheets, strip, sweep_kinds, trainings, vector_card, widgets, words.
"""
