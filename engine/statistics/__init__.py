"""Rows of a sweep and vectors of a set, turned into figures and sentences.

Knows nothing of torch, files or screens.
"""
