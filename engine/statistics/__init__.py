"""Rows of a sweep and vectors of a set, turned into figures and sentences.

Knows nothing of torch, files or screens.

Public: across, adaptive, agreement, badges, budgets, cells, content_and_letter, doses, evidence,
evidence_words, flags, flips, held_out, line_ups, nulls, power, reads, side_effects, similarity,
usable, whole, yardsticks.
"""
